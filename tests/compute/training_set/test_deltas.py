"""Deltas as content: every malformed one is the empty patch, an unavailable one is an error."""

import json
import random
import tracemalloc
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from eth_abi import encode as abi_encode
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from compute import merkle
from compute.canonical import digest, encode
from compute.storage import MAX_BLOCK_BYTES, BlockUnavailable, FolderStore
from compute.storage import copy as copy_blocks
from compute.storage.header import Headed, get_headed, put_headed
from compute.training_set import (
    DeltaRecord,
    EmptyPatch,
    InvalidGenesis,
    Schema,
    SchemaError,
    TrainingSet,
    apply_delta,
    apply_strictly,
    blocks_of,
    build_delta,
    next_tip,
    open_genesis,
    preview,
    replay,
)
from compute.training_set.examples import Inapplicable
from compute.training_set.manifest import FORMAT, Malformed, decode, own_blocks
from compute.training_set.replay import NO_TIP, NOBODY

FORMATS = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
ALICE = "0x" + "aB" * 20
BOB = "0x" + "b0" * 20
GENESIS = (
    "ab0afc12e50d5ba6e5e37000010b8551f73421d779b3df347257f9b244d53e4e",
    3,
    b'{"about":{"licence":"","message":"","name":""},"add":{"columns":[{"blocks":["1ed162d'
    b'6fb314b799740f71cba741ed96edde353d8ee3b9f22c2d4ece6d567ed"],"bounds":null,"dtype":"u'
    b'int16","labels":null,"name":"x","scale_log2":null,"shape":[2]},{"blocks":["039058c6f'
    b'2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81"],"bounds":null,"dtype":"uin'
    b't8","labels":null,"name":"y","scale_log2":null,"shape":[]}],"count":3},"format":"dec'
    b'entralizedai/delta/2","parent_tip":"000000000000000000000000000000000000000000000000'
    b'0000000000000000","proposer":"0x0000000000000000000000000000000000000000","remove":{'
    b'"blocks":[],"count":0}}',
)
DELTA = (
    "bc54021b5c967947a6f19c6050597e2464370b83dafdbfd589155e96e64e28f8",
    3,
    b'{"about":{"licence":"","message":"","name":""},"add":{"columns":[{"blocks":["1535acd'
    b'6bfc771cdeadd8b524435693d0f0700e4848ff648a19757c91b4ff4ea"],"bounds":null,"dtype":"u'
    b'int16","labels":null,"name":"x","scale_log2":null,"shape":[2]},{"blocks":["2fa1b377b'
    b'f67309f65e5e7bc9d924345ca648dec4e601a398a9cb497dcba3765"],"bounds":null,"dtype":"uin'
    b't8","labels":null,"name":"y","scale_log2":null,"shape":[]}],"count":2},"format":"dec'
    b'entralizedai/delta/2","parent_tip":"6f73443fe5c306b6f5ee74fad55fa02f2c02cfe43f3b791c'
    b'84290d84441bc501","proposer":"0xabababababababababababababababababababab","remove":{'
    b'"blocks":["d78019724c5665a065d8754880b714c4b074570a72612f512a846a5331877d82"],"count'
    b'":2}}',
)
TIP = "376043e2f95221fc02b4da01f5328ac6d97b0129d965f6637875db94df187aaf"

# of the columns of `columns`: x is uint16 [2], y is uint8 []
COLUMNS = b"".join(
    sha256(name).digest() + bytes([code]) + size.to_bytes(31, "big")
    for name, code, size in ((b"x", 6, 2), (b"y", 5, 1))
)


def columns(*rows: int) -> dict[str, np.ndarray]:
    rows = np.array(rows, np.int64)
    return {"x": np.stack([rows, rows + 1], 1).astype(np.uint16), "y": rows.astype(np.uint8)}


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore(tmp_path / "blocks")


