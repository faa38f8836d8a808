"""``tideline sql`` and ``tideline shell``: Spark over the tables, by their names."""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import err, out, table
from tideline.errors import QueryError
from tideline.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame, SparkSession


READING = ("select", "values", "table", "show", "describe", "desc", "explain")
"""What a statement may begin with to be surely one that changes nothing."""


class Format(StrEnum):
    """How ``sql`` writes its result."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: [bold]tideline sql 'select * from gold.top_10_domains' --format csv[/]")(sql)
    app.command(epilog="Example: [bold]echo 'spark.table(\"gold.top_10_domains\").show()' | tideline shell[/]")(shell)


def sql(
    query: Annotated[str, typer.Argument(help="A Spark SQL query over tables such as gold.tweet_metrics.")],
    format: Annotated[Format, typer.Option(help="How the result is written.")] = Format.TABLE,  # noqa: A002
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="Rows at most; 0 for all.")] = 1000,
) -> None:
    """Run one SQL query. Standard output holds the result and nothing else; exit code 1 when the SQL is wrong."""
    from pyspark.errors import PySparkException

    with _session(load_settings(), "tideline-sql") as spark:
        try:
            _write(spark.sql(only_reading(query)), format, limit)
        except PySparkException as error:
            msg = f"the query cannot be run: {first_sentence(str(error))} (`tideline sql` only reads)"
            raise QueryError(msg) from error


def shell() -> None:
    """Open a Python shell with `spark` and every table under its name; a script on standard input is run instead."""
    settings = load_settings()
    with _session(settings, "tideline-shell") as spark:
        names: dict[str, object] = {"spark": spark, "settings": settings}
        if sys.stdin.isatty():
            import code
            import readline  # noqa: F401 - gives the console its line editing

            code.interact(banner=_banner(settings), local=names, exitmsg="")
        else:
            _run_script(sys.stdin.read(), names)


def only_reading(statement: str) -> str:
    r"""A form of the statement that Spark refuses to parse when it would change something.

    ``with`` and ``from`` may end in an INSERT, so what does not surely read must stand as a subquery.

    >>> only_reading("select 1"), only_reading("drop table gold.tweet_metrics;")
    ('select 1', 'select * from (\ndrop table gold.tweet_metrics\n)')
    """
    words = statement.split(None, 1)
    if words and words[0].lower() in READING:
        return statement
    return f"select * from (\n{statement.strip().removesuffix(';')}\n)"  # noqa: S608 - the user's own statement


def first_sentence(text: str) -> str:
    r"""What Spark says of an error, without the query plan and the hints below it.

    >>> first_sentence("\n[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'; line 1 pos 0;\n== SQL ==\nselec")
    "[PARSE_SYNTAX_ERROR] Syntax error at or near 'selec'; line 1 pos 0"
    """
    return text.strip().split("\n", 1)[0].rstrip(" ;")


def _run_script(source: str, names: dict[str, object]) -> None:
    try:
        exec(compile(source, "<stdin>", "exec"), names)  # noqa: S102 - a shell runs what it is given
    except Exception as error:
        # The script's own lines; those of the shell around it say nothing to its author.
        traceback.print_exception(error.with_traceback(error.__traceback__ and error.__traceback__.tb_next))
        raise typer.Exit(1) from error


@contextmanager
def _session(settings: Settings, app: str) -> Iterator[SparkSession]:
    """Spark with every existing table registered."""
    from tideline.session import build_session
    from tideline.tables import register_tables

    # PySpark logs each failed query with its whole trace, beside the error that it raises.
    logging.getLogger("SQLQueryContextLogger").disabled = True

    with err().status("starting Spark"):
        spark = build_session(settings, app)
        register_tables(spark, settings)
    try:
        yield spark
    finally:
        spark.stop()


def _write(result: DataFrame, format: Format, limit: int) -> None:  # noqa: A002
    rows = result.limit(limit + 1) if limit else result
    if format is Format.JSON:
        lines = [row[0] for row in rows.selectExpr("to_json(struct(*), map('ignoreNullFields', 'false'))").collect()]
    else:
        lines = [[_plain(value) for value in row] for row in rows.collect()]
    if limit and len(lines) > limit:
        lines = lines[:limit]
        err().print(f"only the first {limit:,} rows are shown; --limit 0 shows all")
    _print(result.columns, lines, format)


def _print(columns: list[str], lines: list[Any], format: Format) -> None:  # noqa: A002
    if format is Format.JSON:
        typer.echo("[" + ",\n ".join(lines) + "]")
    elif format is Format.CSV:
        import csv

        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerows([columns, *lines])
    elif columns:
        out().print(table("", [_aligned(name, at, lines) for at, name in enumerate(columns)], _texts(lines)))


def _aligned(name: str, at: int, lines: list[Any]) -> str:
    numeric = all(isinstance(line[at], int | float | Decimal) for line in lines if line[at] is not None)
    return f"#{name}" if numeric else name


def _texts(lines: list[Any]) -> list[list[str]]:
    """Cells as Spark writes them: an id must not get separators, and null is not the empty string."""
    return [["NULL" if value is None else str(value) for value in line] for line in lines]


def _plain(value: object) -> object:
    """Bytes as text where they are text, in hex where they are not; all else as it is."""
    if isinstance(value, bytes | bytearray):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return bytes(value).hex()
    return value


def _banner(settings: Settings) -> str:
    from cli.lake import Lake
    from tideline.schemas import TABLES

    states = [state for state in map(Lake(settings).state, TABLES) if state.exists]
    lines = [f"  {s.name:34} {s.rows:>12,} rows   version {s.version}" for s in states]
    head = "Tideline: `spark` is the session; try spark.sql('select * from bronze.tweets').show()"
    return "\n".join([head, *(lines or ["  no tables yet: tideline demo, or up, produce and stream, make them"])])
