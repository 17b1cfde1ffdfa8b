"""The past of a group, from its contracts and their events, each checked against the other."""

from collections.abc import Sequence

from compute.chain.deltas import Deltas
from compute.chain.errors import MalformedAnswer
from compute.chain.events import Event, Follower
from compute.chain.records import AcceptedBlock, Candidate, Head, RevealedClaim
from compute.chain.terms import Terms
from compute.chain.voting import Voting, revealed_claim


class History:
    """The history since the group was created (nothing of its parents').

    Many questions go into one request: reading takes a constant number of them for each hundred
    blocks of the group, and one for each `events.RANGE * events.RANGES` blocks of the chain.
    """

    def __init__(self, terms: Terms, voting: Voting, deltas: Deltas) -> None:
        self._terms = terms
        self._voting = voting
        self._deltas = deltas

    def height(self, head: Head) -> int:
        """How many accepted blocks are written down."""
        return self._voting.height(head)

    def winners(self, head: Head | None = None) -> list[Candidate]:
        """The accepted claims that are written down, at `head` or now; by height, 1 first."""
        return self._voting.winners(head or self._terms.head())

    def accepted_blocks(self) -> list[AcceptedBlock]:
        """Every accepted block that is written down, by height, 1 first."""
        head = self._terms.head()
        won = self._voting.won_heights(head)
        winners = [claim for _, claim in won]
        claims = self._claims(won, head)
        tips = self._deltas.tips_at([self._terms.slot(w.block_index).start for w in winners])
        accepted = []
        for (height, winner), (version, tip) in zip(won, tips, strict=True):
            claim = claims[winner.checkpoint_hash]
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

    def _claims(
        self, won: Sequence[tuple[int, Candidate]], head: Head
    ) -> dict[bytes, RevealedClaim]:
        """What was revealed, by checkpoint, every claim that won at its height among it."""

        def check(events: Sequence[Event]) -> None:
            claims = _by_checkpoint(events)
            for height, winner in won:
                claim = claims.get(winner.checkpoint_hash)
                told = claim and (claim.trainer, claim.loss, claim.block_index)
                if told != (winner.trainer, winner.loss, winner.block_index):
                    raise MalformedAnswer(
                        f"The RPC hides or changes the claim accepted at height {height}."
                    )

        contract = self._voting.contract
        return _by_checkpoint(self._terms.kept_events(contract, ["Revealed"], head.number, check))

    def follow(self, names: list[str]) -> Follower:
        """A follower of final CheckpointVoting events, from the group's creation."""
        chain = self._terms.chain
        return Follower(
            chain.heads, self._voting.contract, names, self._terms.first_block, until=chain.final
        )


def _by_checkpoint(events: Sequence[Event]) -> dict[bytes, RevealedClaim]:
    # a claim entered again is told twice: the last time counts
    return {event["checkpoint_hash"]: revealed_claim(event) for event in events}
