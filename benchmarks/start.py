"""What the start of a node asks its RPC on a chain that is two years old, and how long it takes.

    python -m benchmarks.start

A devnet of 104 weekly deltas and 500 groups is shown as a chain with a block every 12 or 2 seconds
(Ethereum, Base), and each request takes 50 ms. Baselines, in the same run: no index, and groups
opened one by one. Writes benchmarks/results/start.json.
"""

import argparse
import bisect
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import urllib3
from eth_utils import keccak

from compute.chain import Chain, connect
from tests.compute.chain.rogue import rogue
from tests.integration.devnet import CONFIG, Devnet

RESULTS = Path(__file__).parent / "results" / "start.json"
APART = 12  # seconds of the devnet's blocks at least: each is one of the chain that is shown
LATENCY = 0.05  # seconds of a request
CHAINS = {"ethereum": 12, "base": 2}  # seconds between blocks


class Stretched:
    """Answers as a chain with a block every `seconds` that holds what a devnet holds."""

    def __init__(self, net: Devnet, seconds: int) -> None:
        self._url, self._seconds = net.url, seconds
        self._pool = urllib3.PoolManager()
        self._number = net.web3.eth.block_number
        times = [self._time(number) for number in range(self._number + 1)]
        self._since = times[0]
        self._shown = [(then - self._since) // seconds for then in times]
        self.requests = self.questions = 0

    def answer(self, message: Any, _: Any) -> bytes:
        calls = message if isinstance(message, list) else [message]
        self.requests += 1
        self.questions += len(calls)
        time.sleep(LATENCY)
        answers = [
            {"jsonrpc": "2.0", "id": call["id"], **self._one(call["method"], call["params"])}
            for call in calls
        ]
        return json.dumps(answers if isinstance(message, list) else answers[0]).encode()

    def _one(self, method: str, params: list[Any]) -> dict[str, Any]:
        if method == "eth_getBlockByNumber":
            return {"result": self._header(params[0])}
        if method == "eth_getLogs":
            return {"result": self._logs(params[0])}
        if method == "eth_call" and params[1].startswith("0x"):
            params = [params[0], hex(self._real(int(params[1], 16)))]
        return self._ask(method, params)

    def _header(self, tag: str) -> dict[str, Any]:
        newest = self._shown[-1]
        number = int(tag, 16) if tag.startswith("0x") else newest
        block = self._ask("eth_getBlockByNumber", [hex(self._real(number)), False])["result"]
        then = self._since + number * self._seconds
        return {**block, "number": hex(number), "timestamp": hex(then), "hash": _hash(number)}

    def _logs(self, terms: dict[str, Any]) -> list[Any]:
        low = bisect.bisect_left(self._shown, int(terms["fromBlock"], 16))
        high = self._real(int(terms["toBlock"], 16))
        if low > high:
            return []
        within = {**terms, "fromBlock": hex(low), "toBlock": hex(high)}
        found = self._ask("eth_getLogs", [within])["result"]
        shown = [self._shown[int(log["blockNumber"], 16)] for log in found]
        return [
            {**log, "blockNumber": hex(number), "blockHash": _hash(number)}
            for log, number in zip(found, shown, strict=True)
        ]

    def _real(self, number: int) -> int:
        return max(0, bisect.bisect_right(self._shown, number) - 1)

    def _time(self, number: int) -> int:
        block = self._ask("eth_getBlockByNumber", [hex(number), False])["result"]
        return int(block["timestamp"], 16)

    def _ask(self, method: str, params: list[Any]) -> dict[str, Any]:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        headers = {"Content-Type": "application/json"}
        answer = self._pool.request("POST", self._url, body=body.encode(), headers=headers)
        told = json.loads(answer.data)
        return {name: told[name] for name in ("result", "error") if name in told}


def _hash(number: int) -> str:
    return "0x" + keccak(number.to_bytes(8)).hex()


@dataclass(frozen=True)
class Cost:
    requests: int
    questions: int
    seconds: float


def old_chain(deltas: int, groups: int) -> Devnet:
    """A devnet on which so many weekly deltas were adopted, and so many groups founded."""
    net = Devnet.start(Path(tempfile.mkdtemp()), "--prune-history", "100")
    net.deploy()
    net.populate()
    net.rpc("anvil_setBlockTimestampInterval", APART)
    founder = net.sender("alice")
    for _ in range(groups - 1):
        founder.create_group(CONFIG)
    group = net.chain().group(1)
    senders = {name: net.sender(name) for name in ("alice", "bob", "tom")}
    for version in range(deltas):
        net.warp(group.deltas.period().end + APART)
        tip = group.deltas.tip_at(group.chain.now())[1]
        senders["tom"].propose(group, tip, keccak(version.to_bytes(4)))
        net.warp(group.chain.now() + group.deltas.period().review)
        for name in ("alice", "bob"):
            senders[name].vote_delta(group, version + 1)
        net.warp(group.deltas.period().end + APART)
        senders["tom"].finalize(group)
    return net


def start(chain: Chain, version: int) -> None:
    """What a trainer or keeper of group 1 reads before it has its training set, and the watcher
    beside it."""
    group, referee = chain.group(1), chain.referee
    group.voting.current()
    group.voting.asked()
    group.deltas.lineage(version)
    referee.games(group.voting.address, range(1, referee.count() + 1))


def measured(shown: Stretched, url: str, do: Callable[[Chain], None], **more: Any) -> Cost:
    before, began = (shown.requests, shown.questions), time.monotonic()
    do(connect(url, **more))
    taken = time.monotonic() - began
    return Cost(shown.requests - before[0], shown.questions - before[1], round(taken, 2))


def one_by_one(chain: Chain, count: int) -> None:
    for number in range(1, count + 1):
        chain.group(number)


def of_chain(net: Devnet, seconds: int, deltas: int, groups: int) -> dict[str, Cost]:
    """What reading costs on a chain with a block every `seconds`; its groups, if `groups` are."""
    shown = Stretched(net, seconds)
    with rogue(shown.answer) as url, tempfile.TemporaryDirectory() as folder:
        given: dict[str, Any] = {"deployment": net.deployment_file}
        kept = {**given, "index": Path(folder)}

        def begin(chain: Chain) -> None:
            start(chain, deltas)

        found = {
            "start, no index": measured(shown, url, begin, **given),
            "first start": measured(shown, url, begin, **kept),
            "later start": measured(shown, url, begin, **kept),
        }
        if groups:
            one, all_ = "groups one by one", "groups together"
            found[one] = measured(shown, url, lambda c: one_by_one(c, groups), **given)
            found[all_] = measured(shown, url, lambda c: _ignore(c.groups()), **given)
        return found


def _ignore(_: Any) -> None:
    pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deltas", type=int, default=104)
    parser.add_argument("--groups", type=int, default=500)
    given = parser.parse_args()
    net = old_chain(given.deltas, given.groups)
    try:
        found = {
            name: of_chain(net, seconds, given.deltas, groups)
            for (name, seconds), groups in zip(CHAINS.items(), (given.groups, 0), strict=True)
        }
    finally:
        net.stop()
    document = {
        name: {what: asdict(cost) for what, cost in costs.items()} for name, costs in found.items()
    }
    RESULTS.write_text(json.dumps(document, indent=1) + "\n")
    for name, costs in found.items():
        for what, cost in costs.items():
            print(f"{name:9} {what:18} {cost.requests:6} requests {cost.questions:6} questions "
                  f"{cost.seconds:8.1f} s")  # fmt: skip


if __name__ == "__main__":
    main()
