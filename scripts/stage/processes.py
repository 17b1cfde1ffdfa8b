"""The actors as operating-system processes: started, watched, and ended on any exit."""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 10
PR_SET_PDEATHSIG = 1
# Nine processes share the machine's cores: one computing thread each.
ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
}


class ProcessFailed(Exception):
    """A child ended that should not have, or reported an error; the message names its log."""


@dataclass(frozen=True)
class Status:
    """What an actor last wrote about itself; times are chain time in seconds."""

    now: int
    waiting_until: int
    doing: str


@dataclass
class Actor:
    """A running child and the folder its status appears in."""

    process: subprocess.Popen[bytes]
    state: Path
    log: Path
    log_begin: int  # earlier commands of the same name wrote what stands before

    def status(self) -> Status | None:
        """The last status, None until there is one."""
        file = self.state / "status.json"
        return Status(**json.loads(file.read_text())) if file.exists() else None


class Company:
    """All children of one run: long-running actors and single commands."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], daemons: Mapping[str, str] | None = None
    ) -> None:
        """`environment` is everybody's; `daemons`: person -> API of its own Kubo daemon."""
        self._folder = folder
        self._daemons = daemons or {}
        self._logs = folder / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        cache = {
            "JAX_COMPILATION_CACHE_DIR": str(folder / "jax-cache"),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
        }
        self._additions = {**ONE_THREAD, **cache, **environment}
        self.actors: dict[str, Actor] = {}

    def __enter__(self) -> "Company":
        signal.signal(signal.SIGTERM, _exit_cleanly)
        signal.signal(signal.SIGHUP, _exit_cleanly)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.dismiss()

    def state(self, name: str) -> Path:
        """The private folder of one actor."""
        return self._folder / "state" / name

    def start(self, name: str, command: Sequence[str | Path]) -> None:
        """Start a long-running actor; its output is added to logs/<name>.log."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as output:
            log_begin = output.tell()
            process = subprocess.Popen(
                [str(word) for word in command],
                cwd=ROOT,
                env={**os.environ, **self._additions, **self._content(name)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self.actors[name] = Actor(process, self.state(name), log, log_begin)

    def _content(self, actor: str) -> dict[str, str]:
        """Where an actor's content lies, if not in the folder of all: `tara-1` is tara's."""
        person = actor.partition("-")[0]
        return {"IPFS_API": self._daemons[person]} if self._daemons else {}

    def run(self, commands: Mapping[str, Sequence[str | Path]]) -> dict[str, str]:
        """Run commands by name, side by side, to their ends; what each printed, by name.

        Raises ProcessFailed with the last words of one that exits non-zero.
        """
        for name, command in commands.items():
            self.start(name, command)
        printed = {}
        for name in commands:
            actor = self.actors[name]
            code = actor.process.wait()
            del self.actors[name]
            printed[name] = actor.log.read_text()[actor.log_begin :]
            if code != 0:
                words = printed[name].strip()[-2_000:]
                raise ProcessFailed(f"{name} ended with exit code {code}:\n{words}")
        return printed

    def check(self) -> None:
        """Raise ProcessFailed if an actor has ended by itself."""
        for name, actor in self.actors.items():
            if actor.process.poll() is not None:
                last = actor.log.read_text().strip()[-2_000:]
                raise ProcessFailed(f"{name} ended by itself, see {actor.log}:\n{last}")

    def dismiss(self) -> None:
        """End every actor: ask, wait, insist."""
        for actor in self.actors.values():
            if actor.process.poll() is None:
                actor.process.terminate()
        deadline = time.monotonic() + GRACE_SECONDS
        for actor in self.actors.values():
            try:
                actor.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(actor.process.pid, signal.SIGKILL)
                actor.process.wait()
        self.actors.clear()


def nrn(*words: str | Path | float) -> list[str]:
    """The command line `nrn …` of this environment."""
    return [str(Path(sys.executable).with_name("nrn")), *(str(word) for word in words)]


def end_with_parent() -> None:
    """For a child to call before it runs: where the system can, it ends when we do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _exit_cleanly(number: int, frame: object) -> None:
    raise SystemExit(128 + number)
