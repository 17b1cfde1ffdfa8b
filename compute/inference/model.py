"""A model with parameters, and the origin of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from compute.chain import Group
from compute.checkpoint import model_of
from compute.judging.retrieval import Parameters, deltas_until, load_incumbent, load_specification
from compute.models import ModelError, ModelSpecification
from compute.storage import Store
from compute.training_set import Schema
from compute.training_set.replay import genesis_manifest
from compute.training_set.tokeniser import Tokeniser, load

if TYPE_CHECKING:
    from compute.models.generate import Writer

AT_ONCE = 64  # examples that the device computes together


@dataclass(frozen=True)
class Origin:
    """The origin of parameters: what `nrn verify` and `nrn evaluate` check again.

    `loss` (Q32.32 nats) is what the chain accepted at `height` on `version` of the training set;
    None where no block of the group's own is told, as for a first checkpoint.
    """

    model: bytes
    checkpoint: bytes
    chain_id: int | None = None
    group: int | None = None
    voting: str | None = None
    height: int | None = None
    block: int | None = None
    trainer: str | None = None
    loss: int | None = None
    version: int | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """`parameters` are float32 by flat name; `schema` says what the data's integers mean to people,
    None where only a checkpoint is known; `tokeniser` is None where tokens are bytes."""

    specification: ModelSpecification
    parameters: Parameters
    origin: Origin
    schema: Schema | None = None
    tokeniser: Tokeniser | None = None

    def outputs(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """float32 [n, *output_shape] of integer columns [n, *shape], in ordinary arithmetic."""
        inputs = {name: np.asarray(columns[name]) for name in self.specification.inputs}
        count = len(next(iter(inputs.values())))
        found = [
            self._outputs({name: _padded(a[at : at + AT_ONCE]) for name, a in inputs.items()})
            for at in range(0, count, AT_ONCE)
        ]
        empty = np.empty((0, *self.specification.output_shape), np.float32)
        return np.concatenate([empty, *(np.asarray(part) for part in found)])[:count]

    @cached_property
    def writer(self) -> Writer:
        """Continues texts. Raises ModelError if the model is none of language."""
        from compute.models.generate import Writer

        return Writer(self.specification, self.parameters)

    def encode(self, text: str) -> list[int]:
        """The tokens of a text. Raises TokeniserError, ModelError."""
        if self.tokeniser is not None:
            return self.tokeniser.encode(text).tolist()
        self._check_bytes()
        return list(text.encode())

    def decode(self, tokens: list[int]) -> bytes:
        """The bytes of tokens. Raises ModelError."""
        if self.tokeniser is not None:
            return self.tokeniser.decode(tokens)
        self._check_bytes()
        return bytes(tokens)

    def labels(self) -> tuple[str, ...] | None:
        """The names of the classes, if the data has some."""
        return (
            None if self.schema is None else self.schema.labels(self.specification.target) or None
        )

    def column(self, name: str) -> Any:
        """Return the schema of a column; None if nothing is known of it."""
        columns = () if self.schema is None else self.schema.columns
        return next((column for column in columns if column.name == name), None)

    def _check_bytes(self) -> None:
        if self.specification.output_shape[-1] != 256:
            raise ModelError(
                "its tokens are not bytes, and the data does not name their tokeniser, as that of "
                "`nrn group create --tokeniser` does: there is no text to read or write"
            )

    @cached_property
    def _outputs(self) -> Any:
        import jax

        on_device = {name: jax.device_put(value) for name, value in self.parameters.items()}
        compiled = jax.jit(self.specification.logits)
        return lambda inputs: compiled(on_device, inputs)


def of_group(group: Group, store: Store, height: int | None = None) -> Model:
    """The model of a group with its accepted checkpoint, the last one or that of `height` (0: the
    first). Raises ModelError if there is none, BlockUnavailable, InvalidCheckpoint."""
    origin = _accepted(group, height)
    model = of_checkpoint(store, origin.checkpoint, origin.model)
    schema = genesis_manifest(store, deltas_until(group, 0)[0]).schema
    return replace(model, origin=origin, schema=schema)


def _accepted(group: Group, height: int | None) -> Origin:
    digest: bytes | None
    if height is None:
        incumbent = group.voting.incumbent()
        digest, height = incumbent.checkpoint_hash, incumbent.height
    else:
        digest = group.voting.accepted(height)
    if digest is None:
        raise ModelError(f"group {group.id} has accepted no block of height {height} yet")
    origin = Origin(
        group.model_hash, digest, group.chain.chain_id, group.id, group.voting.address, height
    )
    if height == 0:
        return origin
    (winner,) = group.voting.revealed([digest])
    start = group.slot(winner.block_index).start
    return replace(
        origin,
        block=winner.block_index,
        trainer=winner.trainer,
        loss=winner.loss,
        version=group.deltas.tips_at([start])[0][0],
    )


def of_checkpoint(store: Store, digest: bytes, model_hash: bytes | None = None) -> Model:
    """The model of any checkpoint in the store, or that with this hash, a fork's. Nothing of a
    chain is asked. Raises ModelError, BlockUnavailable, InvalidCheckpoint."""
    model_hash = model_hash or model_of(store, digest)
    specification = load_specification(store, model_hash)
    parameters = load_incumbent(store, specification, digest)
    words = load(store, specification.inputs)
    return Model(specification, parameters, Origin(model_hash, digest), None, words)


def _padded(part: np.ndarray) -> np.ndarray:
    """As many rows as are computed at once: one shape is compiled."""
    rest = np.zeros((AT_ONCE - len(part), *part.shape[1:]), part.dtype)
    return np.concatenate([part, rest])
