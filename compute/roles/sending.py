"""Sending a transaction that may fail: say so and go on; the next step looks at the chain again."""

import logging
from collections.abc import Callable

from compute.chain import Group, NoFunds, Reverted, TransactionPending
from compute.chain.sender import Sender

logger = logging.getLogger(__name__)


def attempt(what: str, send: Callable[[], object]) -> bool:
    """Send; whether it is on chain. An RPC that does not answer still raises RpcUnavailable."""
    try:
        send()
    except (Reverted, NoFunds, TransactionPending) as error:
        logger.warning("could not %s: %s", what, error)
        return False
    logger.info("done: %s", what)
    return True


def settle_overdue(sender: Sender, group: Group) -> None:
    """Write the outcome of the last block with reveals to the chain, if it is over."""
    block_index = group.settleable()
    if block_index is not None:
        attempt(f"settle block {block_index}", lambda: sender.settle(group))
