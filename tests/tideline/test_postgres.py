"""What is said when PostgreSQL cannot be asked; never with its password."""

from __future__ import annotations

import pytest

from tideline.errors import PublishError, SkippedError
from tideline.postgres import postgres
from tideline.settings import Settings


def refusal(url: str) -> str:
    with pytest.raises(PublishError) as refused, postgres(Settings(postgres_url=url)):
        pass
    return str(refused.value)


def test_without_an_address_the_step_is_skipped_with_a_sentence() -> None:
    with pytest.raises(SkippedError) as skipped, postgres(Settings()):
        pass
    assert str(skipped.value) == "TIDELINE_POSTGRES_URL is not set: gold stays in the lake and nothing is published"


def test_an_address_that_cannot_be_read_is_not_quoted() -> None:
    assert refusal("postgresql://u:hid%zzden@h/d") == (
        "TIDELINE_POSTGRES_URL cannot be read: percent-encode the special characters of user and password"
    )


def test_a_server_that_is_not_there_is_named_without_user_and_password() -> None:
    message = refusal("postgresql://me:hidden@127.0.0.1:1/gold")
    assert message.startswith("PostgreSQL at 127.0.0.1:1, database gold, cannot take gold (connection failed: ")
    assert message.endswith("; check TIDELINE_POSTGRES_URL, the server and the user's rights")
    assert "hidden" not in message
