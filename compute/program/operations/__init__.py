"""The closed list of operations of F24/3."""

from compute.program.operation import Operation
from compute.program.operations import (
    arithmetic,
    control,
    elementary,
    logic,
    products,
    reductions,
    shape,
    structure,
)

_FAMILIES = (structure, arithmetic, elementary, logic, shape, reductions, products, control)

OPERATIONS: dict[str, Operation] = {o.name: o for f in _FAMILIES for o in f.OPERATIONS}
BY_CODE: dict[int, Operation] = {o.code: o for o in OPERATIONS.values()}
