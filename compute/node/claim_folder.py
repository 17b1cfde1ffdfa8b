"""The folder through which trainers without ether hand their claims over: one file per claim.

Only the trainer writes, whoever pays only reads; so the folder may be shared, copied or mailed.
"""

import logging
import os
import re
import stat
from pathlib import Path

from compute.chain import Group
from compute.chain.handover import MAX_BYTES, Handover, InvalidHandover, Opened
from compute.chain.rewards import Reward
from compute.durable import replace_file

logger = logging.getLogger(__name__)

MAX_CLAIMS = 1_024  # files looked at in one folder
NAME = re.compile("[0-9a-f]{64}[.]json")


class FolderDelivery:
    """Delivery of a trainer's claims by the transactions of others.

    What `claimant.Delivery` asks for; nothing here is sent, so nothing is done when it returns.
    """

    # Whoever pays must see the commitment, and send it, before the commit window ends.
    commit_margin = 600

    def __init__(self, group: Group, folder: Path) -> None:
        self._group = group
        self._folder = folder

    def can_pay_bond(self) -> bool:
        """The bond is another's."""
        return True

    def commit(self, block_index: int, commitment: bytes) -> bool:
        """Ask for the commitment of a sealed claim."""
        self._write(Handover(self._group.domain, block_index, commitment))
        return False

    def reveal(self, commitment: bytes, opened: Opened) -> bool:
        """Open a claim whose commitment is on chain."""
        sealed = Handover(self._group.domain, opened.claim.block_index, commitment)
        self._write(sealed.open(opened))
        return False

    def settle(self) -> None:
        """Others do."""

    def collect(self, reward: Reward) -> None:
        """Others do; the reward is minted to the trainer whoever sends the transaction."""

    def finish(self, commitment: bytes) -> None:
        """Take a claim back of which nothing is left to collect."""
        self._path(commitment).unlink(missing_ok=True)

    def _write(self, handover: Handover) -> None:
        """Make the file say so; a folder that refuses is asked again, as a chain would be."""
        path, data = self._path(handover.commitment), handover.encode()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_bytes() != data:
                replace_file(path, data)
        except OSError as error:
            logger.warning("could not write %s: %s", path, error.strerror)

    def _path(self, commitment: bytes) -> Path:
        return self._folder / f"{commitment.hex()}.json"


def handed_over(folder: Path, group: Group) -> tuple[list[Handover], list[str]]:
    """The claims in a folder that are of this group, and what is wrong with its other files.

    The folder's writers are not trusted: files are small, regular and at most MAX_CLAIMS.
    """
    found, faults = [], []
    try:
        names = sorted(path.name for path in folder.iterdir() if NAME.fullmatch(path.name))
    except OSError as error:
        return [], [f"{folder} cannot be read: {error.strerror}."]
    if len(names) > MAX_CLAIMS:
        faults.append(f"{folder} holds {len(names)} claims; only {MAX_CLAIMS} are looked at.")
    for name in names[:MAX_CLAIMS]:
        try:
            handover = Handover.decode(_read(folder / name))
        except (InvalidHandover, OSError) as error:
            faults.append(f"{name}: {error}")
            continue
        if handover.domain != group.domain:
            faults.append(f"{name}: it is a claim of another group or chain.")
        elif name != f"{handover.commitment.hex()}.json":
            faults.append(f"{name}: it is not named after its commitment.")
        else:
            found.append(handover)
    return found, faults


def _read(path: Path) -> bytes:
    # neither a link out of the folder nor a pipe that would keep us waiting
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no regular file.")
        return file.read(MAX_BYTES + 1)
