"""What became of each block: complete, true to the contract, and cheap to read."""

import contextlib
from typing import Any

import pytest

from compute.chain import ChainError, Group, MalformedAnswer, Phase, Status
from compute.chain.claims import attestation, ballot
from compute.chain.voting import CHALLENGE_SECONDS
from compute.facts import Bond, Timeline, block_facts, trainer_facts, why_claim
from tests.compute.chain.test_hostile_reads import Liar, through
from tests.compute.chain.test_sender import (
    ROOT,
    claim_by,
    commit,
    go_to,
    play_block,
    reveal,
)
from tests.compute.facts.ledger import TRAINERS, LedgerRpc, ledger
from tests.integration.devnet import NRN, Devnet


def played(devnet: Devnet, group: Group, votes: dict[str, bool], **changes: Any) -> bytes:
    """A block in which tom claims; each voter says whether the claim is valid. Settled."""
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "tom", loss=4 << 32, **changes)
    commit(devnet, group, "tom", claim)
    go_to(devnet, group, Phase.REVEAL)
    reveal(devnet, group, "tom", claim)
    go_to(devnet, group, Phase.VOTE)
    for name, valid in votes.items():
        word = attestation(ROOT, devnet.accounts[name].address)
        devnet.sender(name).vote(group, ballot({claim.checkpoint_hash: word} if valid else {}))
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    devnet.sender("alice").settle(group)
    return claim.checkpoint_hash


