"""docs/program.md says what the code does: every operation, its code and attributes, the vector."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from compute.oracle import special
from compute.program import codec
from compute.program.builder import Builder
from compute.program.operations import OPERATIONS
from compute.program.operations.elementary import OPERATIONS as ELEMENTARY
from compute.program.program import Program
from compute.program.types import DType, Type

TEXT = (Path(__file__).parents[3] / "docs" / "program.md").read_text()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_is_described(name: str) -> None:
    operation = OPERATIONS[name]
    dagger = "†" if operation.decides else ""
    assert f"`{name}`{dagger}" in TEXT
    if operation not in ELEMENTARY or operation.attributes:
        assert f"`{name}`{dagger} {operation.code:#04x}" in TEXT
    attributes = list(operation.attributes)
    places = [TEXT.find(attribute) for attribute in attributes]
    assert -1 not in places


def test_elementary_codes_count_up_in_the_order_of_the_text() -> None:
    listed = TEXT[TEXT.index("0x40 on, in this order") : TEXT.index("`integer_power` 0x5a")]
    names = re.findall(r"`(\w+)`", listed)
    assert [OPERATIONS[name].code for name in names] == list(range(0x40, 0x40 + len(names)))


@pytest.mark.parametrize(
    "name", ["ERFC", "ERF_INV", "ERF_INV_FAR", "LGAMMA", "STIRLING", "DIGAMMA", "DIGAMMA_FAR"]
)
def test_coefficients_are_those_of_the_oracle(name: str) -> None:
    (row,) = re.findall(rf"\| {name} \| (.*) \|", TEXT)
    assert tuple(int(c.replace("−", "-")) for c in row.split(", ")) == getattr(special, name)


def test_the_vector_is_the_document() -> None:
    w, x = Type(DType.F24, (2, 3)), Type(DType.F24, (3,))
    b = Builder([w, x])
    (y,) = b.step("dot", 0, 1, contract_a=(1,), contract_b=(0,), batch_a=(), batch_b=())
    (z,) = b.step("tanh", y)
    program = Program((("w", w),), (("x", x),), b.block([z]))
    shown = TEXT[TEXT.index("is the magic and") : TEXT.index("with the root")]
    document = codec.MAGIC + bytes.fromhex("".join(re.findall(r"^    (\w+)$", shown, re.M)))
    assert document == codec.encode(program)
    assert f"`{codec.program_root(program).hex()}`" in TEXT
