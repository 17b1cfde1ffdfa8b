"""Follows a tutorial inside a Brownie session, command by command, as its reader would.

In a tutorial, `<!-- set up -->` before a block means that the session has done it already,
`<!-- leave running -->` that the reader goes on in another shell, and `<!-- wait: A, B -->` that
first somebody must have said A, and somebody B.
"""

import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.patience import wait_until

BLOCK = re.compile(r"(?:<!-- ([^\n]*) -->\n)?```(sh|python)\n(.*?)```", re.S)


def follow(texts: Iterable[Path], names: dict[str, object]) -> None:
    """Do what they say, with these names in the console. Raises where a command fails, or nobody
    says what is waited for."""
    with _shells() as shells:
        for note, language, code in BLOCK.findall("\n".join(text.read_text() for text in texts)):
            print(f"\n=== {note}\n{code}", flush=True)
            if note == "set up":
                continue
            if note.startswith("wait: "):
                _wait(shells, note.removeprefix("wait: ").split(", "))
            if language == "python":
                exec(code, names)
            elif note == "leave running":
                shells.append(_Shell(code, Path(f"shell-{len(shells)}.log")))
            else:
                subprocess.run(["bash", "-euo", "pipefail", "-c", code], check=True)


class _Shell:
    def __init__(self, code: str, log: Path) -> None:
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                ["bash", "-c", f"exec {code.strip()}"], stdout=output, stderr=output
            )


@contextmanager
def _shells() -> Iterator[list[_Shell]]:
    shells: list[_Shell] = []
    try:
        yield shells
    finally:
        for shell in shells:
            shell.process.terminate()
            shell.process.wait()
            print(f"\n=== {shell.log}\n{shell.log.read_text()}", flush=True)


def _wait(shells: list[_Shell], words: list[str]) -> None:
    """Until as many shells have said each word as name it."""

    def said() -> bool:
        logs = [shell.log.read_text() for shell in shells]
        assert all(shell.process.poll() is None for shell in shells), logs
        return all(sum(word in log for log in logs) >= words.count(word) for word in words)

    wait_until(said, lambda: f"nobody says {words}")
