from collections.abc import Mapping
from dataclasses import replace

import pytest

from tideline.errors import ServiceError, TopicError
from tideline.kafka_admin import admin_client
from tideline.settings import Settings
from tideline.topics import check_topics, create_topics

pytestmark = pytest.mark.integration


def make_topic(settings: Settings, name: str, partitions: int, configs: Mapping[str, str]) -> None:
    with admin_client(settings.kafka_bootstrap) as client:
        client.create_topics({name: {"num_partitions": partitions, "configs": configs}}, wait_for_metadata=True)


def test_missing_topics_are_made_once_and_pass_the_check(settings: Settings) -> None:
    other = replace(settings, tweets_topic="made-tweets", emissions_topic="made-emissions")
    assert [create_topics(other), create_topics(other)] == [["made-tweets", "made-emissions"], []]
    check_topics(other)


def test_a_topic_with_the_producers_time_is_refused(settings: Settings) -> None:
    make_topic(settings, "create-time", 2, {})
    with pytest.raises(TopicError) as error:
        create_topics(replace(settings, tweets_topic="create-time"))
    assert str(error.value) == (
        f"Kafka at {settings.kafka_bootstrap}: topic create-time has message.timestamp.type CreateTime, "
        "wanted LogAppendTime: name another topic, since the records in this one carry their producers' times"
    )


def test_a_topic_with_other_partitions_is_refused(settings: Settings) -> None:
    make_topic(settings, "five", 5, {"message.timestamp.type": "LogAppendTime"})
    with pytest.raises(TopicError) as error:
        check_topics(replace(settings, tweets_topic="five"))
    assert str(error.value) == (
        f"Kafka at {settings.kafka_bootstrap}: topic five has partitions 5, wanted 2: "
        "set TIDELINE_TOPIC_PARTITIONS=5 or name another topic"
    )


def test_the_check_makes_no_topic_and_names_all_that_are_missing(settings: Settings) -> None:
    with pytest.raises(TopicError) as error:
        check_topics(replace(settings, tweets_topic="no-tweets", emissions_topic="no-emissions"))
    assert str(error.value) == (
        f"Kafka at {settings.kafka_bootstrap}: topic no-tweets is missing: run tideline up; "
        "topic no-emissions is missing: run tideline up"
    )


def test_a_broker_that_does_not_answer_is_named(settings: Settings) -> None:
    nowhere = f"127.0.0.1:{settings.kafka_controller_port + 1}"
    with pytest.raises(ServiceError) as error:
        check_topics(replace(settings, kafka_bootstrap=nowhere))
    assert str(error.value) == (f"Kafka does not answer at {nowhere}: run tideline up, or set TIDELINE_KAFKA_BOOTSTRAP")