@pytest.fixture
def genesis(store) -> bytes:
    return build_delta(None, add=columns(1, 2, 3), parent_tip=NO_TIP, proposer=NOBODY, store=store)


@pytest.fixture
def delta(store, genesis) -> bytes:
    """Removes 2 and 3, adds 4 and 5."""
    parent = open_genesis(store, genesis)
    return build_delta(
        parent,
        add=columns(4, 5),
        remove=[parent.ids[1].tobytes(), parent.ids[2].tobytes()],
        parent_tip=genesis,
        proposer=ALICE,
        store=store,
    )


def headed(store, delta) -> tuple[tuple[bytes, bytes], bytes]:
    """The words of a delta's header and its document."""
    found = get_headed(store, delta, 2)
    return found.words, found.document


def forge(store, delta, change, result=None) -> bytes:
    """The delta with another document, under the header of the set `result` if it makes one."""
    words, data = headed(store, delta)
    document = json.loads(data)
    change(document)
    if result is not None:
        words = (result.root.digest(), len(result).to_bytes(32, "big"))
    forged = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert forged != data
    return put_headed(store, Headed(words, forged))


def labels(store, genesis, *records: DeltaRecord) -> list[int]:
    return replay(store, genesis, records).columns["y"].tolist()


def test_a_delta_applies(store, genesis, delta):
    assert labels(store, genesis) == [1, 2, 3]
    assert labels(store, genesis, DeltaRecord(delta, genesis, ALICE)) == [1, 4, 5]
    assert labels(store, genesis, DeltaRecord(delta, genesis, ALICE.lower())) == [1, 4, 5]


def test_vectors(store, genesis, delta):
    """docs/formats.md shows these manifests and hashes."""
    tip = next_tip(genesis, delta).hex()
    assert tip == TIP
    for name, (root, count, document) in {genesis: GENESIS, delta: DELTA}.items():
        header = store.get(name)
        assert header[:32].hex() == root
        assert int.from_bytes(header[32:64], "big") == count
        assert store.get(header[64:]) == document
        for shown in (root, document.decode(), name.hex(), tip):
            assert shown in FORMATS


def test_the_root_in_the_header_opens_every_example(store, genesis, delta):
    """Leaves are what the columns are, then the ids of 32 examples each, in the set's order."""
    after = replay(store, genesis, [DeltaRecord(delta, genesis, ALICE)])
    assert store.get(delta)[:32] == merkle.root([COLUMNS, after.ids.tobytes()])
    many = columns(*range(1, 71))
    large = build_delta(None, add=many, parent_tip=NO_TIP, proposer=NOBODY, store=store)
    ids = open_genesis(store, large).ids
    leaves = [COLUMNS, *(ids[start : start + 32].tobytes() for start in range(0, 70, 32))]
    root = store.get(large)[:32]
    assert merkle.verify(root, 4, 3, leaves[3], merkle.proof(leaves, 3))


@pytest.mark.parametrize("steps", [[(40, [])], [(1, [0]), (31, []), (2, [5, 33])]])
def test_the_root_grows_as_if_it_were_made_anew(steps):
    examples, begun = TrainingSet(Schema.of(columns(1))).patched(columns(*range(32)), []), 32
    for count, gone in steps:
        leaving = [examples.ids[place].tobytes() for place in gone]
        examples = examples.patched(columns(*range(begun, begun + count)), leaving)
        begun += count
        data = examples.ids.tobytes()
        leaves = [data[start : start + 1024] for start in range(0, len(data), 1024)]
        assert examples.root.digest() == merkle.root([COLUMNS, *leaves])


def stated(store, delta, root: bytes | None = None, count: int | None = None) -> bytes:
    """The same delta under a header that states another set."""
    (true_root, true_count), document = headed(store, delta)
    words = (root or true_root, true_count if count is None else count.to_bytes(32, "big"))
    return put_headed(store, Headed(words, document))


