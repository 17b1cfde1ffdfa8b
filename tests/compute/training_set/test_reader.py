"""What training and judging read: every example once an epoch, from any step on."""

import threading
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.training_set import Column, Reader, Schema, TrainingSet, in_order
from compute.training_set.shuffle import Permutation
from tests.support.patience import PATIENCE

SCHEMA = Schema((Column("x", "uint16", (3,)), Column("y", "int64", ())))


def columns(rows) -> dict[str, np.ndarray]:
    rows = np.array(list(rows), np.int64)
    return {"x": np.stack([rows, rows + 1, rows + 2], 1).astype(np.uint16), "y": rows}


@pytest.fixture
def examples() -> TrainingSet:
    """60 examples in three segments with holes."""
    first = TrainingSet(SCHEMA).patched(columns(range(40)), [])
    second = first.patched(columns(range(40, 65)), first.ids[[3, 4, 39]])
    return second.patched(columns(range(65, 70)), second.ids[[0, 1, 2, 40, 41, 61, 5]])


def steps(reader: Reader, count: int) -> list[list[int]]:
    return [next(reader)["y"].tolist() for _ in range(count)]


@given(st.integers(1, 600), st.binary(max_size=4))
@settings(max_examples=60)
def test_a_permutation_takes_every_place_once(length, material):
    places = Permutation(length, material)(np.arange(length))
    assert sorted(places.tolist()) == list(range(length))


def test_a_permutation_is_uniform_and_depends_on_its_material():
    """Where 0 and 1 of 8 places go together, over 20,000 keys: all 56 pairs are as frequent."""
    pairs = [tuple(Permutation(8, bytes([i % 256, i // 256]))(np.arange(2))) for i in range(20_000)]
    counts = np.unique(np.array(pairs) @ [8, 1], return_counts=True)[1]
    assert len(counts) == 56
    expected = 20_000 / 56
    assert ((counts - expected) ** 2 / expected).sum() < 94  # chi-squared, 55 degrees, p = 0.001


def test_neighbours_do_not_stay_together():
    order = Permutation(100_000, b"key")(np.arange(100_000))
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.02
    assert np.count_nonzero(np.abs(np.diff(order)) == 1) < 20


def test_an_epoch_has_every_example_once(examples):
    reader = Reader(examples, batch_size=6, seed=1, key=b"tip")
    first, second = steps(reader, 10), steps(reader, 10)
    assert sorted(chain(*first)) == examples.columns["y"].tolist()
    assert sorted(chain(*second)) == examples.columns["y"].tolist()
    assert first != second
    assert all(batch == sorted(batch) for batch in first)


def test_columns_belong_together(examples):
    batch = next(Reader(examples, batch_size=20, seed=1, key=b"tip"))
    for name, values in columns(batch["y"]).items():
        np.testing.assert_array_equal(batch[name], values)


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_reader_goes_on_at_any_step_with_any_number_of_workers(examples, workers):
    whole = steps(Reader(examples, batch_size=7, seed=5, key=b"tip"), 30)
    later = Reader(examples, batch_size=7, seed=5, key=b"tip", start_step=11, workers=workers)
    assert steps(later, 19) == whole[11:]
    assert later.step == 30
    later.close()


@pytest.mark.parametrize("other", [{"seed": 6}, {"key": b"pit"}])
def test_seed_and_key_make_the_order(examples, other):
    same = {"batch_size": 7, "seed": 5, "key": b"tip"}
    assert steps(Reader(examples, **same), 3) != steps(Reader(examples, **{**same, **other}), 3)


def test_a_batch_is_at_most_the_set(examples):
    reader = Reader(examples, batch_size=1000, seed=0, key=b"")
    assert reader.batch_size == 60
    assert steps(reader, 2) == [examples.columns["y"].tolist()] * 2


@pytest.mark.parametrize(("size", "match"), [(0, "at least one"), (-1, "at least one")])
def test_nonsense_is_refused(examples, size, match):
    with pytest.raises(ValueError, match=match):
        Reader(examples, batch_size=size, seed=0, key=b"")
    with pytest.raises(ValueError, match=match):
        in_order(examples, size)
    with pytest.raises(ValueError, match="no examples"):
        Reader(TrainingSet(SCHEMA), batch_size=2, seed=0, key=b"")


def test_a_batch_is_the_callers_own(examples):
    batch = next(Reader(examples, batch_size=60, seed=0, key=b""))
    batch["y"][:] = 0
    assert examples.columns["y"].max() == 69


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("start", [0, 3, 8, 9])
def test_in_order_is_what_the_evaluator_sees(examples, workers, start):
    batches = list(in_order(examples, 7, start_step=start, workers=workers))
    expected = list(examples.batches(7))[start:]
    assert [b["y"].tolist() for b in batches] == [b["y"].tolist() for b in expected]


def test_workers_leave_when_the_reader_does(examples):
    others = set(threading.enumerate())
    reader = Reader(examples, batch_size=7, seed=5, key=b"tip", workers=3)
    next(reader)
    workers = set(threading.enumerate()) - others
    reader.close()
    assert workers
    for thread in workers:
        thread.join(PATIENCE)
        assert not thread.is_alive()
