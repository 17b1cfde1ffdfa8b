"""What is exported computes the same where others load it."""

import json
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
from flax.traverse_util import flatten_dict
from safetensors import safe_open
from safetensors.numpy import load_file

from compute.about import About
from compute.exchange import FORMATS, Unexportable, card, export, import_parameters
from compute.exchange.tensors import write_tensors
from compute.inference import Model
from tests.compute.exchange.conftest import foreign, model
from tests.compute.models.families import FAMILIES


def columns(exported: Model) -> dict[str, np.ndarray]:
    (found,) = [f for f in FAMILIES.values() if f.specification is exported.specification]
    return found.inputs


@pytest.mark.parametrize("family", ["mlp", "grouped"])
def test_safetensors_hold_the_parameters_to_the_bit_and_their_provenance(
    family: str, tmp_path: Path
) -> None:
    exported = model(family)
    files = export(exported, "safetensors", tmp_path / "out")
    found = load_file(tmp_path / "out" / "model.safetensors")
    assert found.keys() == exported.parameters.keys()
    assert all(np.array_equal(found[n], v) for n, v in exported.parameters.items())
    with safe_open(tmp_path / "out" / "model.safetensors", "np") as file:
        told = file.metadata()
    assert told == json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert (told["chain"], told["group"], told["height"]) == ("31337", "4", "7")
    assert told["checkpoint"] == bytes(range(32)).hex()
    card = (tmp_path / "out" / "README.md").read_text()
    assert "nrn verify 4" in card and f"nrn evaluate 4 {told['checkpoint']}" in card
    examples = load_file(tmp_path / "out" / "examples.safetensors")
    inputs = {n: examples[f"inputs.{n}"] for n in exported.specification.inputs}
    assert np.array_equal(exported.outputs(inputs), examples["outputs"])
    assert len(files) == 4
    back = import_parameters(tmp_path / "out", exported.specification)
    assert all(np.array_equal(back[n], v) for n, v in exported.parameters.items())


def test_the_card_names_the_licence_that_the_group_names(tmp_path: Path) -> None:
    plain = model("mlp")
    assert "names no licence" in card.text(plain, "orbax")
    hostile = "CC0`|x\n# owned <script>\x1b[2J"
    named = replace(plain.specification, about=About("digits", "", hostile))
    told = card.text(replace(plain, specification=named), "orbax")
    assert "names the licence `CC0'/x # owned <script>�[2J`" in told
    assert "\n# owned" not in told and "| group_name | `digits` |" in told
    assert card.provenance(replace(plain, specification=named))["data_licence"] == hostile


def test_orbax_holds_the_tree_of_the_flax_module(tmp_path: Path) -> None:
    exported = model("grouped")
    export(exported, "orbax", tmp_path / "out")
    with ocp.StandardCheckpointer() as checkpointer:
        tree = checkpointer.restore((tmp_path / "out" / "parameters").absolute())
    found = flatten_dict(tree, sep="/")
    assert all(np.array_equal(found[n], v) for n, v in exported.parameters.items())
    network = exported.specification.architecture.network(compute_dtype="float32", remat=False)
    tokens = columns(exported)["tokens"].astype(np.int32)
    logits = network.apply({"params": tree}, {"tokens": tokens})
    assert np.allclose(logits, exported.outputs(columns(exported)), atol=1e-5)


@pytest.mark.parametrize("family", ["bottleneck", "grouped"])
def test_stablehlo_computes_any_number_of_examples(family: str, tmp_path: Path) -> None:
    foreign("flatbuffers", "'.[export]'")
    exported = model(family)
    export(exported, "stablehlo", tmp_path / "out")
    program = jax.export.deserialize((tmp_path / "out" / "model.jax_export").read_bytes())
    parameters = load_file(tmp_path / "out" / "model.safetensors")
    for count in (1, 3):
        inputs = {name: a[:count] for name, a in columns(exported).items()}
        found = np.asarray(program.call(parameters, inputs))
        assert np.allclose(found, exported.outputs(inputs), atol=1e-5)
    assert (tmp_path / "out" / "model.stablehlo").read_bytes() == program.mlir_module_serialized


def test_onnx_computes_the_program(exported: Model, tmp_path: Path) -> None:
    foreign("jax2onnx", "'.[onnx]'")
    runtime = foreign("onnxruntime", "'.[onnx]'")
    export(exported, "onnx", tmp_path / "out")
    session = runtime.InferenceSession(str(tmp_path / "out" / "model.onnx"))
    inputs = columns(exported)
    for row in range(2):
        one = {name: a[row : row + 1] for name, a in inputs.items()}
        (found,) = session.run(["outputs"], one)
        assert np.allclose(found, exported.outputs(one), atol=1e-5)
    named = {
        i.name
        for i in foreign("onnx", "onnx").load(tmp_path / "out" / "model.onnx").graph.initializer
    }
    assert exported.parameters.keys() <= named
    assert session.get_modelmeta().custom_metadata_map["group"] == "4"


@pytest.mark.parametrize("kind", sorted({*FORMATS} - {"onnx", "stablehlo"}))
def test_a_folder_that_is_there_is_left_alone(kind: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(Unexportable, match="is there already"):
        export(model("grouped"), kind, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unexportable, match="no Llama model"):
        export(model("mlp"), "transformers", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_does_not_fit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    spec = FAMILIES["mlp"].specification
    path = tmp_path / "model.safetensors"
    with pytest.raises(Unexportable, match="no safetensors file"):
        import_parameters(path, spec)
    path.write_bytes(b"\xff" * 64)
    with pytest.raises(Unexportable, match="no safetensors file"):
        import_parameters(path, spec)
    parameters = spec.initial_parameters()
    write_tensors(path, {**parameters, "Dense_0/bias": np.zeros(7, np.float32)}, {})
    with pytest.raises(Unexportable, match=r"Dense_0/bias is \[7\], the group's model has \[6\]"):
        import_parameters(path, spec)
    write_tensors(path, {n: v for n, v in parameters.items() if n != "Dense_0/bias"}, {})
    with pytest.raises(Unexportable, match="no Dense_0/bias"):
        import_parameters(path, spec)
    write_tensors(path, {n: v.astype(np.int32) for n, v in parameters.items()}, {})
    with pytest.raises(Unexportable, match="is I32"):
        import_parameters(path, spec)
