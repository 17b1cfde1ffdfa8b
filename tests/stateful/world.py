"""A deployed protocol on the in-process ledger, with named actors and the claims they sign."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from eth._utils.address import generate_contract_address
from eth_abi.abi import encode
from eth_account import Account
from eth_utils import keccak, to_canonical_address, to_checksum_address
from ledger import Contract, Ledger, blueprint, compile_contracts

DAY = 86_400
EPOCH = 7 * DAY
ETHER = 10**18
ZERO = "0x" + "00" * 20
NONE_VALID = bytes(32)
OPENING = 1_800_000_000  # the sale opens; a Friday, so epoch edges are not day edges of the group
SALE_DAYS = 30
RATE = 1_000
MIN_BOND = ETHER
ACTORS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")

compiled = cache(compile_contracts)


@dataclass(frozen=True)
class Config:
    """`IGroupRegistry.GroupConfig`; windows and periods in seconds, the bond in NRN wei."""

    model_hash: bytes = b"\x01" * 32
    genesis_checkpoint: bytes = b"\x02" * 32
    genesis_tip: bytes = b"\x03" * 32
    commit_window: int = 4 * 3_600
    reveal_window: int = 1_800
    vote_window: int = 5_400
    checkpoint_quorum_bps: int = 3_334
    delta_quorum_bps: int = 2_000
    delta_period: int = 7 * DAY
    bond: int = MIN_BOND
    min_improvement: int = 1
    keeper_bps: int = 0

    def fields(self) -> tuple[Any, ...]:
        return tuple(vars(self).values())


class World:
    """Sale open, actors funded, no group yet."""

    def __init__(self, artifacts: dict[str, Any] | None = None) -> None:
        ledger = self.ledger = Ledger(artifacts or compiled(), OPENING - DAY)
        self.deployer = ledger.account("deployer")
        self.beneficiary = ledger.account("beneficiary")
        self.keys = {name: Account.from_key(keccak(text=name)) for name in ACTORS}
        self.actors = {name: key.address for name, key in self.keys.items()}
        for address in self.actors.values():
            ledger.fund(address, 10**9 * ETHER)
        self._deploy()

    def _deploy(self) -> None:
        ledger, deployer = self.ledger, self.deployer
        creator = to_canonical_address(deployer)
        sale, vault, coinbase, registry, nrn = (
            to_checksum_address(generate_contract_address(creator, nonce)) for nonce in range(2, 7)
        )
        blueprints = [
            ledger.deploy_code(blueprint(ledger.artifacts[name].bytecode), deployer)
            for name in ("DeltaRegistry", "CheckpointVoting")
        ]
        end = OPENING + SALE_DAYS * DAY
        arguments: dict[str, tuple[Any, ...]] = {
            "NeuronSale": (nrn, OPENING, end, RATE, self.beneficiary, 730 * DAY),
            "StakeVault": (nrn, registry),
            "Coinbase": (nrn, sale, vault, registry),
            "GroupRegistry": (nrn, vault, coinbase, *blueprints, MIN_BOND),
            "Neuron": (sale, coinbase),
        }
        deployed = [ledger.deploy(name, *args, sender=deployer) for name, args in arguments.items()]
        self.sale, self.vault, self.coinbase, self.registry, self.nrn = deployed
        assert [c.address for c in deployed] == [sale, vault, coinbase, registry, nrn]

    def sell(self, ether_each: int = 100) -> None:
        """Every actor buys for `ether_each` ether; everyone approves the vault."""
        self.ledger.now = max(self.ledger.now, OPENING)
        for address in self.actors.values():
            self.sale.buy(sender=address, value=ether_each * ETHER)
            self.nrn.approve(self.vault.address, 2**256 - 1, sender=address)

    def close_sale(self) -> None:
        """Go to the start of the first epoch after the sale."""
        self.ledger.now = (self.sale.END() // EPOCH + 1) * EPOCH

    def group(self, config: Config | None = None, parent: tuple[int, int, int] | None = None) -> "Group":
        """Create a group, or fork one given (parent id, height, version)."""
        config = config or Config()
        call = self.registry.fork_group if parent else self.registry.create_group
        group_id = call(*(parent or ()), config.fields(), sender=self.deployer)
        group = Group(self, group_id, config)
        for address in self.actors.values():
            self.nrn.approve(group.voting.address, 2**256 - 1, sender=address)
        return group


class Group:
    """One training group: its two contracts and its block clock."""

    def __init__(self, world: World, group_id: int, config: Config) -> None:
        self.world, self.id, self.config = world, group_id, config
        registry, ledger = world.registry, world.ledger
        self.deltas: Contract = ledger.at("DeltaRegistry", registry.deltas_of(group_id))
        self.voting: Contract = ledger.at("CheckpointVoting", registry.voting_of(group_id))
        self.genesis = self.voting.GENESIS_TIME()
        self.period = self.voting.PERIOD()

    def start(self, index: int) -> int:
        """Unix time at which a block begins."""
        return self.genesis + index * self.period

    @property
    def index(self) -> int:
        """The running block."""
        return (self.world.ledger.now - self.genesis) // self.period

    def at(self, index: int, phase: str) -> None:
        """Go to the first second of a phase of a block: commit, reveal, vote or end."""
        config = self.config
        offset = {
            "commit": 0,
            "reveal": config.commit_window,
            "vote": config.commit_window + config.reveal_window,
            "end": self.period,
        }[phase]
        self.world.ledger.now = self.start(index) + offset


@dataclass(frozen=True)
class Claim:
    """What a trainer signs, and what it takes to reveal it."""

    trainer: str
    block_index: int
    model_hash: bytes
    tip: bytes
    checkpoint_hash: bytes
    loss: int
    baseline_loss: int
    root: bytes
    salt: bytes = b"\x05" * 32

    @property
    def root_hash(self) -> bytes:
        return keccak(self.root)

    def digest(self, voting: str, chain_id: int = 1) -> bytes:
        """EIP-712 digest for the voting contract at `voting`."""
        domain = encode(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [
                keccak(
                    text="EIP712Domain(string name,string version,"
                    "uint256 chainId,address verifyingContract)"
                ),
                keccak(text="DecentralizedAI Checkpoint"),
                keccak(text="1"),
                chain_id,
                voting,
            ],
        )
        struct = encode(
            ["bytes32", "address", "uint256", *["bytes32"] * 3, "uint64", "uint64", "bytes32"],
            [
                keccak(
                    text="Checkpoint(address trainer,uint256 blockIndex,bytes32 modelHash,"
                    "bytes32 trainingSetTip,bytes32 checkpointHash,uint64 loss,"
                    "uint64 baselineLoss,bytes32 evalRootHash)"
                ),
                self.trainer,
                self.block_index,
                self.model_hash,
                self.tip,
                self.checkpoint_hash,
                self.loss,
                self.baseline_loss,
                self.root_hash,
            ],
        )
        return keccak(b"\x19\x01" + keccak(domain) + keccak(struct))

    def commitment(self, voting: str, chain_id: int = 1) -> bytes:
        return keccak(self.digest(voting, chain_id) + self.salt)

    def arguments(self, key: Any, voting: str, chain_id: int = 1) -> tuple[Any, ...]:
        """Arguments of `reveal`, signed with `key`."""
        signature = key.unsafe_sign_hash(self.digest(voting, chain_id)).signature
        return (
            self.trainer,
            self.checkpoint_hash,
            self.loss,
            self.baseline_loss,
            self.root_hash,
            self.salt,
            bytes(signature),
        )


def attestation(root: bytes, staker: str) -> bytes:
    """What a keeper who knows `root` puts on its ballot."""
    return keccak(encode(["bytes32", "address"], [root, staker]))
