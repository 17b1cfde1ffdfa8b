"""exact() under jit, vmap, shard_map and sharding, for linen and nnx: always the same numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from exact_families import FAMILIES
from flax import nnx
from jax.sharding import Mesh

from compute.exact import UnsupportedPrimitive, evaluate, exact

X = np.random.default_rng(0).standard_normal((16, 12)).astype(np.float32)
Y = (np.arange(16) % 3).astype(np.int32)
PARAMS = {
    "a": np.random.default_rng(1).standard_normal((12, 7)).astype(np.float32),
    "b": np.random.default_rng(2).standard_normal((7, 3)).astype(np.float32),
}


def logits(p, x):
    return jax.nn.softmax(jnp.tanh(x @ p["a"]) @ p["b"])


def bits(x):
    return np.asarray(x).view(np.uint32).tolist()


def on_a_mesh():
    """exact() under shard_map and under sharding, and evaluate(), over all devices here."""
    mesh = Mesh(np.array(jax.devices()), ("data",))
    spec, whole = jax.P("data"), jax.P()
    # our constants are the same everywhere, which the check of varying axes cannot see
    mapped = jax.shard_map(
        exact(logits), mesh=mesh, in_specs=(whole, spec), out_specs=spec, check_vma=False
    )
    placed = jax.device_put(X, jax.NamedSharding(mesh, spec))
    columns = {"a": jax.P(None, None), "b": jax.P()}
    split = {k: jax.device_put(v, jax.NamedSharding(mesh, columns[k])) for k, v in PARAMS.items()}
    return {
        "devices": len(jax.devices()),
        "shard_map": bits(jax.jit(mapped)(PARAMS, X)),
        "sharding": bits(jax.jit(exact(logits))(split, placed)),
        "evaluate": evaluate(logits, PARAMS, [(X, Y)], total=16).root.hex(),
    }


def test_eight_devices_give_the_numbers_of_one():
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, __file__], env=os.environ | flags, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    eight, one = json.loads(done.stdout), on_a_mesh()
    assert (eight.pop("devices"), one.pop("devices")) == (8, 1)
    assert eight == one
    assert eight["shard_map"] == eight["sharding"]


def test_vmap_over_examples_and_over_parameters():
    """Under vmap an example is what it is alone; a batch as an argument has one more axis, which
    could carry positions."""
    alone = [bits(exact(logits)(PARAMS, x)) for x in X[:2]]
    for f in (exact(logits), jax.jit(exact(logits))):
        assert bits(jax.vmap(f, (None, 0))(PARAMS, X[:2])) == alone
    two = jax.tree.map(lambda p: np.stack([p, p / 2]), PARAMS)
    both = jax.vmap(exact(logits), (0, None))(two, X[0])
    assert bits(both[0]) == alone[0] != bits(both[1])
    without = exact(logits, positions=False)
    assert bits(without(PARAMS, X)) == bits(jax.vmap(without, (None, 0))(PARAMS, X))


@pytest.mark.parametrize("name", ["mlp", "control_flow"])
def test_jit_changes_nothing(name):
    family = FAMILIES[name]()
    f = exact(family.logits)
    compiled = bits(jax.jit(f)(family.params, family.inputs))
    with jax.disable_jit():
        assert bits(f(family.params, family.inputs)) == compiled


def test_linen_and_nnx_are_the_same_model():
    class Linen(nn.Module):
        @nn.compact
        def __call__(self, x):
            return nn.Dense(3)(nn.gelu(nn.LayerNorm()(nn.Dense(8)(x))))

    class Nnx(nnx.Module):
        def __init__(self, rngs):
            self.first = nnx.Linear(12, 8, rngs=rngs)
            self.norm = nnx.LayerNorm(8, rngs=rngs)
            self.last = nnx.Linear(8, 3, rngs=rngs)

        def __call__(self, x):
            return self.last(nnx.gelu(self.norm(self.first(x))))

    linen = Linen()
    params = jax.tree.map(np.asarray, linen.init(jax.random.key(0), X)["params"])
    model = Nnx(nnx.Rngs(0))
    for ours, theirs in (("first", "Dense_1"), ("norm", "LayerNorm_0"), ("last", "Dense_0")):
        for name, value in params[theirs].items():
            getattr(getattr(model, ours), name).set_value(jnp.asarray(value))
    graph, state = nnx.split(model)
    first = exact(lambda p, x: linen.apply({"params": p}, x))(params, X)
    assert bits(first) == bits(exact(lambda s, x: nnx.merge(graph, s)(x))(state, X))


def strange(x):
    return jax.lax.erf_inv(x)


def test_an_unsupported_primitive_names_the_line_of_the_user_s_module():
    class Model(nn.Module):
        @nn.compact
        def __call__(self, x):
            return strange(nn.Dense(3)(x))

    model = Model()
    params = model.init(jax.random.key(0), X)
    line = strange.__code__.co_firstlineno + 1
    with pytest.raises(UnsupportedPrimitive, match=rf"erf_inv at .*{Path(__file__).name}:{line} "):
        exact(model.apply)(params, X)
    with pytest.raises(UnsupportedPrimitive, match="complex"):
        exact(lambda p, x: jnp.fft.fft(x).real * p)(np.float32(1), X)


if __name__ == "__main__":
    print(json.dumps(on_a_mesh()))
