"""Sets and patches against a model: a Python list of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.storage import FolderStore
from compute.training_set import (
    Column,
    DeltaRecord,
    Schema,
    SchemaError,
    TrainingSet,
    apply_delta,
    build_delta,
    class_counts,
    diff,
    next_tip,
    open_genesis,
    replay,
)
from compute.training_set.examples import Inapplicable
from compute.training_set.replay import NO_TIP, NOBODY

SCHEMA = Schema((Column("image", "uint8", (2, 2)), Column("label", "int16", ())))
ALICE = "0x" + "aB" * 20


def columns(rows) -> dict[str, np.ndarray]:
    """An example is made from one number below 500."""
    rows = np.array(list(rows), np.int64)
    image = np.stack([rows % 7, rows // 7, rows % 5, rows], axis=1).reshape(-1, 2, 2)
    return {"image": image.astype(np.uint8), "label": (rows * 60).astype(np.int16)}


def ids(rows) -> list[bytes]:
    return [row.tobytes() for row in SCHEMA.ids(columns(rows))]


def make(rows) -> TrainingSet:
    return TrainingSet(SCHEMA).patched(columns(rows), [])


def assert_holds(examples: TrainingSet, rows) -> None:
    expected = columns(rows)
    assert len(examples) == len(rows)
    for name, values in expected.items():
        assert examples.columns[name].dtype == values.dtype
        np.testing.assert_array_equal(examples.columns[name], values)
    assert [row.tobytes() for row in examples.ids] == ids(rows)


# each step: which rows to add and to remove, right or wrong
STEPS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 15), max_size=5),
        st.lists(st.integers(0, 15), max_size=5),
    ),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=150)
def test_patching_agrees_with_a_list(steps):
    examples, rows = TrainingSet(SCHEMA), []
    for add, remove in steps:
        fits = (
            len(set(add)) == len(add)
            and len(set(remove)) == len(remove)
            and not set(add) & set(rows)
            and set(remove) <= set(rows)
        )
        before = rows
        if fits:
            child = examples.patched(columns(add), ids(remove))
            rows = [row for row in rows if row not in remove] + add
            assert_holds(examples, before)  # the parent is untouched
            examples = child
        else:
            with pytest.raises(Inapplicable):
                examples.patched(columns(add), ids(remove))
        assert_holds(examples, rows)
        for row, example_id in zip(range(16), ids(range(16)), strict=True):
            assert (example_id in examples) == (row in rows)


@given(STEPS)
@settings(max_examples=40)
def test_replay_from_genesis_is_incremental_application(tmp_path, steps):
    """Through real blocks, valid and inapplicable deltas mixed."""
    store = FolderStore(tmp_path / "blocks")
    genesis = build_delta(None, add=columns([90]), parent_tip=NO_TIP, proposer=NOBODY, store=store)
    rows, tip, records = [90], genesis, []
    current = open_genesis(store, genesis)
    for add, remove in steps:
        add, remove = sorted(set(add)), sorted(set(remove) - set(add))
        fits = not set(add) & set(rows) and set(remove) <= set(rows)
        delta = build_delta(
            current if fits else make(remove),
            add=columns(add),
            remove=ids(remove),
            parent_tip=tip,
            proposer=ALICE,
            store=store,
        )
        records.append(DeltaRecord(delta, tip, ALICE))
        if fits:
            rows = [row for row in rows if row not in remove] + add
        current = apply_delta(store, current, records[-1])
        tip = next_tip(tip, delta)
        assert_holds(current, rows)
    assert_holds(replay(store, genesis, records), rows)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_batches_are_the_columns_in_order(size):
    examples = make(range(10)).patched(columns(range(20, 30)), ids([0, 3, 4, 9]))
    batches = list(examples.batches(size))
    assert [len(batch["label"]) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 0 < len(batches[-1]["label"]) <= size
    for name in ("image", "label"):
        joined = np.concatenate([batch[name] for batch in batches])
        np.testing.assert_array_equal(joined, examples.columns[name])


@pytest.mark.parametrize(("start", "end"), [(0, None), (3, 11), (11, 12), (5, 5), (12, 99)])
def test_batches_of_a_range(start, end):
    examples = make(range(10)).patched(columns(range(20, 30)), ids([0, 3, 4, 9]))
    labels = [value for batch in examples.batches(3, start, end) for value in batch["label"]]
    np.testing.assert_array_equal(labels, examples.columns["label"][start:end])


def test_examples_by_id():
    examples = make(range(10)).patched(columns([20]), ids([4]))
    found = examples.examples(ids([20, 4, 2, 99, 2]))
    np.testing.assert_array_equal(found["label"], columns([2, 20])["label"])
    assert len(examples.examples([])["label"]) == 0


def test_an_empty_set_has_columns_and_no_batches():
    empty = make([1]).patched(columns([]), ids([1]))
    assert_holds(empty, [])
    assert list(empty.batches(4)) == []
    with pytest.raises(ValueError, match="at least one"):
        next(empty.batches(0))


def test_shared_arrays_cannot_be_changed_through_a_set():
    examples = make(range(4))
    for array in (examples.columns["label"], next(examples.batches(2))["label"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9


def test_a_repeated_id_is_seen_even_beside_other_candidates():
    """Row numbers 5, 5, 7 span three rows without being three consecutive ones."""
    examples = make(range(8))
    with pytest.raises(Inapplicable, match="removed twice"):
        examples.patched(columns([]), ids([5, 5, 7]))


def test_prefix_collisions_are_told_apart(monkeypatch):
    """64-bit prefixes can be made to collide; with constant ones everything must still hold."""
    from compute.training_set import index

    monkeypatch.setattr(index, "_prefixes", lambda ids: np.zeros(len(ids), np.uint64))
    examples = make([1, 2, 3]).patched(columns([4]), ids([2]))
    assert_holds(examples, [1, 3, 4])
    assert_holds(examples.patched(columns([2]), ids([4])), [1, 3, 2])
    with pytest.raises(Inapplicable):
        examples.patched(columns([3]), [])


def test_the_id_of_an_example_is_its_content():
    """docs/formats.md shows this id."""
    example = {"image": np.arange(4, dtype=np.uint8).reshape(1, 2, 2), "label": np.int16([258])}
    assert (
        SCHEMA.ids(example)[0].tobytes().hex()
        == "59efe3974bc4ded49693d0db986a045c6b18d401c0b29db3ec27c90ac9216afa"
    )
    assert SCHEMA.ids({name: c.astype(c.dtype.newbyteorder(">")) for name, c in example.items()})[
        0
    ].tobytes() == bytes.fromhex("59efe3974bc4ded49693d0db986a045c6b18d401c0b29db3ec27c90ac9216afa")
    for name in example:
        changed = {**example, name: example[name] + np.array(1, example[name].dtype)}
        assert not np.array_equal(SCHEMA.ids(changed), SCHEMA.ids(example))
    other = Schema((Column("image", "uint8", (4,)), Column("label", "int16", ())))
    flat = {**example, "image": example["image"].reshape(1, 4)}
    assert not np.array_equal(other.ids(flat), SCHEMA.ids(example))


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"image": columns([1])["image"]},
        {**columns([1]), "extra": np.zeros(1, np.uint8)},
        {**columns([1]), "label": np.zeros(1, np.int32)},
        {**columns([1]), "label": np.zeros(2, np.int16)},
        {**columns([1]), "label": np.zeros((1, 1), np.int16)},
        {**columns([1]), "label": np.int16(1)},
    ],
)
def test_columns_of_another_schema_are_refused(bad):
    with pytest.raises(SchemaError):
        make([0]).patched(bad, [])


@pytest.mark.parametrize(
    "schema",
    [
        (),
        (Column("b", "uint8", ()), Column("a", "uint8", ())),
        (Column("a", "uint8", ()), Column("a", "uint8", ())),
        (Column("A", "uint8", ()),),
        (Column("#id", "uint8", ()),),
        (Column("a" * 64, "uint8", ()),),
        (Column("a", "float32", ()),),
        (Column("a", "object", ()),),
        (Column("a", "uint8", (0,)),),
        (Column("a", "uint8", (1,) * 9),),
        (Column("a", "uint8", (1 << 12, 1 << 13)),),
        tuple(Column(f"c{n:03}", "uint8", ()) for n in range(65)),
    ],
)
def test_schemas_have_limits(schema):
    with pytest.raises(SchemaError):
        Schema(schema)


@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(0, 20)))
def test_a_diff_leads_to_the_wanted_examples(here, wanted):
    parent = make(here)
    found = diff(parent, columns(wanted))
    child = parent.patched(found.add, found.remove)
    kept = [row for row in here if row in wanted]
    new = [row for row in dict.fromkeys(wanted) if row not in here]
    assert_holds(child, kept + new)
    assert found.kept == len(kept)
    assert found.duplicates == len(wanted) - len(set(wanted))


def test_class_counts():
    assert class_counts({"y": np.array([3, 1, 3], np.uint8)}, "y") == {1: 1, 3: 2}
