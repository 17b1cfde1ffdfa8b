"""What a role tells of itself: its metrics, its health, its log, and whom it sends events to."""

import json
import logging
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families as families

from compute.chain.events import Event
from compute.chain.receipts import Receipt
from compute.cli.failure import Refused
from compute.cli.watching import Watching
from compute.node.clock import Clock
from compute.node.events import EVENTS, event
from compute.node.logs import JsonLines, Lines
from compute.node.metrics import EventCounts, serve
from compute.node.seat import Seat
from compute.node.sending import told
from compute.node.webhook import Webhook
from compute.storage import FolderStore
from scripts.ports import free_port
from tests.compute.chain.rogue import rogue
from tests.integration.devnet import ROOT
from tests.support.patience import PATIENCE

DEPLOY = ROOT / "deploy"
# what Prometheus adds to each thing it asks, and what it calls counters
OF_PROMETHEUS = {"up"}

logger = logging.getLogger("compute.tests.watching")
logger.setLevel(logging.INFO)


def a_seat(folder: Path) -> Seat:
    rpc = SimpleNamespace(tally={("http://a", "usable"): 7})
    chain = SimpleNamespace(chain_id=1, now=lambda: 1_000, rpc=rpc)
    group: Any = SimpleNamespace(
        id=3, chain=chain, sender=lambda _: SimpleNamespace(balance=10**18)
    )
    account: Any = SimpleNamespace(address="0x11")
    return Seat(group, account, FolderStore(folder / "shared"), folder / "state", "wisdomkeeper")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[str, Clock, EventCounts]]:
    """Where a seat is watched, its clock, and the handler that counts its events."""
    counts, address = EventCounts(), f"127.0.0.1:{free_port()}"
    with a_seat(tmp_path) as seat:
        server = serve(address, seat, counts)
        logger.addHandler(counts)
        try:
            yield f"http://{address}", seat.clock, counts
        finally:
            logger.removeHandler(counts)
            server.shutdown()


def get(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        return answer.read().decode()


def samples(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(sorted(sample.labels.values())): sample.value
        for family in families(text)
        for sample in family.samples
    }


def test_metrics_say_what_is_so(watched: tuple[str, Clock, EventCounts]) -> None:
    url, clock, _ = watched
    clock.report(1_000, 1_600, "waiting for the vote window")
    logger.info("%s NRN were paid", 5, extra=event("paid", amount="5"))
    found = samples(get(f"{url}/metrics"))
    assert found["nrn_chain_time_seconds"] == 1_000
    assert found["nrn_waiting_until_seconds"] == 1_600
    assert found["nrn_events_totalpaid"] == 1 and found["nrn_events_totalbond_burned"] == 0
    assert found["nrn_rpc_requests_totalhttp://ausable"] == 7
    assert found["nrn_ether"] == 1 and found["nrn_up"] == 1
    assert "waiting for the vote window" in get(f"{url}/metrics")


def test_health_is_told_by_status(watched: tuple[str, Clock, EventCounts]) -> None:
    url, clock, _ = watched
    clock.report(1_000, 1_600, "waiting for the vote window")
    assert get(f"{url}/health") == "waiting for the vote window"
    clock.silent("waiting for the chain: No answer.")
    with pytest.raises(urllib.error.HTTPError) as unwell:
        get(f"{url}/health")
    assert unwell.value.code == 503 and b"No answer" in unwell.value.read()


def test_dashboard_and_alerts_use_metrics_that_are_there(
    watched: tuple[str, Clock, EventCounts],
) -> None:
    url, _, _ = watched
    known = {
        sample.name for family in families(get(f"{url}/metrics")) for sample in family.samples
    } | OF_PROMETHEUS
    dashboard = json.loads((DEPLOY / "grafana/dashboards/nodes.json").read_text())
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"][0]["rules"]
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for rule in rules]
    for expression in asked:
        bare = re.sub(r'"[^"]*"', "", expression)
        named = set(re.findall(r"\b(?:nrn|process)_[a-z_]+|\bup\b", bare))
        assert named and named <= known, expression
        for events in re.findall(r'event=~?"([^"]*)"', expression):
            assert set(events.split("|")) <= set(EVENTS), expression


def record(message: str, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord("compute.x", logging.INFO, "", 0, message, (), None)
    vars(made).update(extra)
    return made


def test_a_line_of_the_log_is_one_object() -> None:
    row = json.loads(JsonLines().format(record("a\x1b[2Jb", **event("paid", amount="5"))))
    assert (row["event"], row["amount"], row["level"]) == ("paid", "5", "info")
    assert "\x1b" not in row["message"] and "\x1b" not in Lines().format(record("a\x1b[2Jb"))
    with pytest.raises(KeyError):
        event("no such event")


def test_events_reach_the_user_once_and_no_key_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    got: list[Any] = []

    def answer(request: Any, _: Any) -> bytes:
        got.append(request)
        return b"ok"

    with rogue(answer) as url:
        hook = Webhook(url, {"role": "trainer", "group": 3})
        for _ in range(3):
            hook.handle(record("a bond was burned", **event("bond_burned", amount="1")))
        hook.handle(record("done: commit", **event("sent", what="commit")))
        hook.handle(record("no event"))
        hook.drain(PATIENCE)
    (only,) = got
    assert (only["event"], only["text"], only["role"]) == (
        "bond_burned",
        "a bond was burned",
        "trainer",
    )
    with pytest.raises(ValueError, match="is no URL") as wrong:
        Webhook("ftp://x.example/SECRET", {})
    assert "SECRET" not in str(wrong.value)


def test_a_hook_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compute.node.webhook.PAUSES", (0.0,))
    hook = Webhook(f"http://127.0.0.1:{free_port()}", {}, timeout=0.2)
    for number in range(300):
        hook.handle(record(f"{number}", **event("paid")))
    hook.drain(0.1)


def test_what_came_in_and_what_was_burned_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    def receipt(name: str, **arguments: Any) -> Receipt:
        return Receipt("0x", 1, 1, (Event(name, "0x", arguments, 1, b"", 0),))

    told(receipt("BondReleased", amount=10**18, burned=True))
    told(receipt("KeeperPaid", amount=2 * 10**18))
    told(receipt("Voted"))
    assert [vars(found)["event"] for found in caplog.records] == ["bond_burned", "paid"]
    assert "a bond of 1 NRN was burned" in caplog.text and "2 NRN were paid" in caplog.text


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", "256.1.1.1:1", ":"])
def test_an_address_that_cannot_be_served_is_refused(address: str, tmp_path: Path) -> None:
    watching = Watching(metrics=address)
    with a_seat(tmp_path) as seat, pytest.raises(Refused, match="--metrics"), watching.over(seat):
        pass


def test_a_url_that_is_none_is_refused(tmp_path: Path) -> None:
    watching = Watching(notify="mailto:me")
    with a_seat(tmp_path) as seat, pytest.raises(Refused, match="no URL"), watching.over(seat):
        pass
