import pytest

from producers.rate import PORTION_SECONDS, Schedule, parse_rate, portion
from tideline.errors import InputError


class Clock:
    """Time that passes only in sleep, and where the test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds


def test_records_are_due_at_equal_distances_from_the_first() -> None:
    clock = Clock()
    schedule = Schedule(4, clock, clock.sleep)
    for index in range(4):
        schedule.wait(index)
    assert clock.sleeps == [0.25, 0.25, 0.25]


def test_after_a_delay_late_records_go_out_at_once_and_the_plan_stays() -> None:
    clock = Clock()
    schedule = Schedule(2, clock, clock.sleep)
    schedule.wait(0)
    clock.now += 1.6  # records 1, 2 and 3 fall due at 0.5, 1.0 and 1.5
    for index in range(1, 6):
        schedule.wait(index)
    assert clock.sleeps == pytest.approx([0.4, 0.5])
    assert clock.now == pytest.approx(102.5)


@pytest.mark.parametrize("rate", [0.5, 1, 49, 60, 99, 100, 120, 400, 12_345.6])
def test_a_portion_is_as_large_as_its_first_record_may_wait(rate: float) -> None:
    wait = (portion(rate) - 1) / rate
    assert wait <= PORTION_SECONDS < wait + 1 / rate


@pytest.mark.parametrize(("text", "rate"), [("500/s", 500), ("500", 500), ("0.5/s", 0.5), (" 7 ", 7)])
def test_a_rate_is_records_per_second(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["0", "-1", "fast", "5/m", "", "1e3"])
def test_anything_else_is_no_rate(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_rate(text)
    assert str(caught.value) == (f"the rate {text!r} is not a number of records per second above 0; write it as 500/s")
