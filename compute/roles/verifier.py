"""The verifier: replay a group from chain and store alone, recompute every accepted loss."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compute.chain import AcceptedBlock, Group
from compute.judging.accepted import Replay
from compute.judging.transcripts import Transcripts
from compute.storage import Store

# told (height, number of blocks, examples evaluated, examples in all)
Progress = Callable[[int, int, int, int], None]


@dataclass(frozen=True)
class Checked:
    """One accepted block; `fault` says why it is a lie, None that it is true."""

    block: AcceptedBlock
    fault: str | None


@dataclass(frozen=True)
class Verification:
    """The result of a verification. `genesis_fault` concerns the checkpoint at height 0."""

    group_id: int
    genesis_fault: str | None
    blocks: tuple[Checked, ...]

    @property
    def true(self) -> bool:
        return self.genesis_fault is None and all(c.fault is None for c in self.blocks)

    def __str__(self) -> str:
        verified = sum(checked.fault is None for checked in self.blocks)
        none = "" if self.blocks else ": none has been accepted yet"
        lines = [f"{verified} of {len(self.blocks)} blocks verified{none}"]
        if self.genesis_fault is not None:
            lines.append(f"The genesis checkpoint is a lie: {self.genesis_fault}")
        lines += [
            f"Block {c.block.block_index} (height {c.block.height}) is a lie: {c.fault}"
            for c in self.blocks
            if c.fault is not None
        ]
        return "\n".join(lines)


def verify(
    group: Group,
    store: Store,
    progress: Progress | None = None,
    folder: Path | None = None,
    transcripts: Transcripts | None = None,
) -> Verification:
    """Replay every delta and recompute loss, baseline and evaluation root of every accepted block.

    The training sets kept in `folder`, if there is one, are hashed again before they are believed.
    With `transcripts` a verification that was cut off goes on where it was, if they keep them all;
    the end of one forgets them, for the next must believe nothing.
    Raises BlockUnavailable if a block of the data or of a checkpoint cannot be had: nothing is
    proved then.
    """
    with tempfile.TemporaryDirectory() as temporary:
        replay = Replay(group, store, folder or Path(temporary), transcripts)
        report = _verify(group, replay, progress)
    if transcripts is not None:
        transcripts.forget()
    return report


def _verify(group: Group, replay: Replay, progress: Progress | None) -> Verification:
    accepted = group.history.accepted_blocks()
    genesis_fault = replay.genesis_fault()
    checked = []
    for block in accepted:

        def report(examples: int, block: AcceptedBlock = block) -> None:
            if progress is not None:
                progress(block.height, len(accepted), examples, len(replay.training_set))

        checked.append(Checked(block, replay.advance(block, report)))
    return Verification(group.id, genesis_fault, tuple(checked))
