import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench.rivals.contest import RATE, SECONDS, Run, Section
from bench.rivals.errors import ContestError
from bench.rivals.page import write_page
from bench.rivals.report import Contest, read_results, result_of, show, write_results
from tests.bench.builders import contender, run
from tideline.settings import Settings

SECTION = Section(
    "drain",
    "how <fast>?",
    [contender("ours"), contender("native loop"), contender("broken")],
    measures=[RATE, SECONDS],
    proof=lambda *_: None,
)
SERIES = {"late, by second": [(0, 1.0), (1, 2.0)]}
RUNS = [
    run("ours", 2.0),
    run("ours", 4.0, series=SERIES),
    run("native loop", 1.0),
    Run("broken", 1, error="ended with 1: no <disk>"),
]
CONTEST = Contest(SECTION, RUNS)


def shown(contest: Contest) -> str:
    out = StringIO()
    show(contest, Console(file=out, width=200))
    return out.getvalue()


def test_the_table_has_median_range_and_ratio_and_says_who_wins_and_what_failed() -> None:
    text = shown(CONTEST)
    assert "3.000 (2.000 - 4.000)" in text
    assert "1.000 (1.000 - 1.000) x0.33" in text
    assert "time: A RIVAL WINS: native loop, 3.00 times better than ours" in text
    assert "1, 1 failed" in text
    assert "broken, run 1: ended with 1: no <disk>" in text
    assert "Equal rows and checksums by an independent reader." in text


def test_equal_checksums_are_not_claimed_where_they_differ() -> None:
    other = replace(CONTEST, runs=[*RUNS, run("native loop", made="bb")])
    assert "Equal rows and checksums" not in shown(other)


def test_the_json_has_every_run_and_no_secret(tmp_path: Path) -> None:
    file = tmp_path / "rivals.json"
    secret = Settings(s3_access_key="a-name", s3_secret_key="a-secret")
    write_results({"drain": result_of(CONTEST, secret)}, file)
    text = file.read_text()
    (found,) = json.loads(text)["sections"]
    assert [each["error"] for each in found["runs"]] == [None, None, None, "ended with 1: no <disk>"]
    assert found["measured"]["versions"]["pyspark"] is not None
    assert "trigger_seconds=" in found["measured"]["settings"]
    assert "a-secret" not in text
    assert "a-name" not in text


def test_sections_that_are_not_held_again_stay_in_the_json(tmp_path: Path) -> None:
    file = tmp_path / "rivals.json"
    kept = result_of(replace(CONTEST, section=replace(SECTION, name="gold")), Settings())
    write_results({"drain": result_of(CONTEST, Settings()), "gold": kept}, file)
    results = read_results(file)
    results["drain"] = result_of(replace(CONTEST, runs=[run("ours", 9.0)]), Settings())
    write_results(results, file)
    assert [len(section["runs"]) for section in read_results(file).values()] == [1, 4]
    assert json.dumps(read_results(file)["gold"]) == json.dumps(kept)


def test_a_file_that_holds_no_results_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "notes.json"
    for text in ("my notes", "[]", '{"sections": [{"name": "drain"}]}'):
        file.write_text(text)
        with pytest.raises(ContestError) as refused:
            read_results(file)
        assert str(refused.value) == (
            f"{file} does not hold results of contests: move it away, or name another file by --json"
        )


def test_the_page_stands_alone_and_escapes_what_it_shows(tmp_path: Path) -> None:
    file = tmp_path / "rivals.html"
    write_page({"drain": result_of(CONTEST, Settings())}, file)
    page = file.read_text()
    assert "how &lt;fast&gt;?" in page
    assert "no &lt;disk&gt;" in page
    assert "late, by second" in page
    assert "A RIVAL WINS: native loop" in page
    assert "1, 1 failed" in page
    assert 'src="http' not in page
