"""`nrn sponsor`: tokens behind a group, drawn by who wins its blocks, and taken back."""

from collections.abc import Callable

from compute.chain import Group
from compute.chain.claims import Claim
from compute.chain.sponsors import Token, shares
from compute.chain.voting import CHALLENGE_SECONDS
from compute.units import DAY, EPOCH, ETHER
from tests.compute.chain.test_sender import ROOT, h, play_block
from tests.compute.cli.conftest import Result
from tests.integration.devnet import NRN, Devnet, compiled

Nrn = Callable[..., Result]


def adopt_data(devnet: Devnet, group: Group, proposer: str) -> None:
    """The keepers append what somebody proposes; ends with the period."""
    if group.deltas.finalizable():
        devnet.sender("alice").finalize(group)
    devnet.next_epoch()
    sent = devnet.sender(proposer).propose(group, group.config.genesis_tip, h("more data"))
    devnet.warp(devnet.chain().now() + group.deltas.period().review)
    for name in ("alice", "carol"):
        devnet.sender(name).vote_delta(group, sent.event("Proposed")["proposal_id"])
    devnet.warp(group.deltas.period().end)


def refute(devnet: Devnet, group: Group, claim: Claim) -> None:
    """What the referee does when a game is lost; games have tests of their own."""
    referee = group.chain.deployment.contracts["Referee"]
    devnet.rpc("anvil_impersonateAccount", referee)
    devnet.rpc("anvil_setBalance", referee, hex(ETHER))
    abi = compiled()["CheckpointVoting"]["abi"]
    voting = devnet.web3.eth.contract(group.voting.address, abi=abi).functions
    for call in (
        voting.hold(claim.checkpoint_hash, True),
        voting.refute(claim.checkpoint_hash, referee),
    ):
        devnet.web3.eth.wait_for_transaction_receipt(call.transact({"from": referee}))


def test_a_sponsor_pays_for_a_block_and_takes_back_the_rest(nrn: Nrn, devnet: Devnet) -> None:
    group, neuron = devnet.chain().group(1), devnet.chain().neuron
    sam, tara = (devnet.accounts[name].address for name in ("tom", "tara"))
    before = neuron.balance_of(sam)
    told = nrn("sponsor", 1, 100, "--blocks", 10, "--until", "30d", "--yes", account="tom")
    assert "10 NRN each" in told.err and "Sponsorship 1: 100 NRN" in told.out
    (shown,) = nrn("status", "--json").json["groups"][0]["sponsorships"]
    assert (shown["left"], shown["each_block"], shown["called"]) == ("100", "10", "NRN")
    assert nrn("group", "show", 1, "--json").json["sponsorships"] == [shown]
    assert "100 NRN left" in nrn("status").out

    claim = play_block(devnet, group)
    devnet.sender("bob").settle(group)
    assert shares(group, tara) == []  # nothing leaves while the block may be challenged
    devnet.warp(group.slot(claim.block_index).end + CHALLENGE_SECONDS)  # bonds return then
    reward = group.chain.coinbase.block_reward(1, group.slot(claim.block_index).start)
    held = neuron.balance_of(tara)
    collected = nrn("redeem", 1, "--json", account="tara").json
    assert collected["drawn"] == ["8 NRN"]  # keepers have a fifth
    assert int(collected["received"]) == neuron.balance_of(tara) - held
    assert int(collected["received"]) == reward - reward // 5 + NRN + 8 * NRN
    assert nrn("redeem", 1, account="tara").out.strip() == "Nothing to collect."
    devnet.sender("bob").open_root(group, claim.block_index, ROOT)
    assert nrn("redeem", 1, "--json", account="alice").json["drawn"] == ["1 NRN"]

    refused = nrn("sponsor", "refund", 1, account="bob", code=1)
    assert "sp: running" in refused.err
    devnet.warp(devnet.chain().now() + 30 * DAY + 2 * EPOCH)
    assert "91 NRN went back" in nrn("sponsor", "refund", 1, account="bob").out
    assert neuron.balance_of(sam) == before - 9 * NRN


def test_a_proposer_draws_where_an_earlier_height_was_refuted(nrn: Nrn, devnet: Devnet) -> None:
    """Nobody's heights 1 and 2, the refuted one and the fall-back, shift nobody's share."""
    group, tom = devnet.chain().group(1), devnet.accounts["tom"].address
    adopt_data(devnet, group, "tom")
    nrn("sponsor", 1, 100, "--blocks", 10, "--until", "30d", "--yes", account="mallory")
    false = play_block(devnet, group)
    devnet.sender("bob").settle(group)
    refute(devnet, group, false)
    claim = play_block(devnet, group)
    devnet.sender("bob").settle(group)
    devnet.warp(group.slot(claim.block_index).end + CHALLENGE_SECONDS)
    assert [share.height for share in shares(group, tom)] == [3]
    assert nrn("redeem", 1, "--json", account="tom").json["drawn"]


def test_nothing_is_sent_without_a_yes_or_for_nonsense(nrn: Nrn, devnet: Devnet) -> None:
    before = devnet.chain().neuron.balance_of(devnet.accounts["tom"].address)
    for words in ((1, 5), (1, "1e3", "--yes"), (1, 0, "--yes"), (1, "0." + "1" * 19, "--yes")):
        assert nrn("sponsor", *words, account="tom", code=1).err
    nrn("sponsor", "refund", 7, account="tom", code=1)
    for words, said in (
        ((1, "0." + "0" * 16 + "10", "--blocks", 11), "too little for 11 blocks"),
        ((1, "9" * 30), "NRN only"),
        ((1, 5, "--token", devnet.accounts["bob"].address), "no token at"),
        ((1, 5, "--token", devnet.chain().group(1).voting.address), "no token at"),
    ):
        told = nrn("sponsor", *words, "--yes", account="tom", code=1).err
        assert said in told and "Blocks" not in told
    assert devnet.chain().neuron.balance_of(devnet.accounts["tom"].address) == before


def test_a_token_is_called_by_its_address_first() -> None:
    assert Token("0xA1", "NRN", 18).named == "0xA1 (“NRN”)"
    assert Token("0xA1", "0xA1", 0).named == "0xA1"  # it says nothing
    assert Token("0xA1", "NRN", 18, own=True).named == "NRN"
