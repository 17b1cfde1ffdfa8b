"""A node that knows the long history of one group: every block won by one of two trainers."""

from collections.abc import Sequence
from typing import Any

from eth_abi import encode

from compute.chain import Deployment, Group, GroupConfig
from compute.chain.contract import Contract
from compute.chain.deployment import SINGLETONS
from compute.chain.rpc import Rpc
from compute.chain.schedule import Schedule
from compute.chain.shared import Shared

GENESIS = 1_750_000_000
HOUR = 3_600
CHAIN_BLOCKS = 90  # to one block of the group
VOTING, DELTAS = "0x" + "a1" * 20, "0x" + "a2" * 20
SINGLETON = {name: "0x" + f"{number:02x}" * 20 for number, name in enumerate(SINGLETONS, 1)}
TRAINERS = ["0x" + "c1" * 20, "0x" + "c2" * 20]
KEEPER = "0x" + "d1" * 20
CONFIG = GroupConfig(
    b"\1" * 32, b"\2" * 32, b"\3" * 32, 4 * HOUR, HOUR // 2, 3 * HOUR // 2, 3_334, 2_000,
    7 * 24 * HOUR,
    10**18, 1, 1, 2_000,
)  # fmt: skip


def checkpoint(index: int) -> bytes:
    return index.to_bytes(32, "big")[::-1]


class LedgerRpc(Rpc):
    """Answers truthfully, and counts the requests. Blocks 1..count are accepted and redeemed."""

    def __init__(self, count: int) -> None:
        super().__init__("http://ledger")
        self._endpoints[0].post = self._post  # type: ignore[method-assign]
        self.count = count
        self.asked = 0
        self.schedule = Schedule(GENESIS, 4 * HOUR, HOUR // 2, 3 * HOUR // 2)
        kinds = {VOTING: "CheckpointVoting", DELTAS: "DeltaRegistry"}
        kinds |= {address: name for name, address in SINGLETON.items()}
        self.contracts = {at: Contract(self, kind, at) for at, kind in kinds.items()}

    def _post(self, message: Any) -> Any:
        self.asked += 1
        if isinstance(message, list):
            return [self._reply(call) for call in message]
        return self._reply(message)

    def _reply(self, call: dict[str, Any]) -> dict[str, Any]:
        answer = getattr(self, call["method"])(*call["params"])
        return {"id": call["id"], "result": answer}

    def eth_getBlockByNumber(self, tag: str, _: bool) -> dict[str, Any]:
        number = int(tag, 16) if tag != "latest" else (self.count + 2) * CHAIN_BLOCKS
        time = GENESIS + number * self.schedule.period // CHAIN_BLOCKS
        return {"number": hex(number), "hash": "0x" + "ab" * 32, "timestamp": hex(time)}

    def eth_call(self, message: dict[str, Any], _: str) -> str:
        contract = self.contracts[message["to"].lower()]
        data = bytes.fromhex(message["data"][2:])
        (name, _count), function = next(
            item for item in contract.abi.functions.items() if item[1].selector == data[:4]
        )
        words = [int.from_bytes(data[at : at + 32], "big") for at in range(4, len(data), 32)]
        return "0x" + encode(function.outputs, getattr(self, name)(*words)).hex()

    def baseline(self) -> Sequence[Any]:
        return self.loss(self.count), 0, self.count, True

    def accepted(self, height: int) -> Sequence[Any]:
        return [checkpoint(height)]

    def outcome(self, index: int) -> Sequence[Any]:
        return 1, self.loss(index), index, True, 4 * 10**18

    def sync(self, _: int) -> Sequence[Any]:
        return 0, CONFIG.genesis_tip

    def candidate(self, word: int) -> Sequence[Any]:
        index = int.from_bytes(word.to_bytes(32, "big"), "little")
        trainer = TRAINERS[index % 2]
        return trainer, self.loss(index), trainer, index, index + 1, 0

    def group_power_at(self, *_: int) -> Sequence[Any]:
        return [10 * 10**18]

    def loss(self, index: int) -> int:
        return (10_000 - index) << 20

    def eth_getLogs(self, terms: dict[str, Any]) -> list[dict[str, Any]]:
        contract = self.contracts[terms["address"].lower()]
        wanted = {bytes.fromhex(topic[2:]) for topic in terms["topics"][0]}
        first, last = int(terms["fromBlock"], 16), int(terms["toBlock"], 16)
        known = [event for topic, event in contract.abi.events.items() if topic in wanted]
        logs = []
        for index in range(1, self.count + 1):
            number = (index + 1) * CHAIN_BLOCKS
            if first <= number <= last:
                for place, event in enumerate(sorted(known, key=lambda e: ORDER.index(e.name))):
                    logs.append(self._log(contract, event, index, number, place))
        return logs

    def _log(
        self, contract: Any, event: Any, index: int, number: int, place: int
    ) -> dict[str, Any]:
        values = self._values(index)
        topics = [event.topic, *(encode([kind], [values[name]]) for name, kind in event.indexed)]
        plain = encode([kind for _, kind in event.plain], [values[name] for name, _ in event.plain])
        return {
            "address": contract.address,
            "topics": ["0x" + topic.hex() for topic in topics],
            "data": "0x" + plain.hex(),
            "blockNumber": hex(number),
            "blockHash": "0x" + "ab" * 32,
            "logIndex": hex(place),
        }

    def _values(self, index: int) -> dict[str, Any]:
        return {
            "block_index": index, "checkpoint_hash": checkpoint(index), "seq": index,
            "trainer": TRAINERS[index % 2], "loss": self.loss(index), "height": index,
            "baseline_loss": self.loss(index - 1), "eval_root_hash": b"\5" * 32, "version": 0,
            "staker": KEEPER, "power": 4 * 10**18, "attestation": b"\6" * 32, "group_id": 1,
            "block_start": self.schedule.slot(index).start, "reward": 500, "pooled": 100,
            "status": 1, "cast": 4 * 10**18, "payer": TRAINERS[index % 2], "amount": 10**18,
            "burned": False, "eval_root": b"\5" * 32,
        }  # fmt: skip


ORDER = ["Revealed", "Voted", "BlockAccepted", "BlockSettled", "BondReleased", "RootOpened",
         "KeeperPaid", "BlockCoinbase"]  # fmt: skip


def ledger(count: int) -> tuple[Group, LedgerRpc]:
    """A group that accepted `count` blocks, and its node."""
    rpc = LedgerRpc(count)
    chain = Shared(rpc, Deployment(31337, SINGLETON, 0))
    voting, deltas = rpc.contracts[VOTING], rpc.contracts[DELTAS]
    return Group(1, None, CONFIG, 0, rpc.schedule, chain, voting, deltas), rpc
