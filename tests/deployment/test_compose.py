"""What `docker-compose.yml` promises, read from the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment.secrets import ROOT as SECRETS
from tideline.minio import VERSION
from tideline.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
OWN = {name for name, service in SERVICES.items() if service["image"].startswith("tideline:")}
LONG_RUNNING = {name for name, service in SERVICES.items() if service["restart"] == "unless-stopped"}
DEFAULT = re.compile(r"\$\{\w+:-([^}]*)\}")
LAPTOP_BYTES = 8 << 30


def filled(text: str) -> str:
    """The text as it is without any variable."""
    return DEFAULT.sub(r"\1", text)


def megabytes(size: str) -> int:
    number, unit = int(size[:-1]), size[-1]
    return number * {"m": 1, "g": 1024}[unit]


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_has_a_pinned_tag(name: str) -> None:
    tag = filled(SERVICES[name]["image"]).rpartition(":")[2]
    assert re.fullmatch(r"v?\d[\w.-]*", tag), tag


@pytest.mark.parametrize("file", ["Dockerfile", "minio.Dockerfile"])
def test_an_image_is_built_on_pinned_tags(file: str) -> None:
    bases = re.findall(r"^FROM (\S+)(?: AS (\w+))?", (ROOT / "docker" / file).read_text(), re.MULTILINE)
    stages = {stage for _, stage in bases}
    foreign = [base for base, _ in bases if base not in stages]
    assert foreign
    assert all(re.fullmatch(r"(\w+):[\d.]*[a-z0-9.-]+", base) and "latest" not in base for base in foreign), foreign


def test_every_port_is_on_127_0_0_1_and_no_two_are_the_same() -> None:
    ports = [filled(port) for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 10
    assert [port for port in ports if not re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)] == []
    assert len({port.split(":")[1] for port in ports}) == len(ports)


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_what_runs_for_long_has_a_health_check(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_rights_and_a_bound_on_its_memory_and_its_log(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}
    assert megabytes(service["mem_limit"]) > 0


def test_what_runs_at_the_same_time_fits_a_laptop() -> None:
    running = {name for name, service in SERVICES.items() if service["restart"] != "no" and "profiles" not in service}
    assert sum(megabytes(SERVICES[name]["mem_limit"]) for name in running) << 20 <= LAPTOP_BYTES


@pytest.mark.parametrize("name", sorted(OWN))
def test_an_own_service_cannot_write_its_image_and_is_not_root(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    assert "user" not in SERVICES[name]
    last_stage = (ROOT / "docker" / "Dockerfile").read_text().rpartition("FROM ")[2]
    assert re.findall(r"^USER (\w+)$", last_stage, re.MULTILINE) == ["tideline"]


@pytest.mark.parametrize("name", SERVICES)
def test_no_mount_lies_on_another_one(name: str) -> None:
    # A tmpfs where a volume is mounted hides it, and what is written there is gone with the container.
    service = SERVICES[name]
    folders = [volume.split(":")[1] for volume in service.get("volumes", []) if not volume.startswith("$")]
    folders += [tmpfs.split(":")[0] for tmpfs in service.get("tmpfs", [])]
    assert len(folders) == len(set(folders)), folders


def test_a_service_waits_for_what_it_needs_to_be_well_and_for_what_runs_once_to_be_done() -> None:
    for service in SERVICES.values():
        for needed, how in service.get("depends_on", {}).items():
            once = SERVICES[needed]["restart"] == "no"
            assert how["condition"] == ("service_completed_successfully" if once else "service_healthy"), needed


def test_there_is_no_secret_in_the_file() -> None:
    values = {
        f"{name}: {variable}": filled(str(value))
        for name, service in SERVICES.items()
        for variable, value in service.get("environment", {}).items()
        if re.search(r"PASS|SECRET|KEY|CREDENTIALS|CONN", variable)
    }
    # Each is a path, a command that reads one, or an address without a password.
    allowed = r"(cat )?/secrets/[\w./-]+|postgresql\+psycopg://\w+@postgres/\w+|\{\"conn_type\".*\}"
    assert [name for name, value in values.items() if not re.fullmatch(allowed, value)] == []
    assert not re.search(r"://[^/@\s]+:[^/@\s]+@", TEXT)


def test_only_the_services_that_need_a_secret_mount_it() -> None:
    mounts: dict[str, set[str]] = {}
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.endswith("-secrets"):
                mounts.setdefault(source, set()).add(name)
    airflow = {name for name in SERVICES if name.startswith("airflow-")}
    assert mounts == {
        "minio-secrets": {"secrets", "init", "minio"},
        "postgres-secrets": {"secrets", "init", "postgres"},
        "airflow-secrets": {"secrets", "init", *airflow},
        "stream-secrets": {"init", "stream"},
        "reader-secrets": {"init", "tideline", "dashboard"},
        "worker-secrets": {"init", "spark-worker"},
        "role-secrets": {"init"},
        "metabase-secrets": {"secrets", "init", "metabase", "metabase-init"},
    }


@pytest.mark.parametrize("name", sorted(OWN))
def test_the_settings_of_a_service_are_settings(name: str) -> None:
    variables = {key: filled(str(value)) for key, value in SERVICES[name].get("environment", {}).items()}
    Settings.from_mapping(variables)


def test_every_volume_is_used_and_those_of_the_secrets_are_folders_of_the_image() -> None:
    used = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", []) if v[0] not in "$/."}
    assert used == set(FILE["volumes"])
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
    for name in FILE["volumes"]:
        service, _, secret = name.partition("-")
        assert not secret or f"{SECRETS}/{'roles' if service == 'role' else service}" in dockerfile, name


def test_minio_is_the_one_that_the_tests_run_against() -> None:
    assert f"ARG MINIO={VERSION}\n" in (ROOT / "docker" / "minio.Dockerfile").read_text()


def test_the_build_sees_only_what_it_names() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert lines[1] == "*"
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert {name for name in kept if not (ROOT / name).exists()} == set()
    assert not kept & {"tests", ".git", ".env", ".tideline"}
