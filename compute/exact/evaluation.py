"""The loss of a whole training set: stream batches, keep an integer per example, take the mean."""

from __future__ import annotations

import functools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.extend.core import ClosedJaxpr, Jaxpr
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from compute.exact.interpreter import run, trace
from compute.exact.losses import LOSSES, Loss
from compute.exact.staging import Halves, split
from compute.exact.transcript import merkle_root, shard_sums

Logits = Callable[[Any, Any], Array]

NOT_FINITE = "a parameter is not a finite number"
SATURATED = "an example saturates"
# batches handed to the devices before the oldest must be done: enough to keep them busy
AHEAD = 2
# A batch may take this much of a device's memory, where a program holds some ten arrays of the
# largest one's elements at a time, in float64; more examples than this gain nothing.
BATCH_BYTES, ARRAYS, MOST_EXAMPLES = 2**31, 80, 256


class Invalid(Exception):
    """The parameters have no loss on this set; the message is the reason."""


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.  If not `valid`, `reason` says why and the numbers are void."""

    loss: int
    valid: bool
    reason: str | None
    transcript: np.ndarray
    root: bytes
    shard_sums: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, transcript: np.ndarray) -> Evaluation:
        """From the int64 loss of every example, in the set's order."""
        sums = shard_sums(transcript)
        mean = sum(sums) // len(transcript) if len(transcript) else 0
        return cls(mean, True, None, transcript, merkle_root(transcript), sums)

    @classmethod
    def invalid(cls, reason: str) -> Evaluation:
        """Of parameters that have no loss on the set."""
        nothing = np.zeros(0, np.int64)
        return cls(0, False, reason, nothing, merkle_root(nothing))


class Evaluator:
    """The exact losses of one set of parameters, whose weights are put on their grids once.

    `logits(params, inputs)` maps a pytree of batched inputs [B, ...] to float32 [B, ...]; it is
    called with one example at a time (B = 1).  `loss` is a name in `losses.LOSSES`, or a function
    like those.  Batches are sharded over all local devices.
    Raises Invalid if a parameter is not finite.
    """

    def __init__(
        self,
        logits: Logits,
        params: Any,
        *,
        loss: str | Loss = "cross_entropy",
        carrier: str | None = None,
    ) -> None:
        if not _finite(params):
            raise Invalid(NOT_FINITE)
        self._mesh = Mesh(np.array(jax.local_devices()), ("examples",))
        self._model = (logits, loss, carrier)
        with jax.enable_x64(True):
            self._params = jax.device_put(params, NamedSharding(self._mesh, PartitionSpec()))
        self._prepared: dict[Any, Callable[[Any], tuple[Array, Array]]] = {}
        self._size = 0

    def losses(self, batches: Iterable[tuple[Any, Any]]) -> Iterator[np.ndarray]:
        """The int64 losses of each batch (inputs, targets), computed while the next is read.

        Batches may have any sizes; those of the size of the largest so far need no compilation.
        Raises Invalid at the first that saturates, UnsupportedPrimitive.
        """
        running: deque[tuple[int, tuple[Array, Array]]] = deque()
        for batch in batches:
            running.append((len(batch[1]), self._begin(batch)))
            if len(running) == AHEAD:
                yield _finished(*running.popleft())
        while running:
            yield _finished(*running.popleft())

    def _begin(self, batch: tuple[Any, Any]) -> tuple[Array, Array]:
        devices = self._mesh.size
        self._size = max(self._size, -(-len(batch[1]) // devices) * devices)
        batch = jax.tree.map(functools.partial(_padded, size=self._size), batch)
        with jax.enable_x64(True):
            batch = jax.device_put(batch, NamedSharding(self._mesh, PartitionSpec("examples")))
            form = str(jax.tree.map(lambda x: (x.shape, x.dtype), batch))
            if form not in self._prepared:
                self._prepared[form] = prepare(*self._model, self._params, batch)
            return self._prepared[form](batch)


def examples_at_once(logits: Logits, params: Any, inputs: Any) -> int:
    """How many examples shaped like those of `inputs` [1, ...] to put into a batch."""
    leaves, tree = jax.tree.flatten((params, inputs))
    closed, _ = trace(lambda leaves: logits(*jax.tree.unflatten(tree, leaves)), leaves)
    each = max(1, BATCH_BYTES // (ARRAYS * _largest(closed.jaxpr)))
    return min(each, MOST_EXAMPLES) * jax.local_device_count()


def _largest(jaxpr: Any) -> int:
    """Elements of the largest array that a jaxpr computes."""
    size = 1
    for equation in jaxpr.eqns:
        size = max([size, *(math.prod(var.aval.shape) for var in equation.outvars)])
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr):
            if _is_jaxpr(inner):
                size = max(size, _largest(getattr(inner, "jaxpr", inner)))
    return size


def _is_jaxpr(x: Any) -> bool:
    return isinstance(x, Jaxpr | ClosedJaxpr)


def _finished(count: int, results: tuple[Array, Array]) -> np.ndarray:
    losses, saturated = jax.device_get(results)
    if saturated[:count].any():
        raise Invalid(SATURATED)
    return losses[:count]


def evaluate(
    logits: Logits,
    params: Any,
    batches: Iterable[tuple[Any, Any]],
    *,
    loss: str | Loss = "cross_entropy",
    total: int,
    progress: Callable[[int], None] | None = None,
    carrier: str | None = None,
) -> Evaluation:
    """The exact loss of `params` on `total` examples.

    `batches` yields (inputs, targets) of any sizes in the set's order, for an `Evaluator`.
    `progress` is called with the number of examples done.  The result is the same for every batch
    size, number of devices, backend and carrier.

    Raises UnsupportedPrimitive, and ValueError if the batches do not hold `total` examples.
    """
    transcript = np.zeros(total, np.int64)
    done = 0
    try:
        for found in Evaluator(logits, params, loss=loss, carrier=carrier).losses(batches):
            if done + len(found) > total:
                raise ValueError(f"the batches hold more than {total} examples")
            transcript[done : done + len(found)] = found
            done += len(found)
            if progress is not None:
                progress(done)
    except Invalid as error:
        return Evaluation.invalid(str(error))
    if done != total:
        raise ValueError(f"the batches hold {done} examples instead of {total}")
    return Evaluation.of(transcript)


def example_loss(logits: Logits, loss: str | Loss, carrier: str | None) -> Callable[..., Any]:
    """(params, inputs, target) of one example -> (int64 loss, bool saturated), with x64 enabled.

    Positions are tracked when the target has any: where nothing inside an example is predicted
    from the rest of it, nothing can leak.
    """

    rule = LOSSES[loss] if isinstance(loss, str) else loss

    def one(params: Any, inputs: Any, target: Array) -> tuple[Array, Array]:
        batch = jax.tree.map(lambda x: jnp.asarray(x)[None], inputs)
        outputs, _, saturated = run(logits, params, (batch,), target.ndim > 0, carrier)
        value, out_of_range = rule(outputs[0].array[0], target)
        return value, saturated | out_of_range

    return one


def prepare(
    logits: Logits, loss: str | Loss, carrier: str | None, params: Any, batch: Any
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
def _program(
    logits: Logits, loss: str | Loss, carrier: str | None, tree: Any, *shapes: Any
) -> Halves:
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
