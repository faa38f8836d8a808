from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from producers.synthetic import BROKEN, HEADER, TWEET_EPOCH_MS, SyntheticTweets

LINES = 20_000


@pytest.fixture(scope="module")
def run() -> SyntheticTweets:
    return SyntheticTweets(LINES, seed=3)


@pytest.fixture(scope="module")
def lines(run: SyntheticTweets) -> list[bytes]:
    return b"".join(run.chunks()).removeprefix(HEADER).split(b"\n")[:-1]


def kind_of(line: bytes) -> str:
    """Judges a line anew, from what it holds."""
    try:
        fields = line.decode().split("\t")
    except UnicodeDecodeError:
        return "not UTF-8"
    if fields == [""]:
        return "empty line"
    if len(fields) != 5:
        return "missing column" if len(fields) < 5 else "extra column"
    tweet_id, day, clock, _, _ = fields
    if not tweet_id.isdigit():
        return "id not a number"
    if not day or not clock:
        return "time missing"
    try:
        datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return "time unreadable"
    return "valid"


def test_a_run_says_exactly_what_it_planted(run: SyntheticTweets, lines: list[bytes]) -> None:
    kinds = Counter(map(kind_of, lines))
    valid = Counter(line for line in lines if kind_of(line) == "valid")
    planted = run.planted
    assert planted.lines == len(lines) == LINES
    assert planted.broken == {kind: kinds[kind] for kind in BROKEN}
    assert planted.tweets == len(valid)
    assert planted.duplicates == valid.total() - len(valid)
    assert planted.tweets + planted.duplicates + sum(planted.broken.values()) == LINES
    assert (planted.duplicates, sum(planted.broken.values())) == (200, 140)


def test_every_duplicate_comes_after_its_tweet_and_ids_are_never_shared(lines: list[bytes]) -> None:
    valid = [line for line in lines if kind_of(line) == "valid"]
    assert len({line.split(b"\t")[0] for line in valid}) == len(set(valid))


def test_ids_tell_the_time_that_the_line_tells(lines: list[bytes]) -> None:
    for line in lines:
        if kind_of(line) == "valid":
            tweet_id, day, clock, *_ = line.decode().split("\t")
            told = datetime.fromtimestamp(((int(tweet_id) >> 22) + TWEET_EPOCH_MS) // 1000, UTC)
            assert f"{told:%Y-%m-%d %H:%M:%S}" == f"{day} {clock}"


def test_the_same_arguments_give_the_same_bytes_and_others_do_not() -> None:
    def content(**arguments: int) -> bytes:
        return b"".join(SyntheticTweets(**{"lines": 1_000, "seed": 3} | arguments).chunks())

    assert content() == content()
    assert content() != content(seed=4)
    assert SyntheticTweets(1_000, 3).planted.run == "tweets-1-seed3-lines1000-20200302-days14"
    assert SyntheticTweets(1_000, 4).planted.run != SyntheticTweets(1_000, 3).planted.run


def test_tweets_follow_the_day_the_week_and_bursts(lines: list[bytes]) -> None:
    times = [datetime.fromisoformat(b" ".join(x.split(b"\t")[1:3]).decode()) for x in lines if kind_of(x) == "valid"]
    hours = Counter(time.replace(minute=0, second=0) for time in times)
    assert min(times).date() == date(2020, 3, 2)
    assert max(times).date() == date(2020, 3, 15)
    evening = sum(count for hour, count in hours.items() if 18 <= hour.hour < 22)
    night = sum(count for hour, count in hours.items() if 6 <= hour.hour < 10)
    assert evening > 2 * night
    usual = sorted(hours.values())[len(hours) // 2]
    assert max(hours.values()) > 3 * usual


def test_the_days_can_be_chosen() -> None:
    run = SyntheticTweets(500, seed=1, start=date(2021, 12, 31), days=2)
    days = {
        line.split(b"\t")[1].decode() for line in b"".join(run.chunks()).split(b"\n")[1:-1] if kind_of(line) == "valid"
    }
    assert days == {f"{date(2021, 12, 31) + timedelta(days=day)}" for day in range(2)}


def test_a_run_of_one_line_is_one_tweet() -> None:
    run = SyntheticTweets(1, seed=0)
    assert (run.planted.tweets, run.planted.duplicates) == (1, 0)
    assert kind_of(b"".join(run.chunks()).split(b"\n")[1]) == "valid"


def test_a_run_says_when_people_write_much_more_and_a_quiet_one_has_no_such_time() -> None:
    def hours(run: SyntheticTweets) -> Counter[str]:
        return Counter(x[20:33].decode() for x in b"".join(run.chunks()).split(b"\n")[1:-1] if kind_of(x) == "valid")

    loud, quiet = (SyntheticTweets(20_000, seed=5, quiet=quiet) for quiet in (False, True))
    assert (quiet.planted.bursts, len(loud.planted.bursts)) == ([], 8)
    assert quiet.planted.run == f"{loud.planted.run}-quiet"
    highest = max(loud.planted.bursts, key=lambda burst: burst.height * burst.fade_minutes)
    begin = datetime.fromisoformat(highest.begin) + timedelta(hours=1)
    # The first full hour of the highest burst against the same hour without it.
    busy, usual, then = hours(loud), hours(quiet), f"{begin:%Y-%m-%d\t%H}"
    assert busy[then] > 1.5 * usual[then]
    assert max(usual.values()) < 1.5 * max(usual[f"2020-03-{day:02}\t20"] for day in range(2, 16))
