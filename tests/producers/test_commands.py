import gzip
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from producers.__main__ import main
from producers.commands import Generated, Target, exit_code, produce_emissions, produce_tweets
from producers.emission_rows import SyntheticEmissions
from producers.replay import Sent
from producers.synthetic import SyntheticTweets
from tideline.errors import InputError

NOWHERE = Target("127.0.0.1:1", "tweets")


def silent() -> Console:
    return Console(file=io.StringIO())


def test_what_is_generated_can_be_written_without_a_broker(tmp_path: Path) -> None:
    wanted = Generated(2_000, 9, tmp_path / "t.tsv.gz", tmp_path / "t.json")
    assert produce_tweets(NOWHERE, wanted, silent()) is None
    assert gzip.decompress((tmp_path / "t.tsv.gz").read_bytes()) == b"".join(SyntheticTweets(2_000, 9).chunks())
    planted = json.loads((tmp_path / "t.json").read_text())
    assert (planted["lines"], planted["duplicates"]) == (2_000, 20)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["t.json", "t.tsv.gz"]


def test_the_planted_reasons_are_written_as_sentences(tmp_path: Path) -> None:
    wanted = Generated(1_000, 9, tmp_path / "e.csv", tmp_path / "e.json")
    assert produce_emissions(NOWHERE, wanted, silent()) is None
    planted = json.loads((tmp_path / "e.json").read_text())
    assert planted["reasons"] == {str(k): v for k, v in SyntheticEmissions(1_000, 9).planted.reasons.items()}
    assert planted["reasons"]["date is missing"] == 3


@pytest.mark.parametrize(
    ("target", "origin", "message"),
    [
        (NOWHERE, Generated(0), "cannot generate 0 lines with seed 1: give 1 or more, and a seed from 0 on"),
        (Target("127.0.0.1:1", "t", limit=0), Generated(1), "the limit 0 is not a number of records above 0"),
        (
            Target("127.0.0.1:1", "t", rate="soon"),
            Generated(1),
            "the rate 'soon' is not a number of records per second above 0; write it as 500/s",
        ),
        (
            NOWHERE,
            Generated(1, output=Path("/nowhere/t.tsv")),
            "cannot write /nowhere/t.tsv: No such file or directory; name a file in a folder that can be written",
        ),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(target: Target, origin: Generated, message: str) -> None:
    with pytest.raises(InputError) as caught:
        produce_tweets(target, origin, silent())
    assert str(caught.value) == message


def test_a_signal_makes_the_exit_code_that_shells_expect() -> None:
    assert exit_code(Sent("x", signal=15)) == 143
    assert exit_code(Sent("x")) == exit_code(None) == 0


def test_an_error_is_one_sentence_on_standard_error_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tweets", "--input", "/nowhere/full.tsv"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "error: cannot read /nowhere/full.tsv: No such file or directory; give readable data, plain or gzip\n"
    )
