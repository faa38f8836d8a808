from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.main import app, main
from tideline.schemas import TABLES
from tideline.settings import Settings

COMMANDS = ["demo", "up", "down", "status", "produce tweets", "produce emissions"]
COMMANDS += ["ingest tweets", "ingest emissions", "airflow", "rebuild", "anomalies list", "anomalies explain"]
COMMANDS += [
    "stream",
    "airflow",
    "sql",
    "shell",
    "tables",
    "report",
    "dashboard",
    "init",
    "s3 bootstrap",
    "doctor",
    "prove commits",
]


def run(arguments: str, monkeypatch: pytest.MonkeyPatch, **variables: str) -> int:
    """The exit code of a command line, as a shell would see it."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["tideline", *arguments.split()])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_and_ends_with_an_example(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"], terminal_width=200)
    assert result.exit_code == 0
    assert f"tideline {command.split()[0]}" in result.output.rstrip().splitlines()[-1]


def test_every_command_is_named_above() -> None:
    root = typer.main.get_command(app)
    names = {
        f"{name} {inner}" if inner else name
        for name, command in root.commands.items()  # type: ignore[attr-defined]
        for inner in getattr(command, "commands", {None: None})
    }
    assert names == set(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        "produce tweets",
        "produce tweets --input a.tsv --synthetic 5",
        "produce emissions --input a.csv --rows 5",
        "stream --sources birds",
        "sql",
        "sql --format xml select",
        "demo --tweets-count 0",
        "nonsense",
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(arguments, monkeypatch) == 2


def test_an_error_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("tables", monkeypatch, TIDELINE_TRIGGER="2") == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == (
        "error: TIDELINE_TRIGGER is not a setting; see docs/reference.md for the settings and their defaults\n"
    )


def test_ctrl_c_is_exit_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> Settings:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.inspect.load_settings", interrupt)
    assert run("tables", monkeypatch) == 130


def test_status_of_a_broker_that_is_down_is_exit_code_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    free = {"TIDELINE_HOME": str(tmp_path), "TIDELINE_KAFKA_PORT": "9", "TIDELINE_KAFKA_CONTROLLER_PORT": "10"}
    assert run("status", monkeypatch, **free) == 3
    output = capsys.readouterr()
    assert "stopped" in output.out
    assert output.err == "nothing answers at 127.0.0.1:9; tideline up starts the embedded broker\n"


def test_tables_lists_every_table_whether_it_is_there_or_not(
    lake_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.inspect.load_settings", lambda: lake_settings)
    monkeypatch.setattr(sys, "argv", ["tideline", "tables"])
    with pytest.raises(SystemExit):
        main()
    output = capsys.readouterr().out
    assert [name for name in TABLES if name not in output] == []
    assert "not there yet" in next(line for line in output.splitlines() if "gold.daily_country_trends" in line)
    row = next(line for line in output.splitlines() if "bronze.tweets" in line)
    assert [cell.strip() for cell in row.split("│")[2:5]] == ["0", "4", "1"]


def test_report_writes_the_page_and_says_where(
    lake_settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.inspect.load_settings", lambda: lake_settings)
    monkeypatch.setattr("tideline.offsets.answers", lambda _: False)
    assert run("report", monkeypatch) == 0
    page = lake_settings.home / "report.html"
    assert capsys.readouterr().out == f"{page}\n"
    assert page.exists()


def test_report_over_nothing_is_exit_code_1(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.inspect.load_settings", lambda: settings)
    monkeypatch.setattr("tideline.offsets.answers", lambda _: False)
    assert run("report", monkeypatch) == 1


def test_help_loads_none_of_the_heavy_libraries() -> None:
    heavy = {"pyspark", "pyarrow", "plotly", "kafka", "numpy", "streamlit"}
    code = f"import cli.main, sys; print({heavy} & sys.modules.keys() or [])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
