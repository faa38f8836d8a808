import subprocess
import sys
from pathlib import Path

import pytest

from batch.__main__ import STEPS, main
from tideline.settings import Settings


def test_help_names_every_step_and_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])
    text = capsys.readouterr().out
    assert done.value.code == 0
    assert [step for step in STEPS if f"  {step} " not in text] == []
    assert "example: python -m batch clean gold validate" in text


def test_steps_that_need_no_spark_do_not_import_it(tmp_path: Path) -> None:
    code = (
        "import sys; from batch.__main__ import main\n"
        "for step in ('audit', 'reconcile', 'publish'):\n    main([step]); print(step, 'pyspark' in sys.modules)"
    )
    environment = Settings(home=tmp_path).environment()
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["audit False", "reconcile False", "publish False"]
    assert done.stderr.count("error: no bronze table found") == 2
    assert done.stderr.count("skipped: TIDELINE_POSTGRES_URL is not set") == 1


@pytest.mark.parametrize("arguments", [[], ["polish"]])
def test_no_step_or_an_unknown_one_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert done.value.code == 2


def test_an_unknown_setting_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIDELINE_HEAP", "1g")
    assert main(["clean"]) == 1
    assert capsys.readouterr().err == (
        "error: TIDELINE_HEAP is not a setting; see docs/reference.md for the settings and their defaults\n"
    )
