"""Gather the events of each block of a group."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from compute.chain import RevealedClaim
from compute.chain.claims import NONE_APPROVED
from compute.chain.events import Event
from compute.chain.voting import revealed_claim

EVENTS = ("Revealed", "Voted", "BlockAccepted", "BlockSettled", "BondReleased", "RootOpened",
          "KeeperPaid")  # fmt: skip


@dataclass(frozen=True)
class Cast:
    """A ballot as it was cast: the attestation of each checkpoint that it approves."""

    staker: str
    power: int
    approved: dict[bytes, bytes] = field(default_factory=dict)


@dataclass
class Round:
    """One block as its events tell it. `again` has the claims of earlier blocks, `ballots` are by
    staker, `burned` has the bonds that were released, `paid` what each keeper got; `root` opens the
    winner's evaluation."""

    claims: dict[bytes, RevealedClaim] = field(default_factory=dict)
    again: set[bytes] = field(default_factory=set)
    ballots: dict[str, Cast] = field(default_factory=dict)
    winner: bytes | None = None
    burned: dict[bytes, bool] = field(default_factory=dict)
    root: bytes | None = None
    paid: dict[str, int] = field(default_factory=dict)

    def tally(self) -> Counter[bytes]:
        """The stake that approves each candidate."""
        votes: Counter[bytes] = Counter()
        for ballot in self.ballots.values():
            votes.update(dict.fromkeys(ballot.approved, ballot.power))
        return votes

    def cast(self) -> int:
        """The stake of all ballots."""
        return sum(ballot.power for ballot in self.ballots.values())

    def add(self, event: Event) -> None:
        """Take in an event of this block."""
        match event.name:
            case "Revealed":  # an earlier commitment displaces the later
                self.claims[event["checkpoint_hash"]] = revealed_claim(event)
            case "Voted":
                staker, choice = event["staker"], event["checkpoint_hash"]
                cast = self.ballots.setdefault(staker, Cast(staker, event["power"]))
                if choice != NONE_APPROVED:
                    cast.approved[choice] = event["attestation"]
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
        return {index for event in events for index in self._take(event)}

    def _take(self, event: Event) -> set[int]:
        if event.name == "BondReleased":
            index = self._block_of.get(event["checkpoint_hash"])
        else:
            index = event["block_index"]
        if index is None:  # of a claim that the RPC did not tell of: nothing to add it to
            return set()
        told = self.setdefault(index, Round())
        told.add(event)
        return {index, self._enter(told, event, index)} if event.name == "Revealed" else {index}

    def _enter(self, told: Round, event: Event, index: int) -> int:
        """Note the block of a claim; the block it was in before, which tells less of it now."""
        digest = event["checkpoint_hash"]
        before = self._block_of.get(digest, index)
        if before != index:
            told.again.add(digest)
        self._block_of[digest] = index
        return before
