import pytest

from bench.rivals.contest import MEMORY, RATE, SECONDS, Run, Section
from bench.rivals.verdict import (
    Spread,
    Win,
    disagreements,
    is_ours,
    ratio,
    spread,
    spread_of,
    wins,
    with_disagreements,
)
from tests.bench.builders import contender, run


def section(*names: str) -> Section:
    return Section("s", "q", [contender(name) for name in names], measures=[RATE, SECONDS])


def test_the_spread_is_median_and_range() -> None:
    assert spread([3.0, 1.0, 10.0]) == Spread(3.0, 1.0, 10.0, 3)
    assert spread([4.0, 2.0]) == Spread(3.0, 2.0, 4.0, 2)
    assert spread([]) is None


def test_a_failed_run_is_in_no_median() -> None:
    runs = [run("ours", 2.0), run("ours", 4.0), run("ours", 0.0, error="ended with 1")]
    assert spread_of(runs, "ours", SECONDS) == Spread(3.0, 2.0, 4.0, 2)


def test_the_ratio_is_to_ours() -> None:
    assert ratio(Spread(6.0, 1, 9, 3), Spread(4.0, 1, 9, 3)) == 1.5
    assert ratio(None, Spread(4.0, 1, 9, 3)) is None
    assert ratio(Spread(4.0, 1, 9, 3), Spread(0.0, 0, 0, 3)) is None
    assert ratio(Spread(0.7, 0.7, 0.7, 1), Spread(-0.1, -0.1, -0.1, 1)) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ours", True), ("ours, warm", True), ("ours cold", True), ("oursql", False), ("native loop", False)],
)
def test_ours_are_known_by_their_name(name: str, expected: bool) -> None:
    assert is_ours(name) is expected


def test_more_rows_a_second_win_and_fewer_seconds_do() -> None:
    runs = [run("ours", 2.0), run("native loop", 1.0), run("naive", 4.0)]
    rate, seconds = wins(section("ours", "native loop", "naive"), runs)
    assert rate == Win("rate", "native loop", "ours", 2.0, clear=True)
    assert seconds == Win("time", "native loop", "ours", 2.0, clear=True)


def test_where_a_rival_wins_the_sentence_says_so() -> None:
    assert Win("rate", "native loop", "ours", 2.0, clear=True).sentence() == (
        "rate: A RIVAL WINS: native loop, 2.00 times better than ours"
    )
    assert Win("rate", "ours", "native loop", 1.1).sentence() == (
        "rate: ours, 1.10 times better than native loop, within the spread of the runs"
    )
    assert Win("rate", "native loop").sentence() == "rate: native loop, alone"


def test_a_win_of_ours_is_over_the_best_rival_and_not_over_another_of_ours() -> None:
    runs = [run("ours, warm", 1.0), run("ours, cold", 2.0), run("native loop", 3.0)]
    rate, _ = wins(section("ours, warm", "ours, cold", "native loop"), runs)
    assert (rate.winner, rate.second, rate.factor) == ("ours, warm", "native loop", pytest.approx(3.0))


def test_ranges_that_meet_leave_a_win_unclear() -> None:
    runs = [run("ours", 1.0), run("ours", 3.0), run("native loop", 2.5), run("native loop", 4.0)]
    _, seconds = wins(section("ours", "native loop"), runs)
    assert (seconds.winner, seconds.clear) == ("ours", False)


def test_a_measure_that_nobody_has_is_won_by_nobody() -> None:
    runs = [Run("ours", 1, error="ended with 1")]
    assert wins(Section("s", "q", [contender("ours")], measures=[MEMORY]), runs) == []


def test_who_made_something_else_has_failed_and_wins_nothing() -> None:
    runs = [run("ours", 3.0), run("native loop", 1.0, made="bb"), run("naive", 4.0)]
    said = "made 1,000 rows with checksum bb, most made 1,000 rows with checksum aa"
    assert disagreements(runs) == {"native loop": said}
    judged = with_disagreements(runs)
    assert [each.error for each in judged] == [None, said, None]
    assert [win.winner for win in wins(section("ours", "native loop", "naive"), judged)] == ["ours", "ours"]


def test_of_two_who_differ_the_rival_is_held_to_ours() -> None:
    runs = [run("a rival", made="bb"), run("ours", made="aa")]
    assert list(disagreements(runs)) == ["a rival"]


def test_without_a_reader_there_is_nothing_to_disagree_about() -> None:
    assert disagreements([run("ours", made=None), run("naive", made=None)]) == {}
