"""Every transaction of the protocol, once, on a real chain."""

import dataclasses
from hashlib import sha256

import pytest
from eth_utils import keccak

from compute.chain import (
    GroupConfig,
    InvalidArgument,
    NoSuchProposal,
    NoSuchVersion,
    Phase,
    Reverted,
    Status,
)  # fmt: skip
from compute.chain.claims import (
    Claim,
    attestation,
    ballot,
    commitment,
    eval_root_hash,
)
from compute.chain.group import Group
from compute.chain.voting import CHALLENGE_SECONDS
from compute.units import EPOCH
from tests.integration.devnet import CONFIG, DAY, ETHER, NRN, Devnet

SALT = sha256(b"salt").digest()
ROOT = sha256(b"losses and what they are of").digest()


def h(text: str) -> bytes:
    return sha256(text.encode()).digest()


def go_to(devnet: Devnet, group: Group, phase: Phase, *, blocks: int = 0) -> None:
    """Warp to just after the start of a phase of the block `blocks` after the current one."""
    slot = group.slot(group.voting.current().block_index + blocks)
    devnet.warp((slot.start, slot.reveal_at, slot.vote_at)[phase] + 1)


def claim_by(devnet: Devnet, group: Group, name: str, *, loss: int = 5 << 32, **changes) -> Claim:
    now = group.voting.current()
    baseline = now.baseline_loss if now.baseline_known else 10 << 32
    claim = Claim(
        devnet.accounts[name].address, now.block_index, group.model_hash, now.tip,
        h(f"checkpoint of {name} in {now.block_index}"), loss, baseline, eval_root_hash(ROOT),
    )  # fmt: skip
    return dataclasses.replace(claim, **changes)


def commit(devnet: Devnet, group: Group, name: str, claim: Claim):
    value = commitment(claim.digest(group.domain), SALT)
    return devnet.sender(name).commit(group, value)


def reveal(devnet: Devnet, group: Group, name: str, claim: Claim):
    signature = claim.sign(group.domain, devnet.accounts[name])
    return devnet.sender(name).reveal(group, claim, SALT, signature)


def play_block(devnet: Devnet, group: Group, *, loss: int = 5 << 32) -> Claim:
    """A whole block: tara claims, the keepers agree. Ends in the next block, unsettled."""
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "tara", loss=loss)
    commit(devnet, group, "tara", claim)
    go_to(devnet, group, Phase.REVEAL)
    reveal(devnet, group, "tara", claim)
    go_to(devnet, group, Phase.VOTE)
    for name in ("alice", "bob"):
        address = devnet.accounts[name].address
        devnet.sender(name).vote(group, ballot({claim.checkpoint_hash: attestation(ROOT, address)}))
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    return claim


