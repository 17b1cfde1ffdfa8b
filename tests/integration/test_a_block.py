"""One trainer and its keepers, as processes, through a block on a real chain."""

import signal

from compute.chain import Status
from compute.roles.verifier import verify
from tests.integration.stage import Stage


def test_a_claim_becomes_the_incumbent_and_everyone_is_paid(stage: Stage) -> None:
    """commit | reveal | vote | settle, redeem, open the root, pay the keepers; the bond stays for
    as long as the claim may be challenged"""
    group, neuron = stage.group, stage.chain.neuron
    block = stage.block
    people = {name: stage.net.accounts[name].address for name in ("tara", "alice", "bob")}
    before = {name: neuron.balance_of(address) for name, address in people.items()}
    stage.start("trainer", "tara")
    stage.start("wisdomkeeper", "alice")
    stage.start("wisdomkeeper", "bob")

    stage.run_until(lambda: stage.settled(block.end))

    outcome = group.voting.outcome(block.index)
    assert (outcome.status, outcome.height, outcome.redeemed) == (Status.ACCEPTED, 1, True)
    reward = stage.chain.coinbase.block_reward(group.id, block.start)
    earned = {name: neuron.balance_of(address) - before[name] for name, address in people.items()}
    pool = reward * group.config.keeper_bps // 10_000
    held = group.voting.candidate(group.voting.accepted(1))
    assert held is not None and held.bond > 0
    own = reward - pool - held.bond
    assert earned == {"tara": own, "alice": pool * 80 // 90, "bob": pool * 10 // 90}
    report = verify(group, stage.store)
    assert report.true and str(report) == "1 of 1 blocks verified"
    assert [actor.end(signal.SIGTERM) for actor in stage.actors.values()] == [0, 0, 0]
