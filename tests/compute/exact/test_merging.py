"""Products of one value are one product, and nothing else changes."""

import numpy as np
import pytest

from compute.exact.merging import merged
from compute.oracle.run import run
from compute.program.builder import Builder
from compute.program.program import Program
from compute.program.types import DType, Type
from tests.support.random_checks import compared
from tests.support.random_programs import Case, more_inputs

Shape = tuple[int, ...]
Axes = tuple[int, ...]


def made(inputs: list[Shape], parameters: list[Shape], dots: list[tuple[int, Axes, int, Axes]],
         dtype: DType = DType.F24) -> Program:  # fmt: skip
    """Products (left, its axes, right, its axes) of parameters, numbered first, and inputs."""
    named = [
        tuple((f"{letter}{i}", Type(kind, shape)) for i, shape in enumerate(shapes))
        for letter, kind, shapes in (("p", DType.F24, parameters), ("x", dtype, inputs))
    ]
    builder = Builder([kind for group in named for _, kind in group])
    results = [
        builder.step("dot", a, b, contract_a=p, contract_b=q, batch_a=(), batch_b=())[0]
        for a, p, b, q in dots
    ]
    return Program(named[0], named[1], builder.block(results))


def differing(program: Program, carrier: str) -> list[str]:
    """Between evaluator and oracle, on four examples."""
    parameters = more_inputs(Program((), program.parameters, program.main), 1)
    examples = [more_inputs(program, seed) for seed in range(4)]
    return compared(
        Case(program, parameters, examples[0]), examples, compiled=True, carrier=carrier
    )


def products(program: Program) -> int:
    return sum(step.operation.name == "dot" for step in program.main.steps)


# x is [3, 4]; the sixth product, which nothing is joined to, is the largest
WEIGHTS = [(4, 2), (2, 4, 2), (3, 4), (5, 3), (3, 3), (4, 40), (4, 3)]
PRODUCTS = [
    (7, (1,), 0, (0,)),
    (7, (1,), 1, (1,)),
    (2, (1,), 7, (1,)),
    (3, (1,), 7, (0,)),
    (4, (1,), 7, (0,)),
    (7, (1,), 5, (0,)),
    (7, (0, 1), 2, (0, 1)),
    (7, (0, 1), 6, (1, 0)),
]


@pytest.mark.parametrize("carrier", ["float64", "integer"])
def test_joined_products_are_what_they_were(carrier: str) -> None:
    """Weights on either side, of any rank, contracted along any axes."""
    program = made([(3, 4)], WEIGHTS, PRODUCTS)
    joined = merged(program)
    assert (products(program), products(joined)) == (8, 5)
    assert joined.main.result_types == program.main.result_types
    assert not differing(program, carrier)


def test_a_weight_may_be_made_after_the_first_product() -> None:
    """What depends on parameters alone comes first."""
    x, w = Type(DType.F24, (3, 4)), Type(DType.F24, (4, 5))
    builder = Builder([w, x])
    axes = {"contract_a": (1,), "contract_b": (0,), "batch_a": (), "batch_b": ()}
    (first,) = builder.step("dot", 1, 0, **axes)
    (other,) = builder.step("neg", 0)
    (second,) = builder.step("dot", 1, other, **axes)
    (large,) = builder.step("concatenate", 0, 0, 0, axis=1)
    (third,) = builder.step("dot", 1, large, **axes)
    program = Program((("w", w),), (("x", x),), builder.block([first, second, third]))
    assert products(merged(program)) == 2
    assert not differing(program, "float64")


def test_a_loop_that_only_traps_is_not_lost() -> None:
    """It has no result, and what depends on the parameter alone comes before it."""
    number = Type(DType.F24)
    body = Builder([number])
    body.step("is_finite", *body.step("div", 0, 0))
    builder = Builder([number, number])
    loop = {"body": body.block([]), "length": 2, "constants": 1, "carries": 0, "reverse": False}
    builder.step("scan", 1, **loop)
    result = builder.step("add", 1, *builder.step("neg", 0))
    program = Program((("w", number),), (("x", number),), builder.block(result))
    zero, one = ({"x": np.float32(x).tobytes()} for x in (0, 1))
    case = Case(program, {"w": one["x"]}, zero)
    assert not compared(case, [zero, one], compiled=True, carrier="float64")
    assert not run(program, *case.arrays()).outputs


@pytest.mark.parametrize(
    "program",
    [
        # together larger than the largest result | than the largest weight
        made([(3, 4)], [(4, 2), (4, 2), (3, 4, 9)],
             [(3, (1,), 0, (0,)), (3, (1,), 1, (0,)), (3, (0, 1), 2, (0, 1))]),
        made([(9, 4), (50,)], [(4, 2), (4, 2), (2,)],
             [(3, (1,), 0, (0,)), (3, (1,), 1, (0,)), (4, (), 2, ())]),
        # of different axes | of two values that differ between examples | of parameters alone
        made([(4, 4)], [(4, 2), (4, 2), (4, 9)],
             [(3, (1,), 0, (0,)), (3, (0,), 1, (0,)), (3, (1,), 2, (0,))]),
        made([(3, 4), (4, 2), (4, 2)], [], [(0, (1,), 1, (0,)), (0, (1,), 2, (0,))]),
        made([(1,)], [(3, 4), (4, 2), (4, 2)], [(0, (1,), 1, (0,)), (0, (1,), 2, (0,))]),
    ],
)  # fmt: skip
def test_other_products_stay_apart(program: Program) -> None:
    assert products(merged(program)) == products(program)


def test_a_program_of_many_products_is_joined_in_parts() -> None:
    """As many as one step may read, and the others again."""
    dots = [(2, (0,), 0, (0,))] * 10_000 + [(2, (0,), 1, (0,))]
    program = made([(2,)], [(2,), (2, 50_000)], dots)
    assert products(merged(program)) == 4
