"""The result in the terminal: the tables of the page that fit there."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.table import Table

from cli.accounting import EventAccount, PartitionAccount
from cli.console import table, verdict
from cli.report.data import ReportData, Rows
from cli.text import amount

LARGEST = 10
"""Of the countries: as many as there are top domains."""


def print_summary(console: Console, data: ReportData) -> None:
    """Print the accounts, and a look into every part of the lake that has rows."""
    for part in summary_tables(data):
        console.print(part)
        console.print()


def summary_tables(data: ReportData) -> list[Table]:
    """The tables of the summary, the proofs first."""
    looks = [
        _rows("Quarantine by reason", data.quarantine, "topic", "reason", "#records"),
        _rows("Busiest hours (UTC)", _busiest(data.busiest_hours), "hour", "#tweets of the hour", "#tweets of its day"),
        _rows("Top domains", _domains(data.top_domains), "domain", "#emissions"),
        _rows("Emissions by country", _by_country(data.daily_emissions)[:LARGEST], "country", "#rows", "#emissions"),
        _rows("Flagged rows", _rules(data.anomaly_rules), "rule", "#flagged", "#threshold", "#highest score"),
        _rows("Validations", _validations(data.validations), "table", "#hold", "#of", "fails"),
    ]
    return [partitions_table(data.accounts.partitions), events_table(data.accounts.events), *filter(None, looks)]


def partitions_table(partitions: list[PartitionAccount]) -> Table:
    """Kafka records = bronze rows = distinct offsets = valid + quarantined, per partition."""
    columns = ("", "topic", "partition", "#Kafka records", "#bronze rows", "#valid", "#quarantined", "#lag")
    rows = [
        (verdict(p.holds), p.topic, str(p.partition), p.kafka, p.rows, p.valid, p.quarantined, p.lag)
        for p in partitions
    ]
    return table("Row accounting: Kafka records = bronze rows = valid + quarantined", columns, rows)


def events_table(events: list[EventAccount]) -> Table:
    """The distinct events of each source, counted by every road."""
    rows = [(verdict(e.holds), e.source, *e.counts.values()) for e in events]
    roads = [f"#{road}" for road in events[0].counts]
    return table("Distinct valid events: one number by five roads", ("", "source", *roads), rows)


def _rows(title: str, rows: Rows, *columns: str) -> Table | None:
    keys = [name.removeprefix("#") for name in columns]
    return table(title, columns, [[row[key] for key in keys] for row in rows]) if rows else None


def _busiest(rows: Rows) -> Rows:
    return [
        {
            "hour": f"{row['period_hour']:%a %Y-%m-%d %H:00}",
            "tweets of the hour": row["tweets_per_hour"],
            "tweets of its day": row["tweets_per_day"],
        }
        for row in rows
    ]


def _domains(rows: Rows) -> Rows:
    return [{"domain": row["domain"], "emissions": amount(row["total_emissions"])} for row in rows]


def _by_country(rows: Rows) -> Rows:
    records: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for row in rows:
        records[row["country"]] += row["records"]
        sums[row["country"]] += row["emissions"]
    return [{"country": c, "rows": records[c], "emissions": amount(total)} for c, total in sums.most_common()]


def _rules(rows: Rows) -> Rows:
    return [
        row | {"threshold": amount(row["threshold"], 3), "highest score": amount(row["highest"], 3)} for row in rows
    ]


def _validations(rows: Rows) -> Rows:
    tables = sorted({row["table"] for row in rows})
    of = {name: [row for row in rows if row["table"] == name] for name in tables}
    return [
        {
            "table": name,
            "hold": sum(row["success"] for row in of[name]),
            "of": len(of[name]),
            "fails": "; ".join(f"{r['expectation']} ({r['severity']})" for r in of[name] if not r["success"]),
        }
        for name in tables
    ]
