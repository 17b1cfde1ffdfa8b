"""The interface of an architecture, without JAX."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from compute.models.columns import InputColumn
from compute.models.errors import ModelError
from compute.models.fields import Reader
from compute.models.parameters import Parameters

if TYPE_CHECKING:  # importing Flax takes seconds, and a specification is often only read
    import flax.linen as nn

    from compute.models.networks.decoding import Cached

Arrays = Mapping[str, np.ndarray]

MAX_LAYERS = 64
MAX_WIDTH = 1 << 16


class Architecture(ABC):
    """A network as its sizes alone: a frozen dataclass whose fields are the document's keys."""

    name: ClassVar[str]
    is_foreign: ClassVar[bool] = False  # made of Python that is not ours

    def document(self) -> dict[str, Any]:
        """The canonical part of the specification."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        lists = {key: list(value) for key, value in values.items() if isinstance(value, tuple)}
        return {"name": self.name, **values, **lists}

    @classmethod
    def reader(cls, document: Any) -> Reader:
        """The fields of a document of this architecture. Raises ModelError."""
        keys = " ".join(field.name for field in fields(cls))  # type: ignore[arg-type]
        return Reader(document, cls.name, f"name {keys}")

    @classmethod
    @abstractmethod
    def parse(cls, document: Any) -> Self:
        """From a hostile document. Raises ModelError."""

    @abstractmethod
    def output_shape(self, columns: Sequence[InputColumn]) -> tuple[int, ...]:
        """Shape of the outputs of one example; raises ModelError if it cannot read `columns`."""

    @abstractmethod
    def parameters(self, columns: Sequence[InputColumn]) -> Parameters:
        """Every parameter by its flat name in the Flax module's tree."""

    @abstractmethod
    def network(self, *, compute_dtype: str, remat: bool) -> nn.Module:
        """The Flax module: a mapping of columns [B, ...] -> outputs [B, *output_shape]."""

    def cached(self, length: int) -> Cached | None:
        """Make a decoder that reads up to `length` tokens one by one, with the whole network's
        results; None if only the whole can be read."""
        return None

    def adapt(self, map_: str, parent: Arrays, initial: Arrays, inputs: int) -> Arrays:
        """`parent`, parameters of a smaller network, in the shapes of `initial`, computing the same
        function; `inputs` is the number of input values. Raises ModelError if it cannot be so."""
        raise ModelError(f"a {self.name} has no map {map_!r} from its parent; it can be seeded")
