"""The S3 log store against a real store, and what it does when answers get lost."""

from pathlib import Path

import pytest

from proofs.fault_proxy import Fault, every, fault_proxy
from tests.jvm.junit import run_junit
from tideline.s3 import credential_variables, split_path
from tideline.settings import Settings

pytestmark = pytest.mark.integration


def test_the_s3_log_store_gives_deltas_guarantees(minio: Settings, tmp_path: Path) -> None:
    plan = every(2, Fault.DROP_REPLY, lambda request: request.is_commit)
    with fault_proxy(minio.s3_endpoint, plan) as lossy, fault_proxy(minio.s3_endpoint, lambda _: Fault.NONE) as counted:
        variables = {
            "S3_ENDPOINT": minio.s3_endpoint,
            "S3_LOSSY_ENDPOINT": lossy.endpoint,
            "S3_COUNTED_ENDPOINT": counted.endpoint,
            "S3_BUCKET": split_path(minio.warehouse)[0],
            **credential_variables(minio),
        }
        done = run_junit(tmp_path, "tideline.logstore.ConditionalPutLogStoreTest", variables)
    assert done.returncode == 0, done.stdout + done.stderr
    # 20 versions and 10 races of 6 threads, and what the client sent again.
    assert lossy.met[Fault.DROP_REPLY] >= 40
    # Five names, two a page.
    assert counted.met[Fault.NONE] == 3
