"""The protocol's addresses on one chain: from a file, or known to this package."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compute.canonical import check_nesting
from compute.chain.errors import NotDeployed

MAX_FILE_BYTES = 1 << 16
SINGLETONS = (
    "Neuron", "NeuronSale", "StakeVault", "Coinbase", "GroupRegistry", "Sponsorship", "Referee"
)  # fmt: skip
# What `brownie run deploy` writes; the files of public chains are part of the package.
KNOWN = Path(__file__).parent / "deployments"
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


@dataclass(frozen=True)
class Deployment:
    """Addresses of the singletons, and the block from which their events are worth reading."""

    chain_id: int
    contracts: Mapping[str, str]
    block: int

    @classmethod
    def load(cls, path: Path | str) -> "Deployment":
        """Read and check a deployment file. Raises NotDeployed, saying what is wrong with it."""
        path = Path(path)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError:
            raise NotDeployed(f"There is no deployment file at {path}.") from None
        if len(data) > MAX_FILE_BYTES:
            raise NotDeployed(f"{path} is too large for a deployment file. Is it another file?")
        try:
            check_nesting(data)
            return cls._from_document(json.loads(data))
        except ValueError as error:
            raise NotDeployed(f"{path} is not a deployment file: {error}.") from None

    @classmethod
    def known(cls, chain_id: int) -> "Deployment":
        """Return the known deployment on a chain. Raises NotDeployed."""
        path = KNOWN / f"{chain_id}.json"
        if not path.exists():
            raise NotDeployed(
                f"No deployment on chain {chain_id} is known here. Ask whoever deployed it for the "
                "file and name it with --deployment or NRN_DEPLOYMENT, or deploy in a clone: "
                "brownie run deploy."
            )
        return cls.load(path)

    @classmethod
    def _from_document(cls, document: Any) -> "Deployment":
        if not isinstance(document, dict):
            raise ValueError("it holds no JSON object")
        chain_id, block = document.get("chain_id"), document.get("block", 0)
        if not (isinstance(chain_id, int) and chain_id > 0):
            raise ValueError("chain_id must be a positive integer")
        if not (isinstance(block, int) and block >= 0):
            raise ValueError("block must be the number of the deployment's first block")
        contracts = document.get("contracts")
        if not isinstance(contracts, dict):
            raise ValueError("contracts must map names to addresses")
        for name in SINGLETONS:
            address = contracts.get(name)
            if not (isinstance(address, str) and ADDRESS.fullmatch(address)):
                raise ValueError(f"contracts.{name} is not an address")
        return cls(chain_id, {name: contracts[name] for name in SINGLETONS}, block)