def test_a_delta_that_states_another_set_is_empty(store, genesis, delta):
    for wrong in ({"root": bytes(32)}, {"count": 4}, {"count": 1 << 255}):
        record = DeltaRecord(stated(store, delta, **wrong), genesis, ALICE)
        assert labels(store, genesis, record) == [1, 2, 3]
    with pytest.raises(EmptyPatch, match="another set"):
        apply_strictly(store, open_genesis(store, genesis), record)
    with pytest.raises(InvalidGenesis, match="another set"):
        open_genesis(store, stated(store, genesis, count=2))


def test_what_is_given_twice_is_named(store, genesis):
    current = open_genesis(store, genesis)
    with pytest.raises(Inapplicable, match="rows 1 and 3, counted from 0"):
        current.patched(columns(7, 8, 9, 8), [])


def test_values_out_of_their_bounds_make_a_delta_empty(store):
    """The genesis says what a column may hold, for ever: an outlier cannot be voted in."""
    bounds = {"y": (0, 9)}
    with pytest.raises(SchemaError, match="not within"):
        build_delta(
            None, add=columns(1, 10), bounds=bounds,
            parent_tip=NO_TIP, proposer=NOBODY, store=store,
        )  # fmt: skip
    genesis = build_delta(
        None, add=columns(1, 9), bounds=bounds, parent_tip=NO_TIP, proposer=NOBODY, store=store
    )
    current = open_genesis(store, genesis)
    bound = {"parent_tip": genesis, "proposer": ALICE, "store": store}
    with pytest.raises(SchemaError, match="not within"):
        build_delta(current, add=columns(10), **bound)
    with pytest.raises(SchemaError, match="has fixed bounds"):
        build_delta(current, add=columns(2), bounds={"y": (0, 20)}, **bound)

    free = TrainingSet(Schema.of(columns(1))).patched(columns(1, 9), [])
    for add in (10, 2):  # 2 is within, but the manifest states no bounds
        forged = build_delta(free, add=columns(add), **bound)
        assert apply_delta(store, current, DeltaRecord(forged, genesis, ALICE)) is current
    fits = build_delta(current, add=columns(2), **bound)
    assert len(apply_delta(store, current, DeltaRecord(fits, genesis, ALICE))) == 3


def test_the_tip_is_that_of_the_chain(genesis, delta):
    assert next_tip(genesis, delta) == keccak(abi_encode(["bytes32"] * 2, [genesis, delta]))


def test_the_order_in_which_ids_to_remove_are_given_does_not_show(store, genesis, delta):
    parent = open_genesis(store, genesis)
    again = build_delta(
        parent,
        add=dict(reversed(columns(4, 5).items())),
        remove=[parent.ids[2].tobytes(), parent.ids[1].tobytes()],
        parent_tip=genesis,
        proposer=ALICE.lower(),
        store=store,
    )
    assert again == delta


@pytest.mark.parametrize(
    ("tip", "proposer"), [(NO_TIP, ALICE), (bytes([1]) * 32, ALICE), (None, BOB), (None, NOBODY)]
)
def test_a_delta_bound_to_another_parent_or_proposer_is_empty(store, genesis, delta, tip, proposer):
    assert labels(store, genesis, DeltaRecord(delta, tip or genesis, proposer)) == [1, 2, 3]


def test_a_delta_applied_twice_applies_once(store, genesis, delta):
    record = DeltaRecord(delta, genesis, ALICE)
    assert labels(store, genesis, record, record) == [1, 4, 5]


def test_what_follows_an_empty_patch_applies_to_the_set_before_it(store, genesis, delta):
    nonsense = store.put(b"nonsense")
    tip = next_tip(genesis, nonsense)
    after = build_delta(
        open_genesis(store, genesis),
        add=columns(9),
        parent_tip=tip,
        proposer=BOB,
        store=store,
    )
    records = DeltaRecord(nonsense, genesis, ALICE), DeltaRecord(after, tip, BOB)
    assert labels(store, genesis, *records) == [1, 2, 3, 9]


