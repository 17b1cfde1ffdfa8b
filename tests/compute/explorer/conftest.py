"""A group that has lived: a block of each ending, two versions of its data, an open proposal."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import uvicorn

from compute.about import About
from compute.chain import Chain, Group, Phase
from compute.chain.claims import attestation, ballot
from compute.explorer import Content, Site, Watch
from compute.explorer.server import application, listen
from compute.facts import block_facts
from compute.facts.portraits import Portrait
from compute.models import MLP, InputColumn, ModelSpecification
from compute.roles.founder import found
from compute.storage import FolderStore
from compute.training_set import build_delta, replay
from compute.training_set.replay import DeltaRecord
from compute.units import NRN
from tests.compute.chain.test_sender import ROOT, claim_by, commit, go_to, reveal
from tests.integration.devnet import CONFIG, DAY, Devnet

SIDE = 12


def pictures(first: int, count: int) -> dict[str, np.ndarray]:
    """Distinct pictures of a bar, whose class is where it stands."""
    random = np.random.default_rng(first)
    image = random.integers(0, 90, (count, SIDE, SIDE), dtype=np.uint8)
    label = random.integers(0, 4, count).astype(np.uint8)
    for row, place in enumerate(label):
        image[row, :, 3 * place : 3 * place + 2] += 150
    return {"image": image, "label": label}


@dataclass
class Lived:
    """The chain, the group, and the store of its content."""

    net: Devnet
    group: Group
    store: FolderStore

    def site(self, *, live: bool = False) -> Site:
        chain = self.net.chain()
        return Site(Watch(chain, self.store).world, Content(self.store), chain, live=live)

    def play(self, trainer: str, loss: int, votes: dict[str, bool]) -> int:
        """A settled block with one claim, voted on; its index."""
        net, group = self.net, self.group
        go_to(net, group, Phase.COMMIT, blocks=1)
        claim = claim_by(net, group, trainer, loss=loss)
        commit(net, group, trainer, claim)
        go_to(net, group, Phase.REVEAL)
        reveal(net, group, trainer, claim)
        go_to(net, group, Phase.VOTE)
        for name, valid in votes.items():
            word = attestation(ROOT, net.accounts[name].address)
            net.sender(name).vote(group, ballot({claim.checkpoint_hash: word} if valid else {}))
        go_to(net, group, Phase.COMMIT, blocks=1)
        net.sender("alice").settle(group)
        return claim.block_index

    def portray(self) -> None:
        """Portraits of the first checkpoint and of one that was accepted."""
        winners = [b.winner.checkpoint_hash for b in block_facts(self.group) if b.winner]
        right = ((15, 0, 0, 0), (1, 13, 0, 0), (0, 2, 12, 1), (0, 0, 5, 11))
        for checkpoint, rows in (
            (self.group.config.genesis_checkpoint, ((4, 4, 4, 3),) * 4),
            (winners[-1], right),
        ):
            Portrait(checkpoint, 1, (), rows, ("left", "inner left", "inner right", "right")).keep(
                self.store
            )

    def propose(self, first: int) -> int:
        """Propose new pictures of tom's, published; the proposal's number."""
        group, tom = self.group, self.net.accounts["tom"].address
        version, tip = group.deltas.tip_at(group.chain.now())
        genesis, records = group.deltas.lineage(version)
        known = [DeltaRecord(r.delta_hash, r.parent_tip, r.proposer) for r in records]
        about = About(f"Thirty more bars, series {first}", "Made as the first ones.", "CC0-1.0")
        delta = build_delta(replay(self.store, genesis, known), add=pictures(first, 30),
                            parent_tip=tip, proposer=tom, store=self.store,
                            about=about)  # fmt: skip
        receipt = self.net.sender("tom").propose(group, tip, delta, 0)
        return int(receipt.event("Proposed")["proposal_id"])


@pytest.fixture
def lived(devnet: Devnet, tmp_path: Path) -> Lived:
    store = FolderStore(tmp_path / "store")
    pixels = InputColumn("image", "uint8", (SIDE, SIDE), scale_log2=-8)
    about = About("Bars", "Where does the bright bar stand, in 12 × 12 pixels?", "CC0-1.0")
    model = ModelSpecification(MLP((16,), 4), (pixels,), "label", about=about)
    founding = found(model, pictures(0, 60), store)
    config = replace(
        CONFIG,
        model_hash=founding.model_hash,
        genesis_checkpoint=founding.genesis_checkpoint,
        genesis_tip=founding.genesis_tip,
    )
    life = Lived(devnet, devnet.create_group(config), store)
    for name in ("alice", "bob", "carol"):
        devnet.sender(name).stake(life.group.id, 100 * NRN)
    devnet.next_epoch()
    first = life.play("tara", 5 << 32, {"alice": True, "bob": True, "carol": False})
    devnet.sender("tara").redeem(life.group, first)
    devnet.sender("tara").open_root(life.group, first, ROOT)
    alice = devnet.sender("alice")
    alice.claim_keeper(life.group, first, life.group.voting.ballots_cast(alice.address)[first])
    life.play("mallory", 1 << 32, {"alice": False, "bob": False})
    life.play("tom", 4 << 32, {"alice": True})
    life.play("tom", 4 << 32, {"alice": True, "bob": True})
    proposal = life.propose(1)
    devnet.warp(life.group.chain.now() + 2 * DAY)
    for name in ("alice", "bob"):
        devnet.sender(name).vote_delta(life.group, proposal)
    devnet.warp(life.group.deltas.period().end + 1)
    devnet.sender("alice").finalize(life.group)
    life.play("tara", 7 << 31, {"alice": True, "bob": True})
    life.propose(2)
    life.portray()
    return life


@contextmanager
def served(chain: Chain, store: FolderStore) -> Iterator[str]:
    """The explorer, running; its address."""
    watch, listener = Watch(chain, store), listen(0)
    config = uvicorn.Config(application(watch, Content(store)), log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    watch.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    watch.stop()
    server.should_exit = True
    thread.join()


@pytest.fixture
def address(lived: Lived) -> Iterator[str]:
    with served(lived.net.chain(), lived.store) as found:
        yield found
