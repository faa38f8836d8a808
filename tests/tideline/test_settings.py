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
    ],
)
def test_a_value_out_of_range_is_refused(variable: str, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_mapping({variable: text})
    assert str(refused.value) == message


def test_a_child_process_sees_the_same_settings() -> None:
    settings = Settings(home=Path("/data"), emission_dimensions=(), trigger_seconds=0.5)
    assert Settings.from_mapping(settings.variables()) == settings
