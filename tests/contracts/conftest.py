"""One live protocol on Anvil: the sale is over, group 1 runs, the stake of its keepers counts.

It is built once. Each test starts from the same chain state and is undone afterwards.

    START -- sale, 30 d -- END -- epoch edge -- group 1, stakes -- epoch edge: tests start
"""

import gc
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import vyper
from brownie import Contract, accounts, chain, web3
from eth_account import Account
from eth_utils import keccak
from web3.middleware import Web3Middleware

from tests.contracts.terms import DAY, EPOCH, ETHER, HOUR, MIN_BOND, Claim, Config, ballot

PEOPLE = (
    "deployer",
    "beneficiary",
    "alice",
    "bob",
    "carol",
    "dave",
    "erin",
    "mallory",
    "oscar",
    "referee",
)
# alice has what bob and carol have together, to the wei
STAKES = {"alice": 30_000 * ETHER + 3, "bob": 20_000 * ETHER + 2, "carol": 10_000 * ETHER + 1}
TRAINERS = ("tara", "tom")
RATE = 1_000
BOUGHT = 200 * RATE * ETHER  # by each of alice to mallory


class Clock:
    """The chain's time, unix seconds: a block is a second after the last unless told otherwise,
    however slow the machine is."""

    def __init__(self) -> None:
        ask("anvil_setBlockTimestampInterval", 1)

    @property
    def now(self) -> int:
        return web3.eth.get_block("latest").timestamp

    def next(self, when: int) -> None:
        """Let the next transaction land exactly at `when`."""
        ask("evm_setNextBlockTimestamp", when)

    def to(self, when: int) -> None:
        """Mine an empty block at `when`."""
        self.next(when)
        ask("evm_mine")


def ask(method: str, *arguments: Any) -> Any:
    """A request that Brownie does not know, or not as Anvil wants it."""
    answer = web3.provider.make_request(method, list(arguments))
    assert "error" not in answer, answer
    return answer["result"]


class People:
    """Named accounts: alice, bob and carol are keepers, dave relays, erin proposes deltas, mallory
    attacks, oscar has nothing; referee stands for the contract of that name. Trainers are only
    keys: they sign and never send a transaction."""

    def __init__(self) -> None:
        for account, name in zip(accounts, PEOPLE, strict=False):
            setattr(self, name, account)
        for name in TRAINERS:
            setattr(self, name, Account.from_key(keccak(text=name)))


class Group:
    """A group's two contracts, its block clock, and shortcuts for whole phases."""

    def __init__(self, protocol: "Protocol", group_id: int, config: Config) -> None:
        self.protocol, self.id, self.config = protocol, group_id, config
        registry = protocol.registry
        self.deltas = protocol.at("DeltaRegistry", registry.deltas_of(group_id))
        self.voting = protocol.at("CheckpointVoting", registry.voting_of(group_id))
        self.genesis = self.voting.GENESIS_TIME()
        self.period = self.voting.PERIOD()

    def start(self, index: int) -> int:
        return self.genesis + index * self.period

    @property
    def index(self) -> int:
        return (self.protocol.clock.now - self.genesis) // self.period

    def edge(self, index: int, phase: str) -> int:
        """First second of a phase of a block: commit, reveal, vote or end."""
        c = self.config
        offsets = {
            "commit": 0,
            "reveal": c.commit_window,
            "vote": c.commit_window + c.reveal_window,
        }
        return self.start(index) + offsets.get(phase, self.period)

    def to(self, index: int, phase: str) -> None:
        """Go to the first second of a phase, unless it is over."""
        if self.protocol.clock.now < self.edge(index, phase):
            self.protocol.clock.to(self.edge(index, phase))

    def claim(
        self, trainer: Any, name: str, loss: int, baseline: int = 1_000, **fields: Any
    ) -> Claim:
        """A claim for the next block, or for `block_index`, with a checkpoint called `name`."""
        terms = {
            "trainer": trainer.address,
            "block_index": self.index + 1,
            "model_hash": self.config.model_hash,
            "tip": bytes(self.deltas.tip()),
            "checkpoint_hash": keccak(text=name),
            "loss": loss,
            "baseline_loss": baseline,
            "root": keccak(text=f"root of {name}"),
        }
        return Claim(**terms | fields)

    def commit(self, *claims: Claim, at: int | None = None) -> None:
        """Commit claims, in this order, at the start of their block."""
        self.to(claims[0].block_index if at is None else at, "commit")
        for claim in claims:
            commitment = claim.commitment(self.voting.address, chain.id)
            self.voting.commit(commitment, {"from": self.protocol.people.dave})

    def arguments(self, claim: Claim) -> tuple[Any, ...]:
        """Arguments of `reveal`, signed by the claim's trainer."""
        keys = {key.address: key for key in (getattr(self.protocol.people, n) for n in TRAINERS)}
        return claim.arguments(keys[claim.trainer], self.voting.address, chain.id)

    def reveal(self, *claims: Claim, payer: Any = None) -> Any:
        """Reveal claims, in this order; the receipt of the last."""
        self.to(claims[0].block_index, "reveal")
        for claim in claims:
            sender = payer or self.protocol.people.dave
            receipt = self.voting.reveal(*self.arguments(claim), {"from": sender})
        return receipt

    def vote(self, ballots: dict[str, Claim | list[Claim] | None]) -> None:
        """Keepers approve claims they have evaluated; None: none of them."""
        self.to(self.index, "vote")
        for name, chosen in ballots.items():
            keeper = getattr(self.protocol.people, name)
            claims = chosen if isinstance(chosen, list) else [chosen] if chosen else []
            self.voting.vote(ballot(keeper.address, *claims), {"from": keeper})

    def play(self, claims: list[Claim], ballots: dict[str, Claim | list[Claim] | None]) -> int:
        """A whole block, up to its first second after; its index."""
        index = claims[0].block_index
        self.commit(*claims)
        self.reveal(*claims)
        self.vote(ballots)
        self.to(index, "end")
        return index


