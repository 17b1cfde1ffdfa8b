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
DOCUMENT = json.loads(MNIST.design())

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
    """docs/formats.md shows this document, its header and its hash."""
    formats = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
    assert MNIST.encode().decode() in formats
    assert MNIST.header.hex() in formats
    assert MNIST.hash.hex() in formats


def blocks_with(**changes):
    """The blocks of MNIST, honest but for these keys of the document."""
    *program, document, _ = MNIST.blocks()
    changed_document = canonical.encode({**json.loads(document), **changes})
    header = MNIST.header[:32] + canonical.digest(changed_document)
    found = {canonical.digest(block): block for block in (*program, changed_document, header)}
    return canonical.digest(header), found


OTHER = ModelSpecification(MLP((32,), 10), columns=(IMAGE,), target="label")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"program": []}, "program"),
        ({"program": ["00"]}, "program"),
        ({"architecture": OTHER.architecture.document()}, "parameters of the program"),
        ({"inputs": [{**DOCUMENT["inputs"][0], "dtype": "int8"}]}, "inputs of the program"),
    ],
)
def test_a_document_that_does_not_fit_its_program_is_refused(changes, sentence):
    model_hash, blocks = blocks_with(**changes)
    with pytest.raises(ModelError, match=sentence):
        ModelSpecification.read(model_hash, blocks.__getitem__)


def test_a_root_that_is_not_the_program_s_is_refused():
    header = bytes(32) + MNIST.header[32:]
    blocks = {canonical.digest(block): block for block in (*MNIST.blocks(), header)}
    with pytest.raises(ModelError, match="root"):
        ModelSpecification.read(canonical.digest(header), blocks.__getitem__)


def test_a_program_that_is_none_is_refused():
    junk = MNIST.blocks()[0][:-1]
    model_hash, blocks = blocks_with(program=[canonical.digest(junk).hex()])
    with pytest.raises(ModelError, match="program is refused"):
        ModelSpecification.read(model_hash, {**blocks, canonical.digest(junk): junk}.__getitem__)


@given(specifications)
@settings(max_examples=20)
def test_read_is_the_inverse_of_encode(spec):
    blocks = {canonical.digest(block): block for block in spec.blocks()}
    found = ModelSpecification.read(spec.hash, blocks.__getitem__)
    assert found == spec and found.program == spec.program
    assert found.hash == spec.hash == canonical.digest(spec.header)
    assert ModelSpecification.parse(spec.design()) == spec


@given(specifications, specifications)
@settings(max_examples=20)
def test_different_specifications_have_different_hashes(one, other):
    assert (one == other) == (one.hash == other.hash)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", "decentralizedai/model/1"),
        ("extra", 1),
        ("about", None),
        ("about.name", 7),
        ("about.name", "n" * 65),
        ("about.message", "m" * 2_001),
        ("about.link", ""),
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
    [b"", b"null", b"[]", b"{}", MNIST.design() + b" ", MNIST.encode(), bytes(1 << 17)],
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
