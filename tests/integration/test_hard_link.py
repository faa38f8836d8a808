from pathlib import Path

import pytest

from tests.jvm.junit import run_junit

pytestmark = pytest.mark.integration


def test_the_local_log_store_gives_deltas_guarantees(tmp_path: Path) -> None:
    done = run_junit(tmp_path, "tideline.logstore.HardLinkLogStoreTest")
    assert done.returncode == 0, done.stdout + done.stderr
