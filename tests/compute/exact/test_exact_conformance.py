"""The rules against the oracle: committed vectors, and values chosen by hypothesis."""

import json

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.exact import conformance, vectors
from compute.exact.carriers import CARRIERS
from compute.exact.rules import RULES
from compute.exact.values import Context, Value


def test_the_committed_vectors_are_the_oracle_s():
    assert json.loads(vectors.FILE.read_text()) == vectors.generate()


def test_this_device_conforms():
    report = conformance.check("float64")
    assert report.ok, report.failures
    assert report.vectors > 10_000


def test_the_int8_carrier_conforms():
    report = conformance.check("int8", rules=("dot", "dot_absolute", "weigh", "convolve"))
    assert report.ok, report.failures


def test_a_wrong_device_is_found(monkeypatch):
    """A tanh off by one unit in the last place fails its vectors, and only those."""
    right = RULES["tanh"]

    def wrong(*arguments):
        (y,) = right(*arguments)
        return [Value(jax.numpy.nextafter(y.array, np.float32(2)), y.positional)]

    monkeypatch.setitem(RULES, "tanh", wrong)
    report = conformance.check(rules=("tanh", "exp"))
    assert not report.ok and all(f.startswith("tanh[") for f in report.failures)


@pytest.mark.parametrize("rule", sorted(vectors.UNARY))
def test_hypothesis_finds_no_difference(rule):
    def run(x):
        context = Context(CARRIERS["float64"])
        return RULES[rule](context, {}, [Value(x, (False,))], [])[0].array

    with jax.enable_x64(True):
        compiled = jax.jit(run)

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(
        st.lists(
            st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=64, max_size=64
        )
    )
    def agree(floats):
        numbers = [vectors.single(x) for x in floats]
        expected = np.array(
            [float(v) if v is not None else np.nan for v in map(vectors.UNARY[rule], numbers)]
        )
        with jax.enable_x64(True):
            found = np.asarray(compiled(np.array([float(x) for x in numbers], np.float32)))
        assert not conformance._differ(found, expected.astype(np.float32)).any()

    agree()
