from pathlib import Path

from streaming.requests import Requests
from tideline.settings import Settings

QUERY = "live.tweets_counts"


def test_a_request_stands_until_its_own_answer_and_a_newer_one_counts_for_both(tmp_path: Path) -> None:
    here, there = Requests(Settings(home=tmp_path)), Requests(Settings(home=tmp_path))
    assert there.pending(QUERY) is None
    here.ask(QUERY)
    first = there.pending(QUERY)
    assert first is not None
    here.ask(QUERY)
    there.answer(QUERY, first)
    second = there.pending(QUERY)
    assert second not in {None, first}
    there.answer(QUERY, str(second))
    assert here.pending(QUERY) is None
    assert here.pending("live.anomalies") is None
