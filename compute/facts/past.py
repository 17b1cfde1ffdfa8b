"""What happened in a group, read from events and contracts, each checked against the other.

Many questions go into one request, so a thousand blocks of a group take some fifty requests, and
each hundred thousand blocks of the chain two more. A `Timeline` then asks only for what is new.
"""

from collections.abc import Iterable, Mapping, Sequence

from compute.chain import Candidate, Group, MalformedAnswer, Outcome, RevealedClaim, Status
from compute.chain.claims import attestation
from compute.chain.records import Head
from compute.chain.rewards import shares
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
        rewards, payers = self._rewards(indices), self._payers(indices, head)
        for index, (version, _), power in zip(indices, versions, powers, strict=True):
            reward = rewards.get(index, (0, 0))
            told, outcome = self._rounds[index], self._outcomes[index]
            yield _block(group, index, told, outcome, version, power, reward, payers)

    def _rewards(self, indices: Sequence[int]) -> dict[int, tuple[int, int]]:
        """(reward, the keepers' part) of accepted blocks: as minted, else as it would be."""
        accepted = [n for n in indices if self._outcomes[n].status is Status.ACCEPTED]
        due = [n for n in accepted if not self._outcomes[n].redeemed]
        expected = shares(self._group, [self._group.slot(index).start for index in due])
        minted = {n: self._minted[n] for n in accepted if n in self._minted}
        return {**dict(zip(due, expected, strict=True)), **minted}

    def _payers(self, indices: Sequence[int], head: Head) -> dict[bytes, Candidate]:
        """Claims whose bond is in the contract, as it stores them."""
        hashes = [
            digest
            for index in indices
            for digest in self._rounds[index].claims
            if digest not in self._rounds[index].burned
        ]
        return {c.checkpoint_hash: c for c in self._group.voting.revealed(hashes, at=head.number)}


def _block(
    group: Group,
    index: int,
    told: Round,
    outcome: Outcome,
    version: int,
    power: int,
    reward: tuple[int, int],
    payers: Mapping[bytes, Candidate],
) -> BlockFacts:
    slot, tally = group.slot(index), told.tally()
    accepted = outcome.status is Status.ACCEPTED
    ranked = sorted(told.claims.values(), key=lambda claim: (claim.loss, claim.seq))
    winning = told.claims.get(told.winner) if accepted and told.winner else None
    candidates = {
        claim.checkpoint_hash: CandidateFacts.of(
            claim,
            tally[claim.checkpoint_hash],
            _bond(claim, outcome.status, winning, told.burned.get(claim.checkpoint_hash)),
            stored.payer if (stored := payers.get(claim.checkpoint_hash)) else None,
        )
        for claim in ranked
    }
    return BlockFacts(
        index=index,
        start=slot.start,
        end=slot.end,
        version=version,
        status=outcome.status,
        height=outcome.height if accepted else 0,
        winner=candidates[winning.checkpoint_hash] if winning else None,
        votes=max(tally.values(), default=0),
        power=power,
        quorum=-(-power * group.config.checkpoint_quorum_bps // BPS),
        reward=reward[0],
        pooled=reward[1],
        paid=accepted and outcome.redeemed,
        root_open=told.root is not None,
        candidates=tuple(candidates.values()),
        ballots=tuple(_ballot(cast, told, winning, tally, reward[1]) for cast in told.ballots),
    )


def _bond(
    claim: RevealedClaim, status: Status, winner: RevealedClaim | None, burned: bool | None
) -> Bond:
    """What became of a claim's bond; the rule is that of `release_bond`."""
    if burned is not None:
        return Bond.BURNED if burned else Bond.RETURNED
    if status is Status.UNSETTLED:
        return Bond.HELD
    false = status is Status.REJECTED
    if winner is not None:
        false = (claim.loss, claim.seq) < (winner.loss, winner.seq)
    return Bond.FORFEIT if false else Bond.DUE


def _ballot(
    cast: Cast,
    told: Round,
    winner: RevealedClaim | None,
    tally: Mapping[bytes | None, int],
    pooled: int,
) -> BallotFacts:
    """With what it earns: the pool is shared by votes for the winner that show an evaluation."""
    earned, paid = told.paid.get(cast.staker, 0), cast.staker in told.paid
    proven = told.root is not None and cast.attestation == attestation(told.root, cast.staker)
    right = winner is not None and cast.checkpoint_hash == winner.checkpoint_hash
    if right and proven and not paid:
        earned = pooled * cast.power // tally[cast.checkpoint_hash]
    return BallotFacts(
        cast.staker, cast.checkpoint_hash, cast.power, earned, paid, proven=right and proven
    )
