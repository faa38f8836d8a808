import pandas as pd
import pytest
from great_expectations.execution_engine import pandas_execution_engine

from expectations.runner import validate
from expectations.suite import Suite, at_least


def test_nobody_pays_for_a_fingerprint_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandas_execution_engine, "hash_pandas_dataframe", lambda _: pytest.fail("rows were hashed"))
    answer = validate(pd.DataFrame({"n": [1, 2]}, dtype=object), Suite("s", "t", at_least(1, "n")))
    assert [outcome.success for outcome in answer.outcomes] == [True]
