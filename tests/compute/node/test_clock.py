"""Waiting on chain time, and what it shows to others."""

import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from compute.chain import RpcUnavailable
from compute.node.clock import Clock, Overdue, Stopped, Wait, follow
from compute.storage import StoreUnreachable
from tests.support.patience import Time


class Times:
    """Chain time from a list; None is an RPC that does not answer."""

    def __init__(self, *times: int | None) -> None:
        self._times: Iterator[int | None] = iter(times)

    def now(self) -> int:
        now = next(self._times)
        if now is None:
            raise RpcUnavailable("No answer.")
        return now


def status(state: Path) -> dict[str, object]:
    return json.loads((state / "status.json").read_text())


def clock_of(state: Path, *times: int | None) -> Clock:
    return Clock(Times(*times), state, poll_seconds=0.001)


def test_a_wait_ends_at_its_time_and_not_before(tmp_path: Path) -> None:
    clock = clock_of(tmp_path, 10, 19, 20)
    assert clock.wait(Wait(20, "waiting")) == 20
    assert status(tmp_path) == {"now": 20, "waiting_until": 20, "doing": "working"}


def test_a_wait_that_rechecks_ends_after_one_poll(tmp_path: Path) -> None:
    clock = clock_of(tmp_path, 10, 11, 12)
    assert clock.wait(Wait(10, "starting")) == 10
    assert clock.wait(Wait(20, "waiting", recheck=True)) == 12
    seen_by_the_step = 10  # whoever moves the clock waits until it has seen 11
    assert status(tmp_path) == {"now": seen_by_the_step, "waiting_until": 20, "doing": "waiting"}


def test_follow_asks_again_when_told_and_stops_when_asked(tmp_path: Path) -> None:
    clock, seen = clock_of(tmp_path, 1, 2, 3, 5), []

    def step(now: int) -> Wait:
        seen.append(now)
        if now == 5:
            clock.stop()
        return Wait(now + 2, "waiting")

    follow(step, clock)
    assert seen == [1, 3, 5]


@pytest.mark.parametrize(
    ("name", "failure"),
    [("chain", RpcUnavailable("No answer.")), ("store", StoreUnreachable("No answer."))],
)
def test_a_silent_chain_or_store_is_waited_for_and_the_step_repeated(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, failure: Exception
) -> None:
    caplog.set_level(logging.INFO)
    clock, seen = clock_of(tmp_path, 1, 2, None, None, 9), []

    def step(now: int) -> Wait:
        seen.append(now)
        if len(seen) == 2:
            raise failure
        if now == 9:
            clock.stop()
        return Wait(now + 1, "waiting")

    follow(step, clock)
    assert seen == [1, 2, 9]
    assert caplog.text.count(f"Waiting for the {name} to come back") == 1
    assert f"the {name} answers again" in caplog.text


def test_what_takes_long_can_be_left(tmp_path: Path) -> None:
    clock = clock_of(tmp_path, 1)
    clock.check()
    clock.stop()
    with pytest.raises(Stopped):
        clock.check()


def test_work_is_left_when_its_time_is_over_and_not_while_the_chain_is_silent(
    tmp_path: Path,
) -> None:
    clock = Clock(Times(19, None, 20), tmp_path, poll_seconds=0)
    clock.check_until(20)
    clock.check_until(20)
    with pytest.raises(Overdue):
        clock.check_until(20)
    seldom = Clock(Times(19), tmp_path, poll_seconds=3_600)
    seldom.check_until(20)
    seldom.check_until(20)
    seldom.stop()
    with pytest.raises(Stopped):
        seldom.check_until(20)


def test_a_chain_that_keeps_real_time_is_not_polled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is late: its block of that time may come any moment."""
    ours, start, pauses = Time(), int(Time().time()), list[float]()
    monkeypatch.setattr("compute.node.clock.time", ours)
    clock = Clock(Times(start, start + 1, start + 2), tmp_path, poll_seconds=0.01)

    def pause(seconds: float | None = None) -> None:
        assert seconds is not None
        pauses.append(seconds)
        ours.sleep(seconds)

    clock.pause = pause  # type: ignore[method-assign]
    assert clock.wait(Wait(start + 2, "waiting")) == start + 2
    assert pauses == [2, 0.01]


def test_looks_for_the_same_thing_grow_seldom(tmp_path: Path) -> None:
    now = int(time.time())
    clock, pauses = Clock(Times(*[now] * 40), tmp_path, poll_seconds=1), []
    clock.pause = pauses.append  # type: ignore[method-assign, assignment]
    for _ in range(12):
        clock.wait(Wait(now + 9_999, "looking", recheck=True))
    assert pauses[:2] == [1, 1.5] and pauses[-1] == 30


def test_a_head_that_stands_still_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("compute.node.clock.STILL_SECONDS", 0.01)
    clock = clock_of(tmp_path, *[10] * 40, 20)
    assert clock.wait(Wait(20, "waiting")) == 20
    assert "the chain shows no new block" in caplog.text


def test_the_status_does_not_repeat_what_is_no_longer_known(tmp_path: Path) -> None:
    clock = clock_of(tmp_path, 10)

    def fail(now: int) -> Wait:
        clock.stop()
        raise RpcUnavailable("No answer.")

    follow(fail, clock)
    assert "waiting for the chain: No answer." in str(status(tmp_path)["doing"])


def test_a_time_that_was_never_is_not_waited_for(tmp_path: Path) -> None:
    """A node told of a head far in the future; the next answer is the truth."""
    clock = clock_of(tmp_path, 2**40, 1_000)
    assert clock.now() == 2**40
    assert clock.wait(Wait(2**40 + 3_600, "waiting for the next block")) == 1_000
