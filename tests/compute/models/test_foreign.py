"""Models that are code: pinned by a hash, run by those alone who allow it."""

import json
import subprocess
import sys
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
# What a trainer and a keeper do, in a process that has never seen the code.
ACTOR = """
import sys
import jax, numpy as np
from compute import exact
from compute.models import foreign
from compute.judging.retrieval import load_specification
from compute.storage import FolderStore

folder, model_hash, trusted = sys.argv[1:]
if trusted:
    foreign.allow(bytes.fromhex(trusted))
specification = load_specification(FolderStore(folder), bytes.fromhex(model_hash))
with np.load(folder + ".npz") as data:
    inputs, targets = {"x": data["x"]}, specification.targets(data["label"])
parameters = specification.initial_parameters()
step = jax.jit(jax.value_and_grad(lambda p: specification.losses(p, inputs, targets).mean()))
for _ in range(20):
    loss, gradient = step(parameters)
    parameters = jax.tree.map(lambda p, g: p - 0.5 * g, parameters, gradient)
found = exact.evaluate(
    specification.logits, parameters, [(inputs, targets)], loss=specification.loss, total=24
)
assert found.valid and abs(found.loss / 2**32 - float(step(parameters)[0])) < 1e-5
print(found.loss / 2**32)
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
    again = ModelSpecification.parse(spec.encode())
    assert again == spec and isinstance(again.architecture, Module)
    assert again.architecture.source == canonical.digest(SOURCE)
    start = again.initial_parameters()
    assert not start["gate/bias"].any() and start["gate/kernel"].any()
    with pytest.raises(
        foreign.UntrustedCode, match=f"--trust-code {canonical.digest(SOURCE).hex()}"
    ):
        again.logits(start, {"x": DATA["x"]})


def test_a_stranger_s_code_runs_only_where_it_is_trusted(tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    source = SOURCE + f"\nopen({str(trace)!r}, 'w').close()\n".encode()
    spec = design_code(source, DATA, "label")
    trace.unlink()
    store = FolderStore(tmp_path / "store")
    with pytest.raises(ModelError, match="give its file"):
        found(spec, DATA, store)
    founding = found(spec, DATA, store, source)
    np.savez(tmp_path / "store.npz", **DATA)

    def act(trusted: str) -> subprocess.CompletedProcess[str]:
        words = [str(tmp_path / "store"), founding.model_hash.hex(), trusted]
        return subprocess.run(
            [sys.executable, "-c", ACTOR, *words], capture_output=True, text=True, check=False
        )

    for nothing in ("", "00" * 32):
        refused = act(nothing)
        assert refused.returncode != 0 and "stranger's code" in refused.stderr
        assert not trace.exists()
    trained = act(canonical.digest(source).hex())
    assert trained.returncode == 0, trained.stderr
    assert trace.exists()
    assert "class Mixture" in trained.stderr  # shown before it ran
    assert float(trained.stdout) < np.log(3)  # a guess


@pytest.mark.parametrize(
    ("key", "value"),
    [("shape", [3, 3]), ("shape", [2, 4]), ("name", "experts/bios"), ("outputs", [5])],
)
def test_a_specification_that_lies_about_its_code_is_refused(
    key: str, value: object, tmp_path: Path
) -> None:
    store, honest = FolderStore(tmp_path), design_code(SOURCE, DATA, "label")
    store.put(SOURCE)
    foreign.allow(canonical.digest(SOURCE))
    assert load_specification(store, store.put(honest.encode())) == honest
    document = json.loads(honest.encode())
    architecture = document["architecture"]
    (architecture if key == "outputs" else architecture["tensors"][0])[key] = value
    with pytest.raises(ModelError, match="lies about its code"):
        load_specification(store, store.put(canonical.encode(document)))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (b"1 / 0", "ZeroDivisionError"),
        (b"network = 3", "no function network"),
        (b"\xff", "no UTF-8"),
        (b"#" * (foreign.MAX_SOURCE_BYTES + 1), "more than"),
    ],
)
def test_code_that_is_no_model_is_refused(source: bytes, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        foreign.run(source)


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
    document = json.loads(design_code(SOURCE, DATA, "label").encode())
    document["architecture"]["tensors"][3][key] = value
    with pytest.raises(ModelError):
        ModelSpecification.parse(canonical.encode(document))
