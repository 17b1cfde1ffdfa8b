"""The parts of the demo: its formula, its ledger, its clock, its processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from compute.units import EPOCH, NRN
from scripts.stage import clock, processes
from scripts.stage.clock import Stalled, next_jump, run_until
from scripts.stage.corpus import HELD_OUT_WINDOWS, WINDOWS, corpus, play
from scripts.stage.emission import FOUR_YEARS, Emission
from scripts.stage.ledger import Ledger, Win
from scripts.stage.processes import Company, ProcessFailed, Status
from tests.support.patience import wait_until

EMISSION = Emission(issued=600_000 * NRN, sale_end=1_000_000)
ALL = 300_000 * NRN


def waiting(now: int, until: int) -> Status:
    return Status(now=now, waiting_until=until, doing="waiting")


def test_seed_numbers() -> None:
    start = EMISSION.sale_end
    assert EMISSION.block(start, ALL, ALL) == 6 * NRN
    assert EMISSION.delta(start, EPOCH, ALL, ALL) == 6 * NRN // 10
    assert EMISSION.delta(start, 56 * 86_400, ALL, ALL) == 6 * NRN // 10
    assert EMISSION.delta(start, 86_400, ALL, ALL) == 6 * NRN // 70


def test_halving_and_shares() -> None:
    start = EMISSION.sale_end
    assert EMISSION.block(start + FOUR_YEARS - 1, ALL, ALL) == 6 * NRN
    assert EMISSION.block(start + FOUR_YEARS, ALL, ALL) == 3 * NRN
    assert EMISSION.block(start, ALL // 3, ALL) == 2 * NRN
    # Below one per cent of the issue, the whole pie is not handed out.
    assert EMISSION.block(start, 3_000 * NRN, 3_000 * NRN) == 3 * NRN


def test_ledger_pays_true_ballots_and_keeps_the_rest() -> None:
    ledger = Ledger()
    win = Win(start=EMISSION.sale_end, trainer="t", votes=30, paid_keepers={"a": 10, "b": 10})
    ledger.win_blocks(EMISSION, [win], stake=ALL, keeper_bps=2_000, voting="v")
    pool = 6 * NRN // 5
    assert ledger.balances == {
        "t": 6 * NRN - pool,
        "a": pool // 3,
        "b": pool // 3,
        "v": pool - 2 * (pool // 3),
    }
    assert sum(ledger.earned.values()) == 6 * NRN


def test_the_clock_jumps_only_when_all_wait() -> None:
    assert next_jump([waiting(100, 300), waiting(100, 200)], 100) == 200
    assert next_jump([waiting(100, 300), waiting(100, 100)], 100) is None  # at work
    assert next_jump([waiting(100, 300), waiting(99, 200)], 100) is None  # has not seen the block
    assert next_jump([waiting(100, 300), None], 100) is None  # not started


def test_what_was_stopped_has_not_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sleep lasts an hour here, as after Ctrl-Z: only those slept count."""
    slept: list[float] = []
    monkeypatch.setattr(clock, "chain", SimpleNamespace(height=1))
    monkeypatch.setattr(clock, "now", lambda: 100)
    hours = SimpleNamespace(sleep=slept.append, monotonic=lambda: 3_600.0 * len(slept))
    monkeypatch.setattr(clock, "time", hours)
    actor = SimpleNamespace(status=lambda: waiting(100, 200) if len(slept) > 3 else None)
    company = SimpleNamespace(actors={"actor": actor}, check=lambda: None)
    run_until(100, company, lambda statuses: None, 10)
    actor.status = lambda: None
    with pytest.raises(Stalled, match="actor: not started"):
        run_until(100, company, lambda statuses: None, 10)
    assert sum(slept) > 10


def test_the_corpus_is_shifted_by_a_byte_and_what_is_held_out_is_new() -> None:
    text = corpus()
    seen = {bytes(row) for row in text.genesis["tokens"]}
    assert len(seen) == WINDOWS and len(text.held_out["tokens"]) == HELD_OUT_WINDOWS
    assert not seen & {bytes(row) for row in text.held_out["tokens"]}
    for columns in (text.genesis, text.held_out):
        assert np.array_equal(columns["tokens"][:, 1:], columns["targets"][:, :-1])
    whole = play("hamlet")
    assert bytes(text.genesis["tokens"][0]) + bytes(text.genesis["targets"][0, -1:]) in whole


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "GRACE_SECONDS", 0.5)
    company = Company(tmp_path, {"GREETING": "hello"})
    yield company
    company.dismiss()


def test_commands_run_side_by_side(company: Company) -> None:
    say = "import os; print(os.environ['GREETING'], {!r})"
    printed = company.run({name: [sys.executable, "-c", say.format(name)] for name in ("a", "b")})
    assert printed == {"a": "hello a\n", "b": "hello b\n"}
    assert company.actors == {}


def test_a_failing_command_is_reported(company: Company) -> None:
    with pytest.raises(ProcessFailed, match="exit code 3:\nno bread"):
        company.run({"baker": [sys.executable, "-c", "print('no bread'); raise SystemExit(3)"]})


def test_an_actor_that_ends_is_noticed(company: Company) -> None:
    company.start("actor", [sys.executable, "-c", "print('I quit')"])
    company.actors["actor"].process.wait()
    with pytest.raises(ProcessFailed, match="I quit"):
        company.check()


def test_a_deaf_actor_is_ended_too(company: Company) -> None:
    ignore = "import signal, time; signal.signal(15, signal.SIG_IGN)"
    company.start(
        "deaf", [sys.executable, "-c", f"{ignore}; print('up', flush=True); time.sleep(3600)"]
    )
    actor = company.actors["deaf"]
    wait_until(actor.log.read_text)
    company.dismiss()
    assert actor.process.poll() == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="needs a signal at the parent's death")
def test_actors_end_with_a_killed_parent(tmp_path: Path) -> None:
    parent = f"""
import sys, time
from pathlib import Path
from scripts.stage.processes import Company
company = Company(Path({str(tmp_path)!r}), {{}})
company.start("child", [sys.executable, "-c", "import time; time.sleep(3600)"])
print(company.actors["child"].process.pid, flush=True)
time.sleep(3600)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, cwd=processes.ROOT
    )
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.wait()

    def is_gone() -> bool:
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return True
        return False

    wait_until(is_gone, lambda: "the child outlived its parent")
