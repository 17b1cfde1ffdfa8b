"""The history of a group, read from events and contracts, each checked against the other.

Many questions go into one request, so a thousand blocks of a group take some fifty requests, and
each hundred thousand blocks of the chain two more. A `Timeline` then asks only for what is new.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compute.chain import Candidate, Group, MalformedAnswer, Outcome, RevealedClaim, Status
from compute.chain.claims import attestation
from compute.chain.pace import Pace
from compute.chain.records import Head
from compute.chain.rewards import shares
from compute.chain.voting import LAPSE_EPOCHS
from compute.facts.records import BallotFacts, BlockFacts, Bond, CandidateFacts
from compute.facts.rounds import EVENTS, Cast, Round, Rounds
from compute.units import BPS, EPOCH


def block_facts(group: Group) -> list[BlockFacts]:
    """Every block of this group (not of its parents) in which something was revealed, by index.

    Raises MalformedAnswer where contract and events contradict each other.
    """
    timeline = Timeline(group)
    timeline.refresh(group.head())
    return timeline.blocks


class Timeline:
    """The blocks of a group, by index; `refresh` asks only for what changed since the last time.

    When the chain has taken back what was read, everything is read again.
    """

    def __init__(self, group: Group) -> None:
        self._group = group
        self._head: Head | None = None
        self._forget()

    def _forget(self) -> None:
        self._next = self._group.first_block
        self._rounds = Rounds()
        self._outcomes: dict[int, Outcome] = {}
        self._minted: dict[int, tuple[int, int]] = {}
        self._blocks: dict[int, BlockFacts] = {}

    @property
    def blocks(self) -> list[BlockFacts]:
        """As of the last refresh."""
        return [self._blocks[index] for index in sorted(self._blocks)]

    def refresh(self, head: Head) -> bool:
        """Take in what happened up to `head`; whether anything did. Raises as `block_facts`."""
        if self._head is not None and not self._group.chain.heads.is_canonical(self._head):
            self._forget()
        self._head = None  # a refresh that fails is one to start over from
        try:
            changed = self._read(head)
        except BaseException:
            self._forget()
            raise
        self._head, self._next = head, head.number + 1
        return changed

    def _read(self, head: Head) -> bool:
        group = self._group
        events = group.events(group.voting.contract, EVENTS, head.number, first=self._next)
        changed = self._rounds.take(events) | self._newly_minted(head)
        if max(self._rounds, default=0) > group.slot_at(head.timestamp).index:
            raise MalformedAnswer("The RPC tells of a block that is still to come.")
        indices = sorted(changed)
        told = group.voting.outcomes(indices, at=head.number)
        self._outcomes.update(zip(indices, told, strict=True))
        if changed:
            self._check(group.history.height(head))
            self._blocks.update((block.index, block) for block in self._facts(indices, head))
        return bool(changed)

    def _newly_minted(self, head: Head) -> set[int]:
        """Take in rewards that were minted; the blocks they are for."""
        group, found = self._group, set()
        coinbase = group.chain.coinbase.contract
        for event in group.events(
            coinbase, ["BlockCoinbase"], head.number, first=self._next, group_id=group.id
        ):
            index = group.slot_at(event["block_start"]).index
            self._minted[index] = (event["reward"], event["pooled"])
            found.add(index)
        return found & self._rounds.keys()

    def _check(self, height: int) -> None:
        accepted = {n: told for n, told in self._outcomes.items() if told.status is Status.ACCEPTED}
        heights = [accepted[n].height for n in sorted(accepted)]
        if heights != list(range(1, height + 1)):
            raise MalformedAnswer(f"The RPC hides some of {height} accepted blocks.")
        for index, outcome in accepted.items():
            told = self._rounds[index]
            claim = told.claims.get(told.winner) if told.winner else None
            if claim is None or claim.loss != outcome.loss:
                raise MalformedAnswer(
                    f"The RPC hides or changes the claim accepted in block {index}."
                )

    def _facts(self, indices: Sequence[int], head: Head) -> Iterable[BlockFacts]:
        group = self._group
        starts = [group.slot(index).start for index in indices]
        versions = group.deltas.tips_at(starts, at=head.number)
        epochs = [start // EPOCH for start in starts]
        powers = group.chain.vault.group_powers_at(group.id, epochs)
        rewards, stored = self._rewards(indices), self._stored(indices, head)
        asked = _asked(group, self._outcomes)
        for index, (version, _), power in zip(indices, versions, powers, strict=True):
            quorum = -(-power * group.config.checkpoint_quorum_bps // BPS)
            told, reward = self._rounds[index], rewards.get(index, (0, 0))
            terms = _Terms(version, power, quorum, told.cast(), asked[index], *reward)
            yield _block(group, index, told, self._outcomes[index], terms, stored)

    def _rewards(self, indices: Sequence[int]) -> dict[int, tuple[int, int]]:
        """(reward, the keepers' part) of accepted blocks: as minted, else as it would be."""
        accepted = [n for n in indices if self._outcomes[n].status is Status.ACCEPTED]
        due = [n for n in accepted if not self._outcomes[n].redeemed]
        expected = shares(self._group, [self._group.slot(index).start for index in due])
        minted = {n: self._minted[n] for n in accepted if n in self._minted}
        return {**dict(zip(due, expected, strict=True)), **minted}

    def _stored(self, indices: Sequence[int], head: Head) -> dict[bytes, Candidate]:
        """Claims whose bond is in the contract, as it stores them."""
        hashes = [
            digest
            for index in indices
            for digest in self._rounds[index].claims
            if digest not in self._rounds[index].burned
        ]
        return {c.checkpoint_hash: c for c in self._group.voting.revealed(hashes, at=head.number)}


def _asked(group: Group, outcomes: Mapping[int, Outcome]) -> dict[int, int]:
    """The improvement that each of these blocks asked for."""
    pace, found = Pace.of(group.config), {}
    for index in sorted(outcomes):
        found[index] = pace.asked(index)
        if outcomes[index].status is Status.ACCEPTED:
            pace = pace.after([index])
    return found


@dataclass(frozen=True)
class _Terms:
    """What a block was judged on, and what it pays."""

    version: int
    power: int
    quorum: int
    cast: int
    asked: int
    reward: int
    pooled: int


def _block(
    group: Group,
    index: int,
    told: Round,
    outcome: Outcome,
    terms: _Terms,
    stored: Mapping[bytes, Candidate],
) -> BlockFacts:
    slot, tally = group.slot(index), told.tally()
    accepted = outcome.status is Status.ACCEPTED
    ranked = sorted(told.claims.values(), key=lambda claim: (claim.loss, claim.seq))
    candidates = {
        claim.checkpoint_hash: _candidate(
            claim,
            tally[claim.checkpoint_hash],
            _bond(claim, tally[claim.checkpoint_hash], told, outcome.status, terms),
            stored.get(claim.checkpoint_hash),
        )
        for claim in ranked
    }
    winner = candidates[told.winner] if accepted and told.winner else None
    return BlockFacts(
        index=index,
        start=slot.start,
        end=slot.end,
        version=terms.version,
        status=outcome.status,
        height=outcome.height if accepted else 0,
        winner=winner,
        asked=terms.asked,
        votes=winner.votes if winner else max(tally.values(), default=0),
        cast=terms.cast,
        power=terms.power,
        quorum=terms.quorum,
        reward=terms.reward,
        pooled=terms.pooled,
        paid=accepted and outcome.redeemed,
        root_open=told.root is not None,
        lapses_at=(slot.start // EPOCH + LAPSE_EPOCHS) * EPOCH,
        candidates=tuple(candidates.values()),
        ballots=tuple(_ballot(cast, told, winner, terms.pooled) for cast in told.ballots.values()),
    )


def _candidate(
    claim: RevealedClaim, votes: int, bond: Bond, stored: Candidate | None
) -> CandidateFacts:
    if stored is None:
        return CandidateFacts.of(claim, votes, bond)
    if stored.block_index != claim.block_index:
        return CandidateFacts.of(claim, votes, Bond.MOVED)
    return CandidateFacts.of(claim, votes, bond, stored.payer, stored.bond)


def _bond(claim: RevealedClaim, votes: int, told: Round, status: Status, terms: _Terms) -> Bond:
    """What became of a claim's bond in its last block; rules K15 and K16."""
    burned = told.burned.get(claim.checkpoint_hash)
    if burned is not None:
        return Bond.BURNED if burned else Bond.RETURNED
    if status is Status.UNSETTLED:
        return Bond.HELD
    against = terms.cast - votes
    refuted = 2 * against > terms.cast and against >= terms.quorum
    if status is Status.REJECTED:
        return Bond.FORFEIT if refuted else Bond.OPEN
    if status is Status.NO_QUORUM:
        return Bond.OPEN
    return Bond.FORFEIT if refuted and _ranks_first(claim, told, terms.asked) else Bond.DUE


def _ranks_first(claim: RevealedClaim, told: Round, asked: int) -> bool:
    """Return whether a claim ranks before the winner of its block; rule K15."""
    winner = told.claims.get(told.winner) if told.winner else None
    if winner is None:
        return False
    again = {claim.checkpoint_hash, winner.checkpoint_hash} & told.again
    margin = asked if again else 1
    if claim.loss + margin <= winner.loss:
        return True
    return claim.loss < winner.loss + margin and claim.seq < winner.seq


def _ballot(cast: Cast, told: Round, winner: CandidateFacts | None, pooled: int) -> BallotFacts:
    """With what it earns: the pool is shared by approvals of the winner that show an evaluation."""
    earned, paid = told.paid.get(cast.staker, 0), cast.staker in told.paid
    word = cast.approved.get(winner.checkpoint_hash) if winner is not None else None
    proven = told.root is not None and word == attestation(told.root, cast.staker)
    if winner is not None and winner.votes and proven and not paid:
        earned = pooled * cast.power // winner.votes
    return BallotFacts(cast.staker, dict(cast.approved), cast.power, earned, paid, proven)
