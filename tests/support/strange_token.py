"""Vyper source of tokens that sponsors may bring: no answer or False, a fee, a call, a loss."""

STRANGE = """
# pragma version 0.4.3
balanceOf: public(HashMap[address, uint256])
fee_bps: uint256
answer: bool
target: address
data: Bytes[132]
called: public(uint256)
succeeded: public(uint256)

@deploy
def __init__(answer: bool):
    self.answer = answer

@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount

@external
def take(owner: address, amount: uint256):
    self.balanceOf[owner] -= amount

@external
def set_answer(answer: bool):
    self.answer = answer

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


def strange(answers: bool) -> str:
    """Vyper source of a token for all to mint, whose transfers answer or do not."""
    returns, statement = (" -> bool", "return self.answer") if answers else ("", "pass")
    return STRANGE.format(returns=returns, answer=statement)
