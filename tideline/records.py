"""The form of a Kafka record: what producers write and bronze reads. Free of pyspark and of any Kafka client."""

HEADER_SOURCE = "source"
"""Where the record came from: a digest of the source file, or a generator run."""

HEADER_LINE = "line"
"""The line of that source, in decimal; the header line is line 0, the first record line 1."""

HEADER_EVENT_ID = "event_id"
"""The identity of the event, the same in every resend."""

HEADER_RAW = "raw"
"""Present (value ``1``) when the value is the source line's bytes and not a JSON object."""

HEADER_TRUNCATED = "truncated"
"""Present on a raw record whose line does not fit into one: the line's length in bytes, in decimal."""

EMISSION_COLUMNS = (
    "date",
    "domain",
    "format",
    "country",
    "ad_size",
    "device",
    "adSelectionEmissions",
    "creativeDistributionEmissions",
    "mediaDistributionEmissions",
    "totalEmissions",
    "domainCoverage",
)
"""The header of the emission CSV, in order."""
