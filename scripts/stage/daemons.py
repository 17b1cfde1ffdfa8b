"""A Kubo daemon for each actor, on loopback: connected among themselves, and to nobody else."""

import itertools
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from compute.storage.kubo import KuboStore
from scripts.stage.processes import ROOT, ProcessFailed, end_with_parent

SCRIPT = ROOT / "scripts" / "kubo.sh"
GRACE_SECONDS = 10
START_SECONDS = 120


class Daemons:
    """The daemons of `names`, each with a repository of its own under `folder`."""

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        self._folder = folder
        self._names = tuple(names)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.apis: dict[str, str] = {}

    def __enter__(self) -> "Daemons":
        """Raises ProcessFailed if there is no Kubo, or a daemon does not start."""
        if subprocess.run([SCRIPT, "--find"], capture_output=True, check=False).returncode:
            raise ProcessFailed("There is no Kubo. Get it with: make kubo")
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            for name in self._names:
                with self._log(name).open("wb") as log:
                    self._processes[name] = subprocess.Popen(
                        [SCRIPT, "--private", self._folder / name],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                        preexec_fn=end_with_parent,
                    )
            self.apis = {name: self._api(name) for name in self._names}
            stores = [KuboStore(api) for api in self.apis.values()]
            for one, other in itertools.combinations(stores, 2):
                one.connect(other.address())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _api(self, name: str) -> str:
        """The address of a daemon's API, once it answers."""
        file, process = self._folder / name / "api", self._processes[name]
        deadline = time.monotonic() + START_SECONDS
        while not file.exists() or not file.read_text():
            if process.poll() is not None or time.monotonic() > deadline:
                last = self._log(name).read_text()[-2_000:]
                raise ProcessFailed(f"The Kubo daemon of {name} did not start:\n{last}")
            time.sleep(0.05)
        return file.read_text()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _end(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
