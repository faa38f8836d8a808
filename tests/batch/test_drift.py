"""Why a live count differs from gold's, told from what bronze gives at three versions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from batch.drift import Drift, Explanation, differing
from batch.recount import Recounted

KEY = (datetime(2020, 3, 1, 10, tzinfo=UTC),)


@pytest.mark.parametrize(
    ("live", "gold", "at_gold", "at_live", "newest", "late", "explanation"),
    [
        # gold at 5; since then bronze has gone to 9, live to 7, and may be anywhere between
        (7, 5, 5, 7, 9, 0, Explanation.NEWER_ROWS),
        (8, 5, 5, 7, 9, 0, Explanation.NEWER_ROWS),
        (6, 5, 5, 7, 9, 0, Explanation.UNEXPLAINED),
        # gold has overtaken live, which stands still at 3
        (3, 5, 5, 3, 5, 0, Explanation.LIVE_BEHIND),
        (2, 5, 5, 3, 5, 0, Explanation.UNEXPLAINED),
        # nobody knows how far live is: it is computed anew, and shows old counts until then
        (4, 5, 5, 0, 5, 0, Explanation.LIVE_BEHIND),
        (6, 5, 5, 0, 5, 0, Explanation.UNEXPLAINED),
        # two resends beyond the horizon, of which live may have counted none, one or both
        (6, 5, 5, 5, 5, 2, Explanation.LATE_RESENDS),
        (7, 5, 5, 5, 5, 2, Explanation.LATE_RESENDS),
        (8, 5, 5, 5, 5, 2, Explanation.UNEXPLAINED),
        # gold is not what its own version gives
        (5, 4, 5, 5, 5, 0, Explanation.UNEXPLAINED),
    ],
)
def test_an_explanation_is_one_that_the_numbers_allow(
    live: int, gold: int, at_gold: int, at_live: int, newest: int, late: int, explanation: Explanation
) -> None:
    drift = Drift(KEY, live, gold, Recounted(at_gold), Recounted(at_live), Recounted(newest, late))
    assert drift.explanation == explanation


def test_what_one_side_does_not_have_counts_0_and_nulls_are_values() -> None:
    live = {("a", None): 1, ("b", "x"): 2, ("c", "x"): 3}
    gold = {("a", "x"): 1, ("b", "x"): 2, ("c", "x"): 4}
    assert differing(live, gold) == [("a", None), ("a", "x"), ("c", "x")]
