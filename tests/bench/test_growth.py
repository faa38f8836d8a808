import pytest

from bench.growth import fit_growth


@pytest.mark.parametrize("exponent", [0.0, 0.3, 1.0])
def test_the_exponent_of_a_power_is_found(exponent: float) -> None:
    seconds = [0.05 * number**exponent for number in range(1, 2001)]
    assert fit_growth(seconds).exponent == pytest.approx(exponent, abs=0.01)


def test_a_slow_beginning_does_not_hide_growth() -> None:
    young = [10.0] * 200
    assert fit_growth([*young, *(float(number) for number in range(200, 1000))]).exponent == pytest.approx(1, abs=0.01)


def test_single_slow_ones_do_not_count() -> None:
    seconds = [1.0 if number % 10 else 50.0 for number in range(1000)]
    assert fit_growth(seconds).exponent == pytest.approx(0)


def test_points_are_in_the_middle_of_their_blocks() -> None:
    assert [number for number, _ in fit_growth([1.0] * 40, block=10, warm_up_blocks=1).points] == [15, 25, 35]
