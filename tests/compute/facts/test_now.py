"""Where a group, an account and a training set stand."""

from compute.chain import Phase
from compute.chain.claims import ballot
from compute.chain.voting import CHALLENGE_SECONDS
from compute.facts import account_facts, candidate_facts, group_facts, lineage_facts
from compute.storage import FolderStore
from tests.compute.chain.test_sender import claim_by, commit, go_to, play_block, reveal
from tests.integration.devnet import ETHER, NRN, Devnet


def test_a_group_before_during_and_after_a_block(devnet: Devnet, tmp_path) -> None:
    group = devnet.chain().group(1)
    before = group_facts(group, FolderStore(tmp_path))
    assert (before.incumbent.height, before.incumbent.known, before.revealed) == (0, False, False)
    assert before.stake == 300 * NRN and before.held_out is before.leader is None
    assert before.block.start <= before.now < before.block.end
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "tara")
    commit(devnet, group, "tara", claim)
    go_to(devnet, group, Phase.REVEAL)
    reveal(devnet, group, "tara", claim)
    go_to(devnet, group, Phase.VOTE)
    for name in ("alice", "bob"):
        devnet.sender(name).vote(group, ballot({claim.checkpoint_hash: b"\1" * 32}))
    during = group_facts(group)
    assert (during.revealed, during.leader) == (True, claim.checkpoint_hash)
    assert during.phase is Phase.VOTE and during.leader_votes == 200 * NRN
    (candidate,) = candidate_facts(group, claim.block_index)
    assert (candidate.trainer, candidate.votes) == (claim.trainer, 200 * NRN)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    after = group_facts(group)
    assert (after.revealed, after.incumbent.loss, after.incumbent.height) == (False, claim.loss, 1)


def test_an_account_and_its_rewards(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    tara, alice = (devnet.accounts[name].address for name in ("tara", "alice"))
    young = account_facts(group.chain, alice, [group])
    assert (young.stakes[0].stake, young.stakes[0].power) == (100 * NRN, 0)  # from the next epoch
    assert young.nrn == 900 * NRN and 98 * ETHER < young.ether < 99 * ETHER
    claim = play_block(devnet, group)
    assert account_facts(group.chain, alice, [group]).stakes[0].power == 100 * NRN
    devnet.sender("alice").settle(group)
    reward = group.chain.coinbase.block_reward(1, group.slot(claim.block_index).start)
    held = group.voting.candidate(claim.checkpoint_hash)
    assert held is not None
    claimed = held.bond
    devnet.warp(group.slot(claim.block_index).end + CHALLENGE_SECONDS)  # bonds return then
    (stake,) = account_facts(group.chain, tara, [group]).stakes
    assert stake.rewards == reward - reward // 5 + claimed and stake.stake == 0


def test_every_version_with_who_made_it(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    (genesis,) = lineage_facts(group)
    assert genesis.delta_hash == group.config.genesis_tip and genesis.proposer is None
    if group.deltas.finalizable():
        devnet.sender("alice").finalize(group)
    devnet.next_epoch()
    delta = b"\x11" * 32
    devnet.sender("tom").propose(group, genesis.delta_hash, delta)
    devnet.warp(group.chain.now() + group.deltas.period().review)
    for name in ("alice", "bob"):
        devnet.sender(name).vote_delta(group, 1)
    devnet.warp(group.deltas.period().end)
    rolled, _ = lineage_facts(group)
    assert (rolled.version, rolled.delta_hash) == (1, delta) and rolled.votes is None
    devnet.sender("carol").finalize(group)
    written, _ = lineage_facts(group)
    assert (written.proposal, written.votes, written.paid) == (1, 200 * NRN, False)
    assert written.proposer == devnet.accounts["tom"].address
    reward = written.reward
    assert devnet.sender("carol").redeem_delta(group, 1).event("DeltaCoinbase")["reward"] == reward
    paid, _ = lineage_facts(devnet.chain().group(1))
    assert paid.paid and paid.reward == reward
