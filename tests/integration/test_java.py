"""The Java classes: log stores that keep Delta's guarantees, also when answers get lost; files without a program."""

from pathlib import Path

import pytest

from proofs.fault_proxy import Fault, every, fault_proxy
from tests.jvm.junit import compile_tests, run_junit
from tideline.s3 import credential_variables, split_path
from tideline.settings import Settings

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all classes and their tests."""
    return compile_tests(tmp_path_factory.mktemp("java"))


def test_the_local_log_store_gives_deltas_guarantees(classes: Path) -> None:
    done = run_junit(classes, "tideline.logstore.HardLinkLogStoreTest")
    assert done.returncode == 0, done.stdout + done.stderr


def test_local_files_are_created_and_renamed_without_a_program(classes: Path) -> None:
    done = run_junit(classes, "tideline.files.LocalFilesTest", {"PATH": "/nowhere"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_s3_log_store_gives_deltas_guarantees(classes: Path, minio: Settings) -> None:
    plan = every(2, Fault.DROP_REPLY, lambda request: request.is_commit)
    with fault_proxy(minio.s3_endpoint, plan) as lossy, fault_proxy(minio.s3_endpoint, lambda _: Fault.NONE) as counted:
        variables = {
            "S3_ENDPOINT": minio.s3_endpoint,
            "S3_LOSSY_ENDPOINT": lossy.endpoint,
            "S3_COUNTED_ENDPOINT": counted.endpoint,
            "S3_BUCKET": split_path(minio.warehouse)[0],
            **credential_variables(minio),
        }
        done = run_junit(classes, "tideline.logstore.ConditionalPutLogStoreTest", variables)
    assert done.returncode == 0, done.stdout + done.stderr
    # 20 versions and 10 races of 6 threads, and what the client sent again.
    assert lossy.met[Fault.DROP_REPLY] >= 40
    # Five names, two a page.
    assert counted.met[Fault.NONE] == 3
