"""Models that were made by code: their founder alone runs it, all others have the program."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compute import canonical
from compute.judging.retrieval import load_specification
from compute.models import ModelError, ModelSpecification, Module, foreign
from compute.models.sizes import design_code
from compute.roles.founder import found
from compute.storage import FolderStore

SOURCE = b"""
import flax.linen as nn
import jax.numpy as jnp


class Mixture(nn.Module):
    experts: int
    dtype: str

    @nn.compact
    def __call__(self, inputs):
        (x,) = inputs.values()
        x = x.reshape(x.shape[0], -1)
        share = nn.softmax(nn.Dense(self.experts, dtype=self.dtype, name="gate")(x))
        y = nn.DenseGeneral((self.experts, 3), dtype=self.dtype, name="experts")(nn.tanh(x))
        return jnp.einsum("be,bec->bc", share, y)


def network(compute_dtype, remat):
    return Mixture(2, compute_dtype)
"""
DATA = {
    "x": np.random.default_rng(0).integers(0, 256, (24, 2, 4), np.uint8),
    "label": np.arange(24, dtype=np.uint8) % 3,
}
# What a trainer and a keeper do, in a process that has never seen the code; keepers have no Flax.
ACTOR = """
import sys
import jax, numpy as np
from compute import exact
from compute.judging.retrieval import load_specification
from compute.storage import FolderStore

folder, model_hash = sys.argv[1:]
specification = load_specification(FolderStore(folder), bytes.fromhex(model_hash))
with np.load(folder + ".npz") as data:
    inputs, targets = {"x": data["x"]}, specification.targets(data["label"])
parameters = specification.initial_parameters()


def evaluate(parameters):
    found = exact.evaluate(
        specification.program, parameters, [(inputs, targets)], loss=specification.loss, total=24
    )
    assert found.valid
    return found.loss / 2**32


print(evaluate(parameters), "flax" in sys.modules)
step = jax.jit(jax.value_and_grad(lambda p: specification.losses(p, inputs, targets).mean()))
for _ in range(20):
    loss, gradient = step(parameters)
    parameters = jax.tree.map(lambda p, g: p - 0.5 * g, parameters, gradient)
