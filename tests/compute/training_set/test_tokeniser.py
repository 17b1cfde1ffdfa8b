"""Text as tokens, whose ranks are content that a column's name fixes."""

import base64
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute import canonical
from compute.storage import MAX_BLOCK_BYTES, BlockUnavailable, FolderStore
from compute.storage.arrays import put_array
from compute.training_set import (
    DeltaRecord,
    Schema,
    SchemaError,
    TrainingSet,
    apply_delta,
    build_delta,
    materialise,
    next_tip,
)
from compute.training_set.importers import UnreadableData, read, read_for
from compute.training_set.manifest import Manifest
from compute.training_set.replay import NO_TIP, NOBODY
from compute.training_set.tokeniser import (
    FORMAT,
    MAX_BYTES,
    Tokeniser,
    TokeniserError,
    blocks_of,
    load,
    named_by,
)

WORDS = [b"th", b"he", b"the", b" the", b"to", b" to", b" be", b"or", b" or", b"\n\n"]


def ranks(*words: bytes) -> bytes:
    """A file of every byte and then `words`."""
    tokens = [*(bytes([byte]) for byte in range(256)), *words]
    return b"".join(base64.b64encode(t) + b" %d\n" % rank for rank, t in enumerate(tokens))


FILE = ranks(*WORDS)
WORDY = Tokeniser(FILE)


def test_what_a_file_of_ranks_is_called(tmp_path: Path) -> None:
    """The vector of docs/formats.md."""
    file = ranks(b"th", b"the")
    tokeniser, store = Tokeniser(file), FolderStore(tmp_path)
    digest = tokeniser.put(store)
    assert file.startswith(b"AA== 0\nAQ== 1\n") and file.endswith(b"/w== 255\ndGg= 256\ndGhl 257\n")
    assert store.get(digest) == canonical.encode(
        {"blocks": [canonical.digest(file).hex()], "format": FORMAT, "size": len(file)}
    )
    assert tokeniser.column == "tokens_x4rfzl4ucwpg7bfijsgnoeof4v6jde6zmawistit37ecgbhgp3kq"
    assert named_by(["targets", tokeniser.column]) == digest
    assert blocks_of(store, digest) == [canonical.digest(file), digest]
    assert named_by(["tokens", "tokens_", f"{tokeniser.column[:-1]}r", "x" * 59]) is None


def test_pairs_are_merged_by_rank() -> None:
    assert len(WORDY) == 266 and WORDY.dtype == np.uint16
    pieces = [WORDY.decode([token]) for token in WORDY.encode("to the other").tolist()]
    assert pieces == [b"to", b" the", b" ", b"o", b"the", b"r"]
    digits = Tokeniser(ranks(b"12", b"123", b"1234"))
    assert [digits.decode([t]) for t in digits.encode("1234").tolist()] == [b"123", b"4"]
    assert Tokeniser(ranks()).dtype == np.uint8
    assert WORDY.decode([256, 266, -1]) == "th\ufffd\ufffd".encode()


@given(st.text())
@settings(max_examples=100)
def test_every_text_comes_back(text: str) -> None:
    assert WORDY.decode(WORDY.encode(text).tolist()).decode() == text


def test_long_text_is_cut_where_it_need_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "to the other " * 9
    monkeypatch.setattr("compute.training_set.tokeniser._CHARACTERS", 7)
    assert WORDY.decode(WORDY.encode(text).tolist()).decode() == text


