"""Real sizes: they compile and shard over 8 devices, from shapes alone."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from compute.models import ModelError
from compute.models.sizes import SIZES, design

IMAGES = {"image": np.zeros((2, 32, 32, 3), np.uint8), "label": np.array([0, 4], np.uint8)}
TEXT = {"tokens": np.zeros((2, 32), np.uint8), "targets": np.zeros((2, 32), np.uint8)}
# compiling takes about ten seconds each
every_size = pytest.mark.skipif("BIG_MODELS" not in os.environ, reason="set BIG_MODELS=1")


@pytest.mark.parametrize(
    ("model", "size", "millions"),
    [
        ("gpt", "124m", 124.8),
        pytest.param("gpt", "1b", 1_076.2, marks=every_size),
        pytest.param("vit", "base", 86.6, marks=every_size),
        pytest.param("resnet", "50", 25.55, marks=every_size),
    ],
)
def test_a_step_compiles_on_eight_devices_that_share_its_state(
    model: str, size: str, millions: float
) -> None:
    environment = {
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
    }
    command = [sys.executable, "-m", "tests.compute.models.shard_sizes", model, size]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found = json.loads(done.stdout)
    assert found["parameters"] == pytest.approx(millions * 1e6, rel=1e-3)
    # fsdp=2 and tensor=2 leave each device a quarter of the float32 parameters and of the
    # optimizer's two moments, and its examples; the step has the gradient besides
    share = 4 * found["parameters"] / 4
    assert 3 * share <= found["argument_bytes"] < 1.2 * 3 * share
    assert found["bytes"] > found["argument_bytes"] + share


@pytest.mark.parametrize("model", SIZES)
def test_every_size_is_a_valid_specification(model: str) -> None:
    counts = []
    for size in SIZES[model]:
        data = TEXT if model == "gpt" else IMAGES
        spec = design(model, size, data, "targets" if model == "gpt" else "label")
        assert spec.output_shape[-1] == (256 if model == "gpt" else 5)
        counts.append(sum(map(math.prod, spec.parameter_shapes().values())))
    assert counts == sorted(counts)


@pytest.mark.parametrize(
    ("model", "size", "data", "target", "sentence"),
    [
        ("gpt", "huge", TEXT, "targets", "gpt tiny, mini, 124m, 1b"),
        ("lstm", "tiny", TEXT, "targets", "no model lstm"),
        ("gpt", "tiny", TEXT, "label", "no column 'label'"),
        ("vit", "small", TEXT, "targets", "not one class"),
        ("gpt", "tiny", IMAGES, "label", "reads one input of shape"),
        ("mlp", "tiny", {**IMAGES, "image": IMAGES["image"].astype(np.int64)}, "label", "int64"),
    ],
)
def test_data_that_does_not_fit_is_refused(
    model: str, size: str, data: dict[str, np.ndarray], target: str, sentence: str
) -> None:
    with pytest.raises(ModelError, match=sentence):
        design(model, size, data, target)
