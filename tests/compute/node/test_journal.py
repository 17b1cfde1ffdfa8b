"""The journal: durable, exclusive, and about one thing only."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from compute.node.journal import Entry, Journal, JournalError

IDENTITY: dict[str, str | int] = {"role": "trainer", "chain_id": 1, "account": "0x11"}


@dataclass(frozen=True)
class Note(Entry):
    salt: bytes
    loss: int


def open_journal(path: Path, **changed: int) -> Journal[Note]:
    return Journal(path / "journal.json", Note, {**IDENTITY, **changed})


def test_entries_survive_and_keep_their_order(tmp_path: Path) -> None:
    notes = [Note(7, b"\x00\xff", 2**64 - 1), Note(3, b"", 0)]
    with open_journal(tmp_path) as journal:
        for note in notes:
            journal.record(note)
    with open_journal(tmp_path) as journal:
        assert list(journal) == sorted(notes, key=lambda note: note.block_index)
        journal.forget(3)
    with open_journal(tmp_path) as journal:
        assert journal.get(3) is None
        assert journal.get(7) == notes[0]


def test_a_block_has_one_entry(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.record(Note(1, b"a", 1))
        with pytest.raises(ValueError, match="already has an entry"):
            journal.record(Note(1, b"b", 1))
        assert journal.get(1) == Note(1, b"a", 1)
        journal.renew(Note(1, b"b", 1))
    with open_journal(tmp_path) as journal:
        assert list(journal) == [Note(1, b"b", 1)]


def test_two_processes_cannot_hold_it(tmp_path: Path) -> None:
    with open_journal(tmp_path), pytest.raises(JournalError, match="already runs in this group"):
        open_journal(tmp_path)
    open_journal(tmp_path).close()


def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    program = (
        "import sys, time; from tests.compute.node.test_journal import *;"
        "held = open_journal(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout and child.stdout.readline() == b"held\n"
        with pytest.raises(JournalError):
            open_journal(tmp_path)
        os.kill(child.pid, signal.SIGKILL)
    open_journal(tmp_path).close()


def test_a_damaged_journal_is_refused_and_kept(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.record(Note(1, b"a", 1))
    path = tmp_path / "journal.json"
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole.replace(b'"loss":1', b'"loss":[1]'), b"{}", b"\xff"):
        path.write_bytes(damaged)
        with pytest.raises(JournalError, match="damaged"):
            open_journal(tmp_path)
        assert path.read_bytes() == damaged
    path.write_bytes(whole)
    open_journal(tmp_path).close()


def test_a_journal_of_another_chain_is_refused(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.record(Note(1, b"a", 1))
    with pytest.raises(JournalError, match="another group or chain"):
        open_journal(tmp_path, chain_id=2)


def test_without_room_nothing_is_recorded(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.record(Note(1, b"a", 1))
        (tmp_path / ".journal.json.draft").mkdir()  # where the draft would go
        with pytest.raises(JournalError, match="nothing was sent"):
            journal.record(Note(2, b"b", 2))
        assert journal.get(2) is None
    with open_journal(tmp_path) as journal:
        assert list(journal) == [Note(1, b"a", 1)]


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    with open_journal(tmp_path) as journal:
        journal.record(Note(1, b"a", 1))
    assert (tmp_path / "journal.json").stat().st_mode & 0o777 == 0o600
