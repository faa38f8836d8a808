"""Settings: read once from ``TIDELINE_*`` variables at the edge; no code below reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from tideline.errors import SettingsError

TWEET_DIMENSIONS = ("lang", "country_code")
EMISSION_DIMENSIONS = ("country", "device", "format", "domain")

S3A = "s3a://"
LEAST_RETENTION_DAYS = 7
MOST_PORT = 65535

AWS = "aws"
"""As an endpoint: Amazon's own, even where this home has a MinIO."""

_S3_PATH = re.compile(r"s3a://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/?#]+)*")
_LINK = re.compile(r"[^=]+=https?://[^@\s]+")
_ENDPOINT = re.compile(r"https?://[^/?#@\s]+")
# A second @ or a / before the first would move a part of the password to where the client shows it.
_POSTGRES = re.compile(r"postgres(?:ql)?://(?:[^@/?#\s]*@)?[^@#\s]*")


@dataclass(frozen=True)
class Settings:
    """All settings, with the defaults of the embedded mode. ``docs/reference.md`` explains each."""

    home: Path = Path(".tideline")
    warehouse: str = ""
    checkpoints: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    s3_path_style: bool = True
    s3_access_key: str = field(default="", repr=False)
    s3_secret_key: str = field(default="", repr=False)
    minio_port: int = 19000
    kafka_port: int = 19092
    kafka_controller_port: int = 19093
    kafka_bootstrap: str = ""
    kafka_heap: str = "512m"
    topic_partitions: int = 2
    topic_retention_hours: int = 168
    tweets_topic: str = "tweets"
    emissions_topic: str = "emissions"
    spark_master: str = "local[*]"
    driver_memory: str = "2g"
    trigger_seconds: float = 5.0
    batch_records: int = 1 << 20
    horizon_minutes: int = 120
    tweet_dimensions: tuple[str, ...] = TWEET_DIMENSIONS
    emission_dimensions: tuple[str, ...] = ("country", "device")
    retention_days: int = 7
    ops_days: int = 90
    quarantine_share: float = 0.1
    reason_share: float = 0.05
    bronze_age_minutes: int = 1440
    silver_lag_minutes: int = 120
    docs_runs: int = 30
    verdict_weeks: int = 8
    verdict_least_weeks: int = 4
    verdict_score: float = 5.0
    verdict_noise: float = 0.05
    verdict_least: int = 10
    airflow_port: int = 18080
    dashboard_port: int = 18501
    dashboard_links: tuple[str, ...] = ()
    postgres_url: str = field(default="", repr=False)
    metrics_port: int = 0
    metrics_host: str = "127.0.0.1"

    def __post_init__(self) -> None:
        """Fill the settings that follow from others."""
        home = self.home.expanduser().absolute()
        object.__setattr__(self, "home", home)
        warehouse = self.warehouse.rstrip("/") or str(home / "warehouse")
        object.__setattr__(self, "warehouse", warehouse)
        object.__setattr__(self, "checkpoints", self.checkpoints.rstrip("/") or f"{warehouse}/_checkpoints")
        object.__setattr__(self, "kafka_bootstrap", self.kafka_bootstrap or f"127.0.0.1:{self.kafka_port}")
        problems = _out_of_range(self) + _store_problems(self) + _postgres_problems(self) + _link_problems(self)
        if problems:
            raise SettingsError("; ".join(problems))

    @property
    def on_s3(self) -> bool:
        """Whether tables or checkpoints lie on S3."""
        return self.warehouse.startswith(S3A) or self.checkpoints.startswith(S3A)

    @classmethod
    def from_mapping(cls, variables: Mapping[str, str]) -> Settings:
        """Build the settings from variables such as ``os.environ``.

        Raises:
            SettingsError: names every variable that is unknown or cannot be read, all at once.

        >>> Settings.from_mapping({"TIDELINE_TRIGGER_SECONDS": "2"}).trigger_seconds
        2.0
        """
        known = {f"TIDELINE_{f.name.upper()}": (f.name, _READERS[str(f.type)]) for f in fields(cls)}
        values: dict[str, Any] = {}
        problems = []
        for variable, text in sorted(variables.items()):
            if not variable.startswith("TIDELINE_") or text == "":
                continue
            if variable not in known:
                problems.append(f"{variable} is not a setting")
                continue
            name, read = known[variable]
            try:
                values[name] = read(text)
            except ValueError:
                problems.append(f"{variable}={text!r} cannot be read as {read.__name__}")
        if problems:
            problems.append("see docs/reference.md for the settings and their defaults")
            raise SettingsError("; ".join(problems))
        return cls(**values)

    def variables(self) -> dict[str, str]:
        """The variables that make a child process see these settings."""
        return {f"TIDELINE_{f.name.upper()}": _text(getattr(self, f.name)) for f in fields(self)}

    def environment(self) -> dict[str, str]:
        """This process's environment with these settings, for a child process."""
        return os.environ | self.variables()