# --- a manifest that lies ------------------------------------------------------------------------


def put(path: str, value: object):
    def change(document, store):
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in parents:
            document = document[key]
        document[last] = value(store) if callable(value) else value

    return change


def block(data: bytes):
    return lambda store: [store.put(data).hex()]


def ids(*rows: int):
    def blocks(store):
        genesis = build_delta(
            None, add=columns(1, 2, 3), parent_tip=NO_TIP, proposer=NOBODY, store=store
        )
        names = open_genesis(store, genesis).schema.ids(columns(*rows))
        return [store.put(names.tobytes()).hex()]

    return blocks


def no_columns(document, store):
    document["add"]["columns"] = []


def swapped_columns(document, store):
    document["add"]["columns"].reverse()


LIES = {
    "another format": put("format", "decentralizedai/delta/1"),
    "a key too many": put("note", "hello"),
    "add is no object": put("add", []),
    "remove is no object": put("remove", None),
    "columns are no list": put("add.columns", {}),
    "a column is no object": put("add.columns.0", 7),
    "no columns": no_columns,
    "columns out of order": swapped_columns,
    "nothing about it": put("about", None),
    "more about it": put("about.extra", ""),
    "a name that is none": put("about.name", 7),
    "a name too long": put("about.name", "n" * 65),
    "a message too long": put("about.message", "m" * 2_001),
    "tip is no hash": put("parent_tip", "00"),
    "proposer in mixed case": put("proposer", ALICE),
    "proposer is no address": put("proposer", "0x00"),
    "count is negative": put("add.count", -1),
    "count is no number": put("add.count", "2"),
    "count is true": put("add.count", True),
    "count beyond its blocks": put("add.count", 3),
    "count of zero with blocks": put("add.count", 0),
    "count of the largest": put("add.count", 1 << 24),
    "count beyond the limit": put("add.count", 1 << 40),
    "removals beyond their block": put("remove.count", 3),
    "removals of the largest": put("remove.count", 1 << 24),
    "another name": put("add.columns.0.name", "w"),
    "a name that is a path": put("add.columns.0.name", "../x"),
    "another dtype of the same size": put("add.columns.0.dtype", "int16"),
    "a dtype with objects": put("add.columns.0.dtype", "object"),
    "a float": put("add.columns.0.dtype", "float16"),
    "dtype is no text": put("add.columns.0.dtype", 2),
    "no bounds": put("add.columns.1.bounds", 0),
    "bounds that end before they begin": put("add.columns.1.bounds", [3, 2]),
    "bounds beyond the dtype": put("add.columns.1.bounds", [0, 256]),
    "bounds that the genesis has not": put("add.columns.1.bounds", [0, 255]),
    "a bound that is no integer": put("add.columns.1.bounds", [0, "9"]),
    "labels that the genesis has not": put("add.columns.1.labels", ["cat", "dog"]),
    "a label that steers a terminal": put("add.columns.1.labels", ["\x1b[2J"]),
    "a label twice": put("add.columns.1.labels", ["cat", "cat"]),
    "labels that are no list": put("add.columns.1.labels", "cat"),
    "a label too long": put("add.columns.1.labels", ["c" * 65]),
    "a scale that the genesis has not": put("add.columns.1.scale_log2", 8),
    "a scale beyond all": put("add.columns.1.scale_log2", 1 << 40),
    "a scale that is no integer": put("add.columns.1.scale_log2", "8"),
    "another shape of the same size": put("add.columns.0.shape", [2, 1]),
    "an empty shape": put("add.columns.0.shape", [0]),
    "a negative shape": put("add.columns.0.shape", [-2]),
    "a shape whose product overflows": put("add.columns.0.shape", [1 << 32] * 8),
    "shape of strings": put("add.columns.0.shape", ["2"]),
    "blocks are no list": put("add.columns.0.blocks", "00" * 32),
    "a block is no hash": put("add.columns.0.blocks", ["zz" * 32]),
    "a block too many": put("add.columns.0.blocks", ["00" * 32] * 2),
    "a block too few": put("add.columns.0.blocks", []),
    "a block too short": put("add.columns.0.blocks", block(bytes(7))),
    "a block too long": put("add.columns.0.blocks", block(bytes(9))),
    "an example added twice": put("add.columns", lambda store: twice(store)),
    "an example already there": put("add.columns", lambda store: already_there(store)),
    "ids not ascending": put("remove.blocks", lambda store: descending(store)),
    "an id twice": put("remove.blocks", ids(2, 2)),
    "an id that is not there": put("remove.blocks", lambda store: absent(store)),
    "ids too short": put("remove.blocks", block(bytes(63))),
}


