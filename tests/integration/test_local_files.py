from pathlib import Path

import pytest

from tests.jvm.junit import run_junit

pytestmark = pytest.mark.integration


def test_local_files_are_created_and_renamed_without_a_program(tmp_path: Path) -> None:
    done = run_junit(tmp_path, "tideline.files.LocalFilesTest", {"PATH": "/nowhere"})
    assert done.returncode == 0, done.stdout + done.stderr
