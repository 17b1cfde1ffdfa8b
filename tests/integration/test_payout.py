"""A hot key trains, a contract is paid, and who steals the key gets no reward."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from compute.chain import InvalidArgument, Reverted, Status
from compute.chain.claims import Claim
from compute.dispute.state import Phase
from compute.facts.disputes import disputes
from compute.node.disputing import Disputes, Duties
from compute.roles.trainer import Trainer
from compute.roles.watcher import Watcher
from tests.integration.devnet import ROOT
from tests.integration.stage import OPTIONS, Stage
from tests.integration.test_disputed import Lying, published


def payout(stage: Stage, owner: str, signer: str) -> Any:
    """The contract of the example, deployed."""
    vyper = Path(sys.executable).with_name("vyper")
    source = ROOT / "examples" / "payout" / "Payout.vy"
    told = subprocess.run(
        [vyper, "-f", "abi,bytecode", source], check=True, capture_output=True, text=True
    )
    abi, bytecode = told.stdout.split("\n")[:2]
    web3 = stage.net.web3
    factory = web3.eth.contract(abi=json.loads(abi), bytecode=bytecode)
    people = [stage.net.accounts[name].address for name in (owner, signer)]
    sent = factory.constructor(*people).transact({"from": web3.eth.accounts[0]})
    address = web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
    return web3.eth.contract(address, abi=json.loads(abi))


@pytest.fixture
def contract(stage: Stage) -> Any:
    """Bob owns it, tara's key is hot."""
    return payout(stage, "bob", "tara")


def a_trainer(stage: Stage, pay_to: str, name: str = "tara") -> Trainer:
    return Trainer(stage.seat("trainer", name), OPTIONS, pay_to=pay_to)


def test_the_reward_goes_to_the_contract_and_on_to_its_owner(stage: Stage, contract: Any) -> None:
    """commit | tara's key is stolen | reveal | vote | redeem; the bond is tara's; bob sweeps"""
    group, neuron, block = stage.group, stage.chain.neuron, stage.block
    tara, bob = (stage.net.accounts[name].address for name in ("tara", "bob"))
    before = neuron.balance_of(tara)
    trainer = a_trainer(stage, contract.address)
    stage.step(trainer)
    [entry] = trainer._claimant._journal
    stage.net.warp(block.reveal_at)

    claim = Claim(tara, block.index, group.model_hash, entry.tip, entry.checkpoint_hash,
                  entry.loss, entry.baseline_loss, bytes(32))  # fmt: skip
    signature = claim.sign(group.domain, stage.net.accounts["tara"])
    with pytest.raises(Reverted, match="no commitment"):
        stage.net.sender("tara").reveal(group, claim, entry.salt, signature)

    stage.hush()
    trainer = a_trainer(stage, contract.address)  # it was killed, and goes on
    stage.step(trainer)
    [revealed] = stage.happened("Revealed")
    assert revealed["trainer"] == contract.address
    stored = group.voting.candidate(entry.checkpoint_hash)
    assert stored is not None and stored.payer == tara
    stage.net.warp(block.vote_at)
    stage.step(stage.keeper())
    stage.net.warp(block.end)
    stage.step(trainer)
    outcome = group.voting.outcome(block.index)
    assert (outcome.status, outcome.redeemed) == (Status.ACCEPTED, True)
    earned = neuron.balance_of(contract.address)
    reward = stage.chain.coinbase.block_reward(group.id, block.start)
    assert earned == reward - reward * group.config.keeper_bps // 10_000 > 0
    assert neuron.balance_of(tara) == before - stored.bond

    held = neuron.balance_of(bob)
    web3 = stage.net.web3
    sent = contract.functions.sweep(neuron.contract.address).transact(
        {"from": web3.eth.accounts[0]}
    )
    web3.eth.wait_for_transaction_receipt(sent)
    assert neuron.balance_of(bob) - held == earned


def test_nobody_is_paid_who_does_not_take_the_signature(stage: Stage, contract: Any) -> None:
    """an account | a contract of another's key | one whose owner took the key back"""
    bob = stage.net.accounts["bob"]
    with pytest.raises(InvalidArgument, match="does not take the signature"):
        a_trainer(stage, bob.address)
    stage.hush()
    with pytest.raises(InvalidArgument, match="does not take the signature"):
        a_trainer(stage, contract.address, "tom")
    stage.hush()
    call = contract.functions.set_signer("0x" + "00" * 20)
    stage.net.rpc("anvil_impersonateAccount", bob.address)
    stage.net.web3.eth.wait_for_transaction_receipt(call.transact({"from": bob.address}))
    with pytest.raises(InvalidArgument, match="does not take the signature"):
        a_trainer(stage, contract.address)


def test_a_claim_of_the_contract_is_defended_in_a_lane(stage: Stage, contract: Any) -> None:
    """R7, R14: the contract makes no move; the key that signs for it brings the trace."""
    trainer = a_trainer(stage, contract.address)
    stage.step(trainer)
    stage.net.warp(stage.block.reveal_at)
    stage.step(trainer)
    [entry] = trainer._claimant._journal
    truth = published(stage, entry.checkpoint_hash)
    dot = next(n for n, row in enumerate(truth.rows.rows) if row.leaf[3] == 0xC0)
    lie = Lying(truth, 37, dot)
    attack = Disputes(stage.group, stage.net.sender("mallory"), lambda _: lie, Duties())
    stage.net.warp(stage.block.vote_at)
    assert attack.challenge(entry.checkpoint_hash)
    defence = Duties(challenge=False, payee=contract.address)
    watcher = Watcher(stage.seat("watcher", "tara"), defence)

    for _ in range(30):
        stage.step(watcher)
        attack.play(stage.chain.now())
    stage.net.warp(stage.chain.now() + 13 * 3_600)  # the lie has no last move
    stage.step(watcher)
    game, lane = [one.game for one in disputes(stage.group)]
    assert lane.main == game.number and lane.defender == stage.net.accounts["tara"].address
    assert game.phase is Phase.OVER
    assert not stage.group.voting.is_refuted(entry.checkpoint_hash)
    assert stage.happened("Refuted") == []
