"""Builds blocks step by step; every step is checked when it is added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compute.program import limits
from compute.program.attributes import check_attributes
from compute.program.operation import Operation, ProgramError, require
from compute.program.operations import OPERATIONS
from compute.program.program import Block, Constant, Step
from compute.program.types import Type


def check_type(kind: Type) -> None:
    """Raises ProgramError unless its rank, axes and elements are within the bounds."""
    require(kind.rank <= limits.RANK, f"{kind.rank} axes are more than {limits.RANK}")
    require(all(0 <= n <= limits.ELEMENTS for n in kind.shape), f"{kind} has too long an axis")
    require(kind.size <= limits.ELEMENTS, f"{kind} has more than 2^31 elements")


def checked_results(
    operation: Operation, attributes: Mapping[str, Any], operands: Sequence[Type]
) -> tuple[Type, ...]:
    """The result types of a step; raises ProgramError, which names the operation."""
    try:
        require(len(operands) <= limits.OPERANDS, f"{len(operands)} operands are too many")
        check_attributes(operation, attributes)
        results = operation.infer(attributes, operands)
        require(len(results) <= limits.OPERANDS, f"{len(results)} results are too many")
        for kind in results:
            check_type(kind)
    except ProgramError as error:
        raise ProgramError(f"{operation.name}: {error}") from None
    return results


class Builder:
    """A block in the making.  `types[n]` is the type of value n; the inputs come first."""

    def __init__(self, inputs: Iterable[Type]) -> None:
        self.inputs = tuple(inputs)
        self.types = list(self.inputs)
        self._steps: list[Step] = []
        for kind in self.inputs:
            check_type(kind)

    def step(self, name: str, *operands: int, **attributes: Any) -> tuple[int, ...]:
        """Add a step and return the numbers of its results.  Raises ProgramError."""
        require(name in OPERATIONS, f"{name!r} is not an operation")
        operation = OPERATIONS[name]
        require(
            all(0 <= number < len(self.types) for number in operands),
            f"{name}: operands {list(operands)} are not all defined yet",
        )
        require(attributes.keys() == operation.attributes.keys(), f"{name}: attributes differ")
        ordered = {key: attributes[key] for key in operation.attributes}
        results = checked_results(operation, ordered, [self.types[n] for n in operands])
        self._steps.append(Step(operation, operands, results, ordered))
        first = len(self.types)
        self.types.extend(results)
        return tuple(range(first, len(self.types)))

    def constant(self, kind: Type, data: bytes) -> int:
        """A constant from the little-endian elements of the whole array, or of one for all."""
        width = kind.dtype.bytes
        if kind.size > 1 and len(data) == kind.bytes and data == data[:width] * kind.size:
            data = data[:width]
        return self.step("constant", value=Constant(kind, data))[0]

    def block(self, results: Iterable[int]) -> Block:
        """The finished block.  Raises ProgramError for a result that does not exist."""
        chosen = tuple(results)
        require(
            all(0 <= number < len(self.types) for number in chosen),
            f"results {list(chosen)} are not all defined",
        )
        return Block(self.inputs, tuple(self._steps), chosen)
