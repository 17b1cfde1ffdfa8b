"""The loss of a whole training set: stream batches, keep an integer per example, take the mean."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np
from jax import Array
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from compute.exact.carriers import CARRIERS, Carrier, default_carrier
from compute.exact.losses import LOSSES, Loss, fitted
from compute.exact.stages import Stages
from compute.exact.transcript import NOTHING, Node, merkle_top, shard_sums
from compute.program.program import Program

NOT_FINITE = "a parameter is not a finite number"
SATURATED = "an example saturates"
# batches handed to the devices before the oldest must be done: enough to keep them busy
AHEAD = 2
# A batch may take this much of a device's memory; more examples than this gain nothing.
BATCH_BYTES, MOST_EXAMPLES = 2**31, 256
# LLVM's default of 256 bits halves the float64 loops where AVX-512 is; elsewhere this does nothing.
# A tree of sums bounds an error that ours bound in any order, and costs several passes.
# YNNPACK is for products alone: its sums want what they add widened to float64 in memory first.
COMPILER_OPTIONS = {
    "xla_cpu_prefer_vector_width": 512,
    "xla_disable_hlo_passes": "tree_reduction_rewriter",
    "xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT",
}
# For long chains of integer operations that are fused with a reduction or a concatenation LLVM's
# vectorizer takes time that doubles with every operation (JAX 0.12): CPUs, which have the integer
# carrier only to be compared with, do without it.
INTEGERS_ON_CPU = COMPILER_OPTIONS | {"xla_backend_optimization_level": 0}

Arrays = Mapping[str, Any]


class Invalid(Exception):
    """The parameters have no loss on this set; the message is the reason."""


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluation.  If not `valid`, `reason` says why and the numbers are void.

    `loss` is floor(top.total / examples) in Q32.32 nats; `transcript` int64 >= 0.
    """

    loss: int
    valid: bool
    reason: str | None
    transcript: np.ndarray
    top: Node
    shard_sums: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, transcript: np.ndarray) -> Evaluation:
        """From the losses of every example, in the set's order."""
        top = merkle_top(transcript)
        loss = top.total // len(transcript) if len(transcript) else 0
        return cls(loss, True, None, transcript, top, shard_sums(transcript))

    @classmethod
    def invalid(cls, reason: str) -> Evaluation:
        """Of parameters that have no loss on the set."""
        return cls(0, False, reason, np.zeros(0, np.int64), NOTHING)


