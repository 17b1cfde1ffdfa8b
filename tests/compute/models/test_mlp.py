"""The network: integer columns in, logits out, the same start everywhere, and growth."""

import hashlib
from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute.models import MLP, InputColumn, ModelError, ModelSpecification, Parent

SMALL = ModelSpecification(
    MLP((6, 5), 3), columns=(InputColumn("x", "uint8", (4,), -8),), target="y"
)
RANDOM = np.random.default_rng(0)


def fork(
    hidden: tuple[int, ...], map_: str = "widen", classes: int = 3, **changes
) -> ModelSpecification:
    parent = Parent(SMALL.hash, map_)
    return replace(SMALL, architecture=MLP(hidden, classes), seed=9, parent=parent, **changes)


def trained(spec: ModelSpecification) -> dict[str, np.ndarray]:
    """Parameters without a zero, so that nothing is preserved by chance."""
    return {
        name: RANDOM.normal(size=shape).astype(np.float32)
        for name, shape in spec.parameter_shapes().items()
    }


def reference(params: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """The network in float64 by hand."""
    layers = len(params) // 2
    for layer in range(layers):
        kernel, bias = params[f"Dense_{layer}/kernel"], params[f"Dense_{layer}/bias"]
        x = x @ kernel.astype(np.float64) + bias
        if layer < layers - 1:
            x = np.maximum(x, 0)
    return x


def test_logits_agree_with_a_float64_reference():
    params = trained(SMALL)
    x = RANDOM.integers(0, 256, (50, 4), dtype=np.uint8)
    logits = jax.jit(SMALL.logits)(params, {"x": x, "ignored": x})
    assert logits.shape == (50, 3)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, reference(params, x / 256), rtol=1e-5, atol=1e-5)


def test_several_columns_are_flattened_and_joined_in_the_order_of_the_specification():
    columns = (InputColumn("b", "int8", (2, 3), 0), InputColumn("a", "uint16", (), -16))
    spec = ModelSpecification(MLP((), 2), columns=columns, target="y")
    b = RANDOM.integers(-128, 128, (7, 2, 3), dtype=np.int8)
    a = RANDOM.integers(0, 1 << 16, 7, dtype=np.uint16)
    params = trained(spec)
    joined = np.concatenate([b.reshape(7, 6), a[:, None] / 65536], axis=1)
    logits = spec.logits(params, {"a": a, "b": b})
    np.testing.assert_allclose(logits, reference(params, joined), rtol=1e-5, atol=1e-5)


def test_initial_parameters_are_these_bits_on_every_machine():
    params = replace(SMALL, architecture=MLP((100, 50), 3), seed=7).initial_parameters()
    hasher = hashlib.sha256()
    for name in sorted(params):
        hasher.update(params[name].astype("<f4").tobytes())
    assert hasher.hexdigest() == "72ad8727e28406778c273e7321cd09504e315eba05ddb09fe83ca7ffa2ce48da"


def test_initial_parameters_agree_with_integers_and_fractions_alone():
    from fractions import Fraction
    from math import isqrt

    from compute.canonical import digest, encode

    kernel = SMALL.initial_parameters()["Dense_1/kernel"].reshape(-1)
    key = int.from_bytes(digest(encode(["uniform/1", 0, "Dense_1/kernel"]))[:8], "big")
    for i, value in enumerate(kernel):
        z = (key + (i + 1) * 0x9E3779B97F4A7C15) % 2**64
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        r = (z ^ (z >> 31)) >> 40
        exact = Fraction((2 * r + 1 - 2**24) * isqrt((6 << 40) // 6), 2**44)
        below, above = np.nextafter(value, np.float32(-9)), np.nextafter(value, np.float32(9))
        error = abs(Fraction(float(value)) - exact)
        assert error <= abs(Fraction(float(below)) - exact)
        assert error <= abs(Fraction(float(above)) - exact)


def test_initial_parameters_are_he_uniform():
    spec = replace(SMALL, architecture=MLP((400, 300), 3))
    params = spec.initial_parameters()
    for name, values in params.items():
        assert values.dtype == np.float32
        if name.endswith("bias"):
            assert not values.any()
        else:
            limit = np.sqrt(6 / values.shape[0])
            assert np.abs(values).max() <= limit
            assert np.abs(values).max() > 0.98 * limit
            assert abs(values.mean()) < 0.1 * limit
    assert not np.array_equal(
        params["Dense_1/kernel"], replace(spec, seed=1).initial_parameters()["Dense_1/kernel"]
    )
    assert len(np.unique(params["Dense_1/kernel"])) > 100_000


@given(st.integers(6, 20), st.integers(5, 20))
@settings(max_examples=15)
def test_widening_preserves_the_function_and_the_bits(first, second):
    old = trained(SMALL)
    wide = fork((first, second)).adapt(old)
    for name, values in old.items():
        corner = wide[name][tuple(slice(size) for size in values.shape)]
        assert corner.tobytes() == values.tobytes()
    x = RANDOM.integers(0, 256, (20, 4), dtype=np.uint8) / 256
    np.testing.assert_allclose(reference(wide, x), reference(old, x), rtol=1e-12, atol=1e-12)


def test_new_units_listen_from_the_start_and_speak_to_no_old_unit():
    spec = fork((9, 8))
    wide, initial = spec.adapt(trained(SMALL)), spec.initial_parameters()
    np.testing.assert_array_equal(wide["Dense_0/kernel"][:, 6:], initial["Dense_0/kernel"][:, 6:])
    np.testing.assert_array_equal(wide["Dense_1/kernel"][:, 5:], initial["Dense_1/kernel"][:, 5:])
    assert not wide["Dense_1/kernel"][6:, :5].any()
    assert not wide["Dense_2/kernel"][5:].any()


def test_a_new_unit_can_learn():
    """Zero outgoing weights have a gradient, because the unit's own activation is not zero."""
    spec = fork((9, 8))
    wide = spec.adapt(trained(SMALL))
    x = {"x": RANDOM.integers(0, 256, (50, 4), dtype=np.uint8)}
    gradient = jax.grad(lambda params: (spec.logits(params, x) ** 2).sum())(wide)
    assert np.abs(gradient["Dense_2/kernel"][5:]).max() > 0


def test_a_seeded_fork_ignores_the_parent():
    spec = fork((2,), "seed")
    adapted = spec.adapt(trained(SMALL))
    for name, values in spec.initial_parameters().items():
        np.testing.assert_array_equal(adapted[name], values)


@pytest.mark.parametrize(
    "spec",
    [
        fork((5, 5)),
        fork((6, 5, 5)),
        fork((6,)),
        fork((6, 5), classes=4),
        fork((6, 5), columns=(InputColumn("x", "uint8", (5,), -8),)),
    ],
    ids=["narrower", "deeper", "shallower", "more classes", "more inputs"],
)
def test_a_fork_that_does_not_contain_its_parent_is_refused(spec):
    with pytest.raises(ModelError):
        spec.adapt(trained(SMALL))


def test_a_model_without_a_parent_adapts_nothing():
    with pytest.raises(ModelError, match="no parent"):
        SMALL.adapt(trained(SMALL))
