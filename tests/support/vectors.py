"""The conformance vectors: for each operation a file of small programs and what they give.

    python -m tests.support.vectors [OPERATION ...]   writes compute/exact/vectors/<operation>.jsonl

One case a line: the program (hexadecimal, and as text for people), little-endian arrays, and the
outputs by the oracle, or null where the example is SATURATED by a step that decides.  A file
depends on its operation's name alone.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from compute.oracle.array import to_bytes
from compute.oracle.run import run
from compute.program import codec
from compute.program.builder import Builder
from compute.program.operations import OPERATIONS
from compute.program.operations.rules import is_bits, is_number
from compute.program.program import Block, Program, Step
from compute.program.text import lines
from compute.program.types import DType, Type
from tests.support.random_programs import Case, random_case
from tests.support.random_recipes import (
    RECIPES,
    compare,
    floats,
    number,
    two_bits,
    two_floats,
    two_numbers,
)
from tests.support.random_values import EDGES, edges, elements

DIRECTORY = Path(__file__).parents[2] / "compute" / "exact" / "vectors"
ELEMENTS = 48
CASES = 16

_BY_ELEMENT: dict[object, tuple[int, Callable[[DType], bool]]] = {
    floats: (1, lambda dtype: dtype.is_float),
    two_floats: (2, lambda dtype: dtype.is_float),
    number: (1, is_number),
    two_numbers: (2, is_number),
    two_bits: (2, is_bits),
    compare: (2, lambda dtype: True),
}
# "root": the square root of an input, SATURATED where that is negative
_GIVEN = ("input", "input", "parameter", "constant", "broadcast", "repeated", "root")


def by_element(name: str, index: int) -> Case:
    """Rows of boundary values, each operand given in one of the ways that operands are given; the
    first of some functions is around their own edges."""
    count, allowed = _BY_ELEMENT[RECIPES[name]]
    rng = random.Random(f"vectors {name} {index}")
    dtypes = [dtype for dtype in DType if allowed(dtype)]
    dtype = DType.F24 if DType.F24 in dtypes and index < 10 else dtypes[index % len(dtypes)]
    row = Type(dtype, (ELEMENTS,))
    ways = [rng.choice(_GIVEN) if index > 2 else "input" for _ in range(count)]
    if not dtype.is_float:
        ways = ["input" if way in ("parameter", "root") else way for way in ways]
    named = [(f"{'p' if w == 'parameter' else 'x'}{i}", w) for i, w in enumerate(ways)]
    kinds = {n: Type(dtype) if w == "broadcast" else row for n, w in named}
    outside = sorted(n for n, w in named if w not in ("constant", "repeated"))
    builder = Builder([kinds[name] for name in outside])
    operands = []
    for key, way in named:
        if way in ("constant", "repeated"):
            one = way == "repeated"
            operands.append(builder.constant(row, elements(rng, Type(dtype) if one else row)))
        elif way == "broadcast":
            at = outside.index(key)
            operands += builder.step("broadcast", at, shape=row.shape, axes=())
        else:
            at = outside.index(key)
            operands += builder.step("sqrt", at) if way == "root" else (at,)
    (result,) = builder.step(name, *operands)
    if index == 0 and name in EDGES:
        data = {key: edges(rng, name, ELEMENTS) for key in outside}
    else:
        data = {key: elements(rng, kinds[key], dust=True) for key in outside}
    return _case(builder.block([result]), [(key, kinds[key]) for key in outside], data)


def _case(main: Block, entries: list[tuple[str, Type]], data: dict[str, bytes]) -> Case:
    parameters = tuple((key, kind) for key, kind in entries if key[0] == "p")
    inputs = tuple((key, kind) for key, kind in entries if key[0] == "x")
    return Case(
        Program(parameters, inputs, main),
        {key: data[key] for key, _ in parameters},
        {key: data[key] for key, _ in inputs},
    )


def pruned(case: Case, name: str) -> Case | None:
    """The last step of an operation and what it needs, or None if it has no result."""
    main, entries = case.program.main, [*case.program.parameters, *case.program.inputs]
    made, number = [], len(main.inputs)
    for step in main.steps:
        made.append((step, range(number, number + len(step.results))))
        number += len(step.results)
    while made and made[-1][0].operation.name != name:
        made.pop()
    if not made or not made[-1][1]:
        return None
    needed = {*made[-1][0].operands, *made[-1][1]}
    kept: list[tuple[Step, range]] = []
    for step, numbers in reversed(made):
        if needed & set(numbers):
            needed |= set(step.operands)
            kept.insert(0, (step, numbers))
    outside = [n for n in range(len(entries)) if n in needed]
    order = [*outside, *(n for _, numbers in kept for n in numbers)]
    renamed = {old: new for new, old in enumerate(order)}
    steps = [
        Step(s.operation, tuple(renamed[n] for n in s.operands), s.results, s.attributes)
        for s, _ in kept
    ]
    results = tuple(renamed[n] for n in kept[-1][1])
    used = [entries[n] for n in outside]
    main = Block(tuple(kind for _, kind in used), tuple(steps), results)
    return _case(main, used, {**case.parameters, **case.inputs})


def cases(name: str) -> Iterator[Case]:
    """CASES of them, always the same."""
    if RECIPES[name] in _BY_ELEMENT:
        yield from (by_element(name, index) for index in range(CASES))
        return
    found = index = 0
    while found < CASES:
        case = pruned(random_case(f"{name} {index}", [name], 1), name)
        index += 1
        if case is not None:
            found += 1
            yield case


def line(case: Case) -> str:
    outcome = run(case.program, *case.arrays())
    outputs = [to_bytes(array).hex() for array in outcome.outputs] or None
    body = [text for text in lines(case.program) if not text.startswith("one example")]
    return json.dumps(
        {
            "text": "; ".join(text.strip() for text in body),
            "program": codec.encode(case.program).hex(),
            "parameters": {name: data.hex() for name, data in case.parameters.items()},
            "inputs": {name: data.hex() for name, data in case.inputs.items()},
            "outputs": outputs,
        }
    )


def document(name: str) -> str:
    """The file of one operation."""
    return "".join(f"{line(case)}\n" for case in cases(name))


def main() -> None:
    """Write the files of the operations that are named, or of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("operations", nargs="*", metavar="OPERATION", help="all if none is named")
    names = parser.parse_args().operations or list(OPERATIONS)
    if unknown := sorted(set(names) - set(OPERATIONS)):
        parser.error(f"there is no operation {', '.join(unknown)}")
    DIRECTORY.mkdir(exist_ok=True)
    for name in names:
        (DIRECTORY / f"{name}.jsonl").write_text(document(name))


if __name__ == "__main__":
    main()
