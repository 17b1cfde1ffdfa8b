"""Shared by all groups of one chain: the RPC, the chain's own blocks, and its contracts."""

from pathlib import Path

from compute.chain.answers import data_bytes, quantity
from compute.chain.contract import BlockTag, Contract
from compute.chain.deployment import SINGLETONS, Deployment
from compute.chain.errors import NotDeployed
from compute.chain.events import HeadReader
from compute.chain.index import Index
from compute.chain.records import Head
from compute.chain.referee import Referee
from compute.chain.rpc import Rpc
from compute.chain.singletons import (
    Coinbase,
    GroupRegistry,
    Neuron,
    NeuronSale,
    Sponsorships,
    StakeVault,
)
from compute.chain.spending import Spending
from compute.units import EPOCH

# Blocks on top of a final one, where nodes do not answer "finalized". Development chains never
# finalize. RSKj refuses the tag (its issue 3309): 30 blocks are a quarter of an hour of proof of
# work merged with Bitcoin's, as long as Ethereum takes.
CONFIRMATIONS = {1337: 0, 31337: 0, 30: 30, 31: 30}


class Shared:
    """Typed reads of what belongs to no group."""

    def __init__(
        self,
        rpc: Rpc,
        deployment: Deployment,
        spending: Spending | None = None,
        index: Path | None = None,
    ) -> None:
        """`index` is the folder of what is kept of the chain's past."""
        self.rpc = rpc
        self.spending = spending or Spending()
        self.deployment = deployment
        self.chain_id = deployment.chain_id
        self.heads = HeadReader(rpc)
        folder = None if index is None else index / str(self.chain_id)
        self.index = Index(self.heads, self.final, folder)
        self.neuron = Neuron(self._contract("Neuron"))
        self.sale = NeuronSale(self._contract("NeuronSale"))
        self.vault = StakeVault(self._contract("StakeVault"))
        self.coinbase = Coinbase(self._contract("Coinbase"))
        self.registry = GroupRegistry(self._contract("GroupRegistry"))
        self.sponsorship = Sponsorships(self._contract("Sponsorship"))
        self.referee = Referee(self._contract("Referee"), self.heads, deployment.block)

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

    def finality_lag(self) -> int:
        """Seconds between the latest block and the newest that will not be taken back."""
        return self.head().timestamp - self.head(self.final()).timestamp

    def now(self) -> int:
        """Chain time: the timestamp of the latest block, in unix seconds."""
        return self.head().timestamp

    def epoch(self) -> int:
        """The stake epoch that runs now."""
        return self.now() // EPOCH

    def ether_of(self, address: str) -> int:
        """ETH of an account, in wei."""
        return quantity(self.rpc.request("eth_getBalance", address, "latest"))
