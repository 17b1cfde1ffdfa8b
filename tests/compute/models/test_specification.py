"""The specification: 32 bytes from which anyone rebuilds the same model."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compute import canonical
from compute.models import MLP, InputColumn, ModelError, ModelSpecification, Parent
from tests.compute.models.changing import changed

IMAGE = InputColumn("image", "uint8", (784,), -8)
MNIST = ModelSpecification(MLP((128, 64), 10), columns=(IMAGE,), target="label")
DOCUMENT = json.loads(MNIST.encode())

specifications = st.builds(
    ModelSpecification,
    st.builds(MLP, st.lists(st.integers(1, 40), max_size=3).map(tuple), st.integers(2, 12)),
    columns=st.lists(
        st.builds(
            InputColumn,
            st.sampled_from("abcde"),
            st.sampled_from(["uint8", "int8", "uint16", "int16"]),
            st.lists(st.integers(1, 5), max_size=3).map(tuple),
            st.integers(-64, 64),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda column: column.name,
    ).map(tuple),
    target=st.just("label"),
    seed=st.integers(0, 2**64 - 1),
    magnitude_log2=st.integers(1, 126),
    evaluator=st.sampled_from(["F24/2", "F24/3"]),
    parent=st.none()
    | st.builds(Parent, st.binary(min_size=32, max_size=32), st.sampled_from(["widen", "seed"])),
)


def test_vector():
    """docs/formats.md shows this document and its hash."""
    assert MNIST.encode() == (
        b'{"architecture":{"classes":10,"hidden":[128,64],"name":"mlp"},"evaluator":"F24/2",'
        b'"format":"decentralizedai/model/1","initialisation":{"rule":"uniform/1","seed":0},'
        b'"inputs":[{"dtype":"uint8","name":"image","scale_log2":-8,"shape":[784]}],'
        b'"loss":"cross_entropy","magnitude_log2":16,"parent":null,"target":"label","target_scale_log2":null}'
    )
    formats = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
    assert MNIST.encode().decode() in formats
    assert MNIST.hash.hex() in formats
    assert MNIST.hash.hex() == "29bcb4bfc5784be15461ab218b448e13d51a82bc305adc7f76a46878c150267e"


@given(specifications)
@settings(deadline=None)
def test_parse_is_the_inverse_of_encode(spec):
    data = spec.encode()
    parsed = ModelSpecification.parse(data)
    assert parsed == spec
    assert parsed.hash == spec.hash == canonical.digest(data)


@given(specifications, specifications)
@settings(deadline=None)
def test_different_specifications_have_different_hashes(one, other):
    assert (one == other) == (one.hash == other.hash)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", "decentralizedai/model/2"),
        ("extra", 1),
        ("architecture.name", "pickle"),
        ("architecture.hidden", [0]),
        ("architecture.hidden", [-1]),
        ("architecture.hidden", [True]),
        ("architecture.hidden", [1 << 17]),
        ("architecture.hidden", [8] * 65),
        ("architecture.hidden", "128"),
        ("architecture.hidden", [1 << 16, 1 << 16, 1 << 16]),
        ("architecture.classes", 1),
        ("architecture.depth", 2),
        ("inputs", []),
        ("inputs", [DOCUMENT["inputs"][0]] * 2),
        ("inputs", [None]),
        ("inputs.0.name", "Image"),
        ("inputs.0.name", "../x"),
        ("inputs.0.name", ""),
        ("inputs.0.name", "label"),
        ("inputs.0.dtype", "object"),
        ("inputs.0.dtype", "int64"),
        ("inputs.0.shape", [0]),
        ("inputs.0.shape", [1 << 24] * 4),
        ("inputs.0.shape", [1] * 5),
        ("inputs.0.scale_log2", 65),
        ("target", 7),
        ("loss", "mean"),
        ("evaluator", ""),
        ("evaluator", "F" * 65),
        ("initialisation.rule", "jax"),
        ("initialisation.seed", -1),
        ("initialisation.seed", 1 << 64),
        ("magnitude_log2", 0),
        ("magnitude_log2", 127),
        ("parent", {}),
        ("parent", {"model": "00" * 32, "map": "grow"}),
        ("parent", {"model": "00" * 31, "map": "seed"}),
        ("parent", {"model": "AB" * 32, "map": "seed"}),
    ],
)
def test_every_fault_is_refused(path, value):
    with pytest.raises(ModelError):
        ModelSpecification.parse(changed(DOCUMENT, path, value))


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"{}", MNIST.encode() + b" ", bytes(1 << 17)],
    ids=lambda data: f"{data[:9]!r}-{len(data)}",
)
def test_bytes_that_are_no_specification_are_refused(data):
    with pytest.raises(ModelError):
        ModelSpecification.parse(data)


def test_an_invalid_specification_cannot_be_encoded():
    with pytest.raises(ModelError, match="classes"):
        ModelSpecification(MLP((), 1), columns=(IMAGE,), target="label").encode()


def test_importing_the_package_does_not_import_jax():
    import subprocess
    import sys

    program = (
        "import sys, compute.models, compute.checkpoint, compute.training_set, compute.storage\n"
        "sys.exit('jax' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
