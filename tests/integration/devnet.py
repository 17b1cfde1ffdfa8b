"""A real chain for tests: Anvil, the deployed protocol, a finished sale, stakers, one group."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import keccak, to_checksum_address
from web3 import Web3

from compute.chain import Chain, Deployment, Group, GroupConfig, Sender, Spending, connect
from compute.durable import replace_file
from compute.units import DAY, EPOCH, ETHER, NRN
from scripts.ports import free_port
from tests.support.patience import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[2]
RULES = ("StepsNumbers", "StepsElementary", "StepsFolds", "StepsLoss")
REFEREE = (*RULES, "StepsSources", "StepsJudge", "Referee")
GENESIS = 1_750_000_000  # unix time of the chain's first block
HOUR = 3_600
RATE = 1_000
PASSWORD = "correct horse"
KEEPERS = ("alice", "bob", "carol")
NAMES = (*KEEPERS, "tara", "tom", "mallory")

CONFIG = GroupConfig(
    model_hash=sha256(b"model").digest(),
    genesis_checkpoint=sha256(b"checkpoint").digest(),
    genesis_tip=sha256(b"delta").digest(),
    commit_window=4 * HOUR,
    reveal_window=HOUR // 2,
    vote_window=3 * HOUR // 2,
    checkpoint_quorum_bps=3_334,
    delta_quorum_bps=2_000,
    delta_period=7 * DAY,
    bond=NRN,
    min_improvement=1,
    max_improvement=1,
    keeper_bps=2_000,
)


@dataclass
class Devnet:
    """An Anvil process of our own. Everybody in NAMES has ETH and NRN; KEEPERS have staked."""

    folder: Path
    process: subprocess.Popen[bytes]
    url: str
    accounts: dict[str, LocalAccount] = field(default_factory=dict)

    @classmethod
    def start(cls, folder: Path, *options: str) -> "Devnet":
        """`options` are more of Anvil's."""
        anvil = shutil.which("anvil", path=f"{ROOT / 'node_modules' / '.bin'}:{os.environ['PATH']}")
        assert anvil, "anvil is missing: run `make setup`"
        port = free_port()
        # Its past states lie with us: after a SIGKILL nobody would take them out of the home.
        states = ["--cache-path", str(folder / "anvil")]
        arguments = [anvil, "--port", str(port), "--silent", "--timestamp", str(GENESIS), *states]
        arguments += options
        net = cls(folder, subprocess.Popen(arguments), f"http://127.0.0.1:{port}")
        wait_until(lambda: net.process.poll() is not None or net.web3.is_connected())
        assert net.process.poll() is None, "anvil did not start"
        return net

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    @cached_property
    def web3(self) -> Web3:
        return Web3(Web3.HTTPProvider(self.url, request_kwargs={"timeout": PATIENCE}))

    @cached_property
    def deployment_file(self) -> Path:
        return self.folder / "31337.json"

    @property
    def data(self) -> Path:
        """The data folder of everybody on this chain."""
        return self.folder / "data"

    @property
    def spending(self) -> Spending:
        return Spending(accounts=self.data / "decentralizedai" / "accounts")

    def chain(self) -> Chain:
        """A fresh connection, as any client makes it."""
        return connect(self.url, deployment=self.deployment_file, spending=self.spending)

    def sender(self, name: str) -> Sender:
        return self.chain().sender(self.accounts[name])

    def keystore(self, name: str) -> Path:
        """The keystore file of an account; its password is PASSWORD."""
        return self.folder / f"{name}.json"

    def rpc(self, method: str, *params: Any) -> Any:
        answer = self.web3.provider.make_request(method, list(params))
        assert "error" not in answer, answer
        return answer["result"]

    def warp(self, to: int) -> None:
        """Mine one block at this time."""
        self.rpc("evm_setNextBlockTimestamp", to)
        self.rpc("evm_mine")

    def next_epoch(self) -> None:
        """Go to the start of the next stake epoch."""
        self.warp((self.chain().now() // EPOCH + 1) * EPOCH)

    def new_account(self, name: str, *, ether: int = 0) -> LocalAccount:
        """An account with a keystore file, the same on every run."""
        account = Account.from_key(keccak(text=f"devnet {name}"))
        self.accounts[name] = account
        keystore = Account.encrypt(account.key, PASSWORD, kdf="pbkdf2", iterations=1)
        self.keystore(name).write_text(json.dumps(keystore))
        self.rpc("anvil_setBalance", account.address, hex(ether))
        return account

    def create_group(self, config: GroupConfig = CONFIG, *, by: str = "alice") -> Group:
        receipt = self.sender(by).create_group(config)
        return self.chain().group(receipt.event("GroupCreated")["group_id"])

    def deploy(self) -> None:
        """Deploy the protocol by nonce prediction and write the deployment file."""
        block = self.web3.eth.block_number
        deployer = self.web3.eth.accounts[0]
        code = compiled()
        # compiling may take minutes, and the chain's clock stands since its last block
        self.web3.provider.make_request("evm_mine", [])
        nonce = self.web3.eth.get_transaction_count(deployer)
        order = ["DeltaRegistry", "CheckpointVoting", "NeuronSale", "StakeVault", "Coinbase",
                 "GroupRegistry", "Neuron", "Sponsorship", *REFEREE]  # fmt: skip
        at = {name: created_by(deployer, nonce + place) for place, name in enumerate(order)}
        start = self.web3.eth.get_block("latest")["timestamp"] + 60
        arguments = {
            "NeuronSale": (at["Neuron"], start, start + 2 * DAY, RATE, deployer, 0),
            "StakeVault": (at["Neuron"], at["GroupRegistry"]),
            "Coinbase": (at["Neuron"], at["NeuronSale"], at["StakeVault"], at["GroupRegistry"]),
            "GroupRegistry": (at["Neuron"], at["StakeVault"], at["Coinbase"], at["Referee"],
                              at["DeltaRegistry"], at["CheckpointVoting"], NRN),
            "Neuron": (at["NeuronSale"], at["Coinbase"]),
            "Sponsorship": (at["StakeVault"], at["GroupRegistry"]),
            **{name: () for name in (*RULES, "StepsSources")},
            "StepsJudge": ([at[rule] for rule in RULES],),
            "Referee": (at["GroupRegistry"], at["StepsJudge"], at["StepsSources"], NRN // 10),
        }  # fmt: skip
        for name in order:
            kind = "bytecode" if name in arguments else "blueprint_bytecode"
            factory = self.web3.eth.contract(abi=code[name]["abi"], bytecode=code[name][kind])
            if name in arguments:
                sent = factory.constructor(*arguments[name]).transact({"from": deployer})
            else:
                data = {"from": deployer, "data": code[name][kind]}
                sent = self.web3.eth.send_transaction(data)
            receipt = self.web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.01)
            assert receipt["contractAddress"] == at[name], name
        document = {"chain_id": 31337, "contracts": at, "block": block}
        self.deployment_file.write_text(json.dumps(document))
        Deployment.load(self.deployment_file)

    def populate(self) -> None:
        """Hold the sale, create group 1, stake, and go to the epoch in which the stakes count."""
        terms = self.chain().sale.terms()
        self.warp(terms.start)
        for name in NAMES:
            self.new_account(name, ether=100 * ETHER)
            self.sender(name).buy(ETHER)
        self.warp(terms.end)
        group = self.create_group()
        for name in KEEPERS:
            self.sender(name).stake(group.id, 100 * NRN)
        self.next_epoch()


def compiled() -> dict[str, dict[str, Any]]:
    """Vyper's output for every contract: abi, bytecode, blueprint_bytecode.

    From a process of its own, because importing Vyper raises the recursion limit, and with it the
    depth at which hostile JSON is refused; and kept until a source changes, because it takes long.
    """
    sources = sorted((ROOT / "contracts").glob("*.vy"))
    read = sorted(
        path for name in ("contracts", "interfaces") for path in ROOT.glob(f"{name}/**/*.vy*")
    )
    key = sha256(b"".join(path.read_bytes() for path in read)).hexdigest()[:16]
    kept = ROOT / ".pytest_cache" / f"contracts-{key}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    formats = ("abi", "bytecode", "blueprint_bytecode")
    vyper = [Path(sys.executable).parent / "vyper", "-p", ROOT, "--evm-version", "cancun",
             "-f", ",".join(formats), *sources]  # fmt: skip
    lines = iter(
        subprocess.run(
            [str(word) for word in vyper], check=True, capture_output=True, text=True
        ).stdout.splitlines()
    )
    output = {path.stem: {name: next(lines) for name in formats} for path in sources}
    for found in output.values():
        found["abi"] = json.loads(found["abi"])
    kept.parent.mkdir(exist_ok=True)
    replace_file(kept, json.dumps(output).encode())
    return output


def created_by(deployer: str, nonce: int) -> str:
    """The address of the contract that this transaction creates."""
    sender = bytes.fromhex(deployer[2:])
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    if nonce == 0 or nonce > 0x7F:
        number = bytes([0x80 + len(number)]) + number
    payload = bytes([0x80 + 20]) + sender + number
    return to_checksum_address(keccak(bytes([0xC0 + len(payload)]) + payload)[12:])
