"""The loss of a whole training set: stream batches, keep an integer per example, take the mean."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from compute.exact.interpreter import run
from compute.exact.losses import LOSSES
from compute.exact.staging import Halves, split
from compute.exact.transcript import merkle_root, shard_sums

Logits = Callable[[Any, Any], Array]

NOT_FINITE = "a parameter is not a finite number"
SATURATED = "an example saturates"


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.  If not `valid`, `reason` says why and the numbers are void."""

    loss: int
    valid: bool
    reason: str | None
    transcript: np.ndarray
    root: bytes
    shard_sums: list[int] = field(default_factory=list)


def evaluate(
    logits: Logits,
    params: Any,
    batches: Iterable[tuple[Any, Any]],
    *,
    loss: str = "cross_entropy",
    total: int,
    progress: Callable[[int], None] | None = None,
    carrier: str | None = None,
) -> Evaluation:
    """The exact loss of `params` on `total` examples.

    `logits(params, inputs)` maps a pytree of batched inputs [B, ...] to float32 [B, ...]; it is
    called with one example at a time (B = 1).  `batches` yields (inputs, targets) of any sizes in
    the set's order; each is sharded over all local devices.  `progress` is called with the number
    of examples done.  The result is the same for every batch size, backend and carrier.

    Raises UnsupportedPrimitive, and ValueError if the batches do not hold `total` examples.
    """
    if not _finite(params):
        return _invalid(NOT_FINITE)
    losses = np.zeros(total, np.int64)
    done, size = 0, 0
    mesh = Mesh(np.array(jax.local_devices()), ("examples",))
    with jax.enable_x64(True):
        prepared: dict[Any, Any] = {}
        params = jax.device_put(params, NamedSharding(mesh, PartitionSpec()))
        for inputs, targets in batches:
            count = len(targets)
            if done + count > total:
                raise ValueError(f"the batches hold more than {total} examples")
            size = max(size, -(-count // mesh.size) * mesh.size)
            batch = jax.tree.map(functools.partial(_padded, size=size), (inputs, targets))
            batch = jax.device_put(batch, NamedSharding(mesh, PartitionSpec("examples")))
            form = str(jax.tree.map(lambda x: (x.shape, x.dtype), batch))
            if form not in prepared:
                prepared[form] = prepare(logits, loss, carrier, params, batch)
            found, saturated = jax.device_get(prepared[form](batch))
            if saturated[:count].any():
                return _invalid(SATURATED)
            losses[done : done + count] = found[:count]
            done += count
            if progress is not None:
                progress(done)
    if done != total:
        raise ValueError(f"the batches hold {done} examples instead of {total}")
    mean = sum(map(int, losses)) // total if total else 0
    return Evaluation(mean, True, None, losses, merkle_root(losses), shard_sums(losses))


def example_loss(logits: Logits, loss: str, carrier: str | None) -> Callable[..., Any]:
    """(params, inputs, target) of one example -> (int64 loss, bool saturated), with x64 enabled.

    Positions are tracked when the target has any: where nothing inside an example is predicted
    from the rest of it, nothing can leak.
    """

    def one(params: Any, inputs: Any, target: Array) -> tuple[Array, Array]:
        batch = jax.tree.map(lambda x: jnp.asarray(x)[None], inputs)
        outputs, _, saturated = run(logits, params, (batch,), target.ndim > 0, carrier)
        value, out_of_range = LOSSES[loss](outputs[0].array[0], target)
        return value, saturated | out_of_range

    return one


def prepare(
    logits: Logits, loss: str, carrier: str | None, params: Any, batch: Any
) -> Callable[[Any], tuple[Array, Array]]:
    """A function from batches of the shape of `batch` to (int64 losses [B], bool saturated [B]).

    What depends on `params` alone is computed here, once.  x64 must be enabled.
    """
    shapes = jax.tree.map(_shape, (params, batch))
    first, second = _program(
        logits, loss, carrier, jax.tree.structure(shapes), *jax.tree.leaves(shapes)
    )
    kept = first(*jax.tree.leaves(params))

    def step(batch: Any) -> tuple[Array, Array]:
        losses, saturated = second(kept, *jax.tree.leaves(batch))
        return losses, saturated

    return step


def _shape(x: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(np.shape(x), jnp.result_type(x))


@functools.lru_cache(maxsize=32)
def _program(logits: Logits, loss: str, carrier: str | None, tree: Any, *shapes: Any) -> Halves:
    """The two halves for these shapes of (params, (inputs, targets)), compiled once."""
    one = jax.vmap(example_loss(logits, loss, carrier), in_axes=(None, 0, 0))
    params, batch = jax.tree.unflatten(tree, shapes)
    closed = jax.make_jaxpr(one)(params, *batch)
    return split(closed, len(jax.tree.leaves(params)))


def _padded(x: Any, size: int) -> np.ndarray:
    """Repeat the first example up to `size`, so that a short batch needs no second compilation."""
    x = np.asarray(x)
    return np.concatenate([x, np.broadcast_to(x[:1], (size - len(x), *x.shape[1:]))])


def _finite(params: Any) -> bool:
    """No NaN and no infinity, by the exponent bits: no floating-point comparison is trusted."""
    for leaf in jax.tree.leaves(params):
        x = np.asarray(leaf)
        if np.issubdtype(x.dtype, np.floating):
            bits = x.astype(np.float32, copy=False).view(np.uint32)
            if bool(np.any(bits & 0x7F800000 == 0x7F800000)):
                return False
    return True


def _invalid(reason: str) -> Evaluation:
    nothing = np.zeros(0, np.int64)
    return Evaluation(0, False, reason, nothing, merkle_root(nothing))
