"""A journal moves as a whole and acts in one place; what another version wrote is not touched."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from compute import canonical
from compute.node.journal import Entry, Journal, JournalError
from compute.node.moving import export, take_in
from compute.node.seat import check_version

IDENTITY: dict[str, str | int] = {"role": "trainer", "chain_id": 1, "account": "0x11"}


@dataclass(frozen=True)
class Secret(Entry):
    salt: bytes


def a_journal(state: Path) -> Journal[Secret]:
    return Journal(state / "journal.json", Secret, IDENTITY)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    with a_journal(tmp_path / "here") as journal:
        journal.record(Secret(7, b"salt"))
    return tmp_path / "here"


def test_a_journal_acts_in_one_place(here: Path, tmp_path: Path) -> None:
    """exported: refused here | imported: goes on there, the file is gone | and back"""
    file, there = tmp_path / "file", tmp_path / "there"
    assert export(here, file) == 1
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(JournalError, match="was exported, to go on elsewhere"):
        a_journal(here)
    assert take_in(file, there) == 1 and not file.exists()
    with a_journal(there) as journal:
        assert journal.get(7) == Secret(7, b"salt")
    export(there, file)
    take_in(file, here)
    a_journal(here).close()


def test_a_crash_while_it_moves_leaves_none_that_acts(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from compute.node import moving

    write, written = moving._write, []

    def crash(path: Path, document: dict[str, object]) -> None:
        if written:
            raise KeyboardInterrupt
        written.append(path)
        write(path, document)

    with monkeypatch.context() as patch:
        patch.setattr(moving, "_write", crash)
        with pytest.raises(KeyboardInterrupt):
            export(here, tmp_path / "file")
    with pytest.raises(JournalError, match="was exported"):
        a_journal(here)
    assert export(here, tmp_path / "file") == 1  # done again


def test_what_may_not_move(here: Path, tmp_path: Path) -> None:
    with a_journal(here), pytest.raises(JournalError, match="in use"):
        export(here, tmp_path / "file")
    with pytest.raises(JournalError, match="There is no journal"):
        export(tmp_path / "nowhere", tmp_path / "file")
    (tmp_path / "file").write_bytes(b"[]")
    with pytest.raises(JournalError, match="exists already"):
        export(here, tmp_path / "file")
    for bad in (b"[]", b"{}", b"\xff", canonical.encode({"format": "journal-export/9"})):
        (tmp_path / "file").write_bytes(bad)
        with pytest.raises(JournalError, match=r"journal|cannot be read"):
            take_in(tmp_path / "file", tmp_path / "there")
    (tmp_path / "file").unlink()
    with a_journal(tmp_path / "there") as other:
        other.record(Secret(9, b"other"))
    export(here, tmp_path / "file")
    with pytest.raises(JournalError, match="entries of its own"):
        take_in(tmp_path / "file", tmp_path / "there")
    assert (tmp_path / "file").exists()


def test_what_another_version_wrote_is_refused_and_kept(here: Path) -> None:
    path = here / "journal.json"
    newer = canonical.decode(path.read_bytes()) | {"format": "journal/9"}  # type: ignore[operator]
    path.write_bytes(canonical.encode(newer))
    with pytest.raises(JournalError, match="speaks journal/1"):
        a_journal(here)
    assert path.read_bytes() == canonical.encode(newer)
    check_version(here)
    check_version(here)
    (here / "version").write_text("state/9\x1b")
    with pytest.raises(JournalError, match="speaks state/1"):
        check_version(here)
