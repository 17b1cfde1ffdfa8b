"""Reading logs in ranges, and following a chain that changes its mind."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from compute.chain import Chain, MalformedAnswer, RpcRefused, endpoint, events
from compute.chain.events import Follower, read_events
from tests.compute.chain.test_transactions import Tamper, honest, proxy
from tests.integration.devnet import Devnet

Ask = Callable[[], dict[str, Any]]


def staked(chain: Chain, **where: Any) -> list[int]:
    events = read_events(
        chain.rpc, chain.vault.contract, ["Staked"], 0, chain.head().number, **where
    )
    return [event["amount"] for event in events]


def test_events_come_in_order_and_can_be_chosen(devnet: Devnet) -> None:
    for name, amount in (("tara", 3), ("tom", 1), ("tara", 2)):
        devnet.sender(name).stake(1, amount)
    chain = devnet.chain()
    assert staked(chain)[-3:] == [3, 1, 2]
    tara, tom = (devnet.accounts[name].address for name in ("tara", "tom"))
    assert staked(chain, staker=tara) == [3, 2]
    assert staked(chain, staker=[tara, tom]) == [3, 1, 2]
    assert staked(chain, staker=tara, group_id=2) == []


@pytest.fixture
def short_range(monkeypatch: pytest.MonkeyPatch) -> int:
    """Blocks in a range, for a chain that is shorter than a range of real life."""
    monkeypatch.setattr(events, "RANGE", 12)
    return 12


def test_ranges_are_bounded_and_shrink_when_refused(devnet: Devnet, short_range: int) -> None:
    devnet.sender("tara").stake(1, 7)
    asked: list[int] = []

    def picky(call: dict[str, Any], ask: Ask) -> dict[str, Any]:
        if call["method"] == "eth_getLogs":
            terms = call["params"][0]
            width = int(terms["toBlock"], 16) - int(terms["fromBlock"], 16) + 1
            asked.append(width)
            if width > 4:
                error = {"code": -32005, "message": "query exceeds max block range 4"}
                return {"jsonrpc": "2.0", "id": call["id"], "error": error}
        return ask()

    with proxy(devnet, honest) as chain:
        expected = staked(chain)
    with proxy(devnet, picky) as chain:
        assert staked(chain) == expected and expected[-1] == 7
        assert max(asked) == short_range and sum(width <= 4 for width in asked) > 5
        asked.clear()
        assert staked(chain) == expected and max(asked) <= 4, "what it learnt is not asked again"


def test_logs_of_a_node_that_has_not_caught_up_are_not_believed(devnet: Devnet) -> None:
    def behind(call: dict[str, Any], ask: Ask) -> dict[str, Any]:
        number = call["params"][0] if call["method"] == "eth_getBlockByNumber" else "latest"
        if number != "latest":
            return {"jsonrpc": "2.0", "id": call["id"], "result": None}
        return ask()

    with proxy(devnet, behind) as chain, pytest.raises(MalformedAnswer, match="has no block"):
        staked(chain)


def test_ranges_shrink_when_the_answer_is_too_large(
    devnet: Devnet, short_range: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        devnet.sender("tara").stake(1, 7)
    chain = devnet.chain()
    expected = staked(chain)
    monkeypatch.setattr(endpoint, "MAX_ANSWER_BYTES", 4_500)  # of a block and three logs or so
    assert staked(chain) == expected and len(expected) >= 8
    monkeypatch.setattr(endpoint, "MAX_ANSWER_BYTES", 500)  # of none
    with pytest.raises(MalformedAnswer, match="sent more than"):
        staked(chain)


def test_an_answer_that_may_be_cut_is_asked_for_in_parts(
    devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "CUT", 3)
    for _ in range(5):
        devnet.sender("tara").stake(1, 7)

    def cut(call: dict[str, Any], ask: Ask) -> dict[str, Any]:
        answer = ask()
        if call["method"] == "eth_getLogs":
            del answer["result"][3:]
        return answer

    expected = staked(devnet.chain())
    with proxy(devnet, cut) as chain:
        assert staked(chain) == expected and len(expected) >= 8


def test_a_refusal_of_any_range_is_reported(devnet: Devnet) -> None:
    def refuse(call: dict[str, Any], ask: Ask) -> dict[str, Any]:
        if call["method"] == "eth_getLogs":
            return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": 1, "message": "never"}}
        return ask()

    with proxy(devnet, refuse) as chain, pytest.raises(RpcRefused, match="never"):
        staked(chain)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda log: log.update(address="0x" + "ab" * 20),
        lambda log: log.update(topics=log["topics"][:1]),
        lambda log: log.update(topics=log["topics"] + log["topics"]),
        lambda log: log.update(data="0x"),
        lambda log: log.update(data="0x" + "ff" * 31),
        lambda log: log.update(blockNumber="0xffffff"),
        lambda log: log.update(blockNumber=None),
        lambda log: log.update(topics="0x"),
        lambda log: log.clear(),
    ],
)
def test_logs_that_lie(devnet: Devnet, spoil: Callable[[dict[str, Any]], None]) -> None:
    def lying(call: dict[str, Any], ask: Ask) -> dict[str, Any]:
        answer = ask()
        if call["method"] == "eth_getLogs":
            spoil(answer["result"][0])
        return answer

    with proxy(devnet, lying) as chain, pytest.raises(MalformedAnswer):
        staked(chain)


def follower(devnet: Devnet) -> Follower:
    chain = devnet.chain()
    first = chain.head().number + 1
    return Follower(chain.heads, chain.vault.contract, ["Staked"], first, until=lambda: "latest")


def test_a_follower_hands_out_each_event_once(devnet: Devnet) -> None:
    follow = follower(devnet)
    assert follow.poll() == []
    devnet.sender("tara").stake(1, 5)
    devnet.sender("tara").stake(1, 6)
    assert [event["amount"] for event in follow.poll()] == [5, 6]
    assert follow.poll() == [] and follow.rewound_to is None


def test_a_follower_notices_a_reorganisation(devnet: Devnet) -> None:
    follow = follower(devnet)
    devnet.sender("tara").stake(1, 5)
    assert [event["amount"] for event in follow.poll()] == [5]
    fork = devnet.chain().head().number
    branch = devnet.rpc("evm_snapshot")
    devnet.sender("tara").stake(1, 6)
    assert [event["amount"] for event in follow.poll()] == [6]
    devnet.rpc("evm_revert", branch)
    devnet.sender("tara").stake(1, 7)
    devnet.sender("tara").stake(1, 8)
    assert [event["amount"] for event in follow.poll()] == [7, 8]
    assert follow.rewound_to == fork
    assert follow.poll() == [] and follow.rewound_to is None


def test_a_follower_catches_up_in_bounded_steps(devnet: Devnet, short_range: int) -> None:
    follow = follower(devnet)
    devnet.sender("tara").stake(1, 5)
    devnet.rpc("anvil_mine", hex(short_range), "0x1")
    devnet.sender("tara").stake(1, 6)
    polled = [[event["amount"] for event in follow.poll()] for _ in range(3)]
    assert polled == [[5], [6], []]


def rskj(call: dict[str, Any], ask: Ask) -> dict[str, Any]:
    """A node of Rootstock: it knows no finality."""
    if not {"finalized", "safe"}.isdisjoint(map(str, call["params"])):
        error = {"code": -32602, "message": "Unknown block"}
        return {"jsonrpc": "2.0", "id": call["id"], "error": error}
    return ask()


@pytest.mark.parametrize(("chain_id", "node", "depth"), [(1, honest, 64), (30, rskj, 30)])
def test_nothing_counts_as_final_too_early(
    devnet: Devnet, chain_id: int, node: Tamper, depth: int
) -> None:
    """Anvil calls a block final when 64 more are on top of it; the other depth is ours."""
    with proxy(devnet, node) as latest:
        chain = Chain(latest.rpc, replace(latest.deployment, chain_id=chain_id))
        group, commitment = chain.group(1), bytes([depth]) * 32
        devnet.warp(group.slot_at(chain.now()).end)
        devnet.sender("tara").commit(group, commitment)
        follow = group.history.follow(["Committed"])
        devnet.rpc("anvil_mine", hex(depth - 1), "0x1")
        assert group.voting.commitment(commitment) and not group.voting.commitment(
            commitment, final=True
        )
        assert follow.poll() == []
        devnet.rpc("evm_mine")
        assert group.voting.commitment(commitment, final=True)
        assert [event["commitment"] for event in follow.poll()] == [commitment]


def test_the_block_at_a_time(devnet: Devnet) -> None:
    chain = devnet.chain()
    head = chain.head()
    devnet.warp(head.timestamp + 100)
    devnet.warp(head.timestamp + 200)
    heads = chain.heads
    assert heads.block_at(head.timestamp + 100, 0, head.number + 2) == head.number + 1
    assert heads.block_at(head.timestamp + 101, 0, head.number + 2) == head.number + 2
    assert heads.block_at(head.timestamp + 999, 0, head.number + 2) == head.number + 3
    assert heads.block_at(0, 0, head.number) == 0
    assert heads.is_canonical(head)


def test_a_forged_delta_breaks_the_hash_chain(devnet: Devnet) -> None:
    """A node that swaps a delta everywhere it is named still cannot make the tips agree."""
    group = devnet.chain().group(1)
    devnet.next_epoch()
    devnet.sender("tom").propose(group, group.config.genesis_tip, b"\x11" * 32)
    devnet.warp(group.chain.now() + group.deltas.period().review)
    for name in ("alice", "bob"):
        devnet.sender(name).vote_delta(group, 1)
    devnet.warp(group.deltas.period().end)
    devnet.sender("tom").finalize(group)
    assert group.deltas.lineage(1)[1][0].delta_hash == b"\x11" * 32

    def forge(call: dict[str, Any], ask: Ask) -> dict[str, Any]:
        return json.loads(json.dumps(ask()).replace("11" * 32, "22" * 32))

    with proxy(devnet, forge) as chain, pytest.raises(MalformedAnswer, match="hash chain"):
        chain.group(1).deltas.lineage(1)
