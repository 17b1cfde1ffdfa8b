"""The protocol, deployed from the sources of `contracts/`, and everybody who owns some of it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_utils import keccak

from economy.abi import methods_of, type_of
from economy.evm import Contract, Evm, encode
from scripts.bytecode import ROOT, compiled

NRN = 10**18
HOUR, DAY = 3_600, 86_400
EPOCH = 7 * DAY
BLOCKS_PER_EPOCH = 28
CHALLENGE = 3 * DAY  # after its block a claim may be challenged so long
T0 = 1_799_884_800 - DAY  # the sale begins with an epoch
RATE = 1_000  # NRN wei per wei
MIN_BOND = NRN
SALE_DAYS = 28
VESTING = 730 * DAY
EVER = 2**256 - 1
BENEFICIARY = "0x" + "be" * 20
NO_REFEREE = "0x" + "ef" * 20  # nobody disputes in the simulation

# ERC-1271 in 14 bytes: a wallet that says yes. Whether signatures are checked is tested elsewhere.
WALLET = bytes.fromhex("631626ba7e60e01b5f5260205ff3")

TERMS: dict[str, Any] = {
    "model_hash": keccak(text="model"),
    "genesis_checkpoint": keccak(text="genesis checkpoint"),
    "genesis_tip": keccak(text="genesis training set"),
    "commit_window": 4 * HOUR,
    "reveal_window": HOUR // 2,
    "vote_window": 3 * HOUR // 2,
    "checkpoint_quorum_bps": 3_334,
    "delta_quorum_bps": 2_000,
    "delta_period": 7 * DAY,
    "bond": 50 * NRN,
    "min_improvement": 2**16,
    "max_improvement": 2**30,
    "keeper_bps": 2_000,
}


@dataclass(frozen=True)
class Actor:
    """An account, and the contract wallet that signs its claims and gets its rewards."""

    number: int

    @property
    def address(self) -> str:
        return f"0x{self.number + 2**80:040x}"

    @property
    def wallet(self) -> str:
        return f"0x{self.number + 2**90:040x}"


class Protocol:
    """All contracts after the sale, in which the actors bought what they were told to."""

    def __init__(self, holdings: dict[int, int], during_sale: bool = False) -> None:
        self.evm = Evm(T0)
        self.start, self.end = T0 + DAY, T0 + DAY + SALE_DAYS * DAY
        self._deploy()
        self.actors = {number: Actor(number) for number in holdings}
        self.groups = 0
        self.evm.now = self.start
        for actor, amount in zip(self.actors.values(), holdings.values(), strict=True):
            self._endow(actor, amount)
        if not during_sale:
            self.evm.now = self.end

    def _deploy(self) -> None:
        deployer = "0x" + "d0" * 20
        blueprints = [self._blueprint(deployer, n) for n in ("DeltaRegistry", "CheckpointVoting")]
        names = ("NeuronSale", "StakeVault", "Coinbase", "GroupRegistry", "Neuron", "Sponsorship")
        sale, vault, coinbase, registry, nrn, _ = (_created(deployer, n) for n in range(2, 8))
        arguments: tuple[tuple[Any, ...], ...] = (
            (nrn, self.start, self.end, RATE, BENEFICIARY, VESTING),
            (nrn, registry),
            (nrn, sale, vault, registry),
            (nrn, vault, coinbase, NO_REFEREE, *blueprints, MIN_BOND),
            (sale, coinbase),
            (vault, registry),
        )
        contracts = (
            self.deploy(deployer, name, *given)
            for name, given in zip(names, arguments, strict=True)
        )
        self.sale, self.vault, self.coinbase, self.registry, self.nrn, self.sponsorship = contracts
        self.holders = [self.vault.address, self.sponsorship.address, BENEFICIARY]
        if self.nrn.address != nrn:
            raise RuntimeError("economy: a contract was deployed out of order")

    def deploy(self, deployer: str, name: str, *arguments: Any) -> Contract:
        """Deploy a contract of the project."""
        code = creation_code(name)
        constructor = next(e for e in code["abi"] if e["type"] == "constructor")
        types = tuple(type_of(item) for item in constructor["inputs"])
        data = bytes.fromhex(code["bytecode"][2:]) + encode(types, arguments)
        return Contract(self.evm, self.evm.deploy(deployer, data), code["methods"])

    def at(self, name: str, address: str) -> Contract:
        """A contract of the project that is deployed already."""
        return Contract(self.evm, address, creation_code(name)["methods"])

    def _blueprint(self, deployer: str, name: str) -> str:
        code = bytes.fromhex("fe7100" + creation_code(name)["bytecode"][2:])  # ERC-5202
        copier = b"\x61" + len(code).to_bytes(2, "big") + bytes.fromhex("3d81600a3d39f3")
        return self.evm.deploy(deployer, copier + code)

    def _endow(self, actor: Actor, amount: int) -> None:
        self.evm.place(actor.wallet, WALLET)
        self.holders += [actor.address, actor.wallet]
        if amount:
            self.evm.give_ether(actor.address, amount // RATE)
            self.sale.buy(sender=actor.address, value=amount // RATE)
        self.allow(actor, self.vault, self.sponsorship)

    def allow(self, actor: Actor, *spenders: Contract) -> None:
        """Let contracts take an actor's tokens."""
        for spender in spenders:
            self.nrn.approve(spender.address, EVER, sender=actor.address)

    def create_group(self, **changes: Any) -> tuple[int, Contract, Contract]:
        """Found a group with `TERMS` and these changes: id, voting, deltas."""
        return self._group(self.registry.create_group(tuple((TERMS | changes).values())))

    def fork_group(
        self, parent: int, height: int, version: int, **changes: Any
    ) -> tuple[int, Contract, Contract]:
        """Fork a group with `TERMS` and these changes: id, voting, deltas."""
        terms = tuple((TERMS | changes).values())
        return self._group(self.registry.fork_group(parent, height, version, terms))

    def _group(self, number: int) -> tuple[int, Contract, Contract]:
        voting = self.at("CheckpointVoting", self.registry.voting_of(number))
        self.holders.append(voting.address)
        return number, voting, self.at("DeltaRegistry", self.registry.deltas_of(number))

    @property
    def epoch(self) -> int:
        return self.evm.now // EPOCH

    def next_epoch(self, epochs: int = 1) -> None:
        """Turn the clock to the beginning of a later epoch."""
        self.evm.now = (self.epoch + epochs) * EPOCH

    def wealth(self, actor: Actor, groups: Iterable[int]) -> int:
        """All NRN wei of an actor: in hand, in its wallet, staked, leaving, credited."""
        staked = sum(self.vault.stake_of(group, actor.address) for group in groups)
        leaving = sum(
            self.vault.exit_amount(actor.address, epoch)
            for epoch in range(self.epoch - 2, self.epoch + 4)
        )
        purses = (actor.address, actor.wallet)
        hand = sum(self.nrn.balanceOf(purse) for purse in purses)
        credit = sum(self.sponsorship.credit(self.nrn.address, purse) for purse in purses)
        return int(hand + staked + leaving + credit)

    def check_conservation(self) -> None:
        """N1, N2: all balances together are the supply. Raises what is missing."""
        supply = self.nrn.totalSupply()
        held = sum(self.nrn.balanceOf(holder) for holder in dict.fromkeys(self.holders))
        if held != supply:
            raise AssertionError(f"{supply - held} NRN wei are with nobody")


@cache
def creation_code(name: str) -> dict[str, Any]:
    """`abi`, `bytecode` and `methods`; compiled once for each state of the sources."""
    file = ROOT / "build" / "economy" / _sources() / f"{name}.json"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(compiled(name)))
    code = json.loads(file.read_text())
    return dict(code | {"methods": methods_of(code["abi"])})


@cache
def _sources() -> str:
    digest = hashlib.sha256()
    for folder in ("contracts", "interfaces"):
        for path in sorted((ROOT / folder).rglob("*.vy*")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _created(deployer: str, nonce: int) -> str:
    """Address of the contract that an account creates with a nonce below 128."""
    rlp = b"\xd6\x94" + bytes.fromhex(deployer[2:]) + bytes([nonce or 0x80])
    return "0x" + keccak(rlp)[12:].hex()
