"""Facts through sums of products: a factor that is zero lets nothing of the other through."""

from __future__ import annotations

import math
from collections.abc import Sequence

from compute.oracle import products
from compute.oracle.array import Array, Attributes, rows
from compute.oracle.number import LARGEST_PRODUCT_SUM
from compute.oracle.reach.fact import Fact, anything, known, union
from compute.oracle.reach.facts import Facts, Rule, tight
from compute.program.types import DType, Type


def _inner(a: list[Fact], b: list[Fact], sparse: bool) -> Fact:
    limit = LARGEST_PRODUCT_SUM
    if not sparse:
        return Fact(union(a) | union(b), -limit, limit)
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x != known(0) and y != known(0)]
    feels = union(f for pair in pairs for f in pair)
    return Fact(feels, -limit, limit) if pairs else known(0)


def _product_fact(a: list[Fact], b: list[Fact], sparse: bool, dtype: DType) -> Fact:
    found = _inner(a, b, sparse)
    return found if dtype.is_float or found.constant else anything(found.feels, dtype)


def dot(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    a, b = operands
    for left, right in (("contract_a", "contract_b"), ("batch_a", "batch_b")):
        for i, j in zip(attributes[left], attributes[right], strict=True):
            if a.held[i] != b.held[j]:
                a, b = a.with_axes((i,)), b.with_axes((j,))
    sides = []
    for side, batch, contract in (
        (a, attributes["batch_a"], attributes["contract_a"]),
        (b, attributes["batch_b"], attributes["contract_b"]),
    ):
        free = [i for i in range(len(side.held)) if i not in (*batch, *contract)]
        depth = math.prod(side.held[i] for i in contract)
        height = math.prod(side.held[i] for i in free)
        count = math.prod(side.held[i] for i in batch)
        data = rows(side.permuted([*batch, *free, *contract]), height * depth, count)
        held = [side.held[i] for i in batch], [side.held[i] for i in free]
        sides.append((held, [rows(m, depth, height) for m in data]))
    (held_a, left_), (held_b, right_) = sides
    zero = known(0)
    found = []
    for m, n in zip(left_, right_, strict=True):
        sparse_b = [zero in row for row in n]
        for row in m:
            sparse = zero in row
            found += [
                _product_fact(row, other, sparse or sparse_b[i], kind.dtype)
                for i, other in enumerate(n)
            ]
    return tight(Facts(kind, (*held_a[0], *held_a[1], *held_b[1]), found))


def convolution(attributes: Attributes, operands: Sequence[Facts], kind: Type) -> Facts:
    """Patches of the image; channels that are all alike are taken once."""
    image, kernel = (o.with_axes(range(o.type.rank)) for o in operands)
    pictures, weights = Array(image.type, image.data), Array(kernel.type, kernel.data)
    windows_ = products.all_windows(attributes, pictures, weights)
    groups, wide = attributes["groups"], kernel.type.shape[-2]
    last = kernel.type.rank - 1
    columns = rows(
        kernel.permuted([last, *range(last)]),
        math.prod(kernel.type.shape[:-1]),
        kernel.type.shape[-1],
    )
    each = len(columns) // groups
    size = math.prod(image.type.shape[1:])
    found = []
    for n in range(image.type.shape[0]):
        for window in windows_:
            for g in range(groups):
                patch = products.patch(image.data, n * size + g * wide, window, wide, known(0))
                mine = columns[g * each : (g + 1) * each]
                found += [_product_fact(patch, c, True, kind.dtype) for c in mine]
    return tight(Facts(kind, kind.shape, found))


RULES: dict[str, Rule] = {"dot": dot, "convolution": convolution}
