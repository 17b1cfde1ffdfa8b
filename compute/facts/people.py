"""People's deeds and earnings in a group, from the facts of its blocks and deltas."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from compute.chain.claims import ballot
from compute.facts.records import (
    BallotFacts,
    BlockFacts,
    Bond,
    CandidateFacts,
    DeltaFacts,
    KeeperFacts,
    TrainerFacts,
)


def trainer_facts(blocks: Iterable[BlockFacts]) -> list[TrainerFacts]:
    """The standing of everybody who revealed a claim in these blocks: who earned most is first."""
    claims: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    earned: Counter[str] = Counter()
    best: dict[str, int] = {}
    for block in blocks:
        claims.update(candidate.trainer for candidate in block.candidates)
        if block.winner is not None:
            trainer, loss = block.winner.trainer, block.winner.loss
            accepted[trainer] += 1
            earned[trainer] += block.reward - block.pooled
            best[trainer] = min(loss, best.get(trainer, loss))
    ranked = sorted(claims, key=lambda trainer: (-earned[trainer], -accepted[trainer], trainer))
    return [TrainerFacts(t, claims[t], accepted[t], best.get(t), earned[t]) for t in ranked]


def keeper_facts(blocks: Sequence[BlockFacts]) -> list[KeeperFacts]:
    """The standing of everybody who voted in these blocks: who earned most is first."""
    cast: defaultdict[str, list[tuple[BlockFacts, BallotFacts]]] = defaultdict(list)
    for block in blocks:
        for mine in block.ballots:
            cast[mine.staker].append((block, mine))
    found = [_keeper(staker, voted, blocks) for staker, voted in cast.items()]
    return sorted(found, key=lambda keeper: (-keeper.earned, -keeper.ballots, keeper.address))


def _keeper(
    staker: str, voted: list[tuple[BlockFacts, BallotFacts]], blocks: Sequence[BlockFacts]
) -> KeeperFacts:
    first = voted[0][0].index
    return KeeperFacts(
        address=staker,
        ballots=len(voted),
        blocks=sum(block.index >= first for block in blocks),
        with_winner=sum(_with_winner(block, ballot) for block, ballot in voted),
        power=voted[-1][1].power,
        earned=sum(ballot.earned for _, ballot in voted),
    )


def _with_winner(block: BlockFacts, ballot: BallotFacts) -> bool:
    return block.winner is not None and block.winner.checkpoint_hash in ballot.approved


@dataclass(frozen=True)
class DueFacts:
    """NRN that waits for somebody, and the call that collects it: of the group's `contract`
    ("voting" or "deltas"), a Solidity-style fragment and its arguments as texts."""

    what: str
    amount: int
    contract: str
    call: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class DeedFacts:
    """The deeds of one address in one group, newest first."""

    claims: tuple[tuple[BlockFacts, CandidateFacts], ...]
    ballots: tuple[tuple[BlockFacts, BallotFacts], ...]
    deltas: tuple[DeltaFacts, ...]
    earned: int
    dues: tuple[DueFacts, ...]


def deed_facts(
    address: str,
    blocks: Sequence[BlockFacts],
    lineage: Iterable[DeltaFacts],
    now: int,
) -> DeedFacts:
    """List what `address` did in the group of these blocks and deltas, and what waits for it at
    `now`.

    Earnings are without bonds, paid or not yet.
    """
    newest = blocks[::-1]
    claims = [(b, c) for b in newest for c in b.candidates if c.trainer == address]
    ballots = [(b, v) for b in newest for v in b.ballots if v.staker == address]
    deltas = [delta for delta in lineage if delta.proposer == address]
    won = [b for b in newest if b.winner is not None and b.winner.trainer == address]
    earned = sum(b.reward - b.pooled for b in won) + sum(v.earned for _, v in ballots)
    dues = [
        *(_due_block(b) for b in won if not b.paid),
        *(_due_keeper(b, v) for b, v in ballots if b.paid and v.earned and not v.paid),
        *(_due_bond(b, c) for b in newest for c in b.candidates
          if c.payer == address and _returns(b, c, now)),
        *(_due_delta(d, d.reward) for d in deltas if d.reward and d.paid is False),
    ]  # fmt: skip
    return DeedFacts(
        tuple(claims),
        tuple(ballots),
        tuple(deltas),
        earned + sum(delta.reward or 0 for delta in deltas),
        tuple(dues),
    )


def _returns(block: BlockFacts, claim: CandidateFacts, now: int) -> bool:
    """Return whether the bond of a claim returns when somebody releases it."""
    lapsed = claim.bond is Bond.OPEN and now >= block.lapses_at
    return claim.posted > 0 and (claim.bond is Bond.DUE or lapsed)


def _due_block(block: BlockFacts) -> DueFacts:
    what, amount = f"reward of block {block.index}", block.reward - block.pooled
    return DueFacts(what, amount, "voting", "redeem(uint256 block_index)", (str(block.index),))


def _due_keeper(block: BlockFacts, mine: BallotFacts) -> DueFacts:
    call = "claim_due_keeper(uint256 block_index, bytes approvals, address staker)"
    shown = str(block.index), "0x" + ballot(mine.approved).hex(), mine.staker
    return DueFacts(f"keeper's part of block {block.index}", mine.earned, "voting", call, shown)


def _due_bond(block: BlockFacts, claim: CandidateFacts) -> DueFacts:
    what, named = f"bond of the claim in block {block.index}", "0x" + claim.checkpoint_hash.hex()
    return DueFacts(
        what, claim.posted, "voting", "release_due_bond(bytes32 checkpoint_hash)", (named,)
    )


def _due_delta(delta: DeltaFacts, reward: int) -> DueFacts:
    what = f"reward of data version {delta.version}"
    return DueFacts(what, reward, "deltas", "redeem(uint256 version)", (str(delta.version),))