def test_a_block_from_commitment_to_keeper_pay(devnet: Devnet) -> None:
    chain = devnet.chain()
    group = chain.group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "tara")
    n = claim.block_index

    receipt = commit(devnet, group, "tara", claim)
    value = commitment(claim.digest(group.domain), SALT)
    assert receipt.event("Committed").arguments == {"block_index": n, "commitment": value, "seq": 1}
    assert group.voting.commitment(value) == group.voting.commitment(value, final=True) == 1
    assert group.voting.commitment(h("other")) is None

    go_to(devnet, group, Phase.REVEAL)
    assert reveal(devnet, group, "tara", claim).event("Revealed")["loss"] == claim.loss
    assert group.voting.is_used(claim.checkpoint_hash) and not group.voting.is_used(h("other"))
    stored = group.voting.candidate(claim.checkpoint_hash)
    assert (
        stored is not None
        and stored.bond == NRN
        and stored.payer == stored.trainer == claim.trainer
    )
    assert (stored.loss, stored.seq, stored.block_index) == (claim.loss, 1, n)
    (revealed,) = group.voting.candidates(n)
    assert (revealed.checkpoint_hash, revealed.loss, revealed.baseline_loss) == (
        claim.checkpoint_hash, claim.loss, claim.baseline_loss,
    )  # fmt: skip
    assert revealed.eval_root_hash == eval_root_hash(ROOT)

    go_to(devnet, group, Phase.VOTE)
    alice = devnet.accounts["alice"].address
    assert group.voting.ballot(n, alice) is None
    proof = attestation(ROOT, alice)
    cast = ballot({claim.checkpoint_hash: proof})
    voted = devnet.sender("alice").vote(group, cast)
    assert voted.event("Voted")["power"] == 100 * NRN
    assert group.voting.ballot(n, alice) == keccak(cast)
    assert group.voting.ballots_cast(alice) == group.voting.ballots_cast(alice, n) == {n: cast}
    bob = attestation(ROOT, devnet.accounts["bob"].address)
    devnet.sender("bob").vote(group, ballot({claim.checkpoint_hash: bob}))
    devnet.sender("carol").vote(group, b"")
    assert group.voting.votes(claim.checkpoint_hash) == 200 * NRN
    leading = group.voting.open_block()
    assert leading is not None and leading.leader == claim.checkpoint_hash and not leading.settled
    assert group.voting.settleable() is None and group.voting.outcome(n).status is Status.UNSETTLED

    go_to(devnet, group, Phase.COMMIT, blocks=1)
    rolled = group.voting.incumbent()  # the view already knows what settle will write
    assert group.voting.settleable() == n and group.voting.outcome(n).status is Status.UNSETTLED
    assert (rolled.checkpoint_hash, rolled.height, rolled.loss, rolled.known) == (
        claim.checkpoint_hash, 1, claim.loss, True,
    )  # fmt: skip
    assert (
        group.voting.current().baseline_known and group.voting.current().baseline_loss == claim.loss
    )
    assert devnet.sender("mallory").settle(group).event("BlockAccepted")["height"] == 1
    assert group.voting.incumbent() == rolled and group.voting.settleable() is None
    assert group.voting.accepted(1) == claim.checkpoint_hash and group.voting.accepted(2) is None
    outcome = group.voting.outcome(n)
    assert (outcome.status, outcome.loss, outcome.height, outcome.redeemed) == (
        Status.ACCEPTED, claim.loss, 1, False,
    )  # fmt: skip

    before = chain.neuron.balance_of(claim.trainer)
    reward = chain.coinbase.block_reward(1, group.slot(n).start)
    assert reward == chain.sale.issued() // 100_000
    devnet.sender("mallory").redeem(group, n)
    pool = reward * group.config.keeper_bps // 10_000
    assert chain.neuron.balance_of(claim.trainer) - before == reward - pool
    assert group.voting.outcome(n).redeemed and chain.coinbase.minted() == reward

    devnet.warp(group.slot(n).end + CHALLENGE_SECONDS)
    devnet.sender("tara").release_bond(group, claim.checkpoint_hash)
    stored = group.voting.candidate(claim.checkpoint_hash)
    assert stored is not None and not stored.bond
    assert group.voting.eval_root(n) is None
    devnet.sender("alice").open_root(group, n, ROOT)
    assert group.voting.eval_root(n) == ROOT
    paid = devnet.sender("alice").claim_keeper(group, n, cast)
    assert paid.event("KeeperPaid")["amount"] == pool // 2
    with pytest.raises(Reverted, match="cv: attestation"):
        devnet.sender("carol").claim_keeper(group, n, b"")

    (block,) = group.history.accepted_blocks()
    assert (block.height, block.block_index, block.trainer) == (1, n, claim.trainer)
    assert (block.version, block.tip, block.baseline_loss) == (0, claim.tip, claim.baseline_loss)


