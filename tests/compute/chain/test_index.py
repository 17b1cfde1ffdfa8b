"""What is kept of a chain's past spares requests, and never decides anything."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compute.chain import Chain, Group, MalformedAnswer, index, shared
from tests.compute.chain.test_transactions import proxy
from tests.integration.devnet import Devnet

DELTA = b"\x11" * 32


@pytest.fixture
def group(devnet: Devnet, monkeypatch: pytest.MonkeyPatch) -> Group:
    """With one delta that was adopted."""
    monkeypatch.setattr(index, "STRIDE", 1)
    group = devnet.chain().group(1)
    devnet.next_epoch()
    devnet.sender("tom").propose(group, group.config.genesis_tip, DELTA)
    devnet.warp(group.chain.now() + group.deltas.period().review)
    for name in ("alice", "bob"):
        devnet.sender(name).vote_delta(group, 1)
    devnet.warp(group.deltas.period().end)
    devnet.sender("tom").finalize(group)
    return group


Reading = tuple[list[bytes], list[int]]


@pytest.fixture
def read(devnet: Devnet, group: Group, tmp_path: Path) -> Callable[..., Reading]:
    """Reads the deltas as a start does: their hashes, and the first block of each question about
    logs."""

    def reading(*, hollow: bool = False) -> Reading:
        asked: list[int] = []

        def watch(call: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
            if call["method"] == "eth_getLogs":
                asked.append(int(call["params"][0]["fromBlock"], 16))
                if hollow:
                    return {"jsonrpc": "2.0", "id": call["id"], "result": []}
            return ask()

        with proxy(devnet, watch) as chain:
            kept = Chain(chain.rpc, chain.deployment, index=tmp_path / "index")
            _, records = kept.group(1).deltas.lineage(1)
        return [record.delta_hash for record in records], asked

    return reading


def the_file(tmp_path: Path) -> Path:
    [path] = (tmp_path / "index" / "31337").iterdir()
    return path


def test_a_start_asks_for_what_is_new(
    devnet: Devnet, read: Callable[..., Reading], group: Group
) -> None:
    head = group.chain.head().number
    assert read() == ([DELTA], [group.first_block])
    devnet.rpc("anvil_mine", "0x5")
    assert read() == ([DELTA], [head + 1])
    assert read() == ([DELTA], [])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.update(logs=[]),
        lambda document: document.update(hash="00" * 32),
        lambda document: document.update(through=10**9),
        lambda document: document.update(format="index/0"),
        lambda document: document["logs"][0].update(data="0x"),
        lambda document: document.clear(),
    ],
)
def test_what_is_kept_is_read_again_when_it_is_not_so(
    read: Callable[..., Reading],
    group: Group,
    tmp_path: Path,
    spoil: Callable[[dict[str, Any]], None],
) -> None:
    read()
    document = json.loads(the_file(tmp_path).read_text())
    spoil(document)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    the_file(tmp_path).write_text(text)
    deltas, asked = read()
    assert deltas == [DELTA] and asked[-1] == group.first_block
    assert the_file(tmp_path).read_text() != text
    the_file(tmp_path).write_bytes(b"\x00" * 99)
    assert read()[0] == [DELTA]


def test_an_endpoint_that_leaves_out_logs_leaves_nothing_behind(
    read: Callable[..., Reading], tmp_path: Path
) -> None:
    with pytest.raises(MalformedAnswer, match="who proposed"):
        read(hollow=True)
    assert not (tmp_path / "index").exists()
    assert read()[0] == [DELTA]
    the_file(tmp_path).unlink()
    assert read()[0] == [DELTA]


def test_what_is_not_final_is_not_kept(
    read: Callable[..., Reading], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: Group
) -> None:
    monkeypatch.setitem(shared.CONFIRMATIONS, 31337, 2)
    read()
    document = json.loads(the_file(tmp_path).read_text())
    assert document["through"] == group.chain.head().number - 2
    assert read()[1] == [document["through"] + 1]
