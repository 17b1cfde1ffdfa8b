"""One trainer of two processes, started by the launchers that clusters have. LAUNCHERS=1 plays
those that are installed here (Debian: openmpi-bin, slurmctld, slurmd, munge; PyPI: ray)."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from scripts.ports import free_port
from tests.integration.devnet import PASSWORD
from tests.integration.stage import ENVIRONMENT, Stage
from tests.support.patience import PATIENCE, wait_until

pytestmark = pytest.mark.skipif("LAUNCHERS" not in os.environ, reason="minutes: LAUNCHERS=1")
NRN = Path(sys.executable).with_name("nrn")
BY_RAY = """
import subprocess, sys
import ray

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
where, *words = sys.argv[1:]


@ray.remote(num_cpus=1)
def process(index):
    return subprocess.call([*words, "--processes", f"{where},2,{index}"])


print(ray.get([process.remote(index) for index in range(2)]))
"""


def installed(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def training(stage: Stage) -> list[str]:
    """`nrn train` as every process of the trainer runs it, without how it finds the others. Its
    mesh is refused unless both are there, as each has one device."""
    words = [str(NRN), "train", str(stage.group.id), "--steps", "40", "--batch-size", "16"]
    return [*words, "--mesh", "data=2", "--state", str(stage.folder / "state")]


def wins(stage: Stage, launch: list[str], **more: str) -> None:
    """Launch, wait for a commitment, end it all."""
    environment = {
        **os.environ, **ENVIRONMENT, "NRN_RPC": stage.net.url, "NRN_PASSWORD": PASSWORD,
        "NRN_DEPLOYMENT": str(stage.net.deployment_file), "NRN_STORE": str(stage.store.path),
        "NRN_ACCOUNT": str(stage.net.keystore("tara")), **more,
    }  # fmt: skip
    log = stage.folder / "launched.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            launch, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    try:
        committed = partial(stage.happened, "Committed")
        wait_until(lambda: process.poll() is not None or committed(), log.read_text)
        assert process.poll() is None, log.read_text()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@installed("mpirun")
def test_open_mpi(stage: Stage) -> None:
    launch = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "2"]
    wins(stage, [*launch, *training(stage), "--processes", "auto"])


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="not installed: ray")
def test_ray(stage: Stage) -> None:
    where = f"127.0.0.1:{free_port()}"
    wins(stage, [sys.executable, "-c", BY_RAY, where, *training(stage)])


CLUSTER = """
ClusterName=here
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/slurmd
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
MpiDefault=none
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
"""


@contextmanager
def slurm(folder: Path) -> Iterator[dict[str, str]]:
    """A cluster of this machine; the environment in which `srun` finds it."""
    for name in ("ctld", "slurmd"):
        (folder / name).mkdir()
    key, configuration = folder / "munge.key", folder / "slurm.conf"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    folder.chmod(0o755)
    terms = {"host": os.uname().nodename, "controller": free_port(), "node": free_port()}
    cores = os.cpu_count() or 1
    configuration.write_text(CLUSTER.format(folder=folder, cores=cores, **terms))
    munged = ["munged", "-F", "--force", "--key-file", key, "--socket", folder / "munge.socket"]
    for name in ("log", "pid", "seed"):
        munged += [f"--{name}-file", folder / f"munge.{name}"]
    environment = {"SLURM_CONF": str(configuration)}
    started = []
    try:
        for words in (munged, ["slurmctld", "-D"], ["slurmd", "-D"]):
            log = (folder / f"{words[0]}.out").open("wb")
            started.append(
                subprocess.Popen(
                    [str(w) for w in words], env=os.environ | environment, stdout=log, stderr=log
                )
            )
            time.sleep(2)
            assert started[-1].poll() is None, (folder / f"{words[0]}.out").read_text()
        yield environment
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(PATIENCE)


@installed("srun", "slurmctld", "slurmd", "munged")
def test_slurm(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> None:
    with slurm(tmp_path_factory.mktemp("slurm")) as environment:
        launch = ["srun", "--nodes=1", "--ntasks=2", "--overcommit", "--export=ALL"]
        wins(stage, [*launch, *training(stage), "--processes", "auto"], **environment)
