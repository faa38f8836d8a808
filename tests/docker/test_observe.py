"""Prometheus' rules and Grafana's dashboard speak of metrics that the stream has, by labels that these have."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from streaming.metrics import Metrics
from streaming.progress import parse_progress
from tests.streaming.test_progress import BRONZE, LIVE

OBSERVE = Path(__file__).resolve().parents[2] / "docker" / "observe"
DASHBOARD: dict[str, Any] = json.loads((OBSERVE / "grafana" / "dashboards" / "stream.json").read_text())
RULES = [rule for group in yaml.safe_load((OBSERVE / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
OF_PROMETHEUS = {"up": {"job", "instance"}}


def labels_by_series() -> dict[str, set[str]]:
    """Every series that the stream shows, with its labels."""
    metrics = Metrics()
    for name in ("bronze.tweets", "live.tweets_counts"):
        metrics.started(name)
    for progress in (BRONZE, LIVE):
        metrics.record(parse_progress(progress), commit_retries=0)
    return {s.name: set(s.labels) for family in metrics.registry.collect() for s in family.samples}


def expressions() -> Iterator[tuple[str, str]]:
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    yield from ((panel["title"], target["expr"]) for panel in DASHBOARD["panels"] for target in panel["targets"])


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_an_expression_names_series_and_labels_that_exist(where: str, expression: str) -> None:
    series = labels_by_series() | OF_PROMETHEUS
    named = re.findall(r"\b(tideline_\w+|up)\b(?:\{([^}]*)\})?", expression)
    assert named
    for name, matchers in named:
        assert name in series, where
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= series[name], where
    grouped = {
        label.strip() for found in re.findall(r"(?:by|on) \(([^)]*)\)", expression) for label in found.split(",")
    }
    assert all(grouped <= series[name] | {"le"} for name, _ in named), where


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(expression for _, expression in expressions())
    families = {family.name for family in Metrics().registry.collect()}
    assert {name for name in families if name not in shown} == set()


def test_panels_have_ids_and_places_of_their_own_and_the_datasource_that_is_provisioned() -> None:
    panels = DASHBOARD["panels"]
    places = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)
    provisioned = yaml.safe_load((OBSERVE / "grafana/provisioning/datasources/prometheus.yml").read_text())
    (source,) = provisioned["datasources"]
    used = [panel["datasource"] for panel in panels] + [t["datasource"] for panel in panels for t in panel["targets"]]
    assert {(d["type"], d["uid"]) for d in used} == {(source["type"], source["uid"])}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool: Debian's package is prometheus")
@pytest.mark.parametrize("command", [["check", "config", "prometheus.yml"], ["test", "rules", "alerts.test.yml"]])
def test_promtool_accepts_the_rules_and_their_tests(command: list[str]) -> None:
    done = subprocess.run(["promtool", *command], cwd=OBSERVE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_has_a_test_a_severity_and_says_what_to_do(rule: dict[str, Any]) -> None:
    tests = yaml.safe_load((OBSERVE / "alerts.test.yml").read_text())["tests"]
    tested = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert rule["alert"] in tested
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert set(rule["annotations"]) == {"summary", "description"}
