"""A seat has one holder, who leaves it tidy; a role that evaluates acts on no unfit device."""

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from compute.chain import MalformedAnswer, RpcUnavailable
from compute.cli import session
from compute.cli.session import Session
from compute.judging.device import UnfitDevice
from compute.node import role
from compute.node.clock import Stopped, Wait
from compute.node.journal import Entry, JournalError
from compute.node.role import Role, run
from compute.node.seat import Seat
from compute.roles.curator import Curator
from compute.roles.relayer import Relayer
from compute.roles.trainer import Trainer
from compute.roles.wisdomkeeper import Wisdomkeeper
from compute.storage import FolderStore


@dataclass(frozen=True)
class Note(Entry):
    salt: bytes


def seat(folder: Path, voting: str = "0x22") -> Seat:
    """A seat whose chain is not asked."""
    chain = SimpleNamespace(chain_id=1, now=lambda: 0, rpc=SimpleNamespace())
    contract = SimpleNamespace(address=voting)
    group: Any = SimpleNamespace(chain=chain, voting=contract, genesis_time=5)
    account: Any = SimpleNamespace(address="0x11")
    return Seat(group, account, FolderStore(folder / "shared"), folder / "state", "tester")


def test_a_seat_is_one_roles_until_it_is_left(tmp_path: Path) -> None:
    with seat(tmp_path) as held:
        held.journal(Note).record(Note(7, b"salt"))
        with seat(tmp_path) as second, pytest.raises(JournalError, match="Another tester with acc"):
            second.journal(Note)
    with seat(tmp_path) as again:
        assert again.journal(Note).get(7) == Note(7, b"salt")
    with (
        seat(tmp_path, voting="0x33") as elsewhere,
        pytest.raises(JournalError, match="another group or chain"),
    ):
        elsewhere.journal(Note)


def test_what_a_role_opened_is_closed_the_last_first(tmp_path: Path) -> None:
    closed: list[str] = []

    class Careless(Role):
        def __init__(self, seat: Seat) -> None:
            seat.journal(Note)
            for name in ("first", "last"):
                stack = contextlib.ExitStack()
                stack.callback(closed.append, name)
                seat.open(stack)
            raise OSError("full")

        def step(self, now: int) -> Wait:
            raise NotImplementedError

    for _ in range(2):  # the journal is free again
        with pytest.raises(OSError, match="full"):
            run(seat(tmp_path), Careless)
    assert closed == ["last", "first"] * 2


@pytest.fixture
def signals() -> Iterator[None]:
    """As they were, afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("error", [RpcUnavailable, MalformedAnswer])
def test_a_chain_that_is_silent_at_the_start_is_waited_for(
    error: type[Exception], tmp_path: Path, signals: None, caplog: pytest.LogCaptureFixture
) -> None:
    """By `nrn` until the group is read, and by a role until it begins."""
    silent, begun = [error("Nothing.")] * 2, list[int]()

    class Patient(Role):
        def __init__(self, seat: Seat) -> None:
            if silent:
                raise silent.pop()

        def step(self, now: int) -> Wait:
            begun.append(now)
            raise Stopped

    run(replace(seat(tmp_path), poll_seconds=0.01), Patient)
    assert begun == [0] and caplog.text.count("Nothing. Waiting for the chain to begin.") == 2


def test_a_command_waits_for_the_chain_before_it_is_a_role(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    silent: list[Exception] = [RpcUnavailable("Nothing."), MalformedAnswer("Odd.")]

    def group(self: Session, number: int) -> int:
        if silent:
            raise silent.pop()
        return number

    monkeypatch.setattr(Session, "group", group)
    monkeypatch.setattr(session, "SILENT_SECONDS", 0.0)
    assert Session()._awaited(7) == 7
    assert "Odd. Waiting for it" in (said := capsys.readouterr().err) and "Nothing." in said


@pytest.mark.parametrize(
    ("kind", "evaluates"),
    [(Trainer, True), (Wisdomkeeper, True), (Relayer, False), (Curator, False)],
)
def test_a_role_that_evaluates_acts_only_on_a_fit_device(
    kind: type[Role],
    evaluates: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    signals: None,
) -> None:
    """The refusal comes before the first step."""
    steps: list[int] = []

    def refuse(folder: Path, check: object) -> None:
        raise UnfitDevice(f"{folder}")

    def step(self: Role, now: int) -> Wait:
        steps.append(now)
        raise Stopped

    monkeypatch.setattr(role, "ensure_fit", refuse)
    monkeypatch.setattr(kind, "step", step)
    refusal = (
        pytest.raises(UnfitDevice, match="decentralizedai")
        if evaluates
        else contextlib.nullcontext()
    )
    with refusal:
        run(seat(tmp_path), lambda seat: kind.__new__(kind))
    assert steps == ([] if evaluates else [0])
