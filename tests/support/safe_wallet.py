"""A real contract wallet: Safe 1.4.1, from the bytecode that its authors publish."""

import json
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_account.signers.local import LocalAccount
from web3 import Web3

ARTIFACTS = (
    Path(__file__).resolve().parents[2]
    / "node_modules/@safe-global/safe-contracts/build/artifacts/contracts"
)
ZERO = "0x" + "00" * 20


class Safe:
    """A wallet of `owners` of which `threshold` must sign; 65 bytes for each."""

    def __init__(self, web3: Web3, payer: str, owners: list[LocalAccount], threshold: int) -> None:
        self._web3, self._payer = web3, payer
        self._owners, self._threshold = owners, threshold
        singleton = self._deploy("Safe")
        self._handler = self._deploy("handler/CompatibilityFallbackHandler")
        proxy = self._deploy("proxies/SafeProxy", singleton.address)
        self.address: str = proxy.address
        self._safe = web3.eth.contract(proxy.address, abi=singleton.abi)
        terms = [[owner.address for owner in owners], threshold, ZERO, b"",
                 self._handler.address, ZERO, 0, ZERO]  # fmt: skip
        self._wait(self._safe.functions.setup(*terms).transact({"from": payer}))

    def sign(self, digest: bytes, signers: int | None = None) -> bytes:
        """What `isValidSignature` accepts for a digest, made by so many owners."""
        message = encode(["bytes32"], [digest])
        return self._signatures(
            self._handler.functions.getMessageHashForSafe(self.address, message).call(), signers
        )

    def execute(self, to: str, data: bytes | str) -> Any:
        """Call a contract as the wallet, by its owners' signatures; the receipt."""
        terms = [to, 0, data, 0, 0, 0, 0, ZERO, ZERO]
        digest = self._safe.functions.getTransactionHash(
            *terms, self._safe.functions.nonce().call()
        ).call()
        call = self._safe.functions.execTransaction(*terms, self._signatures(digest))
        return self._wait(call.transact({"from": self._payer}))

    def _signatures(self, digest: bytes, signers: int | None = None) -> bytes:
        chosen = self._owners[: self._threshold if signers is None else signers]
        chosen.sort(key=lambda owner: int(owner.address, 16))  # as a Safe wants them
        return b"".join(bytes(owner.unsafe_sign_hash(digest).signature) for owner in chosen)

    def _deploy(self, name: str, *arguments: Any) -> Any:
        artifact = json.loads((ARTIFACTS / f"{name}.sol" / f"{Path(name).name}.json").read_text())
        factory = self._web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
        sent = factory.constructor(*arguments).transact({"from": self._payer})
        return self._web3.eth.contract(self._wait(sent)["contractAddress"], abi=artifact["abi"])

    def _wait(self, sent: Any) -> Any:
        receipt = self._web3.eth.wait_for_transaction_receipt(sent, poll_latency=0.01)
        assert receipt["status"] == 1
        return receipt
