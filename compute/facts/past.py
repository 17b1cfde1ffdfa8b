"""What happened in a group, read from events and contracts, each checked against the other.

Many questions go into one request, so a thousand blocks of a group take some fifty requests, and
each hundred thousand blocks of the chain two more.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from compute.chain import Group, MalformedAnswer, Outcome, RevealedClaim, Status
from compute.chain.claims import NONE_APPROVED
from compute.chain.events import Event
from compute.chain.pace import Pace
from compute.chain.records import Head
from compute.chain.rewards import shares
from compute.chain.voting import revealed_claim
from compute.facts.records import BallotFacts, BlockFacts, CandidateFacts, TrainerFacts
from compute.units import BPS, EPOCH


@dataclass
class _Round:
    """What events tell of one block."""

    claims: dict[bytes, RevealedClaim] = field(default_factory=dict)
    ballots: dict[str, BallotFacts] = field(default_factory=dict)  # by staker
    winner: bytes | None = None

    def add(self, event: Event) -> None:
        if event.name == "Revealed":
            # an earlier commitment displaces the later
            self.claims[event["checkpoint_hash"]] = revealed_claim(event)
        elif event.name == "Voted":
            known = self.ballots.get(event["staker"])
            self.ballots[event["staker"]] = _ballot(event, () if known is None else known.approved)
        else:
            self.winner = event["checkpoint_hash"]

    def tally(self) -> Counter[bytes]:
        """The stake that approves each candidate."""
        votes: Counter[bytes] = Counter()
        for ballot in self.ballots.values():
            votes.update(dict.fromkeys(ballot.approved, ballot.power))
        return votes


def _ballot(event: Event, before: tuple[bytes, ...]) -> BallotFacts:
    """A ballot with one more approval; events tell of each by itself."""
    choice = event["checkpoint_hash"]
    approved = before if choice == NONE_APPROVED else (*before, choice)
    return BallotFacts(event["staker"], approved, event["power"])


def block_facts(group: Group) -> list[BlockFacts]:
    """Every block of this group (not of its parents) in which something was revealed, by index.

    Raises MalformedAnswer where contract and events contradict each other.
    """
    head = group.head()
    rounds = _rounds(group, head)
    indices = list(rounds)
    outcomes = group.voting.outcomes(indices, at=head.number)
    _check(rounds, dict(zip(indices, outcomes, strict=True)), group.history.height(head))
    starts = [group.slot(index).start for index in indices]
    versions = [version for version, _ in group.deltas.tips_at(starts)]
    epochs = [start // EPOCH for start in starts]
    powers = group.chain.vault.group_powers_at(group.id, epochs)
    rewards = _rewards(group, dict(zip(starts, outcomes, strict=True)), head)
    asked = _asked(group, dict(zip(indices, outcomes, strict=True)))
    return [
        _block(group, index, rounds[index], outcome, version, power, rewards, asked)
        for index, outcome, version, power in zip(indices, outcomes, versions, powers, strict=True)
    ]


def _asked(group: Group, outcomes: Mapping[int, Outcome]) -> dict[int, int]:
    """The improvement that each of these blocks asked for."""
    pace, found = Pace.of(group.config), {}
    for index, outcome in outcomes.items():
        found[index] = pace.asked(index)
        if outcome.status is Status.ACCEPTED:
            pace = pace.after([index])
    return found


def _rounds(group: Group, head: Head) -> dict[int, _Round]:
    names = ["Revealed", "Voted", "BlockAccepted"]
    rounds: defaultdict[int, _Round] = defaultdict(_Round)
    for event in group.events(group.voting.contract, names, head.number):
        rounds[event["block_index"]].add(event)
    if max(rounds, default=0) > group.slot_at(head.timestamp).index:
        raise MalformedAnswer("The RPC tells of a block that is still to come.")
    return dict(sorted(rounds.items()))


def _check(rounds: Mapping[int, _Round], outcomes: Mapping[int, Outcome], height: int) -> None:
    accepted = {n: told for n, told in outcomes.items() if told.status is Status.ACCEPTED}
    heights = [told.height for told in accepted.values()]
    if heights != list(range(1, height + 1)):
        raise MalformedAnswer(f"The RPC hides some of {height} accepted blocks.")
    for index, outcome in accepted.items():
        told = rounds[index]
        claim = told.claims.get(told.winner) if told.winner else None
        if claim is None or claim.loss != outcome.loss:
            raise MalformedAnswer(f"The RPC hides or changes the claim accepted in block {index}.")


def _rewards(
    group: Group, outcomes: Mapping[int, Outcome], head: Head
) -> dict[int, tuple[int, int]]:
    """(reward, the keepers' part) of accepted blocks, by start: as minted, else as it would be."""
    events = group.events(
        group.chain.coinbase.contract, ["BlockCoinbase"], head.number, group_id=group.id
    )
    minted = {event["block_start"]: (event["reward"], event["pooled"]) for event in events}
    due = [
        start
        for start, outcome in outcomes.items()
        if outcome.status is Status.ACCEPTED and not outcome.redeemed
    ]
    return {**dict(zip(due, shares(group, due), strict=True)), **minted}


def _block(
    group: Group,
    index: int,
    told: _Round,
    outcome: Outcome,
    version: int,
    power: int,
    rewards: Mapping[int, tuple[int, int]],
    asked: Mapping[int, int],
) -> BlockFacts:
    slot, tally = group.slot(index), told.tally()
    accepted = outcome.status is Status.ACCEPTED
    reward, pooled = rewards.get(slot.start, (0, 0)) if accepted else (0, 0)
    ranked = sorted(told.claims.values(), key=lambda claim: (claim.loss, claim.seq))
    candidates = {
        claim.checkpoint_hash: CandidateFacts.of(claim, tally[claim.checkpoint_hash])
        for claim in ranked
    }
    winner = candidates[told.winner] if accepted and told.winner else None
    return BlockFacts(
        index=index,
        start=slot.start,
        end=slot.end,
        version=version,
        status=outcome.status,
        height=outcome.height if accepted else 0,
        winner=winner,
        asked=asked[index],
        votes=winner.votes if winner else max(tally.values(), default=0),
        cast=sum(ballot.power for ballot in told.ballots.values()),
        power=power,
        quorum=-(-power * group.config.checkpoint_quorum_bps // BPS),
        reward=reward,
        pooled=pooled,
        paid=accepted and outcome.redeemed,
        candidates=tuple(candidates.values()),
        ballots=tuple(told.ballots.values()),
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
