"""One run on 1, 2, 4 and 8 devices, in one process and in two: the same training, the same loss."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.timeout(1200)  # five processes that compile, on a busy machine

# The sum over a batch is split differently on every mesh; steps multiply what its order changes.
TOLERANCE = 1e-5
# (mesh, devices of each process, processes)
RUNS = {
    "1": ("", 1, 1),
    "2": ("fsdp=2", 2, 1),
    "4, in two processes": ("data=2,fsdp=2", 2, 2),
    "8": ("data=2,fsdp=2,tensor=2", 8, 1),
}


def start(mesh: str, folder: Path, devices: int, *where: str) -> subprocess.Popen[str]:
    flags = f"--xla_force_host_platform_device_count={devices} --xla_backend_optimization_level=0"
    module = "tests.compute.training.one_run"
    return subprocess.Popen(
        [sys.executable, "-m", module, mesh, str(folder), *where],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def results(mesh: str, folder: Path, devices: int, count: int) -> list[dict[str, Any]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    where = [(f"{address},{count},{index}",) for index in range(count)] if count > 1 else [()]
    processes = [start(mesh, folder, devices, *place) for place in where]
    try:
        outputs = [process.communicate() for process in processes]
    finally:
        for process in processes:
            process.kill()
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
