"""An actor's life around its steps: its folder, its lock, its clock, and the loop."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from compute.chain import Chain, Group
from compute.roles.claimant import Claimant, ClaimEntry
from compute.roles.clock import Clock, follow
from compute.roles.curator import Curator
from compute.roles.journal import EntryType, Journal
from compute.roles.retrieval import Mirror
from compute.storage import FolderStore, Store

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from compute.roles.trainer import Options

logger = logging.getLogger(__name__)

POLL_SECONDS = 2.0


def folder(root: Path, role: str, chain: Chain, group: Group, address: str) -> Path:
    """Where an actor keeps its state by default: one folder per role, group and account."""
    return root / str(chain.chain_id) / group.voting / f"{role}-{address}"


def own_blocks(state: Path, shared: Store) -> Mirror:
    """An actor's private blocks in its state folder, over the shared store."""
    return Mirror(FolderStore(state / "blocks"), shared)


@contextlib.contextmanager
def _journal(
    state: Path, role: str, entry_type: type[EntryType], group: Group, address: str
) -> Iterator[Journal[EntryType]]:
    identity: dict[str, str | int] = {
        "role": role,
        "chain_id": group.chain.chain_id,
        "voting": group.voting,
        "genesis_time": group.genesis_time,
        "account": address,
    }
    journal = Journal(state / "journal.json", entry_type, identity)
    try:
        yield journal
    finally:
        journal.close()


def train(
    chain: Chain,
    group: Group,
    account: "LocalAccount",
    shared: Store,
    state: Path,
    options: "Options",
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Run a trainer in folder `state` until SIGTERM or Ctrl-C.

    Raises JournalError if another trainer with this account runs, StorageError if the disk fails.
    """
    from compute.roles.trainer import Trainer

    with _journal(state, "trainer", ClaimEntry, group, account.address) as journal:
        clock = Clock(chain, state, poll_seconds=poll_seconds)
        clock.stop_on_signals()
        blocks = own_blocks(state, shared)
        claimant = Claimant(chain, group, account, journal, blocks)
        trainer = Trainer(group, claimant, blocks, clock, state, options)
        follow(trainer.step, clock)


def keep(
    chain: Chain,
    group: Group,
    account: "LocalAccount",
    shared: Store,
    state: Path,
    staker: str | None = None,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Run a wisdomkeeper for `staker` (the account itself unless given) until SIGTERM or Ctrl-C."""
    from compute.roles.wisdomkeeper import BallotEntry, Wisdomkeeper

    with _journal(state, "wisdomkeeper", BallotEntry, group, account.address) as journal:
        clock = Clock(chain, state, poll_seconds=poll_seconds)
        clock.stop_on_signals()
        keeper = Wisdomkeeper(
            chain,
            group,
            account,
            staker or account.address,
            journal,
            own_blocks(state, shared),
            clock,
        )
        follow(keeper.step, clock)


def curate(
    chain: Chain,
    group: Group,
    account: "LocalAccount",
    shared: Store,
    state: Path,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Run a curator until SIGTERM or Ctrl-C. It holds no secrets, so several may run."""
    clock = Clock(chain, state, poll_seconds=poll_seconds)
    clock.stop_on_signals()
    follow(Curator(chain, group, account, own_blocks(state, shared)).step, clock)
