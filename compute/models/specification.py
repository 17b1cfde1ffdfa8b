"""The model specification: documents whose header has as sha256 the group's on-chain model hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from compute import canonical
from compute.about import UNSAID, About
from compute.models import document, initialisation
from compute.models.architecture import Architecture
from compute.models.columns import InputColumn
from compute.models.errors import ModelError
from compute.models.parameters import Axes, Parameters
from compute.models.parent import Parent, same
from compute.program import codec
from compute.program.operation import Cost, OtherForm, ProgramError
from compute.program.program import Program
from compute.program.validator import validate
from compute.trace.rows import CLASS, NUMBER, NotRefereed, Rows
from compute.trace.unroll import Target, unroll

if TYPE_CHECKING:  # importing JAX takes seconds, and a specification is often only read
    import jax

Fetch = Callable[[bytes], bytes]  # a block, by its sha256
WORD = 32
PIECE = 1 << 20  # bytes of the program in a block


@dataclass(frozen=True)
class ModelSpecification:
    """A model as its documents describe it. Specifications are compared by their design.

    What is computed is `program`, which anyone can run; `architecture` says where it came from and
    how its parameters start. `target` names the column to predict; squared errors are those of its
    values times 2**target_scale_log2, other losses take its integers.

    `given` is the program of a model that was read; a model of one's own makes its program by
    tracing its architecture, once. `read` and `parse` validate; the constructor trusts its caller
    until `encode`.
    """

    architecture: Architecture
    columns: tuple[InputColumn, ...]
    target: str
    loss: str = "cross_entropy"
    target_scale_log2: int | None = None
    seed: int = 0
    magnitude_log2: int = 16
    evaluator: str = "F24/3"
    parent: Parent | None = None
    about: About = UNSAID
    given: Program | None = field(default=None, repr=False, compare=False)

    @classmethod
    def parse(cls, data: bytes) -> ModelSpecification:
        """The design in `data`: a model whose program is still to be made. Raises ModelError."""
        spec = cls(**document.from_design(document.decoded(data)))
        document.check(spec)
        return spec

    @classmethod
    def read(cls, model_hash: bytes, fetch: Fetch) -> ModelSpecification:
        """The model with this hash, of blocks that `fetch` finds by their sha256 and has checked.

        Raises ModelError with the first fault found, and what `fetch` raises.
        """
        header, found = _fetched(model_hash, fetch)
        pieces = [fetch(piece) for piece in document.pieces_of(found)]
        if any(len(piece) != PIECE for piece in pieces[:-1]):
            raise ModelError("a piece of the program is cut short")
        design = cls._designed(found)
        try:
            program = codec.decode(b"".join(pieces))
        except ProgramError as error:
            from compute import exact

            if isinstance(error, OtherForm) and design.evaluator != exact.VERSION:
                raise ModelError(
                    f"the model is of {design.evaluator}, whose programs this version does not "
                    "read. Install the version that does, or fork: nrn group fork GROUP --upgrade."
                ) from None
            raise ModelError(f"the program is refused: {error}") from None
        spec = replace(design, given=program)
        document.check_program(spec, program)
        if spec.header != header:
            raise ModelError("the header's root is not that of the program's rows")
        return spec

    @classmethod
    def read_design(cls, model_hash: bytes, fetch: Fetch) -> ModelSpecification:
        """As `read`, but without the program, which may have the form of another version of the
        evaluator: what a fork needs to know of its parent. Its hash is not that of the model."""
        return cls._designed(_fetched(model_hash, fetch)[1])

    @staticmethod
    def read_names(model_hash: bytes, fetch: Fetch) -> list[bytes]:
        """The sha256 of every block that `read` fetches, the header's last. Raises ModelError."""
        header, found = _fetched(model_hash, fetch)
        return [*document.pieces_of(found), header[WORD:], model_hash]

    @classmethod
    def _designed(cls, found: dict[str, Any]) -> ModelSpecification:
        design = {key: value for key, value in found.items() if key != "program"}
        spec = cls(**document.from_design(design))
        document.check(spec)
        return spec

    @cached_property
    def program(self) -> Program:
        """The program of one example. Raises ModelError if it cannot be made."""
        if self.given is not None:
            return self.given
        from compute.models.making import program_of

        return program_of(self.architecture, self.columns)

    def design(self) -> bytes:
        """The canonical document without the program, as `parse` takes it."""
        return canonical.encode(document.to_design(self))

    def encode(self) -> bytes:
        """The canonical document. Raises ModelError if the specification is not valid."""
        document.check(ModelSpecification(**document.from_design(document.to_design(self))))
        document.check_program(self, self.program)
        pieces = [canonical.digest(piece).hex() for piece in self._pieces]
        return canonical.encode({**document.to_design(self), "program": pieces})

    @cached_property
    def _pieces(self) -> list[bytes]:
        whole = codec.encode(self.program)
        return [whole[start : start + PIECE] for start in range(0, len(whole), PIECE)]

    @cached_property
    def _unrolled(self) -> Rows | NotRefereed:
        try:
            return unroll(self.program, self.loss, self._compared)
        except NotRefereed as error:
            return error

    @property
    def unit(self) -> str:
        """What its losses are counted in, to be said after a number."""
        return "of squared error" if self.loss == "squared_error" else "nats"

    @property
    def rows(self) -> Rows | None:
        """The rows of one example's loss; None if it is not refereed."""
        return self._unrolled if isinstance(self._unrolled, Rows) else None

    @property
    def not_refereed(self) -> str | None:
        """Why no contract can judge a loss of this model; None if one can."""
        return str(self._unrolled) if isinstance(self._unrolled, NotRefereed) else None

    @property
    def _compared(self) -> Target:
        scale = self.target_scale_log2
        return Target(self.target, CLASS if scale is None else NUMBER + scale)

    @cached_property
    def rows_root(self) -> bytes:
        """The root over the rows, 32 bytes; zeros for a model that is not refereed."""
        return bytes(WORD) if self.rows is None else self.rows.root

    @cached_property
    def cost(self) -> Cost:
        """The cost of evaluating one example. Raises ModelError if that is too much."""
        try:
            return validate(self.program)
        except ProgramError as error:
            raise ModelError(f"the program is refused: {error}") from None

    @property
    def bytes_for_one(self) -> int:
        """Memory that an evaluation needs for each example, beside the parameters."""
        held = sum(kind.bytes for _, kind in self.program.parameters)
        return self.cost.scratch_bytes - held

    @cached_property
    def header(self) -> bytes:
        """The root over the rows, then the sha256 of the document: 64 bytes."""
        return self.rows_root + canonical.digest(self.encode())

    @cached_property
    def hash(self) -> bytes:
        """sha256 of the header: the on-chain model hash, 32 bytes."""
        return canonical.digest(self.header)

    def blocks(self) -> list[bytes]:
        """Everything `read` fetches, the header last."""
        return [*self._pieces, self.encode(), self.header]

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the columns that `logits` reads."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of what `logits` returns for one example."""
        return self.architecture.output_shape(self.columns)

    @property
    def target_shape(self) -> tuple[int, ...]:
        """Shape of the target of one example, as the loss takes it."""
        return self.output_shape[:-1] if self.loss == "cross_entropy" else self.output_shape

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every float32 parameter, by flat name ("Dense_0/kernel"), sorted by name."""
        return {name: parameter.shape for name, parameter in self._parameters.items()}

    def partition(self) -> dict[str, Axes]:
        """The logical axis (see `parameters.AXES`) of every dimension of every parameter."""
        return {name: parameter.axes for name, parameter in self._parameters.items()}

    def logits(
        self,
        params: Mapping[str, jax.Array],
        inputs: Mapping[str, jax.Array],
        *,
        compute_dtype: str = "float32",
        remat: bool = False,
    ) -> jax.Array:
        """float32 outputs [B, *output_shape] of the integer columns `inputs`, [B, *shape] each.

        The program in ordinary arithmetic: pure, traceable, differentiable. Columns that are not
        inputs of the model are ignored. Parameters stay float32 while products are computed in
        `compute_dtype`, "bfloat16" for example; with `remat` a gradient recomputes the steps of
        loops. The evaluation is defined by the program alone.
        """
        from compute.exact.derivative import derivative_form

        form = derivative_form(self.program, compute_dtype=compute_dtype, remat=remat)
        (outputs,) = form(params, {name: inputs[name] for name in self.inputs})
        return outputs

    def targets(self, column: np.ndarray) -> np.ndarray:
        """Convert the target column [B, ...] to the loss's target: [B, *target_shape], int32
        classes or float32 numbers."""
        column = np.asarray(column).reshape(len(column), *self.target_shape)
        if self.target_scale_log2 is None:  # no class, like -1, where it is no int32
            small = (column >= 0) & (column < 1 << 31)
            return np.where(small, column.astype(np.int32), np.int32(-1))
        return column.astype(np.float32) * np.float32(2.0**self.target_scale_log2)

    def losses(
        self,
        params: Mapping[str, jax.Array],
        inputs: Mapping[str, jax.Array],
        targets: jax.Array,
        *,
        compute_dtype: str = "float32",
        remat: bool = False,
        native: bool = False,
    ) -> jax.Array:
        """float32 losses [B], one an example: what training makes small, as the evaluator's
        integers in all but rounding. `targets` come from `targets`. With `native` the outputs are
        those of the architecture's own network (`making.agrees` says whether they are the same)."""
        from compute.models.losses import FUNCTIONS
        from compute.models.making import native_logits

        outputs = (
            native_logits(
                self.architecture,
                self.columns,
                params,
                inputs,
                compute_dtype=compute_dtype,
                remat=remat,
            )
            if native
            else self.logits(params, inputs, compute_dtype=compute_dtype, remat=remat)
        )
        return FUNCTIONS[self.loss](outputs, targets)

    @cached_property
    def has_native(self) -> bool:
        """Whether the architecture's own network, as installed here, computes what the program
        does: traced, it gives the same program, or, by another version of JAX, one whose outputs
        are the same on two made-up examples. A network of a stranger's code is not asked."""
        from compute.models.making import agrees, program_of

        if self.architecture.is_foreign:
            return False
        made = self.program if self.given is None else program_of(self.architecture, self.columns)
        if codec.encode(made) == codec.encode(self.program):
            return True
        inputs = {column.name: column.made_up(2) for column in self.columns}
        params = self.initial_parameters()
        return agrees(self.architecture, self.columns, self.logits, params, inputs)

    def initial_parameters(self) -> dict[str, np.ndarray]:
        """float32 parameters the genesis trainer starts from: the same bits on every machine."""
        return initialisation.initialise(self._parameters, self.seed)

    def adapt(self, parent_params: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """This fork's first parameters from those of the parent's accepted checkpoint.

        "seed" ignores them, "same" takes them as they are; other maps embed them so that the
        outputs stay the same function.
        Raises ModelError if this is no fork, or if the parameters do not fit inside it.
        """
        if self.parent is None:
            raise ModelError("this model has no parent to adapt parameters from")
        initial = self.initial_parameters()
        if self.parent.map == "seed":
            return initial
        if self.parent.map == "same":
            return same(parent_params, initial)
        inputs = sum(column.size for column in self.columns)
        return dict(self.architecture.adapt(self.parent.map, parent_params, initial, inputs))

    @cached_property
    def _parameters(self) -> Parameters:
        return dict(sorted(self.architecture.parameters(self.columns).items()))


def _fetched(model_hash: bytes, fetch: Fetch) -> tuple[bytes, dict[str, Any]]:
    """The header of a model, and its document."""
    header = fetch(model_hash)
    if len(header) != 2 * WORD:
        raise ModelError(f"a model's header has {2 * WORD} bytes, not {len(header)}")
    return header, document.decoded(fetch(header[WORD:]))
