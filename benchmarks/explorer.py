"""The explorer on a long history: reading it, writing it, what a page weighs and how soon it shows.

    python -m benchmarks.explorer [--blocks 10000] [--deltas 1000]

read       seconds and requests until every block of the group is known; the node answers from this
           process, which costs more than half of the time
again      the same after one more chain block in which nothing happened
export     seconds for all pages, and their number
page       rendered from what is known: milliseconds, bytes, bytes compressed; `scripts`: what the
           live pages load once beside it
shown      in Chromium, where there is one, from a server on this machine: milliseconds until the
           page is painted and complete, and from a chain block until the page shows it

Writes benchmarks/results/explorer.json.
"""

import argparse
import gzip
import json
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import uvicorn

from compute.chain.records import Asked, DeltaPeriod, Head, Incumbent
from compute.explorer import Content, Site, World, export, render
from compute.explorer.server import application, listen
from compute.explorer.site import STATIC
from compute.explorer.watch import View
from compute.facts import DeltaFacts, GroupFacts, SupplyFacts, Timeline
from compute.storage import FolderStore
from compute.training_set import build_delta
from compute.units import NRN
from tests.compute.facts.ledger import KEEPER, LedgerRpc, ledger
from tests.support import browser

RESULTS = Path(__file__).parent / "results" / "explorer.json"
PAGES = ("index.html", "accounts.html", "group/1/index.html", "group/1/blocks-100.html",
         "group/1/data-1.html", "group/1/delta-1.html", "group/1/model.html")  # fmt: skip
SHOWN = ("group/1/index.html", "group/1/blocks-100.html", "group/1/data-1.html")
TURNS = 5
READY = """const [page] = performance.getEntriesByType("navigation");
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    return [paint ? paint.startTime : 0, page.loadEventEnd]"""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--blocks", type=int, default=10_000)
    options.add_argument("--deltas", type=int, default=1_000)
    given = options.parse_args()
    group, rpc = ledger(given.blocks)
    head, timeline = group.head(), Timeline(group)
    later = Head(head.number + 1, head.hash, head.timestamp)
    found: dict[str, Any] = {
        **vars(given),
        "read": _asking(rpc, lambda: timeline.refresh(head)),
        "again": _asking(rpc, lambda: timeline.refresh(later)),
    }
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder) / "store")
        lineage = [_delta(store, number) for number in range(given.deltas)][::-1]
        world, content = _world(group, head, timeline, lineage), Content(store)
        site = Site(world, content, group.chain, live=False)
        site.addresses = list  # type: ignore[method-assign]  # accounts ask a whole node
        began = time.perf_counter()
        count = export(site, Path(folder) / "site")
        found["export"] = {"seconds": round(time.perf_counter() - began, 2), "pages": count}
        found["page"] = {path: _rendered(site, path) for path in PAGES}
        found["scripts"] = sum(len(gzip.compress(render.static(name))) for name in STATIC)
        if browser.found():
            found["shown"] = _shown(world, content, group.chain)
    print(json.dumps(found, indent=1))
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


def _asking(rpc: LedgerRpc, work: Callable[[], object]) -> dict[str, float]:
    asked, began = rpc.asked, time.perf_counter()
    work()
    return {"seconds": round(time.perf_counter() - began, 2), "requests": rpc.asked - asked}


def _rendered(site: Site, path: str) -> dict[str, int]:
    began = time.perf_counter()
    page = site.page(path)
    spent = round(1_000 * (time.perf_counter() - began))
    return {"milliseconds": spent, "bytes": len(page), "compressed": len(gzip.compress(page))}


def _shown(world: World, content: Content, chain: Any) -> dict[str, dict[str, int]]:
    """The slowest of a few turns, each page alone."""
    watch, listener = SimpleNamespace(world=world, chain=chain), listen(0)
    app = application(watch, content)  # type: ignore[arg-type]
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    chromium = browser.Browser()
    address, found = f"http://127.0.0.1:{listener.getsockname()[1]}", {}
    try:
        for path in SHOWN:
            turns = []
            for _ in range(TURNS):
                chromium.open(f"{address}/{path}")
                turns.append((*_ready(chromium), 1_000 * _renewed(chromium, watch)))
            worst = [round(max(column)) for column in zip(*turns, strict=True)]
            found[path] = dict(zip(("painted", "ready", "renewed"), worst, strict=True))
    finally:
        chromium.close()
        server.should_exit = True
        thread.join()
    return found


def _ready(chromium: browser.Browser) -> tuple[float, float]:
    """Milliseconds until the first paint and until the page was complete."""
    while not (found := chromium.run(READY))[0]:  # the paint is told a little late
        time.sleep(0.01)
    return found[0], found[1]


def _renewed(chromium: browser.Browser, watch: SimpleNamespace) -> float:
    """Seconds from a new chain block until the page shows its number."""
    world, began = watch.world, time.perf_counter()
    head = replace(world.head, number=world.head.number + 1)
    watch.world = replace(world, head=head, version=world.version + 1)
    footer = "return document.querySelector('footer').textContent"
    while f"block {head.number} of" not in chromium.run(footer):
        time.sleep(0.01)
    return time.perf_counter() - began


def _delta(store: FolderStore, number: int) -> DeltaFacts:
    random = np.random.default_rng(number)
    columns = {
        "image": random.integers(0, 256, (50, 28, 28), np.uint8),
        "label": random.integers(0, 10, 50).astype(np.uint8),
    }
    digest = build_delta(None, add=columns, parent_tip=bytes(32), proposer=KEEPER, store=store)
    return DeltaFacts(number, digest, KEEPER, number, 5 * NRN, NRN, True)


def _world(group: object, head: Head, timeline: Timeline, lineage: list[DeltaFacts]) -> World:
    last = timeline.blocks[-1].candidates[0]
    slot = group.slot_at(head.timestamp)  # type: ignore[attr-defined]
    incumbent = Incumbent(last.checkpoint_hash, len(timeline.blocks), last.loss, 0, True)
    period = DeltaPeriod(1, head.timestamp - 10, 604_800, 604_800, head.timestamp + 604_790)
    facts = GroupFacts(
        1, 0, b"\1" * 32, head.timestamp, slot, slot.phase(head.timestamp), incumbent,
        Asked(1, NRN), None, False, 0, None, 0, None, len(lineage) - 1, 0, None, period, 10 * NRN,
        (), None, "nats", True,
    )  # fmt: skip
    view = View(group, facts, tuple(timeline.blocks), tuple(lineage), ())  # type: ignore[arg-type]
    return World(31337, head, SupplyFacts(NRN, NRN, 0, NRN), {1: view})


if __name__ == "__main__":
    main()
