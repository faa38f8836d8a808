"""Settings come from variables, once; what is wrong is named all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.errors import SettingsError
from tideline.settings import Settings


def test_what_follows_from_other_settings_follows() -> None:
    settings = Settings.from_mapping({"TIDELINE_HOME": "/data", "TIDELINE_KAFKA_PORT": "29092"})
    assert (settings.warehouse, settings.checkpoints) == ("/data/warehouse", "/data/warehouse/_checkpoints")
    assert settings.kafka_bootstrap == "127.0.0.1:29092"


def test_an_empty_variable_is_as_none_and_others_are_ignored() -> None:
    assert Settings.from_mapping({"TIDELINE_KAFKA_PORT": "", "PATH": "/bin"}) == Settings()


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_mapping({"TIDELINE_KAFKA_PORT": "many", "TIDELINE_COLOUR": "blue"})
    assert str(refused.value) == (
        "TIDELINE_COLOUR is not a setting; TIDELINE_KAFKA_PORT='many' cannot be read as int; "
        "see docs/reference.md for the settings and their defaults"
    )


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("TIDELINE_TRIGGER_SECONDS", "0", "TIDELINE_TRIGGER_SECONDS must be above 0, got 0.0"),
        (
            "TIDELINE_TWEET_DIMENSIONS",
            "lang,mood",
            "TIDELINE_TWEET_DIMENSIONS may name lang, country_code, got mood",
        ),
        (
            "TIDELINE_WAREHOUSE",
            "s3://lake/demo",
            "TIDELINE_WAREHOUSE must be a folder or s3a://bucket/prefix, got s3://lake/demo",
        ),
        (
            "TIDELINE_CHECKPOINTS",
            "s3a://Lake",
            "TIDELINE_CHECKPOINTS must be a folder or s3a://bucket/prefix, got s3a://Lake",
        ),
        (
            "TIDELINE_S3_ENDPOINT",
            "https://user:secret@host:9000",
            "TIDELINE_S3_ENDPOINT must be http://host:port, https://host:port or aws, got host:9000",
        ),
        (
            "TIDELINE_VERDICT_WEEKS",
            "3",
            "TIDELINE_VERDICT_WEEKS must be at least TIDELINE_VERDICT_LEAST_WEEKS (4), got 3",
        ),
        (
            "TIDELINE_S3_ACCESS_KEY",
            "me",
            "TIDELINE_S3_ACCESS_KEY and TIDELINE_S3_SECRET_KEY must be set together, got one of them",
        ),
        (
            "TIDELINE_DASHBOARD_LINKS",
            "Airflow=https://here,MinIO=javascript:alert(1)",
            "TIDELINE_DASHBOARD_LINKS must have the form name=https://host,name=https://host, "
            "got MinIO=javascript:alert(1)",
        ),
        *(
            (
                "TIDELINE_POSTGRES_URL",
                url,
                "TIDELINE_POSTGRES_URL must have the form postgresql://user:password@host:port/database, with special "
                "characters percent-encoded",
            )
            # Each of these would bring the client to show a part of the password, which is hidden here.
            for url in ("hidden", "mysql://u:hidden@h/d", "postgresql://u:hid@den@h/d", "postgresql://u:hid/den@h/d")
        ),
    ],
)
def test_a_value_out_of_range_is_refused(variable: str, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_mapping({variable: text})
    assert str(refused.value) == message


def test_a_child_process_sees_the_same_settings() -> None:
    settings = Settings(home=Path("/data"), emission_dimensions=(), trigger_seconds=0.5)
    assert Settings.from_mapping(settings.variables()) == settings


def test_on_s3_the_checkpoints_lie_beside_the_tables_unless_they_are_set() -> None:
    settings = Settings(warehouse="s3a://lake/demo/")
    assert (settings.warehouse, settings.checkpoints) == ("s3a://lake/demo", "s3a://lake/demo/_checkpoints")
    assert Settings(warehouse="s3a://lake", checkpoints="/fast").checkpoints == "/fast"
    assert (settings.on_s3, Settings().on_s3, Settings(checkpoints="s3a://lake/c").on_s3) == (True, False, True)


def test_no_repr_shows_a_key() -> None:
    assert "hidden" not in repr(Settings(s3_access_key="hidden1", s3_secret_key="hidden2"))
    assert "hidden" not in repr(Settings(postgres_url="postgresql://u:hidden@h/d"))
