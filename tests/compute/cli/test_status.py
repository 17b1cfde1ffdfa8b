"""`nrn status` through a block, and the advice it gives."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from compute.chain import Phase
from compute.chain.claims import attestation, ballot
from compute.chain.voting import CHALLENGE_SECONDS
from compute.checkpoint import HeldOut
from compute.checkpoint.manifest import Manifest
from compute.cli.status import next_step
from compute.storage import FolderStore
from tests.compute.chain.test_sender import ROOT, claim_by, commit, go_to, play_block, reveal
from tests.compute.cli.conftest import Result
from tests.integration.devnet import NRN, Devnet

Nrn = Callable[..., Result]


def test_every_phase_of_a_block(nrn: Nrn, devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "tara")
    commit(devnet, group, "tara", claim)
    (seen,) = nrn("status", "--json").json["groups"]
    assert (seen["block"], seen["phase"]) == (claim.block_index, "commit")
    assert 0 < seen["phase_ends_in"] <= 4 * 3_600 and not seen["revealed"]
    assert (
        "training and committing" in nrn("status").out and "not measured yet" in nrn("status").out
    )

    go_to(devnet, group, Phase.REVEAL)
    reveal(devnet, group, "tara", claim)
    go_to(devnet, group, Phase.VOTE)
    assert "nobody yet with 0 of 0 NRN cast" in nrn("status").out
    address = devnet.accounts["alice"].address
    devnet.sender("alice").vote(group, ballot({claim.checkpoint_hash: attestation(ROOT, address)}))
    devnet.sender("bob").vote(group, ballot({claim.checkpoint_hash: attestation(ROOT, address)}))
    (seen,) = nrn("status", "--json").json["groups"]
    assert seen["leader"] == "0x" + claim.checkpoint_hash.hex()
    assert seen["leader_votes"] == str(200 * NRN) and seen["phase"] == "vote"

    go_to(devnet, group, Phase.COMMIT, blocks=1)
    (seen,) = nrn("status", "--json").json["groups"]
    assert (seen["height"], seen["loss"]) == (1, claim.loss)
    assert "5.000000 nats" in nrn("status").out


def test_what_a_trainer_says_of_held_out_examples_is_shown(
    nrn: Nrn, devnet: Devnet, tmp_path: Path
) -> None:
    said = Manifest(bytes(32), bytes(32), (), held_out=HeldOut(12, 3 << 31, bytes(32)))
    group = devnet.chain().group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    digest = said.put(FolderStore(tmp_path / "store"))
    claim = replace(claim_by(devnet, group, "tara"), checkpoint_hash=digest)
    commit(devnet, group, "tara", claim)
    go_to(devnet, group, Phase.REVEAL)
    reveal(devnet, group, "tara", claim)
    go_to(devnet, group, Phase.VOTE)
    for name in ("alice", "bob"):
        proof = attestation(ROOT, devnet.accounts[name].address)
        devnet.sender(name).vote(group, ballot({claim.checkpoint_hash: proof}))
    (seen,) = nrn("status", "--json").json["groups"]
    assert seen["held_out"] is None
    assert (seen["leader_held_out"]["loss"], seen["leader_held_out"]["examples"]) == (3 << 31, 12)
    assert "1.500000 nats on 12 held-out examples" in nrn("status").out


def test_the_winner_sees_and_collects_its_reward(nrn: Nrn, devnet: Devnet) -> None:
    chain = devnet.chain()
    group = chain.group(1)
    claim = play_block(devnet, group)
    devnet.sender("alice").settle(group)
    devnet.warp(group.slot(claim.block_index).end + CHALLENGE_SECONDS)  # bonds return then
    reward = chain.coinbase.block_reward(1, group.slot(claim.block_index).start)
    own = reward - reward // 5
    seen = nrn("status", 1, "--json", account="tara").json
    assert seen["account"]["address"] == claim.trainer
    assert seen["groups"][0]["pending_rewards"] == str(own + group.config.bond)
    assert seen["groups"][0]["next"].startswith("nrn redeem 1")
    collected = nrn("redeem", 1, "--json", account="tara").json
    assert collected["received"] == str(own + group.config.bond)
    assert {entry["for"] for entry in collected["collected"]} == {"block", "bond"}

    # the keepers' share needs an open root
    assert nrn("redeem", 1, "--json", account="alice").json["collected"] == []
    devnet.sender("bob").open_root(group, claim.block_index, ROOT)
    paid = nrn("redeem", 1, "--json", account="alice").json
    assert paid["received"] == str(reward // 5 // 2) and paid["collected"][0]["for"] == "keeper"


def test_a_losers_bond_comes_back(nrn: Nrn, devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    claim = claim_by(devnet, group, "tom")
    commit(devnet, group, "tom", claim)
    go_to(devnet, group, Phase.REVEAL)
    reveal(devnet, group, "tom", claim)
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    assert nrn("redeem", 1, account="tom").out.strip() == "Nothing to collect."
    (waiting,) = nrn("group", "show", 1, "--json").json["open_claims"]  # for nobody voted
    assert (waiting["rank"], waiting["bond"]) == (1, str(group.config.bond))
    devnet.warp(waiting["bond_returns"])
    collected = nrn("redeem", 1, "--json", account="tom").json
    assert collected["received"] == str(group.config.bond)
    assert nrn("group", "show", 1, "--json").json["open_claims"] == []
    assert nrn("redeem", 1, account="tom").out.strip() == "Nothing to collect."


def test_a_chain_without_groups(nrn: Nrn, devnet: Devnet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("compute.chain.chain.Chain.groups", lambda self: [])
    assert "nrn group create" in nrn("status").out
    assert "Found one" in nrn("group", "list").out


FACTS: dict[str, Any] = {
    "group": 7, "pending_rewards": None, "stake": 5, "my_stake": None, "my_vote": None,
    "proposals": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({}, "--account NAME"),
        ({"stake": 0}, "nobody has"),
        ({"my_stake": 0, "pending_rewards": 0}, "nrn train 7"),
        ({"my_stake": 5, "my_vote": 0}, "next epoch"),
        ({"my_stake": 5, "my_vote": 5, "proposals": 2}, "nrn delta proposals 7"),
        ({"my_stake": 5, "my_vote": 5}, "nrn keep 7"),
        ({"my_stake": 5, "my_vote": 5, "pending_rewards": 1}, "nrn redeem 7"),
    ],
)
def test_advice(change: dict[str, Any], advice: str) -> None:
    assert advice in next_step(FACTS | change)
