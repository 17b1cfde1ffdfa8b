"""The past of a group, from its contracts and their events, each checked against the other."""

from collections.abc import Sequence

from compute.chain.deltas import Deltas
from compute.chain.errors import MalformedAnswer
from compute.chain.events import Event, Follower
from compute.chain.records import AcceptedBlock, Candidate
from compute.chain.terms import Terms
from compute.chain.voting import Voting, revealed_claim

MAX_HEIGHT = 100_000  # decades of the shortest blocks


class History:
    """What happened since the group was created (nothing of its parents').

    Reading it takes a constant number of requests for each hundred blocks of the group, and one
    for each `events.RANGE * events.RANGES` blocks of the chain.
    """

    def __init__(self, terms: Terms, voting: Voting, deltas: Deltas) -> None:
        self._terms = terms
        self._voting = voting
        self._deltas = deltas

    def winners(self) -> list[Candidate]:
        """The accepted claims that are written down, by height, 1 first."""
        head = self._terms.head()
        contract = self._voting.contract
        _, _, height, _ = contract.call("baseline", at=head.number)
        if height > min(self._terms.slot_at(head.timestamp).index, MAX_HEIGHT):
            raise MalformedAnswer(f"The RPC claims {height} accepted blocks in too short a time.")
        heights = range(1, height + 1)
        hashes = contract.call_many([("accepted", (n,)) for n in heights], at=head.number)
        return self._voting.revealed(hashes, at=head.number)

    def accepted_blocks(self) -> list[AcceptedBlock]:
        """Every accepted block that is written down, by height, 1 first."""
        winners = self.winners()
        claims = {
            event["checkpoint_hash"]: revealed_claim(event) for event in self.events(["Revealed"])
        }
        tips = self._deltas.tips_at([self._terms.slot(w.block_index).start for w in winners])
        accepted = []
        for height, (winner, (version, tip)) in enumerate(zip(winners, tips, strict=True), 1):
            claim = claims.get(winner.checkpoint_hash)
            told = claim and (claim.trainer, claim.loss, claim.block_index)
            if claim is None or told != (winner.trainer, winner.loss, winner.block_index):
                raise MalformedAnswer(
                    f"The RPC hides or changes the claim accepted at height {height}."
                )
            accepted.append(
                AcceptedBlock(
                    height,
                    winner.block_index,
                    winner.checkpoint_hash,
                    winner.trainer,
                    winner.loss,
                    claim.baseline_loss,
                    version,
                    tip,
                    claim.eval_root_hash,
                )
            )
        return accepted

    def events(self, names: Sequence[str]) -> list[Event]:
        """CheckpointVoting events since the group's creation, in chain order."""
        head = self._terms.head()
        return list(self._terms.events(self._voting.contract, names, head.number))

    def follow(self, names: list[str]) -> Follower:
        """A follower of final CheckpointVoting events, from the group's creation."""
        chain = self._terms.chain
        return Follower(
            chain.heads, self._voting.contract, names, self._terms.first_block, until=chain.final
        )
