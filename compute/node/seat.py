"""A seat: one account's place in one group, and all that a role works with there."""

import contextlib
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from compute.chain import Group
from compute.durable import replace_file
from compute.inert import inert
from compute.node.clock import Clock
from compute.node.journal import EntryType, Journal, JournalError
from compute.node.keeping import Keeping
from compute.node.mirror import Mirror
from compute.storage import FolderStore, Store

if TYPE_CHECKING:
    from compute.chain import Sender
    from compute.chain.accounts import LocalAccount

POLL_SECONDS = 2.0
STATE_FORMAT = "state/1"
LEAST_FREE = 1 << 30  # bytes of disk, or a twentieth of it

Opened = TypeVar("Opened")


def folder(root: Path, role: str, group: Group, address: str) -> Path:
    """Return the folder of a role's state by default: one folder per role, group and account. A
    chain for development that begins anew has the same contracts at the same addresses, at other
    times."""
    founded = f"{group.voting.address}-{group.genesis_time}"
    return root / str(group.chain.chain_id) / founded / f"{role}-{address}"


def check_version(state: Path) -> None:
    """Mark a new state folder with its format. Raises JournalError if it has another."""
    file = state / "version"
    try:
        written = file.read_text()[:80].strip()
    except FileNotFoundError:
        replace_file(file, f"{STATE_FORMAT}\n".encode())
        return
    if written != STATE_FORMAT:
        raise JournalError(
            f"The state folder {state} is {inert(written)!r}, this program speaks {STATE_FORMAT}. "
            "Let the version that made it finish what is under way, then choose another --state."
        )


@dataclass(frozen=True)
class Seat:
    """`account` acts as `role` in `group`; `shared` is the store that everybody reads.

    What lies in the folder `state` is the role's own; `quota` bounds its content, in bytes. Leaving
    the seat, a context manager, closes what the role opened, the last first.
    """

    group: Group
    account: "LocalAccount"
    shared: Store
    state: Path
    role: str
    poll_seconds: float = POLL_SECONDS
    quota: int | None = None
    _opened: contextlib.ExitStack = field(
        default_factory=contextlib.ExitStack, init=False, repr=False, compare=False
    )

    def __enter__(self) -> "Seat":
        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)  # unrevealed checkpoints and salts
        check_version(self.state)
        return self

    def __exit__(self, *unused: object) -> None:
        self._opened.close()

    def open(self, resource: contextlib.AbstractContextManager[Opened]) -> Opened:
        """Enter `resource` until the seat is left."""
        return self._opened.enter_context(resource)

    def journal(self, entry_type: type[EntryType]) -> Journal[EntryType]:
        """The role's journal, locked until the seat is left. Raises JournalError."""
        identity: dict[str, str | int] = {
            "role": self.role,
            "chain_id": self.group.chain.chain_id,
            "voting": self.group.voting.address,
            "genesis_time": self.group.genesis_time,
            "account": self.address,
        }
        return self.open(Journal(self.state / "journal.json", entry_type, identity))

    @property
    def address(self) -> str:
        address: str = self.account.address
        return address

    @property
    def training_sets(self) -> Path:
        """The folder of the versions of the group's training set."""
        return self.state / "training_set"

    @cached_property
    def clock(self) -> Clock:
        return Clock(self.group.chain, self.state, poll_seconds=self.poll_seconds)

    @property
    def ether(self) -> int:
        """Wei of the account when it last sent something; 0 before."""
        return self.sender.balance

    def is_disk_nearly_full(self) -> bool:
        """Return whether little is left where the state folder is."""
        usage = shutil.disk_usage(self.state)
        return usage.free < min(LEAST_FREE, usage.total // 20)

    @cached_property
    def sender(self) -> "Sender":
        """Sends transactions of the account."""
        return self.group.sender(self.account)

    @cached_property
    def blocks(self) -> Mirror:
        """The role's private blocks, over the shared store."""
        return Mirror(FolderStore(self.state / "blocks"), self.shared)

    @cached_property
    def keeping(self) -> Keeping:
        """What the role keeps available for the group."""
        return Keeping(self.group, self.blocks, f"{self.role}-{self.address}", self.quota)