def test_text_becomes_windows_of_tokens(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("to the other to be or")
    found = read(tmp_path / "a.txt", window=3, tokeniser=WORDY)
    assert found.keys() == {WORDY.column, "targets"}
    inputs, targets = (found[name].tolist() for name in (WORDY.column, "targets"))
    assert [WORDY.decode(row) for row in inputs] == [b"to the ", b"other"]
    assert [WORDY.decode(row) for row in targets] == [b" the o", b"ther to"]
    (tmp_path / "b.txt").write_bytes(b"caf\xe9 " * 9)
    with pytest.raises(UnreadableData, match="UTF-8"):
        read(tmp_path / "b.txt", window=3, tokeniser=WORDY)


def founded(store: FolderStore, tokeniser: Tokeniser, text: Path) -> tuple[TrainingSet, bytes]:
    tokeniser.put(store)
    columns = read(text, window=3, tokeniser=tokeniser)
    genesis = build_delta(None, add=columns, parent_tip=NO_TIP, proposer=NOBODY, store=store)
    folder = store.path / "sets"
    return materialise(folder, store, genesis, []).version(0), genesis


def test_a_delta_with_another_tokeniser_does_not_fit(tmp_path: Path) -> None:
    """Refused where it is built; the empty patch where somebody proposes it all the same."""
    (tmp_path / "a.txt").write_text("to the other to be or " * 3)
    (tmp_path / "b.txt").write_text("or not to be, to the letter")
    store, other = FolderStore(tmp_path / "store"), Tokeniser(ranks(*WORDS[::-1]))
    current, genesis = founded(store, WORDY, tmp_path / "a.txt")
    columns = read(tmp_path / "b.txt", window=3, tokeniser=other)
    with pytest.raises(SchemaError):
        build_delta(current, add=columns, parent_tip=genesis, proposer=NOBODY, store=store)
    with pytest.raises(UnreadableData, match="takes no other"):
        read(tmp_path / "b.txt", schema=current.schema, tokeniser=other)
    with pytest.raises(UnreadableData, match="takes no other"):
        read(tmp_path / "b.txt", schema=current.schema)

    schema = Schema.of(columns)
    blocks = tuple(tuple(put_array(store, columns[c.name])) for c in schema.columns)
    count = len(columns["targets"])
    root = TrainingSet(schema).patched(columns, []).root.digest()
    forged = Manifest(genesis, NOBODY, schema, count, blocks, 0, (), root, count).put(store)
    assert count and apply_delta(store, current, DeltaRecord(forged, genesis, NOBODY)) is current

    added = read_for(tmp_path / "b.txt", current.schema, store)
    delta = build_delta(current, add=added, parent_tip=genesis, proposer=NOBODY, store=store)
    after = apply_delta(store, current, DeltaRecord(delta, genesis, NOBODY))
    assert len(after) == len(current) + len(added["targets"])
    assert next_tip(genesis, delta) != genesis


def test_a_tokeniser_that_is_gone_takes_only_text_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("to the other to be or " * 3)
    store = FolderStore(tmp_path / "store")
    current, genesis = founded(store, WORDY, tmp_path / "a.txt")
    store.discard(canonical.digest(FILE), float("inf"))
    assert len(materialise(tmp_path / "anew", store, genesis, []).version(0)) == len(current)
    with pytest.raises(BlockUnavailable):
        read_for(tmp_path / "a.txt", current.schema, store)


LIES = {
    "nothing": b"",
    "another format": b"\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02",
    "a rank left out": FILE.replace(b" 256\n", b" 257\n"),
    "a token twice": ranks(b"ab", b"cd", b"ab"),
    "no token for a byte": FILE.replace(b"AA== 0\n", b"YWJj 0\n"),
    "an empty token": FILE + b" 266\n",
    "a token too long": ranks(b"a" * 257),
    "a carriage return": FILE.replace(b"\n", b"\r\n"),
    "an endless rank": FILE.replace(b" 7\n", b" " + b"0" * 5000 + b"7\n"),
    "code": b"cos\nsystem\n(S'true'\ntR.",
    "a giant": ranks(*(number.to_bytes(256) for number in range(256, 12_400))),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_files_that_are_no_ranks_are_refused(lie: bytes) -> None:
    with pytest.raises(TokeniserError):
        Tokeniser(lie)


def test_manifests_that_lie_are_refused_before_a_block_is_fetched(tmp_path: Path) -> None:
    """Nothing that they name is in the store, so a fetch would fail in another way."""
    store = FolderStore(tmp_path)
    name = "ab" * 32

    def column(**changes: object) -> str:
        document = {"blocks": [name], "format": FORMAT, "size": 9, **changes}
        return _column(store.put(canonical.encode(document)))

    lies = [
        {"size": MAX_BYTES + 1, "blocks": [name] * (MAX_BYTES // MAX_BLOCK_BYTES + 1)},
        {"size": 1 << 200},
        {"size": 0, "blocks": []},
        {"size": True},
        {"size": "9"},
        {"blocks": []},
        {"blocks": [name] * 2},
        {"blocks": [name.upper()]},
        {"blocks": [name[:62]]},
        {"blocks": name},
        {"format": "decentralizedai/tokeniser/2"},
        {"more": 1},
    ]
    for lie in lies:
        named = column(**lie)
        with pytest.raises(TokeniserError):
            load(store, [named])
        with pytest.raises(TokeniserError):
            blocks_of(store, named_by([named]) or b"")
    with pytest.raises(TokeniserError):
        load(store, [_column(store.put(b"\xff" * MAX_BLOCK_BYTES))])
    with pytest.raises(BlockUnavailable):
        load(store, [column()])
    with pytest.raises(TokeniserError):
        load(store, [column(blocks=[store.put(FILE).hex()], size=len(FILE) - 1)])
    assert load(store, ["tokens", "targets"]) is None


def _column(digest: bytes) -> str:
    return f"tokens_{base64.b32encode(digest).decode().lower().rstrip('=')}"
