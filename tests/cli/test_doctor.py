"""The doctor names what is wrong and what to do, and starts nothing."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cli import diagnosis
from cli.diagnosis import Finding, diagnose
from cli.main import main
from tideline.errors import ServiceError
from tideline.jars.lock import Module
from tideline.settings import Settings


@pytest.fixture(autouse=True)
def no_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: Settings) -> None:
        msg = "Kafka does not answer at nowhere: run tideline up"
        raise ServiceError(msg)

    monkeypatch.setattr("tideline.topics.check_topics", absent)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    ports = []
    for _ in range(3):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            ports.append(probe.getsockname()[1])
    return Settings(home=tmp_path / "home", kafka_port=ports[0], kafka_controller_port=ports[1], minio_port=ports[2])


def findings(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in diagnose(settings)}


def test_a_machine_that_is_set_up_lacks_only_the_broker_and_nothing_is_left_behind(settings: Settings) -> None:
    found = findings(settings)
    assert [subject for subject, finding in found.items() if not finding.is_well] == ["broker and topics"]
    assert found["broker and topics"].advice == "Kafka does not answer at nowhere: run tideline up"
    assert "Delta 4.4.0" in found["versions"].found
    assert [path for path in settings.home.rglob("*") if path.is_file()] == []


def test_a_port_that_another_program_has_is_named_with_its_setting(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", settings.kafka_port)):
        found = findings(settings)["ports"]
    assert found.found == f"taken by another program: {settings.kafka_port} (TIDELINE_KAFKA_PORT)"
    assert "set the named settings" in found.advice


def test_a_damaged_checkpoint_is_named(settings: Settings) -> None:
    folder = Path(settings.checkpoints, "live.anomalies")
    folder.mkdir(parents=True)
    (folder / "metadata").write_text("{")
    found = findings(settings)["checkpoints"]
    assert f"the checkpoint {folder} is damaged" in found.advice


def test_versions_that_do_not_fit_are_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Locked:
        def __init__(self, coordinates: str) -> None:
            self.kind, self.module = "spark", Module.parse(coordinates)

    others = ("spark-sql-kafka-0-10_2.13", "kafka_2.13", "kafka-clients", "delta-spark_4.2_2.13")
    locked = [Locked(f"g:{name}:0.1") for name in others] + [Locked("g:hadoop-aws:3.5.0")]
    monkeypatch.setattr("tideline.jars.lock.read_lock", lambda: locked)
    monkeypatch.setattr(diagnosis, "_jars", lambda _: "")
    found = findings(settings)["versions"]
    assert "pyspark and spark-sql-kafka: 4.2.0 and 0.1" in found.found
    assert "delta-spark and its jar: 4.4.0 and 0.1" in found.found
    assert "hadoop" not in found.found
    assert "run make setup" in found.advice


def test_a_full_disk_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "SMALLEST_DISK_BYTES", 1 << 62)
    assert "set TIDELINE_HOME" in findings(settings)["disk"].advice


def test_where_kafka_and_the_store_are_elsewhere_neither_kafkas_jars_nor_much_disk_are_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "SMALLEST_DISK_BYTES", 1 << 62)
    elsewhere = replace(settings, kafka_bootstrap="kafka:9092", warehouse="s3a://lake", checkpoints="s3a://lake/c")
    monkeypatch.setattr(diagnosis, "_store", lambda _: "")
    found = dict(_until(elsewhere, "S3 store"))
    assert "Kafka's jars" not in found
    assert found["disk"].is_well


def _until(settings: Settings, last: str) -> Iterator[tuple[str, Finding]]:
    for finding in diagnose(settings):
        yield finding.subject, finding
        if finding.subject == last:
            return


def test_the_exit_code_says_whether_something_is_wrong(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.doctor.load_settings", lambda: settings)
    monkeypatch.setattr(sys, "argv", ["tideline", "doctor"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert "✘ broker and topics" in said.out
    assert "1 to mend" in said.err
