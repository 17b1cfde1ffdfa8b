"""Every architecture: its table is its Flax module, and what it computes can be verified."""

import functools
import json
from dataclasses import replace

import jax
import numpy as np
import pytest
from flax.traverse_util import flatten_dict

from compute import canonical, exact
from compute.models import MLP, InputColumn, ModelError, ModelSpecification, Parent
from compute.models.losses import FUNCTIONS
from compute.models.making import native_logits
from compute.models.parameters import AXES
from tests.compute.models.changing import changed
from tests.compute.models.families import EXAMPLES, FAMILIES, LENGTH, PIXELS, TOKENS, Family

RANDOM = np.random.default_rng(8)
every = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES.keys())


def perturbed(specification: ModelSpecification) -> dict[str, np.ndarray]:
    """Initial parameters with noise, so that no bias is 0 and no scale 1."""
    return {
        name: (value + 0.1 * RANDOM.standard_normal(value.shape)).astype(np.float32)
        for name, value in specification.initial_parameters().items()
    }


def read_again(spec: ModelSpecification) -> ModelSpecification:
    """From its blocks, as a keeper reads it."""
    blocks = {canonical.digest(block): block for block in spec.blocks()}
    return ModelSpecification.read(spec.hash, blocks.__getitem__)


@every
def test_both_forms_of_a_model_have_the_same_gradient(family: Family) -> None:
    spec, parameters = family.specification, perturbed(family.specification)

    def gradient(native: bool) -> dict[str, np.ndarray]:
        def loss(p):
            return spec.losses(p, family.inputs, family.targets, native=native).mean()

        return jax.jit(jax.grad(loss))(parameters)

    form, network = gradient(False), gradient(True)
    largest = max(float(np.abs(g).max()) for g in network.values())
    for name, expected in network.items():
        np.testing.assert_allclose(form[name], expected, atol=1e-5 * largest)


def evaluated(family: Family, parameters: dict[str, np.ndarray]) -> exact.Evaluation:
    specification = family.specification
    batches = [(family.inputs, family.targets)]
    found = exact.evaluate(
        specification.program, parameters, batches, loss=specification.loss, total=EXAMPLES
    )
    assert found.valid, found.reason
    return found


@every
def test_the_table_is_the_tree_of_the_flax_module(family: Family) -> None:
    spec = family.specification
    seen = {column.name: column.values(family.columns[column.name]) for column in spec.columns}
    network = spec.architecture.network(compute_dtype="float32", remat=False)
    tree = jax.eval_shape(network.init, jax.random.key(0), seen)["params"]
    flat = dict(sorted(flatten_dict(tree, sep="/").items()))
    assert list(spec.parameter_shapes()) == list(flat)
    assert spec.parameter_shapes() == {name: leaf.shape for name, leaf in flat.items()}
    assert {leaf.dtype for leaf in flat.values()} == {np.dtype(np.float32)}


@every
def test_every_dimension_has_an_axis_and_no_axis_comes_twice(family: Family) -> None:
    shapes = family.specification.parameter_shapes()
    for name, axes in family.specification.partition().items():
        named = [axis for axis in axes if axis is not None]
        assert len(axes) == len(shapes[name])
        assert len(set(named)) == len(named) and set(named) <= set(AXES)


@every
def test_initial_parameters_have_the_variance_of_the_table(family: Family) -> None:
    spec = family.specification
    table = spec.architecture.parameters(spec.columns)
    for name, values in spec.initial_parameters().items():
        start = table[name].start
        assert values.dtype == np.float32 and values.shape == table[name].shape
        if isinstance(start, int):
            assert np.all(values == start)
        elif values.size > 500:
            assert abs(values.var() / float(start) - 1) < 0.2
            assert abs(values.mean()) < 0.2 * np.sqrt(float(start))


