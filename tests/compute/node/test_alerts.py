"""Every alert fires in its trouble, and none while all is well: on what a node really serves."""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families as families

from compute.node.clock import Clock
from compute.node.events import event
from compute.node.metrics import EventCounts, registry
from tests.integration.devnet import ROOT

Labels = tuple[tuple[str, str], ...]
Vector = dict[Labels, float]
Scrape = dict[str, Vector]

RULES = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
JOBS = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
DEAD = "http://dead"  # an endpoint that never answered


class Node:
    """A role as its metrics see it, in a job that Prometheus scrapes."""

    def __init__(self, state: Path) -> None:
        self.clock = Clock(SimpleNamespace(now=lambda: 1_000), state)
        self.tally: Counter[tuple[str, str]] = Counter({("http://a", "usable"): 5})
        self.seat: Any = SimpleNamespace(
            role="wisdomkeeper", address="0x1", state=state, ether=10**18, clock=self.clock,
            group=SimpleNamespace(id=1, chain=SimpleNamespace(
                chain_id=1, rpc=SimpleNamespace(tally=self.tally))),
        )  # fmt: skip
        self.counts = EventCounts()
        self.clock.now()
        self.clock.report(1_000, 2_000, "waiting")

    def scrape(self, up: float = 1) -> Scrape:
        job, found = JOBS[0]["job_name"], defaultdict[str, Vector](dict)
        found["up"][(("job", job),)] = up
        for family in families(generate_latest(registry(self.seat, self.counts)).decode()):
            for sample in family.samples:
                labels = {**sample.labels, "job": job}
                found[sample.name][tuple(sorted(labels.items()))] = sample.value
        return found

    def suffers(self, name: str, times: int) -> None:
        for _ in range(times):
            record = logging.LogRecord("compute", logging.INFO, "", 0, "", (), None)
            vars(record).update(event(name))
            self.counts.emit(record)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    yield Node(tmp_path)


def fires(expression: str, before: Scrape, now: Scrape) -> bool:
    """As Prometheus compares two vectors: series by series, where both have one."""
    left, sign, right = re.split(r" (==|>|<) ", expression)
    values, limits = vector(left, before, now), limit(right, before, now)
    compare = {"==": float.__eq__, ">": float.__gt__, "<": float.__lt__}[sign]
    return any(
        compare(float(value), float(limits[labels] if isinstance(limits, dict) else limits))
        for labels, value in values.items()
        if not isinstance(limits, dict) or labels in limits
    )


def limit(text: str, before: Scrape, now: Scrape) -> Vector | float:
    return float(text) if re.fullmatch(r"[0-9.e]+", text) else vector(text, before, now)


def vector(text: str, before: Scrape, now: Scrape) -> Vector:
    if summed := re.fullmatch(r"sum by \((.*?)\) \((.*)\)", text):
        kept, found = summed[1].split(", "), defaultdict[Labels, float](float)
        for labels, value in vector(summed[2], before, now).items():
            found[tuple(pair for pair in labels if pair[0] in kept)] += value
        return found
    if grown := re.fullmatch(r"(?:increase|rate)\((.*)\[\w+\]\)", text):
        # a series that was not there before has not grown
        old, new = select(grown[1], before), select(grown[1], now)
        return {labels: value - old[labels] for labels, value in new.items() if labels in old}
    return select(text, now)


def select(text: str, scrape: Scrape) -> Vector:
    name, _, terms = text.removesuffix("}").partition("{")
    asked = re.findall(r'(\w+)=~?"([^"]*)"', terms)
    return {
        labels: value
        for labels, value in scrape[name].items()
        if all(re.fullmatch(wanted, dict(labels).get(label, "")) for label, wanted in asked)
    }


def test_every_alert_fires_in_its_trouble_and_none_before(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.tally[DEAD, "unusable"] += 1
    calm = node.scrape()
    node.tally["http://a", "usable"] += 10
    later = node.scrape()
    assert [rule["alert"] for rule in RULES if fires(rule["expr"], calm, later)] == []

    for name in ("bond_burned", "missed_vote", "missed_claim", "no_ether", "not_sent"):
        node.suffers(name, 6)
    node.tally[DEAD, "unusable"] += 10
    node.clock.silent("waiting for the chain")
    monkeypatch.setattr(node.clock, "_head", (1_000, -10_000.0))
    full = SimpleNamespace(free=10**9)
    monkeypatch.setattr("compute.node.metrics.shutil.disk_usage", lambda path: full)
    trouble = node.scrape(up=0)
    silent = [rule["alert"] for rule in RULES if not fires(rule["expr"], calm, trouble)]
    assert silent == []
