"""Finality: a role forgets only what no reorganisation can change."""

from collections.abc import Callable

from compute.chain import Group, RpcRefused


def done_for_good(group: Group, block_index: int, is_over: Callable[[Group], bool]) -> bool:
    """Whether, in the last final block of the chain, block `block_index` of the group had ended and
    `is_over` says so of the group as it was there. Nothing depends on knowing it soon, so a node
    that refuses the question is asked another time."""
    try:
        then = group.at(group.chain.final())
        ended = then.head().timestamp >= group.slot(block_index).end
        return ended and is_over(then)
    except RpcRefused:
        return False
