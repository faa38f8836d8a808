"""The sources of the lake, and what is named after them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tideline.settings import Settings

SOURCES: Final = ("tweets", "emissions")

COUNTS_QUERIES: Final = {source: f"live.{source}_counts" for source in SOURCES}
"""The streaming query that keeps a source's live counts; its checkpoint has its name."""

ARRIVALS: Final = {"tweets": "live.tweet_arrivals", "emissions": "live.emission_arrivals"}
"""The table of what came in by hour, which each source's counts query keeps beside its counts."""

HOUR_VERDICTS: Final = {"tweets": "live.tweet_hour_verdicts", "emissions": "live.emission_hour_verdicts"}
"""The table of the verdicts on each source's hours and days, kept by the same query."""

ANOMALIES_QUERY: Final = "live.anomalies"
"""The streaming query that flags emission rows."""


@dataclass(frozen=True)
class LiveQuery:
    """A streaming query that reads a source's bronze table, and the tables that it keeps."""

    source: str
    tables: tuple[str, ...]


LIVE_QUERIES: Final = {
    "live.tweets_counts": LiveQuery(
        "tweets", ("live.tweet_counts_hourly", "live.tweet_counts_daily", ARRIVALS["tweets"], HOUR_VERDICTS["tweets"])
    ),
    "live.emissions_counts": LiveQuery(
        "emissions",
        (
            "live.emission_counts_hourly",
            "live.emission_counts_daily",
            ARRIVALS["emissions"],
            HOUR_VERDICTS["emissions"],
        ),
    ),
    ANOMALIES_QUERY: LiveQuery("emissions", ("live.anomalies", "live.domain_baselines")),
}
"""The live queries by name."""

TOPIC_ID: Final = "tideline.topicId"
"""The property of a bronze table that holds Kafka's id of its topic."""


def topic_of(settings: Settings, source: str) -> str:
    """The topic that a source's records come from."""
    return settings.tweets_topic if source == "tweets" else settings.emissions_topic
