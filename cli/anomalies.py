"""``tideline anomalies``: hours and days that stand out, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import err, out, table
from cli.text import figure, window_text
from tideline.settings import load_settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.explain import Explanation, Span


class State(StrEnum):
    """Which verdicts are shown."""

    FLAGGED = "flagged"
    WITHDRAWN = "withdrawn"
    ALL = "all"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        help="Hours and days that stand out, and the numbers behind each verdict.",
        no_args_is_help=True,
        epilog="Example: [bold]tideline anomalies list[/]",
    )
    group.command("list", epilog="Example: [bold]tideline anomalies list --state all --limit 0[/]")(list_)
    group.command(epilog="Example: [bold]tideline anomalies explain 3f9c[/]")(explain)
    app.add_typer(group, name="anomalies")


def list_(
    state: Annotated[State, typer.Option(help="Verdicts that hold, those that hold no more, or both.")] = State.FLAGGED,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="The newest N; 0 for all.")] = 40,
) -> None:
    """List the hours and days that stand out, the newest first, and say which hours were judged."""
    from cli.explain import read_span, read_verdicts
    from cli.lake import Lake
    from tideline.s3 import ensure_buckets
    from tideline.sources import SOURCES

    settings = load_settings()
    ensure_buckets(settings)
    lake = Lake(settings)
    rows = [row for row in read_verdicts(lake) if state in (State.ALL, row["state"])]
    shown = rows[: limit or None]
    columns = ("id", "window (UTC)", "entity", "rule", "#value", "#expected", "#score", "state")
    out().print(table("", columns, map(list_row, shown)))
    if len(shown) < len(rows):
        err().print(f"{len(rows) - len(shown):,} older ones are not shown: --limit 0 shows all")
    for source in SOURCES:
        err().print(span_sentence(read_span(lake, source), settings.verdict_least_weeks), markup=False)


def explain(verdict: Annotated[str, typer.Argument(metavar="ID", help="The id, or how it begins.")]) -> None:
    """Show the numbers behind a verdict, worked out anew: each earlier window, and what follows from them."""
    from cli.explain import explain as gather
    from cli.lake import Lake
    from tideline.s3 import ensure_buckets

    settings = load_settings()
    ensure_buckets(settings)
    console = out()
    for part in explanation(gather(Lake(settings), verdict), settings.verdict_noise, settings.verdict_least):
        console.print(part)


def list_row(row: dict[str, Any]) -> tuple[str, ...]:
    """A verdict as a line of the list."""
    value, expected = figure(row["value"], row["rule"]), figure(row["baseline"], row["rule"])
    window, score = window_text(row["window_start"], row["hours"]), f"{row['score']:+.1f}"
    return row["id"], window, row["entity"], row["rule"], value, expected, score, row["state"]


def span_sentence(span: Span, least_weeks: int) -> str:
    """Which hours of a source are judged, and why others are not."""
    if span.closed is None:
        return f"{span.source}: no hour is closed yet, so there is no verdict"
    closed = f"{_hour(span.closed[0])} to {_hour(span.closed[1])}"
    if span.judged is None:
        too_few = f"too little history for a verdict, {least_weeks} earlier weeks are needed"
        return f"{span.source}: hours {closed} are closed; {too_few}"
    judged = f"{_hour(span.judged[0])} to {_hour(span.judged[1])}"
    before = f"too little history before that, less than {least_weeks} earlier weeks"
    return f"{span.source}: of the closed hours {closed} there are verdicts on {judged}; {before}"


def explanation(found: Explanation, noise: float, least: int) -> Iterator[RenderableType]:
    """A verdict in words, the earlier windows as bars, and how the score comes about.

    Args:
        found: what it rests on.
        noise: ``TIDELINE_VERDICT_NOISE``.
        least: ``TIDELINE_VERDICT_LEAST``.
    """
    yield from (*_sentences(found), "", _bars(found), "", *_reasons(found, noise, least))


def _sentences(found: Explanation) -> Iterator[str]:
    row, now = found.row, found.now
    many = "in quarantine" if row["rule"] == "quarantine share" else found.source
    way = "above" if now.score > 0 else "below"
    yield f"[bold]{row['id']}[/]  {window_text(row['window_start'], row['hours'])} UTC, {_plain(row['entity'])}"
    value, expected = figure(now.value, now.rule), figure(now.baseline, now.rule)
    yield (
        f"{value} {many}, where {expected} were to be expected: {abs(now.score):.1f} spreads {way}. "
        f"More than {now.threshold:g}, either way, is flagged: {row['rule']}, "
        f"{'flagged' if now.holds else 'withdrawn'}."
    )


def _bars(found: Explanation) -> RenderableType:
    from rich.bar import Bar
    from rich.table import Table

    row, now = found.row, found.now
    sign, side = (1, "above") if now.score > 0 else (-1, "below")
    limit = max(0.0, now.baseline + sign * now.threshold * now.spread)
    away = "the source was not there that day"
    values = [(window_text(s.start, row["hours"]), s.value, "cyan", "" if s.counts else away) for s in found.samples]
    values.append((window_text(row["window_start"], row["hours"]), now.value, "red", "◀ this one"))
    values += [("expected", now.baseline, "green", ""), (f"flagged {side}", limit, "yellow", "")]
    most = max(value for _, value, _, _ in values) or 1.0
    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(justify="right")
    for window, value, colour, remark in values:
        grid.add_row(window, figure(value, now.rule), Bar(most, 0, value, width=40, color=colour), remark)
    return grid


def _reasons(found: Explanation, noise: float, least: int) -> Iterable[str]:
    row, now = found.row, found.now
    spread = f"{now.spread:.2%}" if row["rule"] == "quarantine share" else f"{now.spread:,.1f}"
    if row["rule"] == "quarantine share":
        older = f" ({found.hidden} older ones are not shown)" if found.hidden else ""
        yield f"Expected is the median of the {now.history} hours before in which anything came{older}."
        yield f"The spread, {spread}, is how much these varied, or what chance does to so many records if that is more."
    else:
        yield f"Expected is the median of the {now.history} earlier weeks; one odd week among them does not move it."
        yield (
            f"The spread, {spread}, is how much such a count varies by itself: by chance (root of the expected), "
            f"by {noise:.0%} beside, or as much as these weeks did where that is more."
        )
        yield f"A difference of fewer than {least} is never flagged."
    yield f"score = ({figure(now.value, now.rule)} - {figure(now.baseline, now.rule)}) / {spread} = {now.score:+.2f}"
    yield (
        f"Closed at {_moment(row['closed_at'])}, first seen {_moment(row['first_seen'])}, last judged "
        f"{_moment(row['last_judged'])} by Kafka's time; rules of version {row['version']}."
    )
    if (now.value, now.score, now.holds) != (row["value"], row["score"], row["state"] == "flagged"):
        stored = f"{figure(row['value'], now.rule)}, score {row['score']:+.2f}, {row['state']}"
        yield (f"The table still says {stored}: the stream has other settings, or has yet to read what came.")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _hour(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:00}"


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"
