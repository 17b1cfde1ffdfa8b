"""The explorer on a long history: reading it, writing it, and what a page weighs.

    python -m benchmarks.explorer [--blocks 10000] [--deltas 1000]

read       seconds and requests until every block of the group is known; the node answers from this
           process, which costs more than half of the time
again      the same after one more chain block in which nothing happened
export     seconds for all pages, and their number
page       of the group, rendered from what is known: milliseconds, bytes, bytes compressed
"""

import argparse
import gzip
import tempfile
import time
from pathlib import Path

import numpy as np

from compute.chain.records import Asked, DeltaPeriod, Head, Incumbent
from compute.explorer import Content, Site, World, export
from compute.explorer.watch import View
from compute.facts import DeltaFacts, GroupFacts, SupplyFacts, Timeline
from compute.storage import FolderStore
from compute.training_set import build_delta
from compute.units import NRN
from tests.compute.facts.ledger import KEEPER, LedgerRpc, ledger


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--blocks", type=int, default=10_000)
    options.add_argument("--deltas", type=int, default=1_000)
    given = options.parse_args()
    group, rpc = ledger(given.blocks)
    head, timeline = group.head(), Timeline(group)
    _timed("read", rpc, lambda: timeline.refresh(head))
    later = Head(head.number + 1, head.hash, head.timestamp)
    _timed("again", rpc, lambda: timeline.refresh(later))
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder) / "store")
        lineage = [_delta(store, number) for number in range(given.deltas)][::-1]
        world = _world(group, head, timeline, lineage)
        site = Site(world, Content(store), None, live=False)
        site.addresses = list  # type: ignore[method-assign]  # accounts ask a whole node
        began = time.perf_counter()
        count = export(site, Path(folder) / "site")
        print(f"export  {time.perf_counter() - began:6.2f} s  {count} pages")
        for path in ("index.html", "group/1/index.html", "group/1/blocks-100.html",
                     "group/1/data-1.html", "group/1/delta-1.html"):  # fmt: skip
            began = time.perf_counter()
            page = site.page(path)
            spent = 1_000 * (time.perf_counter() - began)
            print(f"page    {spent:6.0f} ms {len(page):8} B {len(gzip.compress(page)):7} B  {path}")


def _timed(name: str, rpc: LedgerRpc, work: object) -> None:
    asked, began = rpc.asked, time.perf_counter()
    work()  # type: ignore[operator]
    print(f"{name:7} {time.perf_counter() - began:6.2f} s  {rpc.asked - asked} requests")


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