def columns_as_blocks(store, values):
    return [
        {
            "name": "x",
            "dtype": "uint16",
            "shape": [2],
            "bounds": None,
            "labels": None,
            "scale_log2": None,
            "blocks": block(values["x"].tobytes())(store),
        },
        {
            "name": "y",
            "dtype": "uint8",
            "shape": [],
            "bounds": None,
            "labels": None,
            "scale_log2": None,
            "blocks": block(values["y"].tobytes())(store),
        },
    ]


def twice(store):
    return columns_as_blocks(store, columns(4, 4))


def already_there(store):
    return columns_as_blocks(store, columns(4, 1))


def sorted_ids(store, *rows):
    [name] = ids(*rows)(store)
    data = store.get(bytes.fromhex(name))
    return sorted(data[i : i + 32] for i in range(0, len(data), 32))


def descending(store):
    return block(b"".join(reversed(sorted_ids(store, 2, 3))))(store)


def absent(store):
    return block(b"".join(sorted_ids(store, 2, 77)))(store)


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_delta_that_lies_is_empty(store, genesis, delta, lie):
    forged = forge(store, delta, lambda document: lie(document, store))
    assert labels(store, genesis, DeltaRecord(forged, genesis, ALICE)) == [1, 2, 3]


def test_the_forgery_itself_is_sound(store, genesis, delta):
    """Rebuilding the blocks as the lies above do, without a lie, gives a delta that applies."""
    result = open_genesis(store, genesis)
    result = result.patched(columns(6, 7), sorted_ids(store, 2, 3))

    def change(document):
        document["add"]["columns"] = columns_as_blocks(store, columns(6, 7))
        document["remove"]["blocks"] = block(b"".join(sorted_ids(store, 2, 3)))(store)

    record = DeltaRecord(forge(store, delta, change, result), genesis, ALICE)
    assert labels(store, genesis, record) == [1, 6, 7]


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\x80", b"[" * 1000, bytes(MAX_BLOCK_BYTES)],
    ids=lambda data: f"{data[:9]!r}-{len(data)}",
)
def test_bytes_that_are_no_manifest_are_the_empty_patch(store, genesis, data):
    garbage = store.put(data)
    assert labels(store, genesis, DeltaRecord(garbage, genesis, ALICE)) == [1, 2, 3]
    with pytest.raises(Malformed):
        blocks_of(store, garbage)
    with pytest.raises(InvalidGenesis, match="choose another"):
        open_genesis(store, garbage)


@given(st.binary(max_size=80), st.integers(0, 10**6))
@settings(max_examples=200)
def test_a_mutated_manifest_is_some_patch_or_unavailable(store, genesis, delta, noise, seed):
    words, document = headed(store, delta)
    data = bytearray(b"".join(words) + document)
    place = random.Random(seed).randrange(len(data))
    data[place : place + len(noise)] = noise
    mutated = Headed((bytes(data[:32]), bytes(data[32:64])), bytes(data[64:]))
    record = DeltaRecord(put_headed(store, mutated), genesis, ALICE)
    try:
        assert labels(store, genesis, record) in ([1, 2, 3], [1, 4, 5])
    except BlockUnavailable:
        assert noise


