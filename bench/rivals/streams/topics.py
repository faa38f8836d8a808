"""Topics of the contests' own, filled with the same records for all."""

from __future__ import annotations

from dataclasses import replace

from producers.replay import Options, replay_tweets
from producers.source import generated_source
from producers.synthetic import SyntheticTweets
from tideline.settings import Settings
from tideline.topics import create_topics

SEED = 2


def own_topic(settings: Settings, name: str) -> Settings:
    """Make a tweets' topic of that name; the settings that name it."""
    own = replace(settings, tweets_topic=name)
    create_topics(own)
    return own


def fill(settings: Settings, records: int) -> None:
    """Put synthetic tweets, 8 in 1,000 of them broken, into the tweets' topic."""
    run = SyntheticTweets(records, SEED)
    source = generated_source(run.planted.run, run.chunks)
    replay_tweets(source, bootstrap=settings.kafka_bootstrap, topic=settings.tweets_topic, options=Options(resend=True))
