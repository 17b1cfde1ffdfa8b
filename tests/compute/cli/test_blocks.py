"""`nrn group blocks` and `nrn group trainers`: what became of each block."""

from collections.abc import Callable

from tests.compute.chain.test_sender import play_block
from tests.compute.cli.conftest import Result
from tests.integration.devnet import NRN, Devnet

Nrn = Callable[..., Result]


def test_blocks_and_trainers(nrn: Nrn, devnet: Devnet) -> None:
    assert nrn("group", "blocks", 1, "--json").json == []
    assert "no claim yet" in nrn("group", "blocks", 1).out
    assert "nobody has made a claim" in nrn("group", "trainers", 1).out
    group = devnet.chain().group(1)
    first = play_block(devnet, group)
    devnet.sender("alice").settle(group)
    second = play_block(devnet, group, loss=3 << 32)
    newest, oldest = nrn("group", "blocks", 1, "--json").json
    assert (newest["block"], newest["status"]) == (second.block_index, "unsettled")
    assert (newest["winner"], newest["height"], newest["reward"]) == (None, None, "0")
    assert (oldest["status"], oldest["height"], oldest["paid"]) == ("accepted", 1, False)
    assert oldest["winner"] == "0x" + first.checkpoint_hash.hex()
    assert oldest["candidates"][0]["votes"] == oldest["votes"] == str(200 * NRN)
    assert [ballot["approved"] for ballot in oldest["ballots"]] == [[oldest["winner"]]] * 2
    assert int(oldest["keepers_part"]) == int(oldest["reward"]) // 5 > 0
    shown = nrn("group", "blocks", 1).out
    assert "accepted" in shown and "5.000000" in shown and "200 of 200" in shown
    (trainer,) = nrn("group", "trainers", 1, "--json").json
    assert (trainer["trainer"], trainer["claims"], trainer["accepted"]) == (first.trainer, 2, 1)
    assert trainer["earned"] == str(int(oldest["reward"]) - int(oldest["keepers_part"]))