assert abs(evaluate(parameters) - float(step(parameters)[0])) < 1e-5
print(evaluate(parameters))
"""


def test_code_is_described_without_being_run_by_readers() -> None:
    spec = design_code(SOURCE, DATA, "label")
    assert spec.output_shape == (3,)
    assert spec.parameter_shapes() == {
        "experts/bias": (2, 3),
        "experts/kernel": (8, 2, 3),
        "gate/bias": (2,),
        "gate/kernel": (8, 2),
    }
    foreign._running.clear()
    blocks = {canonical.digest(block): block for block in spec.blocks()}
    again = ModelSpecification.read(spec.hash, blocks.__getitem__)
    assert again == spec and isinstance(again.architecture, Module)
    assert again.architecture.source == canonical.digest(SOURCE)
    start = again.initial_parameters()
    assert not start["gate/bias"].any() and start["gate/kernel"].any()
    assert again.logits(start, {"x": DATA["x"]}).shape == (24, 3)
    with pytest.raises(ModelError, match="does not run here"):
        replace(again, given=None).program  # noqa: B018


def test_keepers_and_trainers_never_run_the_code(tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    source = SOURCE + f"\nopen({str(trace)!r}, 'w').close()\n".encode()
    spec = design_code(source, DATA, "label")
    trace.unlink()
    store = FolderStore(tmp_path / "store")
    with pytest.raises(ModelError, match="give its file"):
        found(spec, DATA, store)
    founding = found(spec, DATA, store, source)
    np.savez(tmp_path / "store.npz", **DATA)
    words = [str(tmp_path / "store"), founding.model_hash.hex()]
    acted = subprocess.run(
        [sys.executable, "-c", ACTOR, *words], capture_output=True, text=True, check=False
    )
    assert acted.returncode == 0, acted.stderr
    first, flax, last = acted.stdout.split()
    assert flax == "False"
    assert float(last) < np.log(3) and float(last) < float(first)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("key", "value"),
    [("shape", [3, 3]), ("shape", [2, 4]), ("name", "experts/bios"), ("outputs", [5])],
)
def test_a_specification_that_lies_about_its_code_is_refused(
    key: str, value: object, tmp_path: Path
) -> None:
    store, honest = FolderStore(tmp_path), design_code(SOURCE, DATA, "label")
    for block in honest.blocks():
        store.put(block)
    assert load_specification(store, honest.hash) == honest
    document = json.loads(honest.encode())
    architecture = document["architecture"]
    (architecture if key == "outputs" else architecture["tensors"][0])[key] = value
    false = store.put(canonical.encode(document))
    with pytest.raises(ModelError, match="the program"):
        load_specification(store, store.put(honest.header[:32] + false))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (b"\n1 / 0", "at line 2: ZeroDivisionError: division by zero$"),
        (b"def network(\n", "at line 1: SyntaxError"),
        (b"import sys; sys.exit(0)", "SystemExit"),
        (b"network = 3", "no function network"),
        (b"\xff", "no UTF-8"),
        (b"#" * (foreign.MAX_SOURCE_BYTES + 1), "more than"),
    ],
)
def test_code_that_is_no_model_is_refused(source: bytes, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        foreign.run(source)


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ("y, y", "one array"),
        ("y.sum(0)", "one array"),
        ("y + 1j", "complex"),
        ("(y * 9).astype(jnp.int32)", "int32"),
        ("y * float(y.sum())", "at line 8: ConcretizationTypeError"),
        ("nn.Dropout(0.5, deterministic=False)(y)", "at line 8: InvalidRngError"),
        ("1 / 0", "at line 8: ZeroDivisionError"),
        ("y - y.mean(0)", "another output in a batch of two"),
        ("y[::-1]", "another output in a batch of two"),
        ("y + jnp.linalg.eigvals(y.reshape(-1, 1, 1)).real.T", "eig"),
        ("y + jnp.sin(jnp.zeros((1 << 16, 1 << 16)) + y.sum()).sum()", "elements"),
        ("lax.fori_loop(0, 1 << 20, lambda i, a: lax.fori_loop(0, 1 << 20, lambda j, b: "
         "lax.fori_loop(0, 1 << 20, lambda k, c: c * 1.5, b), a), y)", "more than"),
    ],
)  # fmt: skip
def test_code_whose_outputs_have_no_loss_is_refused(result: str, sentence: str) -> None:
    """Or whose program is beyond the bounds, or has operations that no program can say."""
    source = f"""
import flax.linen as nn
import jax.numpy as jnp
from jax import lax
class Network(nn.Module):
    @nn.compact
    def __call__(self, inputs):
        y = nn.Dense(3)(inputs["x"].reshape(len(inputs["x"]), -1)); return {result}
def network(compute_dtype, remat):
    return Network()
"""
    with pytest.raises(ModelError, match=sentence):
        design_code(source.encode(), DATA, "label")


def test_a_network_that_cannot_be_made_is_refused() -> None:
    with pytest.raises(ModelError, match="TypeError"):
        design_code(b"def network(): return None", DATA, "label")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "../kernel"),
        ("name", 3),
        ("shape", [0]),
        ("axes", ["embed"]),
        ("axes", ["embed", "embed"]),
        ("axes", ["rack", None]),
        ("axes", [["embed"], None]),
        ("start", 2),
        ("start", [2, 4]),
        ("start", [1, 0]),
        ("start", "ones"),
    ],
)
def test_a_false_tensor_is_refused(key: str, value: object) -> None:
    document = json.loads(design_code(SOURCE, DATA, "label").design())
    document["architecture"]["tensors"][3][key] = value
    with pytest.raises(ModelError):
        ModelSpecification.parse(canonical.encode(document))
