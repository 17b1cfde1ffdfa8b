"""One trainer of two processes: the first has the chain, both train; one dies, and they go on.

The model is code that everybody allowed, so that each process has to fetch, show and run it.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from compute.chain import Status
from compute.models.sizes import design_code
from compute.roles.verifier import verify
from scripts.ports import free_port
from tests.integration.devnet import Devnet
from tests.integration.run_actor import Order, run
from tests.integration.stage import OPTIONS, Actor, Stage, examples
from tests.support.patience import PATIENCE

Crew = tuple[Actor, BaseProcess]
Kill = tuple[str, str] | None
CODE = b"""
import flax.linen as nn


class Two(nn.Module):
    @nn.compact
    def __call__(self, inputs):
        return nn.Dense(4, name="top")(nn.gelu(nn.Dense(24, name="bottom")(inputs["x"])))


def network(compute_dtype, remat):
    return Two()
"""


@pytest.fixture
def stage(devnet: Devnet, tmp_path: Path) -> Iterator[Stage]:
    """A group whose model is CODE."""
    stage = Stage(devnet, tmp_path, design_code(CODE, examples(8), "y"), CODE)
    yield stage
    stage.close()


@pytest.fixture
def crew(stage: Stage) -> Iterator[Callable[..., Crew]]:
    """Starts both processes; the second ends with the test."""
    context, log = multiprocessing.get_context("forkserver"), stage.folder / "second.log"
    started: list[BaseProcess] = []

    def start(kills: tuple[Kill, Kill] = (None, None)) -> Crew:
        address = f"127.0.0.1:{free_port()}"
        first = stage.start("trainer", "tara", processes=f"{address},2,0", kill=kills[0])
        order = Order(
            "assistant",
            "http://127.0.0.1:1",  # it has no chain
            stage.net.deployment_file,
            stage.net.spending.accounts,
            stage.group.id,
            b"",
            stage.store.path,
            first.state,
            log,
            OPTIONS,
            kills[1],
            f"{address},2,1",
        )
        started.append(context.Process(target=run, args=(order,)))
        started[-1].start()
        return first, started[-1]

    yield start
    for process in started:
        process.kill()
        process.join()


@pytest.mark.parametrize("victim", [0, 1])
def test_two_processes_win_a_block_though_one_is_killed(
    stage: Stage, crew: Callable[..., Crew], victim: int
) -> None:
    """both train, one is killed: the other ends by itself | started again: they win"""
    block, log = stage.block, stage.folder / "second.log"
    kill = ("after", "save")
    first, second = crew((kill, None) if victim == 0 else (None, kill))
    processes = (first.process, second)
    for process in processes:
        process.join(PATIENCE)
    assert processes[victim].exitcode == -signal.SIGKILL
    survivor = processes[1 - victim].exitcode
    assert survivor not in (None, 0), "it must not wait for ever, nor seem to be done"
    stage.start("wisdomkeeper", "alice")
    first, second = crew()
    stage.run_until(lambda: stage.settled(block.end))
    assert stage.group.voting.outcome(block.index).status == Status.ACCEPTED
    assert verify(stage.group, stage.store).true
    assert first.end(signal.SIGINT) == 0
    second.join(PATIENCE)
    assert second.exitcode == 0, log.read_text()
