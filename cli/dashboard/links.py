"""Where else to look: Airflow, the store, Data Docs."""

from __future__ import annotations

from cli.dashboard.docs import DOCS_PATH, docs_exist
from tideline.kafka_admin import answers
from tideline.settings import Settings


def links(settings: Settings) -> list[tuple[str, str]]:
    """Names and addresses: those of the settings, or the home's own Airflow while it runs; Data Docs where they are."""
    named = [(name, address) for name, _, address in (link.partition("=") for link in settings.dashboard_links)]
    if not named and answers(f"127.0.0.1:{settings.airflow_port}"):
        named = [("Airflow", f"http://127.0.0.1:{settings.airflow_port}")]
    if docs_exist(settings):
        named.append(("Data Docs", f"{DOCS_PATH}/index.html"))
    return named