class Protocol:
    """The singletons and a way to make groups."""

    def __init__(self, containers: dict[str, Any], people: People, clock: Clock) -> None:
        self.containers, self.people, self.clock = containers, people, clock
        deployer = {"from": people.deployer}
        blueprints = [
            people.deployer.transfer(data=blueprint(containers[name])).contract_address
            for name in ("DeltaRegistry", "CheckpointVoting")
        ]
        nonce = people.deployer.nonce
        _, vault, coinbase, registry, nrn = (
            people.deployer.get_deployment_address(nonce + i) for i in range(5)
        )
        start = clock.now + DAY
        self.sale = containers["NeuronSale"].deploy(
            nrn, start, start + 30 * DAY, RATE, people.beneficiary, 730 * DAY, deployer
        )
        self.vault = containers["StakeVault"].deploy(nrn, registry, deployer)
        self.coinbase = containers["Coinbase"].deploy(
            nrn, self.sale, self.vault, registry, deployer
        )
        self.registry = containers["GroupRegistry"].deploy(
            nrn, vault, coinbase, people.referee, *blueprints, MIN_BOND, deployer
        )
        self.nrn = containers["Neuron"].deploy(self.sale, coinbase, deployer)
        assert [self.vault, self.coinbase, self.registry, self.nrn] == [
            vault, coinbase, registry, nrn
        ]  # fmt: skip
        self.sponsorship = containers["Sponsorship"].deploy(vault, registry, deployer)

    def at(self, name: str, address: str) -> Any:
        """A contract of a group. Brownie warns that its code differs: by its immutables."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.containers[name].at(address)

    def hold_sale(self) -> None:
        self.clock.to(self.sale.START())
        for name in ("alice", "bob", "carol", "dave", "erin", "mallory"):
            buyer = getattr(self.people, name)
            self.sale.buy({"from": buyer, "value": 200 * ETHER})
            self.nrn.approve(self.vault, 2**256 - 1, {"from": buyer})
        self.clock.to((self.sale.END() // EPOCH + 1) * EPOCH)

    def create(
        self, config: Config | None = None, fork: tuple[int, int, int] | None = None
    ) -> Group:
        """A new group, or a fork of (parent id, height, version); everybody may pay its bonds."""
        config = config or Config()
        method = self.registry.fork_group if fork else self.registry.create_group
        method(*(fork or ()), config.fields(), {"from": self.people.deployer})
        group = Group(self, self.registry.n_groups(), config)
        for name in ("alice", "dave", "mallory"):
            self.nrn.approve(group.voting, 2**256 - 1, {"from": getattr(self.people, name)})
        return group

    def stake(self, group: Group, stakes: dict[str, int]) -> None:
        for name, amount in stakes.items():
            self.vault.stake(group.id, amount, {"from": getattr(self.people, name)})

    def next_epoch(self) -> None:
        """Go to the first second of the next epoch."""
        self.clock.to((self.clock.now // EPOCH + 1) * EPOCH)


def blueprint(container: Any) -> str:
    """Deployment data that stores the ERC-5202 blueprint of a Brownie contract container."""
    code = "fe7100" + container.bytecode.removeprefix("0x")
    return "0x61" + f"{len(code) // 2:04x}" + "3d81600a3d39f3" + code


class Mined(Web3Middleware):
    """A transaction is sent when it is mined. Brownie asks for the nonce before the receipt and
    believes a transaction lost if Anvil has moved one of the two; and it looks once a second."""

    def wrap_make_request(self, make_request: Callable[..., Any]) -> Callable[..., Any]:
        def send(method: str, params: Any) -> Any:
            answer = make_request(method, params)
            if method in ("eth_sendTransaction", "eth_sendRawTransaction") and "result" in answer:
                deadline = time.monotonic() + 60
                while (
                    make_request("eth_getTransactionReceipt", [answer["result"]])["result"] is None
                ):
                    if time.monotonic() > deadline:
                        raise TimeoutError("Anvil mines no blocks")
                    time.sleep(0.001)
            return answer

        return send


@pytest.fixture(scope="session", autouse=True)
def lean() -> None:
    """Spare what Brownie and web3 would do again at every request and every revert."""
    web3.middleware_onion.inject(Mined, layer=0)
    web3.provider.cache_allowed_requests = True
    web3.provider.cacheable_requests = {"eth_chainId"}
    gc.collect()
    gc.freeze()  # `chain.revert` collects garbage: among what the tests leave, not all modules


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def people() -> People:
    return People()


@pytest.fixture(scope="session")
def protocol(
    people: People,
    clock: Clock,
    Neuron: Any,
    NeuronSale: Any,
    StakeVault: Any,
    Coinbase: Any,
    GroupRegistry: Any,
    DeltaRegistry: Any,
    CheckpointVoting: Any,
    Sponsorship: Any,
) -> Protocol:
    containers = (
        Neuron, NeuronSale, StakeVault, Coinbase, GroupRegistry, DeltaRegistry, CheckpointVoting,
        Sponsorship,
    )  # fmt: skip
    built = Protocol({c._name: c for c in containers}, people, clock)
    built.hold_sale()
    return built


@pytest.fixture(scope="session")
def group(protocol: Protocol) -> Group:
    """Group 1: alice 30,000, bob 20,000 and carol 10,000 NRN. Neither its blocks nor its periods
    are aligned to epochs."""
    protocol.clock.to(protocol.clock.now + 2 * DAY + 5 * HOUR)
    built = protocol.create(Config(keeper_bps=2_000))
    protocol.stake(built, STAKES)
    protocol.next_epoch()
    return built


@pytest.fixture(autouse=True)
def isolation(group: Group) -> Iterator[None]:
    """Every test starts from the live protocol and leaves nothing behind."""
    chain.snapshot()
    yield
    chain.revert()


@pytest.fixture
def deploy_source(people: People) -> Callable[..., Any]:
    """Compile and deploy a few lines of Vyper that play a part no contract of ours plays."""

    def deploy(source: str, *arguments: Any) -> Any:
        output = vyper.compile_code(source, output_formats=["abi", "bytecode"])
        factory = web3.eth.contract(abi=output["abi"], bytecode=output["bytecode"])
        data = factory.constructor(*arguments).data_in_transaction
        receipt = people.deployer.transfer(data=data)
        return Contract.from_abi("Mock", receipt.contract_address, output["abi"])

    return deploy


REFUSING = """
# pragma version 0.4.3
answer: bool

@external
def set_answer(answer: bool):
    self.answer = answer

@external
def transfer(to: address, amount: uint256) -> bool:
    return self.answer

@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    return self.answer

@external
def mint(to: address, amount: uint256):
    pass

@external
@view
def voting_group(voting: address) -> uint256:
    return 1
"""


@pytest.fixture
def refusing_token(deploy_source: Callable[..., Any]) -> Any:
    """A token that answers False where ours reverts; it also plays a registry of groups."""
    return deploy_source(REFUSING)


def event(receipt: Any, name: str) -> dict[str, Any]:
    """The only event of its name in a receipt."""
    assert receipt.events.count(name) == 1
    return dict(receipt.events[name])
