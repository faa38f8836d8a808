"""Data Docs: Great Expectations' own HTML site of suites and results, built from results that were stored as JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from great_expectations.core import ExpectationSuite
from great_expectations.core.data_context_key import DataContextKey
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    expectationSuiteValidationResultSchema,
)
from great_expectations.core.run_identifier import RunIdentifier
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.types.resource_identifiers import (
    ExpectationSuiteIdentifier,
    ValidationResultIdentifier,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.render.renderer.site_builder import SiteBuilder

from expectations.offline import STATIC, make_self_contained
from expectations.runner import Answer, quiet_context
from expectations.suite import CRITICAL, WARNING, Suite
from tideline.errors import ValidationError

SITE_NAME = "Tideline"
INDEX = "index.html"


@dataclass(frozen=True)
class Run:
    """The results of one validation run.

    Attributes:
        name: what the site calls it; part of its pages' addresses, so letters, digits, ``-`` and ``_`` only.
        began: when it began.
        results: one per suite, each as Great Expectations' JSON.
    """

    name: str
    began: datetime
    results: list[dict[str, Any]]

    def to_json(self) -> bytes:
        """The run as it is stored."""
        return json.dumps({"name": self.name, "began": self.began.isoformat(), "results": self.results}).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Run:
        """The run that was stored."""
        read = json.loads(data)
        return cls(read["name"], datetime.fromisoformat(read["began"]), read["results"])


def to_result(suite: Suite, version: int | None, answer: Answer) -> dict[str, Any]:
    """What came of a suite, as JSON for a ``Run``; ``version`` is the table's."""
    held = sum(bool(result.success) for result in answer.results)
    for result in answer.results:
        config = result.expectation_config
        # Numbers that only put the results in their order.
        config.meta = {}
        config.notes = [f"severity: {config.severity.value}"]
        if result.success:
            result.result |= _implied(config)
    total = len(answer.results)
    whole = ExpectationSuiteValidationResult(
        success=held == total,
        results=answer.results,
        suite_name=suite.title,
        statistics={
            "evaluated_expectations": total,
            "successful_expectations": held,
            "unsuccessful_expectations": total - held,
            "success_percent": 100 * held / total,
        },
        meta={
            "batch_spec": {
                "data_asset_name": suite.table,
                "table_version": version,
                **{f"{severity} that fail": _failed(answer, severity) for severity in (CRITICAL, WARNING)},
            }
        },
    )
    found: dict[str, Any] = whole.to_json_dict()
    return found


def _implied(config: ExpectationConfiguration) -> dict[str, Any]:
    """What a plain yes says without words, for the pages: one is even laid out by it."""
    if config.type == "expect_table_columns_to_match_ordered_list":
        return {"observed_value": config.kwargs["column_list"]}
    if config.type == "expect_column_values_to_not_be_null" and config.kwargs.get("mostly", 1) == 1:
        return {"unexpected_percent": 0.0}
    return {}


def _failed(answer: Answer, severity: str) -> int:
    return sum(not outcome.success and outcome.severity == severity for outcome in answer.outcomes)


def build_site(folder: Path, runs: Sequence[Run], built: Collection[str] = ()) -> list[str]:
    """Bring the site in a folder to what these runs found; pages of other runs go.

    Args:
        folder: the site's root.
        runs: all runs that the site is to show.
        built: names of those whose pages are there already.

    Returns:
        The files that were written and what they need, relative to the folder; the index is the last.

    Raises:
        ValidationError: Great Expectations could not render a page; its log says why.
    """
    context = quiet_context()
    pages: dict[DataContextKey, Path] = {}
    for run in sorted(runs, key=_began):
        if run.name in built:
            _store(context, _outline(run))
        else:
            pages |= _store(context, run)
    site = SiteBuilder(
        context,
        store_backend={"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        site_name=SITE_NAME,
        show_how_to_buttons=False,
        site_section_builders={"profiling": "None"},
    )
    site.build(resource_identifiers=list(pages))
    written = [*pages.values(), Path(INDEX)]
    missing = [str(page) for page in written if not (folder / page).exists()]
    if missing:
        msg = f"Data Docs has no page {', '.join(missing)}: Great Expectations could not render it, and logged why"
        raise ValidationError(msg)
    make_self_contained(folder, written)
    return [*STATIC, *(page.as_posix() for page in written)]


def _batch(version: int | None) -> str:
    return "files" if version is None else f"version-{version}"


def _began(run: Run) -> datetime:
    return run.began


def _outline(run: Run) -> Run:
    """A run as the index needs it: its pages are there, and reading every result again would take seconds."""
    return replace(run, results=[found | {"results": []} for found in run.results])


def _store(context: EphemeralDataContext, run: Run) -> dict[DataContextKey, Path]:
    """Put a run where the site's builder reads it; returns the pages of it and of its suites."""
    pages: dict[DataContextKey, Path] = {}
    identifier = RunIdentifier(run_name=run.name, run_time=run.began)
    for found in run.results:
        result = expectationSuiteValidationResultSchema.load(found)
        result.meta["run_id"] = identifier
        title = ExpectationSuiteIdentifier(result.suite_name)
        key = ValidationResultIdentifier(title, identifier, _batch(result.meta["batch_spec"]["table_version"]))
        context.validation_results_store.set(key, result)
        # A suite's page shows it as it was asked last.
        asked = ExpectationSuite(result.suite_name, expectations=[one.expectation_config for one in result.results])
        context.expectations_store.set(title, asked)
        pages[key] = Path("validations", *key.to_tuple()[:-1], f"{key.to_tuple()[-1]}.html")
        pages[title] = Path("expectations", *title.to_tuple()[:-1], f"{title.to_tuple()[-1]}.html")
    return pages