def test_an_earlier_commitment_displaces_and_the_bond_becomes_credit(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    first = claim_by(devnet, group, "tara", checkpoint_hash=h("one"))
    second = claim_by(devnet, group, "tom", checkpoint_hash=h("one"))
    commit(devnet, group, "tara", first)
    commit(devnet, group, "tom", second)
    go_to(devnet, group, Phase.REVEAL)
    reveal(devnet, group, "tom", second)
    receipt = reveal(devnet, group, "tara", first)
    tom = devnet.accounts["tom"].address
    assert receipt.event("Displaced")["trainer"] == tom
    assert [claim.trainer for claim in group.voting.candidates(first.block_index)] == [
        first.trainer
    ]
    assert group.voting.credit(tom) == group.config.bond
    devnet.sender("tom").withdraw_credit(group)
    assert group.voting.credit(tom) == 0


def test_candidates_come_in_order_of_claim(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claims = {name: claim_by(devnet, group, name, loss=loss)
              for name, loss in (("tara", 7), ("tom", 3), ("mallory", 3))}  # fmt: skip
    for name in ("tara", "mallory", "tom"):
        commit(devnet, group, name, claims[name])
    go_to(devnet, group, Phase.REVEAL)
    for name in ("tom", "tara", "mallory"):
        reveal(devnet, group, name, claims[name])
    ranked = [claim.trainer for claim in group.voting.candidates(claims["tara"].block_index)]
    assert ranked == [devnet.accounts[name].address for name in ("mallory", "tom", "tara")]


def test_none_valid_rejects_and_burns(devnet: Devnet) -> None:
    chain = devnet.chain()
    group = chain.group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "mallory", loss=0)
    commit(devnet, group, "mallory", claim)
    go_to(devnet, group, Phase.REVEAL)
    reveal(devnet, group, "mallory", claim)
    go_to(devnet, group, Phase.VOTE)
    devnet.sender("alice").set_operator(devnet.accounts["tom"].address)
    assert (
        chain.vault.operator_of(devnet.accounts["alice"].address) == devnet.accounts["tom"].address
    )
    devnet.sender("tom").vote(group, b"", staker=devnet.accounts["alice"].address)
    devnet.sender("bob").vote(group, b"")
    leading = group.voting.open_block()
    assert leading is not None and leading.leader is None and leading.cast == 200 * NRN
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    assert group.voting.incumbent().height == 0
    devnet.sender("alice").settle(group)
    assert group.voting.outcome(claim.block_index).status is Status.REJECTED
    supply = chain.neuron.total_supply()
    devnet.warp(group.slot(claim.block_index).end + CHALLENGE_SECONDS)
    receipt = devnet.sender("alice").release_bond(group, claim.checkpoint_hash)
    assert receipt.event("BondReleased")["burned"]
    assert chain.neuron.total_supply() == supply - group.config.bond


def test_a_delta_from_proposal_to_reward(devnet: Devnet) -> None:
    chain = devnet.chain()
    group = chain.group(1)
    if group.deltas.finalizable():
        devnet.sender("alice").finalize(group)
    devnet.next_epoch()
    genesis = group.config.genesis_tip
    proposed = devnet.sender("tom").propose(group, genesis, h("more data"))
    number = proposed.event("Proposed")["proposal_id"]
    other = devnet.sender("mallory").propose(group, genesis, h("garbage")).event("Proposed")
    rebased = devnet.sender("mallory").propose(group, genesis, h("again"), other["proposal_id"])
    assert rebased.event("Proposed")["rebased_from"] == other["proposal_id"]
    with pytest.raises(Reverted, match="dr: in review"):
        devnet.sender("alice").vote_delta(group, number)
    devnet.warp(chain.now() + group.deltas.period().review)
    devnet.sender("alice").vote_delta(group, number)
    devnet.sender("bob").vote_delta(group, 0)
    leader = group.deltas.leader()
    assert leader is not None and leader.votes == 100 * NRN and leader.proposal_id == 0
    devnet.sender("carol").vote_delta(group, number)
    leader = group.deltas.leader()
    assert leader is not None and (leader.proposal_id, leader.votes) == (number, 200 * NRN)
    mine = group.deltas.proposals()[number - 1]
    assert (mine.id, mine.votes, mine.delta_hash) == (number, 200 * NRN, h("more data"))
    assert mine == group.deltas.proposal(number)
    devnet.sender("alice").vote_period_length(group, 14 * DAY)
    devnet.sender("bob").vote_period_length(group, 14 * DAY)
    assert group.deltas.period().next_length == 14 * DAY

    running = group.deltas.period()
    devnet.warp(running.end)
    version, tip = group.deltas.tip_at(chain.now())  # rolled: nobody has finalised yet
    assert version == 1 and group.deltas.finalizable() and group.deltas.leader() is None
    assert group.deltas.period().start == running.end and group.deltas.period().length == 14 * DAY
    assert group.deltas.proposals() == [] and group.deltas.due(1) is None
    before = group.deltas.lineage(1)
    assert devnet.sender("bob").finalize(group).event("DeltaAppended")["tip"] == tip
    assert group.deltas.period().start == running.end and not group.deltas.finalizable()
    assert group.deltas.lineage(1) == before
    origin, (record,) = group.deltas.lineage(1)
    assert origin == genesis and record.version == 1
    assert (record.delta_hash, record.parent_tip) == (h("more data"), genesis)
    assert record.proposer == devnet.accounts["tom"].address
    assert group.deltas.lineage(0) == (genesis, [])
    with pytest.raises(NoSuchVersion, match="is at version 1, not 2"):
        group.deltas.lineage(2)
    with pytest.raises(NoSuchProposal, match="no proposal 9"):
        group.deltas.proposal(9)

    due = group.deltas.due(1)
    assert due is not None and due.proposer == record.proposer
    wallet = chain.neuron.balance_of(record.proposer)
    (reward,) = chain.coinbase.delta_rewards(1, [(due.period_start, due.credit)])
    assert reward == chain.sale.issued() // 1_000_000
    devnet.sender("mallory").redeem_delta(group, 1)
    assert chain.neuron.balance_of(record.proposer) - wallet == reward
    assert group.deltas.due(1) is None and group.deltas.lineage(1) == before


def test_a_fork_inherits_and_stake_follows(devnet: Devnet) -> None:
    chain = devnet.chain()
    parent = chain.group(1)
    claim = play_block(devnet, parent)
    devnet.sender("alice").settle(parent)
    terms = dataclasses.replace(CONFIG, model_hash=h("wider"), genesis_tip=bytes(32))
    receipt = devnet.sender("bob").fork_group(1, 1, 0, terms)
    child = chain.group(receipt.event("GroupCreated")["group_id"])
    assert (child.id, child.parent_id, child.base_version) == (2, 1, 0)
    assert child.model_hash == h("wider") and child.voting.accepted(0) == claim.checkpoint_hash
    assert child.deltas.lineage(0) == parent.deltas.lineage(0)
    assert [group.id for group in chain.groups()] == [1, 2]
    assert not child.voting.incumbent().known

    devnet.sender("alice").migrate(1, 2, 60 * NRN)
    alice, now = devnet.accounts["alice"].address, chain.epoch()
    assert (chain.vault.stake_of(1, alice), chain.vault.stake_of(2, alice)) == (40 * NRN, 60 * NRN)
    assert (
        chain.vault.power_at(2, alice, now) == 0
        and chain.vault.power_at(1, alice, now) == 100 * NRN
    )
    assert chain.vault.total_stake() == 300 * NRN and chain.vault.group_stake(2) == 60 * NRN
    devnet.next_epoch()
    assert chain.vault.group_power_at(2, now + 1) == 60 * NRN
    assert chain.vault.total_power_at(now + 1) == 300 * NRN
    with pytest.raises(Reverted, match="vault: future epoch"):
        chain.vault.group_power_at(2, now + 2)


def test_stake_exits_and_comes_back(devnet: Devnet) -> None:
    chain = devnet.chain()
    carol = devnet.sender("carol")
    wallet = chain.neuron.balance_of(carol.address)
    release = carol.request_exit(1, 30 * NRN).event("ExitRequested")["release_epoch"]
    assert release == chain.epoch() + 3
    assert chain.vault.exit_amount(carol.address, release) == 30 * NRN
    with pytest.raises(Reverted, match="vault: locked"):
        carol.withdraw(release)
    devnet.warp(release * EPOCH)
    assert carol.withdraw(release).event("Withdrawn")["amount"] == 30 * NRN
    assert chain.neuron.balance_of(carol.address) == wallet + 30 * NRN


def test_values_that_no_function_takes(devnet: Devnet) -> None:
    alice = devnet.sender("alice")
    with pytest.raises(InvalidArgument, match="is not an address"):
        alice.set_operator("0x1234")
    with pytest.raises(InvalidArgument, match=r"StakeVault\.withdraw"):
        alice.withdraw(2**256)
    with pytest.raises(InvalidArgument, match=r"CheckpointVoting\.commit"):
        alice.commit(devnet.chain().group(1), b"short")
    with pytest.raises(InvalidArgument, match=r"DeltaRegistry\.proposal"):
        devnet.chain().group(1).deltas.proposal(2**256)
    operator = devnet.accounts["tom"].address
    alice.set_operator(operator.lower())  # as wallets print it
    assert devnet.chain().vault.operator_of(alice.address) == operator


def test_tokens_move(devnet: Devnet) -> None:
    chain = devnet.chain()
    tara, tom = devnet.sender("tara"), devnet.accounts["tom"].address
    before = chain.neuron.balance_of(tom)
    tara.transfer(tom, 5)
    tara.approve(tom, 7)
    assert chain.neuron.balance_of(tom) == before + 5
    assert chain.neuron.allowance(tara.address, tom) == 7


def test_the_sale_is_over_and_its_proceeds_vest(devnet: Devnet) -> None:
    chain = devnet.chain()
    with pytest.raises(Reverted) as refused:
        devnet.sender("tara").buy(ETHER)
    assert refused.value.reason == "sale: ended"
    assert chain.sale.raised() == 6 * ETHER and chain.sale.issued() == 6_000 * NRN
    released = devnet.sender("mallory").release().event("ProceedsReleased")
    assert released["amount"] == 6 * ETHER


def test_a_group_is_what_its_creator_said(devnet: Devnet) -> None:
    terms = GroupConfig(
        h("m"), h("c"), h("d"), 7200, 3600, 10800, 5000, 3000, 2 * DAY, 3 * NRN, 9, 99, 0
    )
    group = devnet.create_group(terms)
    assert group.config == terms and group.parent_id == 0
    assert group.deltas.period().length == 2 * DAY
    assert group.slot(3).end - group.slot(3).start == 21_600
    with pytest.raises(Reverted, match="gr: bond"):
        devnet.create_group(dataclasses.replace(terms, bond=devnet.chain().registry.min_bond() - 1))
