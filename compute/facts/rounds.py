"""What events tell of each block of a group, gathered event by event."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from compute.chain import RevealedClaim
from compute.chain.claims import NONE_VALID
from compute.chain.events import Event
from compute.chain.voting import revealed_claim

EVENTS = ("Revealed", "Voted", "BlockAccepted", "BlockSettled", "BondReleased", "RootOpened",
          "KeeperPaid")  # fmt: skip


@dataclass(frozen=True)
class Cast:
    """A ballot as it was cast; for None it is "none valid"."""

    staker: str
    checkpoint_hash: bytes | None
    power: int
    attestation: bytes


@dataclass
class Round:
    """What events tell of one block. `burned` has the bonds that were released, `paid` what each
    keeper got, `root` opens the winner's evaluation."""

    claims: dict[bytes, RevealedClaim] = field(default_factory=dict)
    ballots: list[Cast] = field(default_factory=list)
    winner: bytes | None = None
    burned: dict[bytes, bool] = field(default_factory=dict)
    root: bytes | None = None
    paid: dict[str, int] = field(default_factory=dict)

    def tally(self) -> Counter[bytes | None]:
        """Stake by candidate; None is "none valid"."""
        votes: Counter[bytes | None] = Counter()
        for ballot in self.ballots:
            votes[ballot.checkpoint_hash] += ballot.power
        return votes

    def add(self, event: Event) -> None:
        """Take in an event of this block."""
        match event.name:
            case "Revealed":  # an earlier commitment displaces the later
                self.claims[event["checkpoint_hash"]] = revealed_claim(event)
            case "Voted":
                choice = event["checkpoint_hash"]
                candidate = None if choice == NONE_VALID else choice
                word = event["attestation"]
                self.ballots.append(Cast(event["staker"], candidate, event["power"], word))
            case "BlockAccepted":
                self.winner = event["checkpoint_hash"]
            case "BondReleased":
                self.burned[event["checkpoint_hash"]] = event["burned"]
            case "RootOpened":
                self.root = event["eval_root"]
            case "KeeperPaid":
                self.paid[event["staker"]] = event["amount"]


class Rounds(dict[int, Round]):
    """The rounds by block index."""

    def __init__(self) -> None:
        super().__init__()
        self._block_of: dict[bytes, int] = {}

    def take(self, events: Iterable[Event]) -> set[int]:
        """Take in events, in the order of the chain; the blocks that they tell of."""
        return {index for event in events if (index := self._take(event)) is not None}

    def _take(self, event: Event) -> int | None:
        if event.name == "BondReleased":
            index = self._block_of.get(event["checkpoint_hash"])
        else:
            index = event["block_index"]
        if index is None:  # of a claim that the RPC did not tell of: nothing to add it to
            return None
        if event.name == "Revealed":
            self._block_of[event["checkpoint_hash"]] = index
        self.setdefault(index, Round()).add(event)
        return index
