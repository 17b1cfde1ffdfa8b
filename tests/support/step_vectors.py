"""Single steps of rows with what they read and what the judge says: what contracts must do too.

    cases(random_case(7))                                  # all elements of one random program
    python tests/support/step_vectors.py 400 3 > FILE      # JSON lines, three cases an operation

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
from random_programs import Case, random_case

from compute.program.types import Type
from compute.trace import step
from compute.trace.folds import State
from compute.trace.integers import Integers
from compute.trace.leaf import decode
from compute.trace.rows import Column, Constant, NotRefereed, Parameter, Row, Rows
from compute.trace.run import Example, Run
from compute.trace.unroller import Unroller

Reading = tuple[int, int, int]


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
    rows = rows_of(case)
    run = Run(rows, Integers(), example_of(case), range(len(rows.rows)))
    for row, _ in run.words(range(len(rows.rows))):
        if isinstance(row.made, Parameter | Column | Constant):
            continue
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


def main(programs: int, each: int) -> None:
    """Up to so many cases of each operation and element type, from so many random programs."""
    told: Counter[tuple[int, int, int]] = Counter()
    for seed in range(programs):
        try:
            for case in cases(random_case(seed)):
                leaf = decode(case.row.leaf)
                key = (leaf.code, leaf.dtype, leaf.parameter if leaf.code in (0x2C, 0x88) else 0)
                told[key] += 1
                if told[key] <= each:
                    print(case.line())
        except NotRefereed:
            continue


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