def counted(count: int, blocks: int, shape: list[int]) -> Headed:
    column = {"name": "x", "dtype": "uint8", "shape": shape, "bounds": None}
    column |= {"labels": None, "scale_log2": None}
    column["blocks"] = ["00" * 32] * blocks
    document = {
        "format": FORMAT,
        "parent_tip": "00" * 32,
        "proposer": NOBODY,
        "add": {"count": count, "columns": [column]},
        "remove": {"count": 0, "blocks": []},
        "about": {"name": "", "message": "", "licence": ""},
    }
    return Headed((bytes(32), bytes(32)), encode(document))


def test_sizes_and_counts_are_bounded_even_where_blocks_agree():
    assert decode(counted(4096, 4096, [1 << 20])).add_count == 4096
    with pytest.raises(Malformed, match="more than 4294967296 bytes"):
        decode(counted(4097, 4097, [1 << 20]))
    assert decode(counted(1 << 24, 16, [])).add_count == 1 << 24
    with pytest.raises(Malformed, match="out of range"):
        decode(counted((1 << 24) + 1, 17, []))


def test_a_lie_about_sizes_allocates_nothing(store, genesis, delta):
    record = DeltaRecord(
        forge(store, delta, lambda d: put("add.count", 1 << 24)(d, store)), genesis, ALICE
    )
    labels(store, genesis, record)
    tracemalloc.start()
    labels(store, genesis, record)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * MAX_BLOCK_BYTES


# --- availability --------------------------------------------------------------------------------


def test_every_unavailable_block_raises_and_is_named(store, genesis, delta):
    needed = blocks_of(store, delta)
    assert needed[-1] == delta
    for missing in needed:
        file = store.path / missing.hex()[:2] / missing.hex()
        content = file.read_bytes()
        for damaged in (None, b"?"):
            file.unlink() if damaged is None else file.write_bytes(damaged)
            with pytest.raises(BlockUnavailable) as caught:
                replay(store, genesis, [DeltaRecord(delta, genesis, ALICE)])
            assert caught.value.digest == missing
            file.write_bytes(content)
    assert labels(store, genesis, DeltaRecord(delta, genesis, ALICE)) == [1, 4, 5]


def test_blocks_of_is_enough_to_publish(store, genesis, delta, tmp_path):
    public = FolderStore(tmp_path / "public")
    for name in (genesis, delta):
        copy_blocks(blocks_of(store, name), store, public)
    assert labels(public, genesis, DeltaRecord(delta, genesis, ALICE)) == [1, 4, 5]


def test_a_delta_for_another_proposer_is_not_downloaded(store, genesis, delta, tmp_path):
    public = FolderStore(tmp_path / "public")
    copy_blocks([*blocks_of(store, genesis), *own_blocks(store, delta)], store, public)
    assert labels(public, genesis, DeltaRecord(delta, genesis, BOB)) == [1, 2, 3]


def test_a_delta_with_other_columns_is_not_downloaded(store, genesis, tmp_path):
    public = FolderStore(tmp_path / "public")
    other = build_delta(
        open_genesis(
            store,
            build_delta(
                None,
                add={"z": np.arange(3, dtype=np.uint8)},
                parent_tip=NO_TIP,
                proposer=NOBODY,
                store=store,
            ),
        ),
        add={"z": np.arange(3, 6, dtype=np.uint8)},
        parent_tip=genesis,
        proposer=BOB,
        store=store,
    )
    copy_blocks([*blocks_of(store, genesis), *own_blocks(store, other)], store, public)
    assert labels(public, genesis, DeltaRecord(other, genesis, BOB)) == [1, 2, 3]


# --- looking -------------------------------------------------------------------------------------


def test_a_voter_sees_what_comes_and_what_goes(store, genesis, delta):
    current = open_genesis(store, genesis)
    seen = preview(store, current, DeltaRecord(delta, genesis, ALICE))
    assert seen.empty_because is None
    assert seen.added["y"].tolist() == [4, 5]
    assert seen.removed["y"].tolist() == [2, 3]


