"""A replaced file is the old one or the new one, whichever step fails or is the last."""

import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from compute.durable import replace_file, replacing

OLD, NEW = b"old" * 1_000, b"newer" * 9_000
# What can fail or be cut off, in this order: the system calls as Python names them.
STEPS = (
    "open", "flock", "stat", "fstat", "truncate", "write", "flush", "fsync", "replace",
    "open", "fsync", "close",
)  # fmt: skip
RENAMED = STEPS.index("replace") + 1


@contextmanager
def before_each_step(act: Any) -> Iterator[None]:
    """Call `act` with the number of the step, from 0, whenever a step is about to be made."""
    count = 0

    def watch(_frame: Any, event: str, called: Any) -> None:
        nonlocal count
        if event == "c_call" and called.__name__ in STEPS and called is not io.open:
            assert called.__name__ == STEPS[count]
            count += 1
            act(count - 1)

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(OLD)
    return path


def test_the_content_is_on_disk_before_it_has_the_name_and_the_name_after(file: Path) -> None:
    seen: list[int] = []
    with before_each_step(seen.append):
        replace_file(file, NEW)
    assert seen == list(range(len(STEPS)))  # each is as STEPS says
    assert file.read_bytes() == NEW


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("failing", range(len(STEPS) - 1))
def test_a_step_that_fails_leaves_a_whole_file_and_no_draft(
    file: Path, failing: int, number: int
) -> None:
    def fail(step: int) -> None:
        if step == failing:
            sys.setprofile(None)
            raise OSError(number, os.strerror(number))

    with pytest.raises(OSError) as caught, before_each_step(fail):
        replace_file(file, NEW)
    assert caught.value.errno == number
    assert file.read_bytes() == (OLD if failing < RENAMED else NEW)
    if failing > STEPS.index("fstat"):  # before, the draft may be another's
        assert list(file.parent.iterdir()) == [file]
    replace_file(file, NEW)
    assert list(file.parent.iterdir()) == [file]


def killed_at(step: int, file: Path) -> int:
    """The exit status of a process that replaces `file` and is killed before `step`."""
    program = (
        "import os, signal, sys; from pathlib import Path;"
        "from tests.compute.test_durable import NEW, before_each_step, replace_file;"
        "die = lambda step: step == int(sys.argv[1]) and os.kill(os.getpid(), signal.SIGKILL)\n"
        "with before_each_step(die): replace_file(Path(sys.argv[2]), NEW)"
    )
    return subprocess.run([sys.executable, "-c", program, str(step), file], check=False).returncode


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_a_kill_leaves_a_whole_file_and_the_next_writer_takes_the_draft_over(
    file: Path, step: int
) -> None:
    assert killed_at(step, file) == -signal.SIGKILL
    assert file.read_bytes() == (OLD if step < RENAMED else NEW)
    replace_file(file, b"short")
    assert file.read_bytes() == b"short"
    assert list(file.parent.iterdir()) == [file]


def test_an_exception_of_the_writer_changes_nothing(file: Path) -> None:
    with pytest.raises(KeyboardInterrupt), replacing(file) as draft:
        draft.write(NEW)
        raise KeyboardInterrupt
    assert file.read_bytes() == OLD
    assert list(file.parent.iterdir()) == [file]


def test_writers_take_turns(file: Path) -> None:
    contents = [bytes([65 + n]) * (1 + 70_000 * n) for n in range(4)]

    def write(number: int) -> bytes:
        replace_file(file, contents[number % 4])
        return file.read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert all(found in contents for found in pool.map(write, range(200)))
    assert list(file.parent.iterdir()) == [file]


def test_a_draft_does_not_follow_a_link(file: Path) -> None:
    elsewhere = file.with_name("elsewhere")
    file.with_name(".file.draft").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic link"):
        replace_file(file, NEW)
    assert not elsewhere.exists()
    assert file.read_bytes() == OLD
