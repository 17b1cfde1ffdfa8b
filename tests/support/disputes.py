"""Problems to dispute about: a tiny model, parameters, examples, all that a claim commits to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from compute import merkle
from compute.checkpoint.root import ParamsRoot
from compute.dispute import sources, sums
from compute.dispute.belief import Computed, Headers
from compute.dispute.state import Evaluation
from compute.exact.tracing.trace import trace as program_of
from compute.program.form import WIDE, Code
from compute.program.types import DType
from compute.trace.folds import State, split, whole
from compute.trace.integers import Integers
from compute.trace.leaf import decode
from compute.trace.machine import Machine
from compute.trace.rows import COLUMN, CONSTANT, PARAMETER, Column, Parameter, Row, Rows
from compute.trace.run import Example
from compute.trace.tree import Tree
from compute.trace.unroll import Target, unroll
from compute.trace.words import leaves
from tests.support.tiny_models import tiny

LEAF = 1024


@dataclass(frozen=True)
class Problem:
    """A program, its parameters, and a set of examples: columns by name, [n, ...] each."""

    rows: Rows
    params: Mapping[str, np.ndarray]
    columns: Mapping[str, np.ndarray]

    @property
    def count(self) -> int:
        return len(next(iter(self.columns.values())))

    def example(self, index: int) -> Example:
        return Example(self.params, {name: x[index] for name, x in self.columns.items()})

    # what is published

    @cached_property
    def param_leaves(self) -> list[bytes]:
        data = [np.ascontiguousarray(x, "<f4").tobytes() for _, x in sorted(self.params.items())]
        return [part[i : i + LEAF] for part in data for i in range(0, len(part), LEAF)]

    @cached_property
    def schema(self) -> bytes:
        names = sorted(self.columns)
        return b"".join(_column(name, self.columns[name]) for name in names)

    def bytes_of(self, index: int) -> bytes:
        parts = (self.columns[name][index] for name in sorted(self.columns))
        little = (np.ascontiguousarray(x, x.dtype.newbyteorder("<")).tobytes() for x in parts)
        return hashlib.sha256(b"a schema").digest() + b"".join(little)

    @cached_property
    def data_leaves(self) -> list[bytes]:
        ids = [hashlib.sha256(self.bytes_of(i)).digest() for i in range(self.count)]
        return [self.schema, *(b"".join(ids[i : i + 32]) for i in range(0, self.count, 32))]

    @property
    def params_root(self) -> bytes:
        root = ParamsRoot()
        for _, array in sorted(self.params.items()):
            root.add(np.asarray(array))
        return root.digest()

    def evaluation(self, losses: Sequence[int]) -> Evaluation:
        top_ = sums.node(losses, sums.depth_of(len(losses)), 0)
        return Evaluation(
            top_.total // len(losses),
            len(losses),
            top_.total,
            top_.hash,
            self.params_root,
            merkle.root(self.data_leaves),
            self.rows.root,
        )


_DTYPES = {"int8": 2, "int16": 3, "int32": 4, "uint8": 5, "uint16": 6, "uint32": 7, "int64": 8}


def _column(name: str, array: np.ndarray) -> bytes:
    size = int(np.prod(array.shape[1:]))
    word = bytes([_DTYPES[array.dtype.name]]) + bytes(23) + size.to_bytes(8, "big")
    return hashlib.sha256(name.encode()).digest() + word


@dataclass
class Honest:
    """Believes what the oracle computes, or another machine."""

    problem: Problem
    headers: Headers | None = None
    machine: Machine = field(default_factory=Integers)
    _traced: dict[int, Computed] = field(default_factory=dict)

    @property
    def rows(self) -> Rows:
        return self.problem.rows

    @cached_property
    def losses(self) -> list[int]:
        return [self.computed(i).loss or 0 for i in range(self.problem.count)]

    @cached_property
    def evaluation(self) -> Evaluation:
        return self.problem.evaluation(self.losses)

    def computed(self, example: int) -> Computed:
        if example not in self._traced:
            given = self.problem.example(example)
            self._traced[example] = Computed(self.rows, self.machine, given)
        return self._traced[example]

    def traced(self, example: int):
        return self.computed(example)

    def source(self, example: int, row: int, element: int) -> bytes:
        made = self.rows.rows[row].made
        if isinstance(made, Parameter):
            return sources.parameter(self.problem.param_leaves, made.first + element // 256)
        assert isinstance(made, Column)
        shown = self.problem.bytes_of(example)
        return sources.column(self.problem.data_leaves, example, shown)

    def header(self) -> Headers:
        mine = self.evaluation
        document = bytes(32)
        default = Headers(
            (mine.params_root, document), (mine.rows_root, document), (0, 0, bytes(32), document)
        )
        return self.headers or default


@dataclass
class Lie:
    """Of a trace in which one element of one row is another word, and so the loss another."""

    truth: Computed
    row: int
    element: int
    word: int
    loss: int

    trap = None

    def words(self, row: int) -> np.ndarray:
        found = np.array(self.truth.words(row))
        if row == len(self.truth.rows.rows) - 1:
            found = np.array([self.loss], object)
        if row == self.row:
            found[self.element] = self.word
        return found

    def tree_of(self, row: int) -> Tree:
        return Tree(leaves(self.words(row), self.truth.rows.rows[row].dtype))

    @cached_property
    def roots(self) -> list[bytes]:
        roots = [self.truth.tree.node(0, i) for i in range(len(self.truth.rows.rows))]
        for row in {self.row, len(roots) - 1}:
            roots[row] = self.tree_of(row).top
        return roots

    @cached_property
    def tree(self) -> Tree:
        return Tree(np.frombuffer(b"".join(self.roots), np.uint8).reshape(-1, 32))

    cut = 0  # the chunk from which on the partial results are false

    def parts(self, row: int, element: int) -> Sequence[State]:
        """Partial results that end in the false word."""
        states = list(self.truth.parts(row, element))
        leaf = decode(self.truth.rows.rows[row].leaf)
        ends = _state_of(leaf, self.word, states[-1])
        if ends[:2] == (0, 0) or states[-1][:2] == (0, 0):
            return [*states[:-1], ends]
        shift = whole(ends) - whole(states[-1])
        cut = self.cut % len(states)
        return [s if i < cut else split(whole(s) + shift) for i, s in enumerate(states)]


class Padded(Lie):
    """The words of its row are right, but not the zeros after them; None: those after the rows."""

    def tree_of(self, row: int) -> Tree:
        tree = super().tree_of(row)
        if row != self.row:
            return tree
        dtype, size = self.truth.rows.rows[row].dtype, 4 * self.truth.rows.rows[row].elements
        found = [bytearray(tree.node(0, i)) for i in range(1 << tree.depth)]
        flat = bytearray(b"".join(found))
        assert dtype != WIDE and size < len(flat), "no padding"
        flat[size:] = b"\1" * (len(flat) - size)
        return Tree(np.frombuffer(bytes(flat), np.uint8).reshape(-1, 32))

    def words(self, row: int) -> np.ndarray:
        last = len(self.truth.rows.rows) - 1
        return np.array([self.loss], object) if row == last else self.truth.words(row)


class Longer(Lie):
    """There is something after the last row, which is as claimed."""

    @cached_property
    def roots(self) -> list[bytes]:
        return [*super().roots, b"\1" * 32]


def _state_of(leaf, word: int, true: State) -> State:
    """A state that finishes as this word."""
    from compute.oracle.number import POINT, from_pattern

    if leaf.code in (Code.ARGMAX, Code.ARGMIN):
        return (1, true[1], word)
    if leaf.code == Code.ORDER:
        return (0, 0, true[2] >> 32 << 32 | word)
    if leaf.code in (Code.SUM, Code.DOT) or (leaf.code == Code.SCATTER and leaf.parameter == 1):
        if leaf.dtype in (WIDE, 1, 2, 3, 4, 5, 6, 7):
            return split(word)
        n = from_pattern(word)
        if n is None:
            return (1 << 255, 0, 0)
        return split(n << POINT if leaf.code == Code.DOT else n)
    return (0, 0, word)


@dataclass
class Liar:
    """Believes a lie about one example, and all else as it is."""

    honest: Honest
    example: int
    lie: Lie

    @property
    def rows(self) -> Rows:
        return self.honest.rows

    @cached_property
    def losses(self) -> list[int]:
        found = list(self.honest.losses)
        found[self.example] = self.lie.loss
        return found

    @cached_property
    def evaluation(self) -> Evaluation:
        return self.honest.problem.evaluation(self.losses)

    def traced(self, example: int):
        return self.lie if example == self.example else self.honest.traced(example)

    def source(self, example: int, row: int, element: int) -> bytes:
        return self.honest.source(example, row, element)

    def header(self) -> Headers:
        return self.honest.header()


def lie_about(honest: Honest, example: int, row: int, element: int) -> Liar:
    """One bit of one word is another, and the loss is lower."""
    truth = honest.computed(example)
    last = len(honest.rows.rows) - 1
    word = int(truth.words(row)[element])
    lower = max(0, (truth.loss or 0) - 12_345)
    if lower == truth.loss:
        lower += 1
    kind = honest.rows.rows[row]
    # products sum to 21 bits
    bit = 8 if int.from_bytes(kind.leaf[:4], "big") == Code.DOT else 1
    if kind.dtype == DType.F24.value and word == 0:
        bit = 0x3F800000
    false = lower if row == last else word ^ bit
    return Liar(honest, example, Lie(truth, row, element, false, lower))


def kind_of(row: Row) -> tuple[int, ...]:
    """What tells steps of programs apart: code, dtype, operands, gauges, gauges with an index."""
    code = int.from_bytes(row.leaf[:4], "big")
    if code in (PARAMETER, COLUMN, CONSTANT):
        return (code, row.dtype)
    operands = decode(row.leaf).operands
    gauges = [gauge for operand in operands for gauge in operand.gauges]
    indexed = [gauge for gauge in gauges if gauge.index is not None]
    return code, row.dtype, min(len(operands), 3), bool(gauges), bool(indexed)


def tiny_problem(model: str) -> Problem:
    """The smallest model of an architecture, and two examples."""
    spec, example = tiny(model)
    columns = {name: np.stack([x, np.flip(x)]) for name, x in example.columns.items()}
    assert spec.rows is not None
    return Problem(spec.rows, example.parameters, columns)


def tabled() -> Problem:
    """One dense layer, times a table that the program fixes; two examples."""
    random = np.random.default_rng(8)
    params = {"kernel": random.normal(0, 0.5, (4, 9)).astype(np.float32)}
    table = np.arange(1, 10, dtype=np.float32) / 4

    def network(p, x):
        return (x["image"].astype(np.float32) / 256 @ p["kernel"]) * table

    columns = {
        "image": random.integers(0, 256, (2, 4)).astype(np.uint8),
        "label": random.integers(0, 9, 2).astype(np.int16),
    }
    program = program_of(network, params, {"image": columns["image"]})
    return Problem(unroll(program, "cross_entropy", Target("label", 1)), params, columns)


def mlp(
    count: int = 3, inputs: int = 20, hidden: int = 18, classes: int = 5, again: int = 0
) -> Problem:
    """Two dense layers on integers, with cross-entropy; `again`: three rows more, each time."""
    import jax.numpy as jnp

    random = np.random.default_rng(7)
    params = {
        "a/kernel": random.normal(0, inputs**-0.5, (inputs, hidden)).astype(np.float32),
        "a/bias": random.normal(0, 0.1, hidden).astype(np.float32),
        "b/kernel": random.normal(0, hidden**-0.5, (hidden, classes)).astype(np.float32),
        "b/bias": random.normal(0, 0.1, classes).astype(np.float32),
    }

    def network(p, x):
        h = x["image"].astype(jnp.float32) / 256
        h = jnp.maximum(h @ p["a/kernel"] + p["a/bias"], 0)
        for _ in range(again):
            h = jnp.maximum(h * h - h, 0)
        return h @ p["b/kernel"] + p["b/bias"]

    columns = {
        "image": random.integers(0, 256, (count, inputs)).astype(np.uint8),
        "label": random.integers(0, classes, count).astype(np.int16),
    }
    program = program_of(network, params, {"image": columns["image"]})
    rows = unroll(program, "cross_entropy", Target("label", 1))
    return Problem(rows, params, columns)