def load_settings() -> Settings:
    """The settings of this process, from its environment; on S3, with the store that they leave unsaid."""
    from tideline.s3_settings import with_store

    return with_store(Settings.from_mapping(os.environ), os.environ)


def boolean(text: str) -> bool:
    """Read ``true`` or ``false``.

    Raises:
        ValueError: it is neither.
    """
    if text.lower() not in {"true", "false"}:
        msg = f"{text!r} is neither true nor false"
        raise ValueError(msg)
    return text.lower() == "true"


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip() and part.strip() != "none")


_READERS: dict[str, Callable[[str], Any]] = {
    "Path": Path,
    "str": str,
    "int": int,
    "float": float,
    "bool": boolean,
    "tuple[str, ...]": _names,
}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return (",".join(value) or "none") if isinstance(value, tuple) else str(value)


def _out_of_range(settings: Settings) -> list[str]:
    """What a value may not be, one sentence each."""
    problems = [
        f"TIDELINE_{name.upper()} must be above 0, got {getattr(settings, name)}"
        for name in (
            "topic_partitions",
            "topic_retention_hours",
            "trigger_seconds",
            "batch_records",
            "horizon_minutes",
            "ops_days",
            "bronze_age_minutes",
            "silver_lag_minutes",
            "docs_runs",
            "verdict_least_weeks",
            "verdict_score",
            "verdict_least",
        )
        if getattr(settings, name) <= 0
    ]
    problems += [
        f"TIDELINE_{name.upper()} must be a share between 0 and 1, got {getattr(settings, name)}"
        for name in ("quarantine_share", "reason_share", "verdict_noise")
        if not 0 <= getattr(settings, name) <= 1
    ]
    if not 0 <= settings.metrics_port <= MOST_PORT:
        problems.append(f"TIDELINE_METRICS_PORT must be 0 or a port up to {MOST_PORT}, got {settings.metrics_port}")
    if settings.verdict_weeks < settings.verdict_least_weeks:
        least = f"must be at least TIDELINE_VERDICT_LEAST_WEEKS ({settings.verdict_least_weeks})"
        problems.append(f"TIDELINE_VERDICT_WEEKS {least}, got {settings.verdict_weeks}")
    if settings.retention_days < LEAST_RETENTION_DAYS:
        # Readers, and writers that have not committed yet, use files that no version names any more.
        least = f"must be at least {LEAST_RETENTION_DAYS}, what Delta itself asks for"
        problems.append(f"TIDELINE_RETENTION_DAYS {least}, got {settings.retention_days}")
    for name, allowed in (
        ("tweet_dimensions", TWEET_DIMENSIONS),
        ("emission_dimensions", EMISSION_DIMENSIONS),
    ):
        unknown = sorted(set(getattr(settings, name)) - set(allowed))
        if unknown:
            problems.append(f"TIDELINE_{name.upper()} may name {', '.join(allowed)}, got {', '.join(unknown)}")
    return problems


def _store_problems(settings: Settings) -> list[str]:
    """What is wrong with where tables and checkpoints lie and with the store, one sentence each."""
    problems = []
    for name, path in (("WAREHOUSE", settings.warehouse), ("CHECKPOINTS", settings.checkpoints)):
        follows = name == "CHECKPOINTS" and path == f"{settings.warehouse}/_checkpoints"
        if "://" in path and not _S3_PATH.fullmatch(path) and not follows:
            got = _without_password(path)
            problems.append(f"TIDELINE_{name} must be a folder or s3a://bucket/prefix, got {got}")
    if settings.s3_endpoint not in {"", AWS} and not _ENDPOINT.fullmatch(settings.s3_endpoint):
        got = _without_password(settings.s3_endpoint)
        problems.append(f"TIDELINE_S3_ENDPOINT must be http://host:port, https://host:port or aws, got {got}")
    if bool(settings.s3_access_key) != bool(settings.s3_secret_key):
        problems.append("TIDELINE_S3_ACCESS_KEY and TIDELINE_S3_SECRET_KEY must be set together, got one of them")
    return problems


def _postgres_problems(settings: Settings) -> list[str]:
    """What is wrong with the address of PostgreSQL; never the address itself, which may hold a password."""
    if settings.postgres_url == "" or _POSTGRES.fullmatch(settings.postgres_url):
        return []
    form = "postgresql://user:password@host:port/database, with special characters percent-encoded"
    return [f"TIDELINE_POSTGRES_URL must have the form {form}"]


def _link_problems(settings: Settings) -> list[str]:
    """What is wrong with the dashboard's links."""
    wrong = [link for link in settings.dashboard_links if not _LINK.fullmatch(link)]
    form = "TIDELINE_DASHBOARD_LINKS must have the form name=https://host,name=https://host"
    return [f"{form}, got {', '.join(map(_without_password, wrong))}"] if wrong else []


def _without_password(url: str) -> str:
    """The URL for a message: what stands before an ``@`` may be a secret."""
    return url.rpartition("@")[2]
