"""The protocol on one chain: `connect`, and what all groups share."""

from pathlib import Path
from typing import TYPE_CHECKING

from compute.chain.contract import BlockTag, Contract
from compute.chain.deployment import SINGLETONS, Deployment
from compute.chain.errors import NoSuchGroup, NotDeployed, WrongChain
from compute.chain.events import HeadReader
from compute.chain.group import Group
from compute.chain.records import Head
from compute.chain.rpc import Rpc, data_bytes, quantity
from compute.chain.singletons import Coinbase, GroupRegistry, Neuron, NeuronSale, StakeVault
from compute.units import EPOCH

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from compute.chain.sender import Sender

# Blocks on top of a final one, where nodes do not answer "finalized". Development chains never
# finalize. RSKj refuses the tag (its issue 3309): 30 blocks are a quarter of an hour of proof of
# work merged with Bitcoin's, as long as Ethereum takes.
CONFIRMATIONS = {1337: 0, 31337: 0, 30: 30, 31: 30}


def connect(
    rpc: str,
    *,
    deployment: Path | str | None = None,
    chain_id: int | None = None,
    timeout: float = 20.0,
) -> "Chain":
    """Open the protocol behind an RPC address.

    Args:
        rpc: such as http://127.0.0.1:8545.
        deployment: the file that says where the contracts are; by default what the package
            knows of this chain.
        chain_id: what the RPC must serve; by default what the deployment file says.
        timeout: seconds allowed for one request.

    Raises RpcUnavailable, WrongChain or NotDeployed.
    """
    transport = Rpc(rpc, timeout=timeout)
    served = quantity(transport.request("eth_chainId"))
    if chain_id is not None and served != chain_id:
        raise WrongChain(f"{rpc} serves chain {served}, not chain {chain_id}. Use another RPC.")
    found = Deployment.known(served) if deployment is None else Deployment.load(deployment)
    if found.chain_id != served:
        raise WrongChain(
            f"{rpc} serves chain {served}, but the deployment file is for chain {found.chain_id}. "
            "Use the RPC of that chain, or the deployment file of this one."
        )
    chain = Chain(transport, found)
    chain.check_code()
    return chain


class Chain:
    """Typed reads."""

    def __init__(self, rpc: Rpc, deployment: Deployment) -> None:
        self.rpc = rpc
        self.deployment = deployment
        self.chain_id = deployment.chain_id
        self.heads = HeadReader(rpc)
        self.neuron = Neuron(self._contract("Neuron"))
        self.sale = NeuronSale(self._contract("NeuronSale"))
        self.vault = StakeVault(self._contract("StakeVault"))
        self.coinbase = Coinbase(self._contract("Coinbase"))
        self.registry = GroupRegistry(self._contract("GroupRegistry"))
        self._groups: dict[int, Group] = {}

    def _contract(self, name: str) -> Contract:
        return Contract(self.rpc, name, self.deployment.contracts[name])

    def check_code(self) -> None:
        """Raise NotDeployed unless there is code at every address."""
        addresses = [self.deployment.contracts[name] for name in SINGLETONS]
        codes = self.rpc.batch([("eth_getCode", (address, "latest")) for address in addresses])
        for name, address, code in zip(SINGLETONS, addresses, codes, strict=True):
            if not data_bytes(code):
                raise NotDeployed(
                    f"There is no {name} at {address} on chain {self.chain_id}. Deploy with "
                    "`brownie run deploy`, or name the right file with --deployment or "
                    "NRN_DEPLOYMENT."
                )

    def head(self, tag: BlockTag = "latest") -> Head:
        """A block of the chain itself."""
        return self.heads.head(tag)

    def final(self) -> BlockTag:
        """The newest block that will not be taken back, which rule F1 waits for: tag or number."""
        confirmations = CONFIRMATIONS.get(self.chain_id)
        if confirmations is None:
            return "finalized"
        return max(0, self.head().number - confirmations)

    def now(self) -> int:
        """Chain time: the timestamp of the latest block, in unix seconds."""
        return self.head().timestamp

    def epoch(self) -> int:
        """The stake epoch that runs now."""
        return self.now() // EPOCH

    def ether_of(self, address: str) -> int:
        """ETH of an account, in wei."""
        return quantity(self.rpc.request("eth_getBalance", address, "latest"))

    def group(self, group_id: int) -> Group:
        """One group. Raises NoSuchGroup."""
        if group_id not in self._groups:
            count = self.registry.n_groups()
            if not 0 < group_id <= count:
                raise NoSuchGroup(
                    f"There is no group {group_id}: there are {count}. See `nrn group list`."
                )
            self._groups[group_id] = Group.read(self, group_id)
        return self._groups[group_id]

    def groups(self) -> list[Group]:
        """All groups, in order of creation."""
        return [self.group(number) for number in range(1, self.registry.n_groups() + 1)]

    def sender(self, account: "LocalAccount") -> "Sender":
        """Transactions signed by this account."""
        from compute.chain.sender import Sender  # web3 takes a second to import; reading needs none

        return Sender(self, account)
