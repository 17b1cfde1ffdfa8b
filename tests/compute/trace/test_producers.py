"""The oracle and the evaluator make the same words of every row, and the judge agrees."""

import jax
import numpy as np
import pytest

from compute.exact.evaluation import evaluate_program
from compute.oracle.run import run as oracle_run
from compute.program.builder import Builder
from compute.program.form import WIDE
from compute.program.program import Program
from compute.program.types import DType, Type
from compute.trace import step, words
from compute.trace.arrays import Arrays
from compute.trace.integers import Integers
from compute.trace.rows import CLASS, Column, Constant, NotRefereed, Parameter
from compute.trace.run import Example, Run, Trap, trace
from compute.trace.unroll import Target, unroll
from tests.support.random_programs import random_case
from tests.support.step_vectors import example_of, identity, rows_of
from tests.support.tiny_models import COLUMNS, tiny


@pytest.fixture(autouse=True, scope="module")
def compiled_soon():
    """These programs run once: what a compiler does to make them fast takes longer."""
    before = jax.config.values["jax_disable_most_optimizations"]
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", before)


@pytest.mark.parametrize("model", COLUMNS)
def test_both_make_the_same_words_and_the_loss(model):
    spec, example = tiny(model)
    assert spec.not_refereed is None
    one, other = (trace(spec.rows, machine, example) for machine in (Arrays(), Integers()))
    assert one == other
    assert len(one.roots) == len(spec.rows.rows)
    batch = {"x": example.columns["x"][None]}, spec.targets(example.columns["y"][None])
    found = evaluate_program(spec.program, example.parameters, [batch], total=1)
    assert one.loss == found.loss > 0


@pytest.mark.parametrize("model", COLUMNS)
def test_the_judge_finds_each_row_s_words(model):
    spec, example = tiny(model)
    rng = np.random.default_rng(0)
    run = Run(spec.rows, Integers(), example)
    for row, found in run.words(range(len(spec.rows.rows))):
        if isinstance(row.made, Parameter | Column | Constant):
            continue
        for element in {0, row.elements - 1, int(rng.integers(row.elements))}:
            assert step.word(row.leaf, element, run.reader()) == int(found[element]), row.made


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed):
    """Every element of every row is what the judge says, and the outputs are the oracle's."""
    case = random_case(seed)
    try:
        rows = rows_of(case)
    except NotRefereed:
        pytest.skip("it has no rows")
    run = Run(rows, Integers(), example_of(case), range(len(rows.rows)))
    for row, found in run.words(range(len(rows.rows))):
        if not isinstance(row.made, Parameter | Column | Constant):
            judged = [step.word(row.leaf, e, run.reader()) for e in range(row.elements)]
            assert judged == [int(word) for word in found], row.made
    outcome = oracle_run(case.program, *case.arrays())
    assert (run.trap is None) == bool(outcome.outputs)
    for value, output in zip(rows.outputs, outcome.outputs, strict=False):
        expected = words.of_numbers(output.data, output.type.dtype)
        assert run.given(value).tolist() == expected.tolist()


@pytest.mark.parametrize("seed", [1, 8, 25])
def test_random_programs_by_the_evaluator(seed):
    case = random_case(seed)
    rows, example = rows_of(case), example_of(case)
    assert trace(rows, Arrays(), example) == trace(rows, Integers(), example)


def comparing(shape: tuple[int, ...]) -> Program:
    """Its numbers where 1 divided by them is less than another, else 0: of 0 nobody can say."""
    kind = Type(DType.F24, shape)
    builder = Builder([kind])
    one = builder.constant(kind, np.float32(1).tobytes())
    (ratio,) = builder.step("div", one, 0)
    (less,) = builder.step("lt", ratio, one)
    (found,) = builder.step("select", less, one, 0)
    return Program((), (("x", kind),), builder.block([found]))


@pytest.mark.parametrize("machine", [Arrays, Integers])
def test_where_an_example_traps(machine):
    """The first element that no rule gives, of a comparison and of an output."""
    rows = unroll(comparing((2, 3)), "cross_entropy", Target("y", CLASS))
    x, y = np.array([[1, 2, 3], [4, 0, 0]], np.float32), np.zeros(2, np.uint8)
    compared = next(n for n, row in enumerate(rows.rows) if row.dtype == DType.BOOL.value)
    found = trace(rows, machine(), Example({}, {"x": x, "y": y}))
    assert (found.trap, found.loss) == (Trap(compared, 4), None)
    assert len(found.roots) == compared

    rows = unroll(identity(Type(DType.F24, (2, 3))), "cross_entropy", Target("y", CLASS))
    exponentials = next(n for n, row in enumerate(rows.rows) if row.dtype == WIDE)
    x[1, 1] = 2.0**17
    found = trace(rows, machine(), Example({}, {"x": x, "y": y}))
    assert found.trap == Trap(exponentials, 3)  # the largest of its row is that element
