"""Single steps of rows with what they read and what the judge says: what contracts must do too.

    cases(random_case(7))                                  # all elements of one random program
    python -m tests.support.step_vectors 600 2 > FILE      # JSON lines, two cases an operation

A line: row (hexadecimal leaf), element, reads [[row, place, word], …] in the order read, result
(hexadecimal; 64 times f where no rule decides).  Of a fold also parts: the states after each chunk.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from compute.program.program import Block, Program
from compute.program.types import DType, Type
from compute.trace import step
from compute.trace.folds import State
from compute.trace.integers import Integers
from compute.trace.leaf import decode
from compute.trace.rows import CLASS, NUMBER, Column, Constant, NotRefereed, Parameter, Row, Rows
from compute.trace.run import Example, Run
from compute.trace.unroll import Target, unroll
from compute.trace.unroller import Unroller
from tests.support.random_programs import Case, random_case

Reading = tuple[int, int, int]
LONGEST_LINE = 6000


@dataclass(frozen=True)
class StepCase:
    """One element of one row."""

    row: Row
    element: int
    reads: list[Reading]
    result: int
    parts: list[State]

    def line(self) -> str:
        found = {
            "row": self.row.leaf.hex(),
            "element": self.element,
            "reads": self.reads,
            "result": f"{self.result:064x}",
        }
        if self.parts:
            found["parts"] = [[f"{word:064x}" for word in state] for state in self.parts]
        return json.dumps(found)


def rows_of(case: Case) -> Rows:
    """Those of a program without a loss.  Raises NotRefereed."""
    unroller = Unroller()
    results = unroller.block(case.program.main, unroller.sources(case.program))
    return Rows(tuple(unroller.rows), tuple(results))


def example_of(case: Case) -> Example:
    program = case.program
    return Example(
        {name: _array(kind, case.parameters[name]) for name, kind in program.parameters},
        {name: _array(kind, case.inputs[name]) for name, kind in program.inputs},
    )


def _array(kind: Type, data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.dtype(kind.dtype.numpy).newbyteorder("<")).reshape(kind.shape)


def cases(case: Case) -> Iterator[StepCase]:
    """Of every element of every row that is a form; that which traps comes last."""
    yield from _all(rows_of(case), example_of(case))


def _all(rows: Rows, example: Example) -> Iterator[StepCase]:
    run = Run(rows, Integers(), example, range(len(rows.rows)))
    for row, _ in run.words(range(len(rows.rows))):
        if not isinstance(row.made, Parameter | Column | Constant):
            yield from (judged(row, element, run) for element in range(row.elements))
    if run.trap:
        yield judged(rows.rows[run.trap.row], run.trap.element, run)


def judged(row: Row, element: int, run: Run) -> StepCase:
    reads: list[Reading] = []

    def read(number: int, place: int) -> int:
        reads.append((number, place, run.reader()(number, place)))
        return reads[-1][2]

    result = step.word(row.leaf, element, read)
    parts = step.parts(row.leaf, element, run.reader()) if decode(row.leaf).is_fold else []
    return StepCase(row, element, reads, result, parts)


LOGITS = {
    "cross_entropy": (3, 5),
    "squared_error": (4,),
    "binary_cross_entropy": (4,),
}


def loss_cases(loss: str, seed: int, beyond: bool = False) -> Iterator[StepCase]:
    """Of outputs that are the input; one is larger than losses take if `beyond`."""
    rng, shape = np.random.default_rng(seed), LOGITS[loss]
    program = identity(Type(DType.F24, shape))
    z = rng.normal(0, 3, shape).astype(np.float32)
    if beyond:
        z.flat[-1] = 2.0**17
    target = rng.integers(-1, 4, shape[:-1] if loss == "cross_entropy" else shape)
    mode = NUMBER - 3 if loss == "squared_error" else CLASS
    rows = unroll(program, loss, Target("y", mode))
    yield from _all(rows, Example({}, {"x": z, "y": target}))


def identity(kind: Type) -> Program:
    """Its input is its output."""
    return Program((), (("x", kind),), Block((kind,), (), (0,)))


def every_case(programs: int) -> Iterator[StepCase]:
    """Of losses, then of random programs."""
    for loss in LOGITS:
        for seed in range(2):
            yield from loss_cases(loss, seed, bool(seed))
    for seed in range(programs):
        try:
            yield from cases(random_case(seed))
        except NotRefereed:
            continue


def main(programs: int, each: int) -> None:
    """Up to so many cases of each operation and element type, from so many random programs."""
    told: Counter[tuple[int, int, int]] = Counter()
    for case in every_case(programs):
        leaf, line = decode(case.row.leaf), case.line()
        key = (leaf.code, leaf.dtype, leaf.parameter if leaf.code in (0x2C, 0x88) else 0)
        told[key] += len(line) <= LONGEST_LINE
        if told[key] <= each and len(line) <= LONGEST_LINE:
            print(line)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
