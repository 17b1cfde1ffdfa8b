"""Chain time of a development chain: one second per block, and a jump when all actors wait."""

import time
from collections.abc import Callable, Iterable

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
    done: Callable[[], bool], company: Company, tick: Callable[[], None], limit_seconds: float
) -> None:
    """Let the actors live until `done()`, jumping over the time in which nobody acts.

    `done` is asked only when all actors wait, so it sees a settled state; `tick` is called at
    every poll. Raises ProcessFailed if an actor ends, Stalled after `limit_seconds` of real time.
    """
    deadline = time.monotonic() + limit_seconds
    while True:
        company.check()
        tick()
        statuses = {name: actor.status() for name, actor in company.actors.items()}
        jump = next_jump(statuses.values(), now())
        if jump is not None:
            if done():
                return
            warp(jump)
        elif time.monotonic() > deadline:
            doing = "; ".join(
                f"{name}: {status.doing if status else 'not started'}"
                for name, status in statuses.items()
            )
            raise Stalled(f"chain time stood still at block {chain.height} ({doing})")
        else:
            time.sleep(POLL_SECONDS)
