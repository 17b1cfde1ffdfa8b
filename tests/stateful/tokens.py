"""Tokens that sponsors may bring: they answer nothing, take a fee, call back."""

from tests.stateful.world import SOURCES, ZERO, Contract, deploy

STRANGE = """
# pragma version 0.4.3
balanceOf: public(HashMap[address, uint256])
fee_bps: uint256
target: address
data: Bytes[132]
called: public(uint256)
succeeded: public(uint256)

@deploy
def __init__():
    pass

@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount

@external
def set_fee(bps: uint256):
    self.fee_bps = bps

@external
def set_hook(target: address, data: Bytes[132]):
    self.target = target
    self.data = data

@external
def transfer(to: address, amount: uint256){returns}:
    self._move(msg.sender, to, amount)
    {answer}

@external
def transferFrom(owner: address, to: address, amount: uint256){returns}:
    self._move(owner, to, amount)
    {answer}

@internal
def _move(owner: address, to: address, amount: uint256):
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount - amount * self.fee_bps // 10_000
    if self.target != empty(address):
        self.called += 1
        if raw_call(self.target, self.data, revert_on_failure=False):
            self.succeeded += 1
"""


def strange_token(answer: bool | None) -> Contract:
    """A token for all to mint; its transfers answer this, or nothing."""
    returns, statement = ("", "pass") if answer is None else (" -> bool", f"return {answer}")
    name = f"token that answers {answer}"
    SOURCES[name] = STRANGE.format(returns=returns, answer=statement)
    return deploy(ZERO, name)