class Evaluator:
    """The exact losses of one set of parameters of a valid program.

    `params` are float32 arrays by the program's names; what depends on them alone is computed once.
    `loss` is a name in `losses.LOSSES`, or a function like those, of the program's first result and
    the target.  Batches are sharded over all local devices.
    Raises Invalid if a parameter is not finite, ValueError if they are not the program's, or if the
    program's first result has no loss.
    """

    def __init__(
        self,
        program: Program,
        params: Arrays,
        *,
        loss: str | Loss = "cross_entropy",
        carrier: str | None = None,
    ) -> None:
        _known("loss", loss, LOSSES)
        _known("carrier", carrier, CARRIERS)
        if not program.main.results or not program.main.result_types[0].dtype.is_float:
            raise ValueError("a loss is of numbers, and the program's first result is none")
        arrays = [_of_type(name, params, kind) for name, kind in program.parameters]
        if not all(map(_finite, arrays)):
            raise Invalid(NOT_FINITE)
        self._program, self._loss = program, loss
        self._mesh = Mesh(np.array(jax.local_devices()), ("examples",))
        self._compiled = _compiled(
            _ByIdentity(program), loss, carrier or default_carrier(), self._mesh
        )
        with jax.enable_x64(True):
            everywhere = NamedSharding(self._mesh, PartitionSpec())
            self._kept = self._compiled.first(jax.device_put(arrays, everywhere))
        self._size = 0

    def losses(self, batches: Iterable[tuple[Arrays, Any]]) -> Iterator[np.ndarray]:
        """The int64 losses of each batch (inputs by name [B, ...], targets [B, ...]), computed
        while the next is read.

        Batches may have any sizes; those of the size of the largest so far need no compilation.
        Raises Invalid at the first that saturates, ValueError at one that is not as the program
        and the loss say.
        """
        running: deque[tuple[int, tuple[Array, Array]]] = deque()
        for batch in batches:
            running.append((len(batch[1]), self._begin(*batch)))
            if len(running) == AHEAD:
                yield _finished(*running.popleft())
        while running:
            yield _finished(*running.popleft())

    def _begin(self, inputs: Arrays, targets: Any) -> tuple[Array, Array]:
        targets = _narrow(targets)
        if isinstance(self._loss, str):
            targets = fitted(self._loss, self._program.main.result_types[0].shape, targets)
        devices = self._mesh.size
        self._size = max(self._size, -(-len(targets) // devices) * devices)
        arrays = [_narrow(inputs[name]) for name, _ in self._program.inputs]
        for (name, kind), x in zip(self._program.inputs, arrays, strict=True):
            if x.shape[1:] != kind.shape or x.dtype != kind.dtype.numpy:
                raise ValueError(
                    f"the input {name!r} is {x.dtype}{list(x.shape[1:])} and not {kind}"
                )
            if len(x) != len(targets):
                raise ValueError(f"{len(x)} examples of {name!r} have {len(targets)} targets")
        batch = [_padded(x, self._size) for x in (*arrays, targets)]
        with jax.enable_x64(True):
            batch = jax.device_put(batch, NamedSharding(self._mesh, PartitionSpec("examples")))
            losses, saturated = self._compiled.second(self._kept, batch[:-1], batch[-1])
        return losses, saturated


@dataclass(frozen=True)
class _ByIdentity:
    """A program as a key of a cache: as large as it is, it is not compared."""

    program: Program

    def __hash__(self) -> int:
        return id(self.program)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and self.program is other.program


@dataclass(frozen=True)
class _Compiled:
    """first(params) -> kept; second(kept, inputs, targets) -> (int64 [B], bool [B])."""

    first: Callable[..., Any]
    second: Callable[..., Any]


@functools.lru_cache(maxsize=32)
def _compiled(key: _ByIdentity, loss: str | Loss, carrier: str, mesh: Mesh) -> _Compiled:
    """The two stages, compiled once for each shape they meet."""
    stages = Stages(key.program, CARRIERS[carrier])
    rule = LOSSES[loss] if isinstance(loss, str) else loss

    def second(kept: Any, inputs: list[Array], targets: Array) -> tuple[Array, Array]:
        outputs, saturated = stages.second(kept, inputs)
        one = jax.vmap(lambda y, target: rule(y, target, CARRIERS[carrier]))
        values, beyond = one(outputs[0], targets)
        return values, saturated | beyond

    everywhere, apart = PartitionSpec(), PartitionSpec("examples")
    # every device looks for undecided sums in its own examples, without waiting for the others
    sharded = jax.shard_map(
        second,
        mesh=mesh,
        in_specs=(everywhere, apart, apart),
        out_specs=(apart, apart),
        check_vma=False,
    )
    jit = functools.partial(jax.jit, compiler_options=compiler_options(CARRIERS[carrier]))
    return _Compiled(jit(stages.first), jit(sharded))


def compiler_options(carrier: Carrier) -> dict[str, Any]:
    """Of XLA, on the default backend."""
    slow = not carrier.float64 and jax.default_backend() == "cpu"
    return INTEGERS_ON_CPU if slow else COMPILER_OPTIONS


def examples_at_once(peak_bytes: int) -> int:
    """Return how many examples go into a batch, from the bytes that one needs."""
    each = max(1, BATCH_BYTES // max(1, peak_bytes))
    return min(each, MOST_EXAMPLES) * jax.local_device_count()


def _finished(count: int, results: tuple[Array, Array]) -> np.ndarray:
    losses, saturated = jax.device_get(results)
    if saturated[:count].any():
        raise Invalid(SATURATED)
    return losses[:count]


def evaluate_program(
    program: Program,
    params: Arrays,
    batches: Iterable[tuple[Arrays, Any]],
    *,
    loss: str | Loss = "cross_entropy",
    total: int,
    progress: Callable[[int], None] | None = None,
    carrier: str | None = None,
) -> Evaluation:
    """The exact loss of `params` on `total` examples.

    `batches` yields (inputs by name, targets) of any sizes in the set's order, for an `Evaluator`.
    `progress` is called with the number of examples done.  The result is the same for every batch
    size, number of devices, backend and carrier.

    Raises ValueError if the batches do not hold `total` examples, or none is asked for.
    """
    if total < 1:
        raise ValueError("no examples have no loss")
    transcript = np.zeros(total, np.int64)
    done = 0
    try:
        for found in Evaluator(program, params, loss=loss, carrier=carrier).losses(batches):
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


def _known(what: str, name: Any, names: Mapping[str, Any]) -> None:
    if isinstance(name, str) and name not in names:
        raise ValueError(f"the {what} {name!r} is none of {', '.join(names)}")


def _of_type(name: str, params: Arrays, kind: Any) -> np.ndarray:
    if name not in params or np.shape(params[name]) != kind.shape:
        raise ValueError(f"the program's parameter {name!r} is {kind}")
    return np.asarray(params[name], np.float32)


def _narrow(x: Any) -> np.ndarray:
    """Targets and inputs of 64 bits as those of 32 that programs have."""
    x = np.asarray(x)
    names = {"float64": "float32", "int64": "int32", "uint64": "uint32"}
    return x.astype(names[x.dtype.name]) if x.dtype.name in names else x


def _padded(x: np.ndarray, size: int) -> np.ndarray:
    """Repeat the first example up to `size`, so that a short batch needs no second compilation."""
    return np.concatenate([x, np.broadcast_to(x[:1], (size - len(x), *x.shape[1:]))])


def _finite(x: np.ndarray) -> bool:
    """No NaN and no infinity, by the exponent bits: no floating-point comparison is trusted."""
    bits = x.view(np.uint32)
    return not bool(np.any(bits & 0x7F800000 == 0x7F800000))
