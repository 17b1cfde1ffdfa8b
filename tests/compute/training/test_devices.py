"""One run on 1, 2, 4 and 8 devices, in one process and in two: the same training, the same loss."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.ports import free_port
from tests.compute.training.one_run import STEPS

# The sum over a batch is split differently on every mesh; steps multiply what its order changes.
TOLERANCE = 1e-5
# (mesh, devices of each process, processes)
RUNS = {
    "1": ("", 1, 1),
    "2": ("fsdp=2", 2, 1),
    "4, in two processes": ("data=2,fsdp=2", 2, 2),
    "8": ("data=2,fsdp=2,tensor=2", 8, 1),
}


ENVIRONMENT = {
    "JAX_PLATFORMS": "cpu",
    # a run that goes on compiles what it compiled before
    "JAX_COMPILATION_CACHE_DIR": str(Path(__file__).parents[3] / "reports" / "jax-cache"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.05",
}

Crew = list[subprocess.Popen[str]]


@contextlib.contextmanager
def crew(mesh: str, folder: Path, devices: int, count: int, *killed: str) -> Iterator[Crew]:
    """The processes of one run."""
    flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
    address = f"127.0.0.1:{free_port()}"
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.compute.training.one_run", mesh, str(folder)),
                *((f"{address},{count},{index}", *killed) if count > 1 else ()),
            ],
            env={**os.environ, **ENVIRONMENT, "XLA_FLAGS": flags},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for index in range(count)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def results(mesh: str, folder: Path, devices: int, count: int) -> list[dict[str, Any]]:
    with crew(mesh, folder, devices, count) as processes:
        outputs = [process.communicate() for process in processes]
    assert [p.returncode for p in processes] == [0] * count, outputs
    return [json.loads(output.splitlines()[-1]) for output, _ in outputs]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What every process found: trained half way, saved, restored, trained to the end."""
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: results(mesh, folder / name, devices, count)
        for name, (mesh, devices, count) in RUNS.items()
    }


def test_training_is_the_same_within_tolerance(runs: dict[str, list[dict[str, Any]]]) -> None:
    (one,) = runs["1"]
    assert one["losses"][-1] < one["losses"][0] / 2
    for name, found in runs.items():
        for process in found:
            assert process["devices"] == int(name.partition(",")[0])
            np.testing.assert_allclose(process["losses"], one["losses"], rtol=TOLERANCE)


def test_evaluation_is_the_same_integers(runs: dict[str, list[dict[str, Any]]]) -> None:
    assert len({(run["loss"], run["root"]) for found in runs.values() for run in found}) == 1


def test_a_run_whose_leader_is_killed_goes_on_bit_by_bit(
    runs: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    name = "4, in two processes"
    mesh, devices, count = RUNS[name]
    half = STEPS // 2
    with crew(mesh, tmp_path / "saves", devices, count, str(half + 1)) as processes:
        ends = [process.wait() for process in processes]
    assert ends[0] == -signal.SIGKILL
    assert ends[1] != 0, "it must not wait for ever, nor seem to be done"
    for whole, found in zip(
        runs[name], results(mesh, tmp_path / "saves", devices, count), strict=True
    ):
        assert found["losses"] == whole["losses"][half:], "lost is what came after the save, alone"
        assert found["parameters"] == whole["parameters"]
