"""The decoder Transformer token by token: keys and values of what was read stay in a cache."""

import math
from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax.traverse_util import unflatten_dict

from compute.models.networks.attention import rotate
from compute.models.networks.transformer import Decoder, SwiGLU

Memory = list[tuple[jax.Array, jax.Array]]  # of each layer, keys and values [length, kv_heads, h]


class Cached:
    """Reads tokens of one text of at most `length` as `Decoder` does, each of them once."""

    def __init__(self, network: Decoder, length: int) -> None:
        self._network, self._length = network, length

    def prepared(self, params: Mapping[str, Any]) -> Any:
        """The parameters as `read` takes them: those of each layer apart, so that a step does not
        cut them out of the stack."""
        tree = unflatten_dict({name: jnp.asarray(value) for name, value in params.items()}, sep="/")
        stack = tree.pop("layers")
        layers = range(self._network.layers)
        return {**tree, "layers": [jax.tree.map(lambda a, i=i: a[i], stack) for i in layers]}

    def empty(self) -> Memory:
        """The memory of no tokens."""
        net = self._network
        nothing = jnp.zeros((self._length, net.kv_heads, net.width // net.heads), jnp.float32)
        return [(nothing, nothing)] * net.layers

    def read(
        self, params: Any, memory: Memory, tokens: jax.Array, first: jax.Array, last: jax.Array
    ) -> tuple[jax.Array, Memory]:
        """Read `tokens` int32 [n] at the positions from `first` on; float32 logits [vocab] of what
        follows the one with index `last`. What comes after it may be anything: it is written over
        before it is looked at."""
        positions = first + jnp.arange(len(tokens))
        x = params["embed"]["embedding"][tokens]
        after = []
        for layer, known in zip(params["layers"], memory, strict=True):
            mixed, known = self._attend(
                layer, _normal(layer["attention_norm"], x), known, positions
            )
            after.append(known)
            x = x + mixed
            part = SwiGLU(self._network.hidden, "float32")
            x = x + part.apply({"params": layer["mlp"]}, _normal(layer["mlp_norm"], x))
        x = _normal(params["norm"], x[last])
        head = params["embed"]["embedding"].T if self._network.tied else params["head"]["kernel"]
        return x @ head, after

    def _attend(
        self,
        layer: Any,
        x: jax.Array,
        known: tuple[jax.Array, jax.Array],
        positions: jax.Array,
    ) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        """x [n, D] -> [n, D], and what is known then."""
        part, base = layer["attention"], self._network.rope_base

        def project(name: str) -> jax.Array:
            return jnp.einsum("nd,dkh->nkh", x, part[name]["kernel"])

        query = rotate(project("query")[None], base, positions)[0]
        key = rotate(project("key")[None], base, positions)[0]
        keys, values = (
            jax.lax.dynamic_update_slice(old, new, (positions[0], 0, 0))
            for old, new in zip(known, (key, project("value")), strict=True)
        )
        mixed = jax.vmap(_look, (0, None, None, 0))(query, keys, values, positions)
        return jnp.einsum("nkh,khd->nd", mixed, part["output"]["kernel"]), (keys, values)


def _look(query: jax.Array, keys: jax.Array, values: jax.Array, position: jax.Array) -> jax.Array:
    """The values that a query [heads, h] finds up to its position, as `dot_product_attention`
    mixes them, which compiles to slower products where there is one query."""
    grouped = query.reshape(keys.shape[1], -1, keys.shape[2])
    scores = jnp.einsum("kgh,skh->kgs", grouped, keys) / math.sqrt(keys.shape[2])
    seen = jnp.arange(len(keys)) <= position
    shares = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf))
    return jnp.einsum("kgs,skh->kgh", shares, values).reshape(query.shape)


def _normal(params: Any, x: jax.Array) -> jax.Array:
    return jnp.asarray(nn.RMSNorm().apply({"params": params}, x))
