"""Gas of every rule that the step contracts have, and the size of their code.

Each rule on values at random: the dearest call, without what a transaction costs.  Then what it
costs to find what an element, or 8 terms of it, reads in rows of a language model and a ResNet.

    python -m benchmarks.steps [--values N]
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence

from compute.program.builder import Builder
from compute.program.form import IMMEDIATE, Source, encode
from compute.program.lowering import lower
from compute.program.operations import OPERATIONS
from compute.program.types import DType, Type
from compute.trace.leaf import CHUNK
from tests.steps import contracts
from tests.steps.values import patterns

F24, I32 = DType.F24, DType.I32
TRANSACTION, NONZERO, ZERO = 21_000, 16, 4
TWO = ("add", "sub", "mul", "div", "rem", "max", "min", "atan2", "power")
FOLDS = {"sum": 1, "maximum": 1, "dot": 2}


def net(data: Sequence[int]) -> int:
    """Gas of the last call, less the transaction and its words."""
    machine = contracts.machine()
    if not isinstance(machine, contracts.Machine):
        raise SystemExit("steps: gas is measured with pyrevm, which is not installed")
    spent = machine.gas() - TRANSACTION
    packed = b"".join(word.to_bytes(32, "big") for word in data)
    return spent - sum(NONZERO if byte else ZERO for byte in packed)


def rule(name: str, values: int) -> int:
    code, rng = OPERATIONS[name].code, random.Random(name)  # noqa: S311
    contract = "StepsElementary" if 0x40 <= code < 0x60 else "StepsNumbers"
    most = 0
    for _ in range(values):
        words = patterns(rng, 2 if name in TWO else 1)
        found = contracts.rule(code, 0, 0, 7)
        contracts.result(contract, found, words)
        most = max(most, net([found, 64, len(words), *words]))
    return most


def fold(name: str, values: int) -> int:
    rng, most = random.Random(name), 0  # noqa: S311
    found = contracts.rule(OPERATIONS[name].code, 0, 0)
    for _ in range(values):
        words = patterns(rng, CHUNK * FOLDS[name])
        state = contracts.start("StepsFolds", found)
        contracts.fold("StepsFolds", found, state, 0, words)
        most = max(most, net([found, *state, 0, 192, len(words), *words]))
    return most


def reading(name: str, kinds: Sequence[Type], **attributes: object) -> int:
    """Of one element, or one chunk of it."""
    builder = Builder(kinds)
    builder.step(name, *range(len(kinds)), **attributes)
    form = lower(builder.block([len(kinds)]).steps[0], kinds).forms[-1]
    row = encode(
        form,
        [
            Source(None if read.operand == IMMEDIATE else 3, 10**6, kinds[read.operand].dtype.value)
            for read in form.reads
        ],
    )
    items, done = contracts.reads(row, 5, 0, [])
    spent = net([128, 5, 0, 160 + len(row), len(row), 0]) - NONZERO * len(row)
    if not done:
        contracts.reads(row, 5, 0, [1] * len(items))
        spent += net([128, 5, 0, 160 + len(row), len(row), len(items)]) - NONZERO * len(row)
    return spent


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--values", type=int, default=300, help="of each rule")
    count = options.parse_args().values
    for name in (*contracts.BY_NUMBER, "StepsJudge"):
        print(f"{name:<24}{contracts.size(name):>8,} bytes")
    for name, operation in OPERATIONS.items():
        if 0x20 <= operation.code < 0x60:
            print(f"{name:<24}{rule(name, count):>8,} gas")
    for name in FOLDS:
        print(f"{name + ', 8 terms':<24}{fold(name, count):>8,} gas")
    image, kernel = Type(F24, (1, 32, 32, 64)), Type(F24, (3, 3, 64, 64))
    found = {
        "an addition": reading("add", [Type(F24, (1024, 768))] * 2),
        "a transposition": reading(
            "transpose", [Type(F24, (12, 1024, 64))], permutation=(1, 0, 2)
        ),
        "a row of an embedding": reading(
            "gather", [Type(F24, (50257, 768)), Type(I32, (1024, 1))], offset_dims=(1,),
            collapsed_slice_dims=(0,), start_index_map=(0,), operand_batching_dims=(),
            start_indices_batching_dims=(), slice_sizes=(1, 768), mode="clip",
        ),
        "8 terms of a product": reading(
            "dot", [Type(F24, (1024, 768)), Type(F24, (768, 3072))],
            contract_a=(1,), contract_b=(0,), batch_a=(), batch_b=(),
        ),
        "8 terms of a convolution": reading(
            "convolution", [image, kernel], strides=(1, 1), padding=((1, 1), (1, 1)),
            input_dilation=(1, 1), kernel_dilation=(1, 1), groups=1,
        ),
    }  # fmt: skip
    for name, gas in found.items():
        print(f"where: {name:<28}{gas:>8,} gas")


if __name__ == "__main__":
    main()
