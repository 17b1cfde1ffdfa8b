"""Send a transaction that may fail: say so and go on; the next step looks at the chain again."""

import logging
from collections.abc import Callable

from compute.chain import (
    Group,
    NoFunds,
    Reverted,
    TooExpensive,
    TooLate,
    TransactionPending,
    TransactionReplaced,
)
from compute.chain.handover import Opened
from compute.chain.rewards import Reward, collect
from compute.chain.sender import Sender
from compute.chain.transactions import Receipt
from compute.node.events import event
from compute.values import Amount

logger = logging.getLogger(__name__)

FAILURES = Reverted, NoFunds, TooExpensive, TooLate, TransactionPending, TransactionReplaced


# events of money that reached whom it belongs to, and where they name how much
PAYMENTS = {
    "BlockCoinbase": "reward", "DeltaCoinbase": "reward", "BondReleased": "amount",
    "KeeperPaid": "amount",
}  # fmt: skip


def attempt(what: str, send: Callable[[], object]) -> bool:
    """Send; whether it is on chain. An RPC that does not answer still raises RpcUnavailable."""
    try:
        send()
    except FAILURES as error:
        name = "no_ether" if isinstance(error, NoFunds) else "not_sent"
        logger.warning("could not %s: %s", what, error, extra=event(name, what=what))
        return False
    logger.info("done: %s", what, extra=event("sent", what=what))
    return True


def told(receipt: Receipt) -> None:
    """Say what a transaction that collects brought, or that a bond is lost."""
    for found in receipt.events:
        if found.name not in PAYMENTS:
            continue
        amount = found[PAYMENTS[found.name]]
        if found.arguments.get("burned"):
            sentence, name = (
                "a bond of %s NRN was burned: the claim was judged false",
                "bond_burned",
            )
        else:
            sentence, name = "%s NRN were paid (" + found.name + ")", "paid"
        logger.info(sentence, Amount(amount), extra=event(name, amount=str(amount)))


def settle_overdue(sender: Sender, group: Group) -> None:
    """Write the outcome of the last block with reveals to the chain, if it is over."""
    block_index = group.voting.settleable()
    if block_index is not None:
        attempt(f"settle block {block_index}", lambda: sender.settle(group))


class OwnTransactions:
    """Delivery of claims by transactions of an account of ours, which pays their bonds."""

    # Kept free at the end of the commit window for sending the commitment.
    commit_margin = 120

    def __init__(self, group: Group, sender: Sender) -> None:
        self._group = group
        self._sender = sender

    def can_pay_bond(self) -> bool:
        """Return whether the account holds the NRN of one bond."""
        balance = self._group.chain.neuron.balance_of(self._sender.address)
        return balance >= self._group.voting.asked().bond

    def commit(self, block_index: int, commitment: bytes) -> bool:
        """Return whether the commitment is on chain now."""
        return attempt(
            f"commit in block {block_index}", lambda: self._sender.commit(self._group, commitment)
        )

    def reveal(self, commitment: bytes, opened: Opened) -> bool:
        """Return whether the claim is revealed now."""
        claim = opened.claim
        return attempt(
            f"reveal in block {claim.block_index}",
            lambda: self._sender.reveal(self._group, claim, opened.salt, opened.signature),
        )

    def settle(self) -> None:
        """Write down the outcome of a block that is over."""
        settle_overdue(self._sender, self._group)

    def collect(self, reward: Reward) -> None:
        """Have one reward or bond paid to whom it belongs."""
        attempt(
            f"collect {reward.kind.value}, block {reward.number}",
            lambda: told(collect(self._sender, self._group, reward)),
        )

    def finish(self, commitment: bytes) -> None:
        """Take back the bonds of our claims that an earlier commitment displaced."""
        if self._group.voting.credit(self._sender.address):
            attempt("withdraw credit", lambda: self._sender.withdraw_credit(self._group))
