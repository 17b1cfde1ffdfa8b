"""What a dispute needs: the first word that differs, the judge's word, the states of folds."""

import json
from importlib.resources import files

import numpy as np
import pytest

from compute.trace import folds, step
from compute.trace.integers import Integers
from compute.trace.leaf import CHUNK, decode
from compute.trace.rows import Column, Constant, Parameter
from compute.trace.run import around, trace
from compute.trace.tree import Tree
from compute.trace.words import leaves
from tests.support.tiny_models import tiny

LINES = files("compute.trace").joinpath("vectors/steps.jsonl").read_text().splitlines()


class Liar(Integers):
    """Adds 1 to one word of the row that it computes as number `when`."""

    def __init__(self, when: int, element: int) -> None:
        super().__init__()
        self._left, self._element = when, element

    def _lie(self, found: np.ndarray) -> np.ndarray:
        self._left -= 1
        if self._left == -1:
            found = found.copy()
            found[self._element] ^= 1
        return found

    def result(self, *arguments) -> np.ndarray:
        return self._lie(super().result(*arguments))

    def layout(self, *arguments) -> np.ndarray:
        return self._lie(super().layout(*arguments))

    def loss(self, *arguments) -> np.ndarray:
        return self._lie(super().loss(*arguments))


def made_rows(rows) -> list[int]:
    return [
        n
        for n, row in enumerate(rows.rows)
        if not isinstance(row.made, Parameter | Column | Constant)
    ]


@pytest.mark.parametrize("model", ["mlp", "gpt"])
def test_an_altered_word_is_found_and_refuted(model):
    spec, example = tiny(model)
    rows, honest = spec.rows, trace(spec.rows, Integers(), example)
    computed = made_rows(rows)
    for when in np.random.default_rng(1).choice(len(computed), 6, replace=False):
        number = computed[when]
        element = rows.rows[number].elements - 1
        claimed = trace(rows, Liar(when, element), example)
        differing = [
            n
            for n, pair in enumerate(zip(honest.roots, claimed.roots, strict=True))
            if len({*pair}) > 1
        ]
        assert differing[0] == number
        own = around(rows, Integers(), example, number)
        theirs = around(rows, Liar(_among(rows, number), element), example, number)
        trees = [Tree(leaves(held[number], rows.rows[number].dtype)) for held in (own, theirs)]
        assert [tree.top for tree in trees] == [honest.roots[number], claimed.roots[number]]
        found = np.flatnonzero(own[number] != theirs[number])
        assert found.tolist() == [element]
        word = step.word(rows.rows[number].leaf, element, lambda n, i, held=theirs: int(held[n][i]))
        assert word == int(own[number][element]) != int(theirs[number][element])


def _among(rows, number: int) -> int:
    """How many rows `around` computes before this one."""
    wanted = {number}
    for n in range(number, -1, -1):
        if n in wanted:
            wanted |= rows.rows[n].needs
    return len([n for n in made_rows(rows) if n in wanted and n < number])


def test_the_parts_of_a_fold_end_in_its_word():
    spec, example = tiny("mlp")
    for number, row in enumerate(spec.rows.rows):
        if row.leaf[3] != 0xC0:
            continue
        held = around(spec.rows, Integers(), example, number)

        def read(n, i, held=held):
            return int(held[n][i])

        states = step.parts(row.leaf, 0, read)
        leaf = decode(row.leaf)
        assert len(states) == leaf.chunks == -(-leaf.terms // CHUNK)
        assert folds.finish(leaf, states[-1]) == int(held[number][0])
        before = states[-2] if len(states) > 1 else folds.start(leaf)
        assert step.chunk(row.leaf, 0, len(states) - 1, before, read) == states[-1]


def test_sums_are_integers_of_768_bits():
    for n in (0, 1, -1, 2**524, -(2**524)):
        assert folds.whole(folds.split(n)) == n
    assert folds.split(-1) == ((1 << 256) - 1,) * 3


@pytest.mark.parametrize("half", range(2))
def test_vectors(half):
    """Each committed step: what is read, the states, the result."""
    assert len(LINES) > 500
    for line in LINES[half::2]:
        case = json.loads(line)
        leaf = bytes.fromhex(case["row"])
        words = {(row, place): word for row, place, word in case["reads"]}
        result = step.word(leaf, case["element"], lambda n, i, w=words: w[n, i])
        assert f"{result:064x}" == case["result"]
        if "parts" in case:
            states = step.parts(leaf, case["element"], lambda n, i, w=words: w[n, i])
            assert [[f"{w:064x}" for w in state] for state in states] == case["parts"]


def test_vectors_cover_every_code():
    codes = {int.from_bytes(bytes.fromhex(json.loads(line)["row"][:8])) for line in LINES}
    assert {0x100, 0x101, 0x102, 0x103, 0x104, 0x105, 0x02, 0x80, 0xA0, 0xC0, 0xB1} <= codes
