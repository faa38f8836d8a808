import sys
from pathlib import Path

from bench.meter import Cost
from bench.rivals.contest import RATE, Contender, Proof, Section, race, run_of, run_once, turns
from tests.bench.builders import contender

COST = Cost(5.0, 3.0, 100)


def python(name: str, code: str) -> Contender:
    return Contender(name, "", lambda _: [sys.executable, "-c", code])


def test_runs_take_turns_so_that_nobody_is_always_first() -> None:
    three = [contender(name) for name in "ABC"]
    assert "".join(each.name for each in turns(three, 5)) == "ABCCBAABCCBAABC"


def test_what_a_contender_measured_itself_goes_before_what_was_seen_from_outside() -> None:
    found = run_of("a", 1, {"rows": 10, "seconds": 2.0, "lag": 7, "table": "x"}, COST, {"broker": 1.0}, None)
    assert (found.rows, found.seconds, found.cpu_seconds, found.peak_bytes) == (10, 2.0, 3.0, 100)
    assert found.figures == {"lag": 7.0}
    assert found.server_cpu_seconds == {"broker": 1.0}


def test_a_contender_that_says_other_rows_than_the_reader_found_has_failed() -> None:
    found = run_of("a", 1, {"rows": 10}, COST, {}, Proof(9, "aa"))
    assert found.error == "it says 10 rows, the independent reader found 9"


def test_a_run_that_failed_is_kept_with_what_it_said_last() -> None:
    section = Section(
        "s", "q", [python("good", "print('{\"rows\": 3}')"), python("bad", "raise SystemExit('no disk')")]
    )
    good, bad, again, _ = race(section, 2)[:4]
    assert (good.contender, good.rows, good.error) == ("good", 3, None)
    assert (bad.contender, bad.number, bad.error) == ("bad", 1, "ended with 1: no disk")
    assert (again.contender, again.number) == ("bad", 2)


def test_a_last_line_that_is_no_json_is_an_error_and_not_a_result() -> None:
    found = run_once(Section("s", "q", []), python("a", "print('done')"), 1)
    assert found.error == "its last line is no JSON object but 'done'"


def test_a_run_that_takes_too_long_is_stopped() -> None:
    found = run_once(Section("s", "q", [], limit_seconds=0.2), python("a", "import time; time.sleep(60)"), 1)
    assert found.error == "was stopped after 0 s"


def test_a_working_folder_is_fresh_and_gone_afterwards() -> None:
    folders: list[Path] = []

    def command(folder: Path) -> list[str]:
        folders.append(folder)
        assert list(folder.iterdir()) == []
        return [sys.executable, "-c", "print('{\"rows\": 1}')"]

    section = Section("s", "q", [], measures=[RATE])
    for number in (1, 2):
        assert run_once(section, Contender("a", "", command), number).error is None
    assert folders[0] != folders[1]
    assert not any(folder.exists() for folder in folders)