@every
def test_the_exact_loss_is_that_of_float64(family: Family) -> None:
    spec = family.specification
    parameters = perturbed(spec)
    found = evaluated(family, parameters)
    in_float32 = jax.jit(spec.losses)(parameters, family.inputs, family.targets)
    with jax.enable_x64(True):
        wide = {name: value.astype(np.float64) for name, value in parameters.items()}
        outputs = jax.jit(
            functools.partial(native_logits, spec.architecture, spec.columns),
            static_argnames="compute_dtype",
        )(wide, family.inputs, compute_dtype="float64")
        reference = FUNCTIONS[spec.loss](outputs.astype(np.float64), family.targets)
    np.testing.assert_allclose(found.transcript / 2**32, reference, rtol=2e-5)
    np.testing.assert_allclose(found.loss / 2**32, reference.mean(), rtol=5e-6)
    np.testing.assert_allclose(in_float32, reference, rtol=2e-5)


@pytest.mark.parametrize("name", ["resnet", "vit", "grouped"])
def test_training_may_compute_in_bfloat16_and_forget_activations(name: str) -> None:
    family = FAMILIES[name]
    spec = family.specification
    parameters = perturbed(spec)

    def gradient(**options):
        def loss(p):
            return spec.losses(p, family.inputs, family.targets, **options).mean()

        return jax.jit(jax.value_and_grad(loss))(parameters)

    loss, plain = gradient()
    again, remade = gradient(remat=True)
    rough, half = gradient(compute_dtype="bfloat16")
    np.testing.assert_allclose(again, loss, rtol=1e-5)
    np.testing.assert_allclose(rough, loss, rtol=0.05)
    for name, value in plain.items():
        assert half[name].dtype == np.float32
        assert np.any(value), f"{name} has no gradient"
        np.testing.assert_allclose(remade[name], value, atol=1e-5)


@pytest.mark.parametrize("name", ["grouped", "untied"])
def test_the_future_never_changes_the_past(name: str) -> None:
    """Where only the first positions count, the integers stay, whatever the other tokens are."""
    family = FAMILIES[name]
    parameters = perturbed(family.specification)
    parameters["embed/embedding"][200] *= 2.0**12  # a token that would coarsen a shared grid

    def losses(position: int, future: int, counted: int) -> list[int]:
        columns = {key: value.copy() for key, value in family.columns.items()}
        columns["tokens"][:, position:] = future
        columns["targets"] = columns["targets"].astype(np.int64)
        columns["targets"][:, counted:] = -1
        return list(evaluated(family._replace(columns=columns), parameters).transcript)

    for position in (1, LENGTH // 2, LENGTH - 1):
        assert losses(position, 7, position) == losses(position, 200, position)
        assert losses(position, 7, position + 1) != losses(position, 200, position + 1)


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("grouped", "architecture.heads", 3),
        ("grouped", "architecture.heads", 16),  # an odd number of values for each
        ("grouped", "architecture.kv_heads", 3),
        ("grouped", "architecture.vocab", 1),
        ("grouped", "architecture.layers", 65),
        ("grouped", "architecture.layers", True),
        ("grouped", "architecture.tied", 1),
        ("grouped", "architecture.rope_base", 1),
        ("grouped", "architecture.width", 1 << 17),
        ("grouped", "architecture.vocab", 1 << 20 | 1),
        ("grouped", "inputs.0.shape", [4, 4]),
        ("grouped", "inputs.0.scale_log2", -8),
        ("grouped", "architecture.name", ["transformer"]),
        ("vit", "architecture.patch", 3),
        ("vit", "architecture.heads", 3),
        ("vit", "inputs.0.shape", [8]),
        ("vit", "inputs.0.scale_log2", None),
        ("resnet", "architecture.groups", 3),
        ("resnet", "architecture.blocks", []),
        ("resnet", "architecture.blocks", [1] * 9),
        ("resnet", "architecture.blocks", [65]),
        ("resnet", "architecture.stem", "5x5"),
        ("resnet", "architecture.bottleneck", None),
        ("resnet", "inputs.0.shape", [8, 8, 3, 1]),
        ("mlp", "inputs.0.scale_log2", None),
        ("mlp", "architecture", None),
        ("mlp", "target_scale_log2", -8),
        ("mlp", "loss", "squared_error"),
        ("mlp", "loss", ["cross_entropy"]),
    ],
)
def test_every_fault_is_refused(name: str, path: str, value: object) -> None:
    document = json.loads(FAMILIES[name].specification.design())
    with pytest.raises(ModelError):
        ModelSpecification.parse(changed(document, path, value))


