"""An actor's life around its steps: its folder, its lock, its clock, and the loop."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from compute.chain import Group
from compute.roles.claimant import Claimant, ClaimEntry, Delivery
from compute.roles.clock import Clock, follow
from compute.roles.curator import Curator
from compute.roles.journal import EntryType, Journal
from compute.roles.keeping import Keeping
from compute.roles.relay import HandOver
from compute.roles.retrieval import Mirror
from compute.roles.sending import OwnTransactions
from compute.storage import FolderStore, Store

if TYPE_CHECKING:
    from compute.chain.accounts import LocalAccount
    from compute.roles.search import Options
    from compute.roles.trainer import Trainer
    from compute.roles.wisdomkeeper import Wisdomkeeper

POLL_SECONDS = 2.0


def folder(root: Path, role: str, group: Group, address: str) -> Path:
    """Where an actor keeps its state by default: one folder per role, group and account."""
    return root / str(group.chain.chain_id) / group.voting.address / f"{role}-{address}"


def own_blocks(state: Path, shared: Store) -> Mirror:
    """An actor's private blocks in its state folder, over the shared store."""
    return Mirror(FolderStore(state / "blocks"), shared)


def training_sets(state: Path) -> Path:
    """Where an actor keeps the versions of its group's training set."""
    return state / "training_set"


def _journal(
    state: Path, role: str, entry_type: type[EntryType], group: Group, address: str
) -> Journal[EntryType]:
    identity: dict[str, str | int] = {
        "role": role,
        "chain_id": group.chain.chain_id,
        "voting": group.voting.address,
        "genesis_time": group.genesis_time,
        "account": address,
    }
    return Journal(state / "journal.json", entry_type, identity)


@contextlib.contextmanager
def trainer(
    group: Group,
    account: "LocalAccount",
    shared: Store,
    state: Path,
    options: "Options",
    poll_seconds: float = POLL_SECONDS,
    relay: Path | None = None,
) -> "Iterator[tuple[Trainer, Clock]]":
    """A trainer and its clock, with the folder `state` locked. Raises JournalError.

    With `relay` it sends nothing: its claims go to that folder, for a relayer to pay for.
    """
    from compute.roles.crew import led
    from compute.roles.goal import Goals
    from compute.roles.search import Search
    from compute.roles.trainer import Trainer

    with _journal(state, "trainer", ClaimEntry, group, account.address) as journal:
        clock = Clock(group.chain, state, poll_seconds=poll_seconds)
        blocks = own_blocks(state, shared)
        delivery: Delivery = (
            HandOver(group, relay)
            if relay is not None
            else OwnTransactions(group, group.sender(account))
        )
        claimant = Claimant(group, account, journal, blocks, delivery)
        keeping = Keeping(group, blocks, f"trainer-{account.address}")
        goals = Goals(group, blocks, training_sets(state))
        with contextlib.closing(led(Search(clock, state, options), group, state)) as search:
            yield Trainer(group, claimant, blocks, keeping, clock, search, goals), clock


@contextlib.contextmanager
def wisdomkeeper(
    group: Group,
    account: "LocalAccount",
    shared: Store,
    state: Path,
    staker: str | None = None,
    poll_seconds: float = POLL_SECONDS,
) -> "Iterator[tuple[Wisdomkeeper, Clock]]":
    """A wisdomkeeper and its clock, with the folder `state` locked. Raises JournalError."""
    from compute.roles.goal import Goals
    from compute.roles.transcripts import Transcripts
    from compute.roles.wisdomkeeper import BallotEntry, Wisdomkeeper

    with _journal(state, "wisdomkeeper", BallotEntry, group, account.address) as journal:
        clock = Clock(group.chain, state, poll_seconds=poll_seconds)
        blocks = own_blocks(state, shared)
        keeping = Keeping(group, blocks, f"wisdomkeeper-{account.address}")
        transcripts = Transcripts(state / "evaluations")
        goals = Goals(group, blocks, training_sets(state), transcripts)
        yield (
            Wisdomkeeper(
                group, account, staker, journal, blocks, keeping, clock, transcripts, goals
            ),
            clock,
        )


def train(
    group: Group,
    account: "LocalAccount",
    shared: Store,
    state: Path,
    options: "Options",
    poll_seconds: float = POLL_SECONDS,
    relay: Path | None = None,
) -> None:
    """Run a trainer until SIGTERM or Ctrl-C.

    Raises UnfitDevice if this device does not compute exactly, JournalError if another trainer with
    this account runs, StorageError if the disk fails.
    """
    from compute.roles.device import ensure_fit

    with trainer(group, account, shared, state, options, poll_seconds, relay) as (role, clock):
        clock.stop_on_signals()
        ensure_fit(state)
        follow(role.step, clock)


def keep(
    group: Group,
    account: "LocalAccount",
    shared: Store,
    state: Path,
    staker: str | None = None,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Run a wisdomkeeper for `staker`, the account itself unless given, until SIGTERM or Ctrl-C.

    Raises UnfitDevice if this device does not compute exactly, JournalError if another wisdomkeeper
    with this account runs, StorageError if the disk fails.
    """
    from compute.roles.device import ensure_fit

    with wisdomkeeper(group, account, shared, state, staker, poll_seconds) as (role, clock):
        clock.stop_on_signals()
        ensure_fit(state)
        follow(role.step, clock)


def curate(
    group: Group,
    account: "LocalAccount",
    shared: Store,
    state: Path,
    poll_seconds: float = POLL_SECONDS,
) -> None:
    """Run a curator until SIGTERM or Ctrl-C. It has no secrets, so it needs no journal."""
    clock = Clock(group.chain, state, poll_seconds=poll_seconds)
    clock.stop_on_signals()
    follow(Curator(group, account, own_blocks(state, shared)).step, clock)


def relay(
    group: Group,
    account: "LocalAccount",
    folder: Path,
    shared: Store,
    state: Path,
    poll_seconds: float = POLL_SECONDS,
    *,
    trusting: bool = False,
) -> None:
    """Pay for the claims in a folder until SIGTERM or Ctrl-C. What is done, chain and folder say,
    so it needs no journal."""
    from compute.roles.goal import Goals
    from compute.roles.relayer import Relayer

    clock = Clock(group.chain, state, poll_seconds=poll_seconds)
    clock.stop_on_signals()
    blocks = own_blocks(state, shared)
    goals = Goals(group, blocks, training_sets(state))
    follow(Relayer(group, account, folder, blocks, clock, goals, trusting=trusting).step, clock)
