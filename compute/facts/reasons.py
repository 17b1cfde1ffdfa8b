"""Say in words why a block, a claim or a ballot paid or did not.

The rules are those of the voting contract; the facts say which of them applied.
"""

from compute.chain import Status
from compute.facts.records import BallotFacts, BlockFacts, Bond, CandidateFacts
from compute.units import BPS
from compute.values import Amount, Loss, Moment

_NOBODY = "no claim was approved by more than half of the votes cast"


def why_block(block: BlockFacts, now: int) -> str:
    """Say how a block ended and why, at chain time `now`."""
    match block.status:
        case Status.ACCEPTED:
            return f"Accepted: {_approving(block)} for one claim. {_payment(block)}"
        case Status.REJECTED:
            return f"Rejected: {_turnout(block)} voted, and {_NOBODY}. Nobody is paid."
        case Status.NO_QUORUM:
            return f"No quorum: {_short(block)}. Nobody is paid; claims not judged stay open."
        case Status.REFUTED:
            return f"Refuted: {_approving(block)} for a claim that the referee has found false."
    if now < block.end:
        return f"Still running until {Moment(block.end)}: {_approving(block)} for what leads."
    if 2 * block.votes <= block.cast and block.cast >= block.quorum > 0:
        return f"Over, to be settled: {_turnout(block)} voted, and {_NOBODY}: a rejection."
    if 2 * block.votes <= block.cast or block.votes < block.quorum:
        return f"Over, to be settled: no quorum ({_short(block)}), so nobody will be paid."
    return f"Over, to be settled: {_approving(block)} for what leads. The next reveal settles it."


def why_claim(block: BlockFacts, claim: CandidateFacts) -> str:
    """Say what became of a claim and of its bond."""
    return f"{_fate(block, claim)} Its bond {_bond(block, claim)}."


def why_ballot(block: BlockFacts, ballot: BallotFacts) -> str:
    """Say what a ballot earned and why."""
    if ballot.earned and ballot.paid:
        return f"Earned {Amount(ballot.earned)} NRN."
    if block.winner is None:
        settled = block.status is not Status.UNSETTLED
        return "Earns nothing: nobody won." if settled else "The block is not settled yet."
    if block.winner.checkpoint_hash not in ballot.approved:
        return "Earns nothing: it does not approve the winner."
    if not block.pooled:
        return "Earns nothing: this block sets no part aside for keepers."
    if not block.root_open:
        return "Waits: the winner's evaluation is not public yet, so no ballot can be checked."
    if not ballot.proven:
        return "Earns nothing: it does not show the right evaluation, as a vote cast blindly."
    return f"{Amount(ballot.earned)} NRN are due once the block's reward is minted and redeemed."


def _payment(block: BlockFacts) -> str:
    trainer = block.reward - block.pooled
    if not block.reward:
        return "It earns nothing: no stake counted in its epoch, or the epoch's budget was used up."
    sum_ = f"{Amount(trainer)} NRN for the trainer, {Amount(block.pooled)} for the keepers"
    return f"Paid: {sum_}." if block.paid else f"Not redeemed yet: {sum_}."


def _fate(block: BlockFacts, claim: CandidateFacts) -> str:
    if block.status is Status.UNSETTLED:
        return f"Waits for the outcome with {Amount(claim.votes)} NRN behind it."
    if block.winner is None:
        ended = "was rejected" if block.status is Status.REJECTED else "had no quorum"
        return f"Not paid: its block {ended}."
    if claim == block.winner:
        return "Won."
    if 2 * claim.votes <= block.cast:
        behind = f"{Amount(claim.votes)} of {Amount(block.cast)} NRN cast"
        return f"Not paid: not approved by more than half of the votes, but by {behind}."
    if claim.loss > block.winner.loss:
        return f"Not paid: the winner's loss, {Loss(block.winner.loss)}, is lower."
    return "Not paid: the winner was committed earlier."


def _bond(block: BlockFacts, claim: CandidateFacts) -> str:
    if claim.bond is Bond.DUE:
        return claim.bond.value
    if claim.bond is Bond.OPEN:
        return f"is {claim.bond.value}, or until {Moment(block.lapses_at)}"
    if claim.bond not in (Bond.BURNED, Bond.FORFEIT):
        return "is " + claim.bond.value
    because = "more than half of the votes cast, and a quorum of the stake, did not approve it"
    if block.winner is not None:
        because += ", and it ranks before the winner"
    return f"{'was burned' if claim.bond is Bond.BURNED else claim.bond.value}, because {because}"


def _approving(block: BlockFacts) -> str:
    return f"{_percent(block.votes, block.power)} of the stake"


def _turnout(block: BlockFacts) -> str:
    return f"{_percent(block.cast, block.power)} of the stake"


def _short(block: BlockFacts) -> str:
    if not block.power:
        return "no stake counted in this epoch"
    lead, need = _percent(block.votes, block.power), _percent(block.quorum, block.power)
    if not block.cast:
        return f"nobody voted, and {need} of the stake is needed"
    if 2 * block.votes <= block.cast:
        return f"{_NOBODY}, and {_turnout(block)} voted where {need} is needed"
    if block.votes >= block.quorum:
        return f"the best claim approved by most is short of the {need} of the stake that it needs"
    return f"what led had {lead} of the {need} of the stake that it needs"


def _percent(part: int, whole: int) -> str:
    """To a hundredth of a percent, rounded down, so that less than a quorum never looks like it."""
    if not whole:
        return "0 %"
    hundredths = part * BPS // whole
    return f"{hundredths // 100}.{hundredths % 100:02d} %"