def test_a_voter_sees_why_a_delta_would_change_nothing(store, genesis, delta):
    current = open_genesis(store, genesis)
    seen = preview(store, current, DeltaRecord(delta, genesis, BOB))
    assert "another proposer" in seen.empty_because
    assert seen.added["y"].tolist() == [4, 5]
    twice = apply_strictly(store, current, DeltaRecord(delta, genesis, ALICE))
    seen = preview(store, twice, DeltaRecord(delta, genesis, ALICE))
    assert "not in the set" in seen.empty_because
    nonsense = preview(store, current, DeltaRecord(store.put(b"nonsense"), genesis, ALICE))
    assert "header" in nonsense.empty_because
    assert len(nonsense.added["y"]) == len(nonsense.removed["y"]) == 0


# --- building ------------------------------------------------------------------------------------


def test_an_inapplicable_delta_is_not_built(store, genesis):
    parent = open_genesis(store, genesis)
    bound = {"parent_tip": genesis, "proposer": ALICE, "store": store}
    with pytest.raises(Inapplicable):
        build_delta(parent, add=columns(3), **bound)
    with pytest.raises(Inapplicable):
        build_delta(parent, remove=[digest(b"nothing")], **bound)
    with pytest.raises(Inapplicable, match="32 bytes"):
        build_delta(parent, remove=[b"short"], **bound)
    with pytest.raises(SchemaError):
        build_delta(parent, add={"x": columns(9)["x"]}, **bound)
    with pytest.raises(SchemaError, match="genesis"):
        build_delta(None, **bound)
    with pytest.raises(Malformed):
        build_delta(parent, add=columns(9), **{**bound, "proposer": "alice"})


@pytest.mark.parametrize(
    ("tip", "proposer"), [(bytes([1]) * 32, NOBODY), (NO_TIP, ALICE)], ids=["tip", "proposer"]
)
def test_a_genesis_has_no_parent_and_no_proposer(store, tip, proposer):
    wrong = build_delta(None, add=columns(1), parent_tip=tip, proposer=proposer, store=store)
    with pytest.raises(InvalidGenesis):
        open_genesis(store, wrong)


def test_a_delta_may_be_empty(store, genesis):
    nothing = build_delta(
        open_genesis(store, genesis), parent_tip=genesis, proposer=ALICE, store=store
    )
    assert len(blocks_of(store, nothing)) == 2  # document and header
    assert labels(store, genesis, DeltaRecord(nothing, genesis, ALICE)) == [1, 2, 3]


def test_columns_larger_than_a_block_are_cut(store):
    images = np.random.default_rng(0).integers(0, 256, (3000, 784), dtype=np.uint8)
    genesis = build_delta(
        None, add={"image": images}, parent_tip=NO_TIP, proposer=NOBODY, store=store
    )
    assert len(blocks_of(store, genesis)) == 5
    np.testing.assert_array_equal(open_genesis(store, genesis).columns["image"], images)


def test_a_patch_costs_what_it_changes(monkeypatch):
    """A million examples: for 1,000 more and 500 less, 1,000 are named, in 60 MB."""
    named, name = [], Schema.ids
    n = 1_000_000
    many = {"x": np.arange(n * 8, dtype=np.uint32).reshape(n, 8), "y": np.zeros(n, np.uint8)}
    parent = TrainingSet(Schema.of(many)).patched(many, [])
    few = {"x": many["x"][:1000] + np.uint32(n * 8), "y": many["y"][:1000]}
    gone = [row.tobytes() for row in parent.ids[::2000]]
    tracemalloc.start()
    monkeypatch.setattr(Schema, "ids", lambda *given: named.append(name(*given)) or named[-1])
    child = parent.patched(few, gone)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(child) == n + 500
    assert [len(ids) for ids in named] == [1_000]
    assert peak < 60e6
