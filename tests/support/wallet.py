"""A wallet in a page, as an extension would be: it asks us, we ask Anvil.

A page's policy forbids it any other server, so calls wait in the page until `serve` answers them.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.integration.devnet import Devnet
from tests.support.browser import Browser

EXTENSION = """
(() => {
  const asked = [], waiting = {};
  let last = 0;
  window.wallet_asked = () => asked.splice(0);
  window.wallet_answer = (id, result, error) => {
    if (!waiting[id]) return;
    const [resolve, reject] = waiting[id];
    delete waiting[id];
    error ? reject(error) : resolve(result);
  };
  window.ethereum = {
    request: (call) => new Promise((...ends) => {
      waiting[++last] = ends;
      asked.push({ id: last, ...call });
    }),
    on: () => {},
  };
})();
"""
DECLINED = {"code": 4001, "message": "User rejected the request."}


@dataclass
class Wallet:
    """Signs everything for `account`, unless it `declines`. `sent` are its transactions."""

    browser: Browser
    net: Devnet
    account: str
    chain_id: int = 31337
    declines: bool = False
    stubborn: bool = False  # does not switch chains
    says: dict[str, Any] | None = None  # the error that every trial meets
    sent: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.browser.inject(EXTENSION)
        self.net.rpc("anvil_impersonateAccount", self.account)

    def serve(self) -> None:
        """Answer what the page has asked since the last time."""
        for call in self.browser.run("return window.wallet_asked()"):
            answer = self._answer(call["method"], call.get("params", []))
            words = (call["id"], answer.get("result"), answer.get("error"))
            self.browser.run(f"window.wallet_answer({', '.join(map(json.dumps, words))})")

    def _answer(self, method: str, params: list[Any]) -> dict[str, Any]:
        if method == "eth_requestAccounts":
            return {"result": [self.account.lower()]}
        if method == "eth_chainId":
            return {"result": hex(self.chain_id)}
        if method == "wallet_switchEthereumChain":
            if self.stubborn:
                return {"error": DECLINED}
            self.chain_id = int(params[0]["chainId"], 16)
            return {"result": None}
        if method in ("eth_call", "eth_estimateGas") and self.says is not None:
            return {"error": self.says}
        if method == "eth_sendTransaction" and self.declines:
            return {"error": DECLINED}
        if method == "eth_sendTransaction":  # as wallets do that know the field
            assert int(params[0]["chainId"], 16) == self.chain_id
        answer = self.net.web3.provider.make_request(method, params)  # type: ignore[arg-type]
        if method == "eth_sendTransaction" and "result" in answer:
            self.sent.append(answer["result"])
        return dict(answer)
