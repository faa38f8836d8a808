"""Why a record is in quarantine: the sentences that code, tables, docs and tests share."""

from enum import StrEnum

RULE_VERSION = 1
"""Raised whenever a rule below, or the code that applies it, judges any record differently."""


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
