"""The time grid of a group's blocks. Pure arithmetic, the same as CheckpointVoting's."""

from dataclasses import dataclass
from enum import IntEnum


class Phase(IntEnum):
    """The phases of a block: commitments, then reveals, then ballots."""

    COMMIT = 0
    REVEAL = 1
    VOTE = 2


@dataclass(frozen=True)
class Block:
    """One block of a group. Times are unix seconds; every interval is half open."""

    index: int
    start: int
    reveal_at: int
    vote_at: int
    end: int

    def phase(self, now: int) -> Phase:
        """The phase at `now`, which must lie in [start, end)."""
        if not self.start <= now < self.end:
            raise ValueError(f"time {now} is outside block {self.index}")
        if now >= self.vote_at:
            return Phase.VOTE
        return Phase.REVEAL if now >= self.reveal_at else Phase.COMMIT

    def phase_end(self, now: int) -> int:
        """Return when the phase at `now` ends."""
        return (self.reveal_at, self.vote_at, self.end)[self.phase(now)]


@dataclass(frozen=True)
class Schedule:
    """Genesis time and window lengths, all in seconds."""

    genesis_time: int
    commit_window: int
    reveal_window: int
    vote_window: int

    @property
    def period(self) -> int:
        return self.commit_window + self.reveal_window + self.vote_window

    def slot(self, index: int) -> Block:
        """The block with this index."""
        start = self.genesis_time + index * self.period
        reveal_at = start + self.commit_window
        vote_at = reveal_at + self.reveal_window
        return Block(index, start, reveal_at, vote_at, start + self.period)

    def slot_at(self, time: int) -> Block:
        """The block that contains `time`. Raises ValueError before genesis."""
        if time < self.genesis_time:
            raise ValueError("the group does not exist yet at that time")
        return self.slot((time - self.genesis_time) // self.period)