def test_each_ending_is_told_with_its_votes_and_its_reward(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    assert block_facts(group) == []
    won = play_block(devnet, group)
    devnet.sender("alice").settle(group)
    minted = devnet.sender("tom").redeem(group, won.block_index)
    played(devnet, group, {"alice": False, "bob": False})
    lonely = played(devnet, group, {"alice": True})
    accepted, rejected, short = block_facts(devnet.chain().group(1))

    assert (accepted.status, accepted.height, accepted.paid) == (Status.ACCEPTED, 1, True)
    assert accepted.winner == accepted.candidates[0] and accepted.winner is not None
    assert (accepted.winner.trainer, accepted.winner.loss) == (won.trainer, won.loss)
    assert accepted.winner.votes == accepted.votes == 200 * NRN
    assert accepted.reward == minted.event("BlockCoinbase")["reward"]
    assert accepted.pooled == accepted.reward // 5 == minted.event("BlockCoinbase")["pooled"]
    assert accepted.start == group.slot(won.block_index).start

    assert (rejected.status, rejected.winner, rejected.reward) == (Status.REJECTED, None, 0)
    assert [one.approved for one in rejected.ballots] == [{}, {}]
    assert rejected.cast == 200 * NRN and rejected.votes == rejected.candidates[0].votes == 0

    assert (short.status, short.winner) == (Status.NO_QUORUM, None)
    assert short.votes == 100 * NRN < short.quorum == 300 * NRN * 3_334 // 10_000
    (one,) = short.ballots
    assert one.staker == devnet.accounts["alice"].address
    assert ([*one.approved], one.power) == ([lonely], 100 * NRN)


def test_a_bond_stays_until_the_claim_is_judged(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    timeline = Timeline(group)
    digest = played(devnet, group, {"alice": True})  # no quorum: open
    timeline.refresh(group.head())
    (claim,) = timeline.blocks[0].candidates
    assert (claim.bond, claim.payer) == (Bond.OPEN, devnet.accounts["tom"].address)
    assert claim.posted > 0 and "judges the claim, or until" in why_claim(timeline.blocks[0], claim)
    again = played(devnet, group, {"alice": False, "bob": False}, checkpoint_hash=digest)
    timeline.refresh(group.head())
    first, second = timeline.blocks
    assert again == digest and first.candidates[0].bond is Bond.MOVED
    assert first.candidates[0].posted == 0 and second.candidates[0].bond is Bond.FORFEIT
    assert second.candidates[0].rank == claim.rank and second.candidates[0].posted == claim.posted
    assert timeline.blocks == block_facts(group)
    devnet.warp(second.end + CHALLENGE_SECONDS)
    burned = devnet.sender("alice").release_bond(group, digest).event("BondReleased")["burned"]
    timeline.refresh(group.head())
    assert burned and timeline.blocks[1].candidates[0].bond is Bond.BURNED


def test_a_reward_nobody_redeemed_and_a_block_nobody_settled(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    play_block(devnet, group)
    (block,) = block_facts(group)
    assert (block.status, block.winner, block.paid) == (Status.UNSETTLED, None, False)
    assert block.votes == 200 * NRN and len(block.candidates) == 1
    devnet.sender("alice").settle(group)
    (block,) = block_facts(group)
    assert block.status is Status.ACCEPTED and not block.paid
    assert block.reward == group.chain.coinbase.block_reward(1, block.start) > 0
    (trainer,) = trainer_facts([block])
    assert (trainer.claims, trainer.accepted, trainer.best_loss) == (1, 1, 5 << 32)
    assert trainer.earned == block.reward - block.reward // 5


def test_trainers_are_ranked_by_what_they_earned() -> None:
    group, _ = ledger(5)
    first, second = trainer_facts(block_facts(group))
    assert [first.address.lower(), second.address.lower()] == [TRAINERS[1], TRAINERS[0]]
    assert (first.accepted, first.earned) == (3, 1_200) and second.earned == 800
    assert first.best_loss == (10_000 - 5) << 20


@pytest.mark.parametrize("read", [block_facts, lambda group: group.history.accepted_blocks()])
def test_a_thousand_blocks_cost_few_requests(read: Any) -> None:
    """90,000 blocks of the chain to a thousand of the group: one request of logs, or two."""
    counted = {}
    for count in (1_000, 2_000):
        group, rpc = ledger(count)
        assert len(read(group)) == count
        counted[count] = rpc.asked
    assert counted[2_000] - counted[1_000] <= 45
    assert counted[1_000] <= 45 + 25  # beside them the search for the group's first block


def test_four_blocks_cost_no_more_requests_than_one(devnet: Devnet) -> None:
    asked = []
    for number in range(4):
        play_block(devnet, devnet.chain().group(1), loss=(9 - number) << 32)
        devnet.sender("alice").settle(devnet.chain().group(1))
        group = devnet.chain().group(1)
        asked.append(_requests(group))
    assert max(asked) <= asked[0] + 2, asked  # the chain grows, and the search in it


def _requests(group: Group) -> int:
    (endpoint,) = group.chain.rpc._endpoints
    count, post = 0, endpoint.post

    def counting(message: Any) -> Any:
        nonlocal count
        count += 1
        return post(message)

    endpoint.post = counting  # type: ignore[method-assign]
    block_facts(group)
    return count


def test_a_node_that_hides_or_changes_what_was_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    group, _ = ledger(3)
    assert len(block_facts(group)) == 3
    with monkeypatch.context() as patch:
        patch.setattr(LedgerRpc, "baseline", lambda self: (0, 0, 4, True))
        with pytest.raises(MalformedAnswer, match="hides some of 4"):
            block_facts(group)
    with monkeypatch.context() as patch:
        patch.setattr(LedgerRpc, "outcome", lambda self, index: (1, 7, index, True, 1))
        with pytest.raises(MalformedAnswer, match="claim accepted in block 1"):
            block_facts(group)
    values = LedgerRpc._values
    with monkeypatch.context() as patch:
        patch.setattr(
            LedgerRpc, "_values", lambda self, index: values(self, index) | {"block_index": 99}
        )
        with pytest.raises(MalformedAnswer, match="still to come"):
            block_facts(group)


def test_reads_of_a_liar_end(devnet: Devnet) -> None:
    honest = devnet.chain()
    for seed in range(40):
        liar = Liar.of(seed, honest)
        with contextlib.suppress(ChainError):
            block_facts(through(liar.rpc(), honest))
        assert liar.asked
