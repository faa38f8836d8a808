"""Why a record is in quarantine: the sentences that code, tables, docs and tests share."""

from enum import StrEnum
from typing import Final

RULE_VERSION = 1
"""Raised whenever a rule below, or the code that applies it, judges any record differently."""

CLOCK_TOLERANCE_SECONDS = 300
"""How far a tweet's time may lie after Kafka's own: clocks differ a little, the future does not come early."""

SUM_TOLERANCE = "0.1"
"""By how much the three components may differ from the total, in the total's unit."""


class Reason(StrEnum):
    """One reason for rejecting a record; a record carries all that apply."""

    NO_VALUE = "the record has no value"
    NOT_UTF8 = "the record is not UTF-8"
    WRONG_COLUMNS = "the line does not have as many columns as the header"
    NOT_JSON = "the value is not a JSON object"
    ID_INVALID = "tweet_id is not a positive 64-bit integer"
    TIME_MISSING = "date or time is missing"
    TIME_UNREADABLE = "date and time are not a time such as 2020-03-01 12:34:56"
    TIME_IN_FUTURE = "the time is more than 5 minutes after Kafka received the record"
    DATE_MISSING = "date is missing"
    DATE_UNREADABLE = "date is not a date such as 03/31/2024"
    DOMAIN_MISSING = "domain is missing"
    COUNTRY_MISSING = "country is missing"
    AD_SELECTION_INVALID = "adSelectionEmissions is missing or not a number"
    CREATIVE_DISTRIBUTION_INVALID = "creativeDistributionEmissions is missing or not a number"
    MEDIA_DISTRIBUTION_INVALID = "mediaDistributionEmissions is missing or not a number"
    TOTAL_INVALID = "totalEmissions is missing or not a number"
    SUM_MISMATCH = "the three components differ from totalEmissions by more than 0.1"


_RECORD = (Reason.NO_VALUE, Reason.NOT_UTF8, Reason.WRONG_COLUMNS, Reason.NOT_JSON)

SOURCE_REASONS: Final[dict[str, tuple[Reason, ...]]] = {
    "tweets": (
        *_RECORD,
        Reason.ID_INVALID,
        Reason.TIME_MISSING,
        Reason.TIME_UNREADABLE,
        Reason.TIME_IN_FUTURE,
    ),
    "emissions": (
        *_RECORD,
        Reason.DATE_MISSING,
        Reason.DATE_UNREADABLE,
        Reason.DOMAIN_MISSING,
        Reason.COUNTRY_MISSING,
        Reason.AD_SELECTION_INVALID,
        Reason.CREATIVE_DISTRIBUTION_INVALID,
        Reason.MEDIA_DISTRIBUTION_INVALID,
        Reason.TOTAL_INVALID,
        Reason.SUM_MISMATCH,
    ),
}
"""The reasons that a record of each source can have."""
