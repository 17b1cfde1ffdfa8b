"""Whatever a node invents, every typed read ends soon, in a value or in one of our errors."""

import contextlib
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_abi import encode

from compute.chain import Chain, ChainError, Group
from compute.chain.awards import awards
from compute.chain.contract import Contract
from compute.chain.endpoint import Endpoint
from compute.chain.rewards import open_bonds, rewards
from compute.chain.rpc import Rpc
from compute.chain.shared import Shared
from compute.chain.sponsors import shares, sponsorships
from compute.facts.disputes import disputes
from tests.integration.devnet import Devnet

ADDRESS = "0x" + "12" * 20

READS: dict[str, Callable[[Chain, Group], Any]] = {
    "groups": lambda chain, group: chain.group(2),
    "ether": lambda chain, group: chain.ether_of(ADDRESS),
    "current": lambda chain, group: group.voting.current(),
    "incumbent": lambda chain, group: group.voting.incumbent(),
    "open block": lambda chain, group: group.voting.open_block(),
    "settleable": lambda chain, group: group.voting.settleable(),
    "outcome": lambda chain, group: group.voting.outcome(3),
    "candidate": lambda chain, group: group.voting.candidate(bytes(32)),
    "candidates": lambda chain, group: group.voting.candidates(3),
    "ballot": lambda chain, group: group.voting.ballot(3, ADDRESS),
    "commitment": lambda chain, group: group.voting.commitment(bytes(32), final=True),
    "accepted blocks": lambda chain, group: group.history.accepted_blocks(),
    "awards": lambda chain, group: awards(group),
    "lineage": lambda chain, group: group.deltas.lineage(1),
    "proposals": lambda chain, group: group.deltas.proposals(),
    "period": lambda chain, group: group.deltas.period(),
    "leader": lambda chain, group: group.deltas.leader(),
    "due": lambda chain, group: group.deltas.due(1),
    "rewards": lambda chain, group: rewards(group, ADDRESS),
    "bonds": lambda chain, group: open_bonds(group, ADDRESS),
    "stake": lambda chain, group: chain.vault.stake_of(1, ADDRESS),
    "asked": lambda chain, group: group.voting.asked(),
    "ballots cast": lambda chain, group: group.voting.ballots_cast(ADDRESS),
    "sponsorships": lambda chain, group: sponsorships(group),
    "shares": lambda chain, group: shares(group, ADDRESS),
    "disputes": lambda chain, group: list(disputes(group)),
    "said": lambda chain, group: chain.referee.said(1),
    "sale": lambda chain, group: chain.sale.terms(),
}

LIMIT = 3_000  # round trips that a liar may cost one read


class Liar(Endpoint):
    """Knows the questions and answers each with well-formed nonsense, or with noise."""

    def __init__(self, seed: int, contracts: list[Contract]) -> None:
        super().__init__("http://liar", timeout=0.0, pause=0.0)
        self._random = random.Random(seed)
        self._outputs = {
            function.selector: function.outputs
            for contract in contracts
            for function in contract.abi.functions.values()
        }
        self.asked = 0

    @classmethod
    def of(cls, seed: int, chain: Chain) -> "Liar":
        """About the contracts of a chain with a group 1."""
        shared = (
            chain.neuron,
            chain.sale,
            chain.vault,
            chain.coinbase,
            chain.registry,
            chain.sponsorship,
            chain.referee,
        )
        group = chain.group(1)
        contracts = [one.contract for one in (*shared, group.voting, group.deltas)]
        return cls(seed, contracts)

    def rpc(self) -> Rpc:
        """Asks this liar alone, and once."""
        rpc = Rpc("http://liar", attempts=1)
        rpc._endpoints = [self]
        return rpc

    def post(self, message: Any) -> Any:
        self.asked += 1
        assert self.asked < LIMIT, "a liar keeps the client busy"
        if isinstance(message, list):
            return [self._reply(call) for call in message]
        return self._reply(message)

    def _reply(self, call: dict[str, Any]) -> dict[str, Any]:
        return {"id": call["id"], "result": self._answer(call)}

    def _answer(self, call: dict[str, Any]) -> Any:
        dice = self._random
        if dice.random() < 0.03:
            return dice.choice([None, 7, "0x", "0xzz", [], {}, "0x" + "ff" * 64])
        if call["method"] == "eth_call":
            outputs = self._outputs[bytes.fromhex(call["params"][0]["data"][2:10])]
            return "0x" + encode(outputs, [self._value(kind) for kind in outputs]).hex()
        if call["method"] == "eth_getBlockByNumber":
            number = call["params"][0]
            number = number if number.startswith("0x") else hex(self._integer(64))
            return {"number": number, "hash": "0x" + "ab" * 32, "timestamp": hex(self._integer(64))}
        if call["method"] == "eth_getLogs":
            return [{"topics": [], "address": ADDRESS}] * dice.choice([0, 0, 1])
        return hex(self._integer(256))

    def _value(self, kind: str) -> Any:
        if kind == "bool":
            return self._random.random() < 0.5
        if kind == "address":
            return "0x" + self._random.randbytes(20).hex()
        if kind == "bytes32":
            return self._random.choice([bytes(32), self._random.randbytes(32)])
        if kind.startswith("uint"):
            return self._integer(int(kind[4:]))
        if kind.startswith("("):
            return tuple(self._value(part) for part in kind[1:-1].split(","))
        raise AssertionError(kind)

    def _integer(self, bits: int) -> int:
        """Small, plausible, large, or the largest."""
        small, time = self._random.randrange(5), 1_750_000_000 + self._random.randrange(10**7)
        choices = [small, time, self._random.getrandbits(bits), 2**bits - 1]
        return self._random.choice(choices) % 2**bits


@pytest.mark.parametrize("name", READS)
def test_reads_of_a_liar_end(devnet: Devnet, name: str) -> None:
    honest = devnet.chain()
    asked = 0
    for seed in range(40):
        liar = Liar.of(seed, honest)
        with contextlib.suppress(ChainError):
            READS[name](Chain(liar.rpc(), honest.deployment), through(liar.rpc(), honest))
        asked += liar.asked
    assert asked >= 40


def through(liar: Rpc, honest: Chain) -> Group:
    """The true terms of group 1, its state from the liar."""
    truth = honest.group(1)
    return replace(
        truth,
        chain=Shared(liar, honest.deployment),
        voting_contract=Contract(liar, "CheckpointVoting", truth.voting.address),
        deltas_contract=Contract(liar, "DeltaRegistry", truth.deltas.address),
    )
