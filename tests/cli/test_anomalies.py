from __future__ import annotations

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cli.anomalies import span_sentence
from cli.explain import Span, explain, read_verdicts
from cli.lake import Lake
from cli.main import app
from tests.streaming.hours import HOUR, MONDAY, WEEK, Stream, tweets, week
from tideline.errors import TableError
from tideline.settings import Settings

BURST = MONDAY + 5 * WEEK + 3 * HOUR


@pytest.fixture
def lake(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Six Mondays, a burst on the last one, and a jump of quarantined records."""
    monkeypatch.setenv("TIDELINE_HOME", str(settings.home))
    stream = Stream(settings)
    stream.take([row for number in range(5) for row in week(number)])
    stream.take(week(5, h3=200) + tweets(MONDAY + 5 * WEEK, 60, 80_000, reasons=["broken"]))
    return Lake(settings)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["anomalies", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def burst_of(lake: Lake) -> str:
    return next(r["id"] for r in read_verdicts(lake) if r["window_start"] == BURST and r["entity"] == "tweets")


def test_the_list_names_what_stands_out_and_which_hours_were_judged(lake: Lake) -> None:
    lines = run("list").splitlines()
    burst = next(line for line in lines if burst_of(lake) in line)
    assert [part.strip() for part in burst.strip("│").split("│")] == [
        *(burst_of(lake), "Mon 2020-04-06 03:00", "tweets", "unusual count", "200", "30"),
        *("+26.1", "flagged"),
    ]
    assert any("quarantine share" in line and "66.67%" in line for line in lines)
    assert "\n".join(lines).endswith(
        "tweets: of the closed hours 2020-03-02 00:00 to 2020-04-06 08:00 there are verdicts on 2020-03-30 00:00 to "
        "2020-04-06 08:00; too little history before that, less than 4 earlier weeks\n"
        "emissions: no hour is closed yet, so there is no verdict"
    )


def test_a_verdict_is_explained_by_every_earlier_week_and_the_sum_that_gives_its_score(lake: Lake) -> None:
    text = run("explain", burst_of(lake)[:8])
    assert "200 tweets, where 30 were to be expected: 26.1 spreads above." in text
    for week_before in range(1, 6):
        assert f"Mon {BURST - week_before * WEEK:%Y-%m-%d} 03:00" in text
    assert text.count("the source was not there that day") == 3
    assert "score = (200 - 30) / 6.5 = +26.11" in text
    assert "The table still says" not in text


def test_a_jump_of_quarantined_records_is_explained_by_the_hours_before(lake: Lake) -> None:
    share = next(row for row in read_verdicts(lake) if row["rule"] == "quarantine share")
    text = run("explain", share["id"])
    assert "66.67% in quarantine, where 0.00% were to be expected" in text
    assert "Expected is the median of the 50 hours before in which anything came (26 older ones are not shown)." in text


def test_settings_that_are_not_the_streams_are_told(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDELINE_VERDICT_SCORE", "50")
    assert "The table still says 200, score +26.11" in run("explain", burst_of(lake))


def test_an_id_that_is_none_or_several_is_refused(lake: Lake) -> None:
    with pytest.raises(TableError, match=r"'zzz' is no id of a verdict: none begins with it; tideline anomalies list"):
        explain(lake, "zzz")
    with pytest.raises(TableError, match=r"'' is no id of a verdict: ids .* begin with it"):
        explain(lake, "")


def test_without_any_table_the_list_is_empty_and_says_why(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDELINE_HOME", str(settings.home))
    assert "tweets: no hour is closed yet, so there is no verdict" in run("list")


def test_too_little_history_is_said() -> None:
    closed = (datetime(2020, 3, 1, tzinfo=UTC), datetime(2020, 3, 9, 5, tzinfo=UTC))
    assert span_sentence(Span("tweets", closed, None), 4) == (
        "tweets: hours 2020-03-01 00:00 to 2020-03-09 05:00 are closed; too little history for a verdict, 4 earlier "
        "weeks are needed"
    )
