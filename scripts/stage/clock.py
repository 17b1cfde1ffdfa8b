"""Chain time of a development chain: one second per block, and a jump when all actors wait."""

import time
from collections.abc import Callable, Iterable, Mapping

from brownie import chain, web3

from scripts.stage.money import now, warp
from scripts.stage.processes import Company, Status

POLL_SECONDS = 0.1


class Stalled(Exception):
    """Nothing moved for too long; the message says who was doing what."""


def detach_from_wall_clock() -> None:
    """From now on each block is one second after the last, however long it takes to come."""
    web3.provider.make_request("anvil_setBlockTimestampInterval", [1])


def next_jump(statuses: Iterable[Status | None], time_now: int) -> int | None:
    """Chain time to jump to, None while an actor is busy or has not seen the latest block."""
    wakes = []
    for status in statuses:
        if status is None or status.now < time_now or status.waiting_until <= time_now:
            return None
        wakes.append(status.waiting_until)
    return min(wakes, default=None)


def run_until(
    time_then: int,
    company: Company,
    show: Callable[[Mapping[str, Status | None]], None],
    stall_seconds: float,
) -> None:
    """Let the actors live until chain time `time_then`, jumping over the time nobody acts in.

    Returns when all actors wait; `show` gets what they do at every poll. Raises ProcessFailed if
    an actor ends, Stalled if for `stall_seconds` of waiting no block comes. They are counted and
    not read from a clock: whoever stops all of this for a while (Ctrl-Z, a lid) finds it waiting.
    """
    height, polls = chain.height, 0
    while True:
        company.check()
        statuses = {name: actor.status() for name, actor in company.actors.items()}
        show(statuses)
        jump = next_jump(statuses.values(), now())
        if jump is not None:
            if now() >= time_then:
                return
            warp(min(jump, time_then))
        if chain.height != height:
            height, polls = chain.height, 0
        elif polls * POLL_SECONDS > stall_seconds:
            doing = "; ".join(
                f"{name}: {status.doing if status else 'not started'}"
                for name, status in statuses.items()
            )
            raise Stalled(f"no block for {stall_seconds:.0f} seconds ({doing})")
        polls += 1
        time.sleep(POLL_SECONDS)