@every
def test_parse_is_the_inverse_of_encode(family: Family) -> None:
    spec = family.specification
    assert read_again(spec) == spec


def test_a_model_of_too_many_parameters_is_refused_without_making_one() -> None:
    spec = FAMILIES["grouped"].specification
    huge = replace(
        spec, architecture=replace(spec.architecture, width=1 << 16, layers=64, hidden=1 << 16)
    )
    with pytest.raises(ModelError, match="parameters"):
        huge.encode()


@pytest.mark.parametrize(
    ("loss", "scale", "column"),
    [
        ("squared_error", -6, RANDOM.integers(-100, 100, (EXAMPLES, 3), np.int16)),
        ("binary_cross_entropy", None, RANDOM.integers(-1, 3, (EXAMPLES, 3), np.int8)),
        ("cross_entropy", None, np.array([2**32 + 1, 0, 1, 2**63], np.uint64)),
    ],
)
def test_every_loss_is_trained_as_it_is_evaluated(
    loss: str, scale: int | None, column: np.ndarray
) -> None:
    spec = ModelSpecification(MLP((5,), 3), PIXELS, "y", loss, scale)
    assert read_again(spec) == spec
    family = Family(spec, {**FAMILIES["mlp"].columns, "y": column})
    parameters = perturbed(spec)
    trained = jax.jit(spec.losses)(parameters, family.inputs, family.targets)
    found = evaluated(family, parameters).transcript / 2**32
    np.testing.assert_allclose(trained, found, rtol=1e-5, atol=1e-6)
    assert np.count_nonzero(found) >= 2


def test_one_number_is_regressed_from_one_column() -> None:
    spec = ModelSpecification(MLP((), 1), PIXELS, "y", "squared_error", -8)
    values = spec.targets(np.array([-256, 0, 128], np.int16))
    assert values.shape == (3, 1) and values.dtype == np.float32
    np.testing.assert_array_equal(values[:, 0], [-1, 0, 0.5])


def test_tokens_are_the_integers_themselves() -> None:
    column = InputColumn("tokens", "uint32", (2,), None)
    assert column.values(np.array([[70_000, 3]], np.uint32)).tolist() == [[70_000, 3]]
    spec = replace(FAMILIES["grouped"].specification, columns=(replace(column, shape=(LENGTH,)),))
    assert read_again(spec) == spec
    assert TOKENS[0].values(np.array([[255]], np.uint8)).dtype == np.int32


def fork(name: str, map_: str, **sizes: int) -> ModelSpecification:
    parent = FAMILIES[name].specification
    architecture = replace(parent.architecture, **sizes)
    return replace(parent, architecture=architecture, seed=3, parent=Parent(parent.hash, map_))


@pytest.mark.parametrize("name", ["vit", "grouped"])
def test_deepening_preserves_the_function_and_new_layers_learn(name: str) -> None:
    family, deeper = FAMILIES[name], fork(name, "deepen", layers=4)
    old = perturbed(family.specification)
    new = deeper.adapt(old)
    before = jax.jit(family.specification.logits)(old, family.inputs)
    np.testing.assert_allclose(jax.jit(deeper.logits)(new, family.inputs), before, rtol=1e-6)
    gradient = jax.jit(jax.grad(lambda p: deeper.losses(p, family.inputs, family.targets).mean()))(
        new
    )
    assert np.any(gradient["layers/attention/output/kernel"][2:])


@pytest.mark.parametrize(
    ("name", "map_", "sizes"),
    [
        ("grouped", "deepen", {"layers": 1}),
        ("grouped", "deepen", {"hidden": 32}),
        ("untied", "deepen", {"tied": True}),
        ("grouped", "widen", {"hidden": 32}),
        ("resnet", "widen", {"width": 16}),
        ("mlp", "deepen", {"hidden": (6, 5, 5)}),
    ],
)
def test_a_fork_that_cannot_contain_its_parent_is_refused(
    name: str, map_: str, sizes: dict[str, int]
) -> None:
    with pytest.raises(ModelError):
        fork(name, map_, **sizes).adapt(FAMILIES[name].specification.initial_parameters())
