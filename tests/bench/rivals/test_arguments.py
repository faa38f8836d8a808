import pytest

from bench.rivals.__main__ import chosen
from bench.rivals.arguments import parse_arguments, scale_of
from bench.rivals.contest import Scale, Section
from bench.rivals.errors import ContestError
from tests.bench.builders import contender

SECTION = Section("drain", "how fast?", [contender("ours, warm"), contender("native loop")])


def refusal(capsys: pytest.CaptureFixture[str], *line: str) -> str:
    """What argparse says last of a line that it refuses."""
    with pytest.raises(SystemExit) as ended:
        parse_arguments(line)
    assert ended.value.code == 2
    return capsys.readouterr().err.splitlines()[-1].removeprefix("python -m bench.rivals: error: argument ")


def test_nothing_asked_is_every_section_at_the_scale_of_the_contests() -> None:
    arguments = parse_arguments([])
    assert (arguments.sections[0], len(arguments.sections)) == ("produce", 8)
    assert scale_of(arguments) == Scale()


def test_what_is_asked_is_the_scale() -> None:
    line = ["--sections", "gold,validation", "--rows", "5,6", "--rates", "7", "--records", "8"]
    arguments = parse_arguments(line)
    assert arguments.sections == ["gold", "validation"]
    assert scale_of(arguments) == Scale(records=8, rates=(7,), rows=(5, 6))


def test_an_unknown_section_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    known = "produce,drain,restart,freshness,growth,compaction,gold,validation"
    assert refusal(capsys, "--sections", "drain,nonsense") == f"--sections: expected some of {known}, got nonsense"


@pytest.mark.parametrize(
    ("option", "value", "got"),
    [("--rates", "500,abc", "abc"), ("--rates", "", ""), ("--records", "1e6", "1e6"), ("--runs", "0", "0")],
)
def test_a_number_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], option: str, value: str, got: str
) -> None:
    assert refusal(capsys, option, value) == f"{option}: expected a whole number above 0, got {got!r}"


def test_the_contenders_whose_names_contain_a_word_run() -> None:
    assert [each.name for each in chosen(SECTION, ["native", "quix"]).contenders] == ["native loop"]
    assert chosen(SECTION, []) == SECTION


def test_a_word_in_no_contenders_name_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(ContestError) as refused:
        chosen(SECTION, ["nonsense"])
    assert str(refused.value) == "no contender's name contains nonsense: there are ours, warm; native loop"
