from dataclasses import replace

import pytest

from tideline.broker import is_external
from tideline.settings import Settings


@pytest.mark.parametrize(
    ("bootstrap", "external"),
    [("", False), ("localhost:19092", False), ("127.0.0.1:9092", True), ("kafka.example.org:19092", True)],
)
def test_a_kafka_at_another_address_is_not_ours_to_start(bootstrap: str, external: bool) -> None:
    assert is_external(replace(Settings(), kafka_bootstrap=bootstrap)) is external
