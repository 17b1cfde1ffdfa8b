"""Why a block, a claim or a ballot paid or did not, in words: the one place that says so.

The rules are those of the voting contract; the facts say which of them applied.
"""

from compute.chain import Status
from compute.facts.records import BallotFacts, BlockFacts, Bond, CandidateFacts
from compute.units import BPS
from compute.values import Amount, Loss, Moment


def why_block(block: BlockFacts, now: int) -> str:
    """How a block ended and why, at chain time `now`."""
    match block.status:
        case Status.ACCEPTED:
            return f"Accepted: {_turnout(block)} for one claim. {_payment(block)}"
        case Status.REJECTED:
            return f'Rejected: "none valid" won with {_turnout(block)}. Nobody is paid.'
        case Status.NO_QUORUM:
            return f"No quorum: {_short(block)}. Nobody is paid, and bonds return."
    if now < block.end:
        return f"Still running until {Moment(block.end)}: {_turnout(block)} for what leads."
    if block.votes == 0 or block.votes < block.quorum:
        return f"Over, to be settled: no quorum ({_short(block)}), so nobody will be paid."
    return f"Over, to be settled: {_turnout(block)} for what leads. The next reveal settles it."


def why_claim(block: BlockFacts, claim: CandidateFacts) -> str:
    """What became of a claim and of its bond."""
    return f"{_fate(block, claim)} Its bond {_bond(block, claim)}."


def why_ballot(block: BlockFacts, ballot: BallotFacts) -> str:
    """What a ballot earned and why."""
    if ballot.earned and ballot.paid:
        return f"Earned {Amount(ballot.earned)} NRN."
    if block.winner is None:
        settled = block.status is not Status.UNSETTLED
        return "Earns nothing: nobody won." if settled else "The block is not settled yet."
    if ballot.checkpoint_hash != block.winner.checkpoint_hash:
        return "Earns nothing: it was not for the winner."
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
        said = "none valid" if block.status is Status.REJECTED else "no quorum"
        return f'Not paid: the block ended with "{said}".'
    if claim == block.winner:
        return "Won."
    if claim.loss > block.winner.loss:
        return f"Not paid: the winner's loss, {Loss(block.winner.loss)}, is lower."
    if claim.loss == block.winner.loss:
        return "Not paid: the votes went to another claim of the same loss."
    return f"Not paid: judged false, with {Amount(claim.votes)} NRN behind it; a higher loss won."


def _bond(block: BlockFacts, claim: CandidateFacts) -> str:
    if claim.bond not in (Bond.BURNED, Bond.FORFEIT):
        return "is " + claim.bond.value if claim.bond is not Bond.DUE else claim.bond.value
    because = (
        "the keepers found no claim of this block valid"
        if block.winner is None
        else "it claimed to be better than the winner, and the keepers did not find it true"
    )
    return f"{'was burned' if claim.bond is Bond.BURNED else claim.bond.value}, because {because}"


def _turnout(block: BlockFacts) -> str:
    return f"{_percent(block.votes, block.power)} of the stake"


def _short(block: BlockFacts) -> str:
    if not block.power:
        return "no stake counted in this epoch"
    if not block.votes:
        return f"nobody voted, and {_percent(block.quorum, block.power)} of the stake is needed"
    lead, need = _percent(block.votes, block.power), _percent(block.quorum, block.power)
    if block.votes >= block.quorum:
        return f"the leading votes held {lead}"
    return f"what led had {lead} of the {need} of the stake that it needs"


def _percent(part: int, whole: int) -> str:
    """To a hundredth of a percent, rounded down, so that less than a quorum never looks like it."""
    if not whole:
        return "0 %"
    hundredths = part * BPS // whole
    return f"{hundredths // 100}.{hundredths % 100:02d} %"
