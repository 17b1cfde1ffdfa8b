"""The oracle and the evaluator make the same words of every row, and the judge agrees."""

import numpy as np
import pytest
from random_programs import random_case
from step_vectors import cases, example_of, rows_of
from tiny_models import COLUMNS, tiny

from compute.exact.evaluation import evaluate_program
from compute.oracle.run import run as oracle_run
from compute.trace import step, words
from compute.trace.arrays import Arrays
from compute.trace.integers import Integers
from compute.trace.rows import Column, Constant, NotRefereed, Parameter
from compute.trace.run import Run, trace


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


def test_where_an_example_traps():
    """The first element that no rule gives; cases end with it."""
    traps = 0
    for seed in range(60):
        try:
            *before, last = cases(random_case(seed))
        except (NotRefereed, ValueError):
            continue
        assert all(case.result != step.NONE for case in before)
        traps += last.result == step.NONE
    assert traps > 0
