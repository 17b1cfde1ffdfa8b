"""For each operation, a recipe that adds one valid step of it to a random program."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from compute.program.operations import OPERATIONS
from compute.program.types import DType, Type

if TYPE_CHECKING:
    from tests.support.random_programs import Maker

Recipe = Callable[["Maker", str], object]


def _clean(m: Maker, name: str) -> bool:
    """Deciding steps are mostly kept from SATURATED operands."""
    return OPERATIONS[name].decides and m.rng.random() < 0.8


def constant(m: Maker, name: str) -> None:
    m.constant(Type(m.any_dtype(), m.shape()))


def anything(m: Maker, name: str) -> None:
    m.step(name, m.value(Type(m.any_dtype(), m.shape())))


def iota(m: Maker, name: str) -> None:
    shape = m.shape(m.rng.choice((1, 2, 3)))
    m.step("iota", dtype=m.number_dtype(), shape=shape, axis=m.rng.randrange(len(shape)))


def floats(m: Maker, name: str) -> None:
    m.step(name, m.value(Type(DType.F24, m.shape()), _clean(m, name)))


def two_floats(m: Maker, name: str) -> None:
    kind = Type(DType.F24, m.shape())
    m.step(name, m.value(kind), m.value(kind))


def number(m: Maker, name: str) -> None:
    m.step(name, m.value(Type(m.number_dtype(), m.shape())))


def two_numbers(m: Maker, name: str) -> None:
    kind = Type(m.number_dtype(), m.shape())
    m.step(name, m.value(kind), m.value(kind))


def round_(m: Maker, name: str) -> None:
    m.step(name, m.value(Type(DType.F24, m.shape())), mode=m.rng.choice(("even", "away")))


def integer_power(m: Maker, name: str) -> None:
    m.step(
        name, m.value(Type(DType.F24, m.shape())), exponent=m.rng.choice((-3, -1, 0, 1, 2, 3, 7))
    )


def power(m: Maker, name: str) -> None:
    kind = Type(DType.F24, m.shape())
    (whole,) = m.step("round", m.value(kind), mode="even")
    m.step(name, m.value(kind), m.rng.choice((whole, m.value(kind))))


def two_bits(m: Maker, name: str) -> None:
    kind = Type(m.bits_dtype(), m.shape())
    m.step(name, m.value(kind), m.value(kind))


def bits(m: Maker, name: str) -> None:
    m.step(name, m.value(Type(m.bits_dtype(), m.shape())))


def integers(m: Maker, name: str) -> None:
    m.step(name, m.value(Type(m.integer_dtype(), m.shape())))


def shift(m: Maker, name: str) -> None:
    kind = Type(m.integer_dtype(), m.shape())
    by = m.small(kind, 9) if m.rng.random() < 0.6 else m.value(kind)
    m.step(name, m.value(kind), by)


def compare(m: Maker, name: str) -> None:
    kind = Type(m.any_dtype(), m.shape())
    clean = _clean(m, name)
    m.step(name, m.value(kind, clean), m.value(kind, clean))


def select(m: Maker, name: str) -> None:
    kind = Type(m.any_dtype(), m.shape())
    shape = m.rng.choice((kind.shape, ()))
    if m.rng.random() < 0.6:
        which, cases = m.value(Type(DType.BOOL, shape)), 2
    else:
        which, cases = m.small(Type(DType.I32, shape), 5), m.rng.randint(1, 4)
    m.step(name, which, *(m.value(kind) for _ in range(cases)))


def convert(m: Maker, name: str) -> None:
    source, to = m.any_dtype(), m.any_dtype()
    if source is not to:
        m.step(name, m.value(Type(source, m.shape()), _clean(m, name)), dtype=to)


_PAIRS = (
    (DType.F24, DType.I32), (DType.F24, DType.U32), (DType.I32, DType.F24), (DType.U32, DType.F24),
    (DType.I8, DType.U8), (DType.U16, DType.I16), (DType.I32, DType.U32),
)  # fmt: skip


def bitcast(m: Maker, name: str) -> None:
    source, to = m.rng.choice(_PAIRS)
    m.step(name, m.value(Type(source, m.shape()), _clean(m, name)), dtype=to)


def broadcast(m: Maker, name: str) -> None:
    shape = m.shape(m.rng.choice((1, 2, 3)))
    axes = tuple(i for i in range(len(shape)) if m.rng.random() < 0.6)
    source = tuple(m.rng.choice((shape[i], 1)) for i in axes)
    m.step(name, m.value(Type(m.any_dtype(), source)), shape=shape, axes=axes)


def reshape(m: Maker, name: str) -> None:
    source = m.shape()
    kind = Type(m.any_dtype(), source)
    shape = m.rng.choice(((kind.size,), (1, kind.size), source[::-1], (*source, 1)))
    m.step(name, m.value(kind), shape=shape)


def transpose(m: Maker, name: str) -> None:
    shape = m.shape()
    order = list(range(len(shape)))
    m.rng.shuffle(order)
    m.step(name, m.value(Type(m.any_dtype(), shape)), permutation=tuple(order))


def slice_(m: Maker, name: str) -> None:
    shape = m.shape(most=6)
    start = tuple(m.rng.randint(0, n) for n in shape)
    stop = tuple(m.rng.randint(a, n) for a, n in zip(start, shape, strict=True))
    stride = tuple(m.rng.randint(1, 3) for _ in shape)
    m.step(name, m.value(Type(m.any_dtype(), shape)), start=start, stop=stop, stride=stride)


def pad(m: Maker, name: str) -> None:
    kind = Type(m.any_dtype(), m.shape())
    widths = []
    for size in kind.shape:
        interior = m.rng.choice((0, 0, 1, 2))
        low = m.rng.randint(-1, 2)
        full = size + (size - 1) * interior if size else 0
        widths.append((low, max(m.rng.randint(-1, 2), -full - low), interior))
    m.step(name, m.value(kind), m.value(Type(kind.dtype)), widths=tuple(widths))


def concatenate(m: Maker, name: str) -> None:
    shape, dtype = m.shape(m.rng.choice((1, 2, 3))), m.any_dtype()
    axis = m.rng.randrange(len(shape))
    kinds = [
        Type(dtype, (*shape[:axis], m.size(), *shape[axis + 1 :]))
        for _ in range(m.rng.randint(1, 3))
    ]
    m.step(name, *(m.value(kind) for kind in kinds), axis=axis)


def _some_axes(m: Maker, rank: int) -> tuple[int, ...]:
    return tuple(i for i in range(rank) if m.rng.random() < 0.6)


def reverse(m: Maker, name: str) -> None:
    shape = m.shape()
    m.step(name, m.value(Type(m.any_dtype(), shape)), axes=_some_axes(m, len(shape)))


def _roles(m: Maker, shape: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Dropped, batched and window axes of an operand, and a few axes for the index vector."""
    roles = [m.rng.choice("dwwb" if n else "ww") for n in shape]
    kinds = [tuple(i for i, r in enumerate(roles) if r == role) for role in "dbw"]
    free = [i for i, r in enumerate(roles) if r != "b"]
    m.rng.shuffle(free)
    return (*kinds, tuple(free[: m.rng.choice((0, 1, 1, 2, 3))]))


def _indices(
    m: Maker, shape: tuple[int, ...], batch: tuple[int, ...], depth: int
) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Index vectors (a value), their axes that are batched, and their other axes' shape."""
    outer = [(n, i) for i, n in enumerate([shape[a] for a in batch])]
    outer += [(m.size(), -1) for _ in range(m.rng.choice((0, 1, 1, 2)))]
    m.rng.shuffle(outer)
    where = tuple([i for _, i in outer].index(k) for k in range(len(batch)))
    sizes = tuple(n for n, _ in outer)
    dtype = m.rng.choice((DType.I32, DType.I32, DType.I8, DType.U32))
    return m.small(Type(dtype, (*sizes, depth)), 5), where, sizes


def _positions(m: Maker, count: int, rank: int) -> tuple[int, ...]:
    return tuple(sorted(m.rng.sample(range(rank), count)))


def gather(m: Maker, name: str) -> None:
    kind = Type(m.any_dtype(), m.shape())
    dropped, batch, window, index_map = _roles(m, kind.shape)
    indices, where, outer = _indices(m, kind.shape, batch, len(index_map))
    sizes = tuple(
        m.rng.randint(min(1, n), n) if i in window else 1 for i, n in enumerate(kind.shape)
    )
    m.step(
        name,
        m.value(kind),
        indices,
        offset_dims=_positions(m, len(window), len(window) + len(outer)),
        collapsed_slice_dims=dropped,
        start_index_map=index_map,
        operand_batching_dims=batch,
        start_indices_batching_dims=where,
        slice_sizes=sizes,
        mode=m.rng.choice(("clip", "fill")),
    )


def scatter(m: Maker, name: str) -> None:
    kinds = ("set", "add", "mul", "min", "max")
    how = m.rng.choice(kinds)
    kind = Type(m.any_dtype() if how == "set" else m.number_dtype(), m.shape())
    dropped, batch, window, index_map = _roles(m, kind.shape)
    indices, where, outer = _indices(m, kind.shape, batch, len(index_map))
    rank = len(window) + len(outer)
    dims = _positions(m, len(window), rank)
    inner = iter([m.rng.randint(min(1, n), n) for n in (kind.shape[a] for a in window)])
    rest = iter(outer)
    updates = Type(kind.dtype, tuple(next(inner) if i in dims else next(rest) for i in range(rank)))
    m.step(
        name,
        m.value(kind),
        indices,
        m.value(updates),
        kind=how,
        update_window_dims=dims,
        inserted_window_dims=dropped,
        scatter_dims_to_operand_dims=index_map,
        operand_batching_dims=batch,
        scatter_indices_batching_dims=where,
        mode=m.rng.choice(("clip", "drop")),
    )


def _starts(m: Maker, rank: int) -> list[int]:
    return [m.small(Type(m.rng.choice((DType.I32, DType.U8))), 6) for _ in range(rank)]


def dynamic_slice(m: Maker, name: str) -> None:
    shape = m.shape()
    sizes = tuple(m.rng.randint(0, n) for n in shape)
    operand = m.value(Type(m.any_dtype(), shape))
    m.step(name, operand, *_starts(m, len(shape)), sizes=sizes)


def dynamic_update_slice(m: Maker, name: str) -> None:
    kind = Type(m.any_dtype(), m.shape())
    update = Type(kind.dtype, tuple(m.rng.randint(0, n) for n in kind.shape))
    m.step(name, m.value(kind), m.value(update), *_starts(m, kind.rank))


def reduction(m: Maker, name: str) -> None:
    kind = Type(m.number_dtype(), m.shape(most=6))
    m.step(name, m.value(kind), axes=_some_axes(m, kind.rank))


def bit_reduction(m: Maker, name: str) -> None:
    kind = Type(m.bits_dtype(), m.shape())
    m.step(name, m.value(kind), axes=_some_axes(m, kind.rank))


def position(m: Maker, name: str) -> None:
    shape = tuple(max(1, n) for n in m.shape(m.rng.choice((1, 2, 3))))
    operand = m.value(Type(m.number_dtype(), shape), _clean(m, name))
    m.step(name, operand, axis=m.rng.randrange(len(shape)), dtype=m.integer_dtype())


def prefix(m: Maker, name: str) -> None:
    kind = Type(m.number_dtype(), m.shape(m.rng.choice((1, 2, 3)), most=6))
    if name == "cumlogsumexp":
        kind = Type(DType.F24, kind.shape)
    axis = m.rng.randrange(kind.rank)
    m.step(name, m.value(kind), axis=axis, reverse=m.rng.random() < 0.5)


def window(m: Maker, name: str) -> None:
    kind = Type(m.number_dtype(), m.shape(m.rng.choice((1, 2)), most=6))
    axes = range(kind.rank)
    m.step(
        name,
        m.value(kind),
        size=tuple(m.rng.randint(1, 3) for _ in axes),
        strides=tuple(m.rng.randint(1, 2) for _ in axes),
        padding=tuple((m.rng.randint(-1, 2), m.rng.randint(-1, 2)) for _ in axes),
        base_dilation=tuple(m.rng.choice((1, 1, 2)) for _ in axes),
        window_dilation=tuple(m.rng.choice((1, 1, 2)) for _ in axes),
    )


def sort(m: Maker, name: str) -> None:
    shape = m.shape(m.rng.choice((1, 2, 3)), most=6)
    count, clean = m.rng.randint(1, 3), _clean(m, name)
    operands = [m.value(Type(m.any_dtype(), shape), clean) for _ in range(count)]
    m.step(name, *operands, axis=m.rng.randrange(len(shape)), keys=m.rng.randint(1, count))


def top_k(m: Maker, name: str) -> None:
    shape = m.shape(m.rng.choice((1, 2, 3)), most=6)
    operand = m.value(Type(m.number_dtype(), shape), _clean(m, name))
    m.step(name, operand, k=m.rng.randint(0, shape[-1]))


def dot(m: Maker, name: str) -> None:
    batch = m.shape(m.rng.choice((0, 0, 1)), 3)
    contract = m.shape(m.rng.choice((0, 1, 1, 1, 2)), 6)
    dtype = DType.F24 if m.rng.random() < 0.8 else m.integer_dtype()
    sides = []
    for _ in range(2):
        free = m.shape(m.rng.choice((0, 1, 1, 2)), 4)
        tagged = [("b", i, n) for i, n in enumerate(batch)]
        tagged += [("c", i, n) for i, n in enumerate(contract)] + [("f", 0, n) for n in free]
        m.rng.shuffle(tagged)
        places = {(role, i): at for at, (role, i, _) in enumerate(tagged) if role != "f"}
        sides.append((Type(dtype, tuple(n for _, _, n in tagged)), places))
    (a, in_a), (b, in_b) = sides
    m.step(
        name,
        m.value(a),
        m.value(b),
        contract_a=tuple(in_a["c", i] for i in range(len(contract))),
        contract_b=tuple(in_b["c", i] for i in range(len(contract))),
        batch_a=tuple(in_a["b", i] for i in range(len(batch))),
        batch_b=tuple(in_b["b", i] for i in range(len(batch))),
    )


def convolution(m: Maker, name: str) -> None:
    rank, groups = m.rng.choice((0, 1, 1, 2)), m.rng.choice((1, 1, 2))
    wide, each = m.rng.randint(1, 2), m.rng.randint(1, 2)
    dtype = DType.F24 if m.rng.random() < 0.85 else m.integer_dtype()
    axes = range(rank)
    image = (m.rng.randint(1, 2), *(m.size(6) for _ in axes), wide * groups)
    kernel = (*(m.rng.randint(1, 3) for _ in axes), wide, each * groups)
    m.step(
        name,
        m.value(Type(dtype, image)),
        m.value(Type(dtype, kernel)),
        strides=tuple(m.rng.randint(1, 2) for _ in axes),
        padding=tuple((m.rng.randint(-1, 2), m.rng.randint(-1, 2)) for _ in axes),
        input_dilation=tuple(m.rng.choice((1, 1, 2)) for _ in axes),
        kernel_dilation=tuple(m.rng.choice((1, 1, 2)) for _ in axes),
        groups=groups,
    )


def _kinds(m: Maker, most: int) -> list[Type]:
    return [
        Type(m.any_dtype(), m.shape(m.rng.choice((0, 1, 2)), 3))
        for _ in range(m.rng.randint(0, most))
    ]


def scan(m: Maker, name: str) -> None:
    length = m.rng.choice((0, 1, 2, 3, 4))
    constants, carries, slices, made = (_kinds(m, 2) for _ in range(4))
    sequences = [Type(t.dtype, (length, *t.shape)) for t in slices]
    body = m.block([*constants, *carries, *slices], [*carries, *made], m.rng.randint(1, 4))
    m.step(
        name,
        *(m.value(kind) for kind in (*constants, *carries, *sequences)),
        body=body,
        length=length,
        constants=len(constants),
        carries=len(carries),
        reverse=m.rng.random() < 0.5,
    )


def cond(m: Maker, name: str) -> None:
    rest, results = _kinds(m, 3), [*_kinds(m, 2), Type(DType.F24, m.shape())]
    if m.rng.random() < 0.5:
        index, count = m.value(Type(DType.BOOL)), 2
    else:
        index, count = m.small(Type(DType.I32), 4), m.rng.randint(1, 3)
    branches = tuple(m.block(rest, results, m.rng.randint(0, 3)) for _ in range(count))
    m.step(name, index, *(m.value(kind) for kind in rest), branches=branches)


def while_(m: Maker, name: str) -> None:
    """It counts up to a number that the data give; one time of ten beyond the limit."""
    from tests.support.random_programs import Maker as Inner

    kinds, fixed = _kinds(m, 2), _kinds(m, 1)
    counter = Type(DType.I32)
    most = m.rng.randint(1, 6)
    bound = m.small(counter, most + 1)
    condition = Inner(m.rng, [counter, counter, *kinds], None, m.depth + 1)
    (goes_on,) = condition.step("lt", 1, 0)
    body = Inner(m.rng, [*fixed, counter, *kinds], None, m.depth + 1)
    (after,) = body.step("add", len(fixed), body.number(counter, 1))
    body.grow(("add", "tanh", "dot", "select", "xor", "max", "sin"), m.rng.randint(0, 3))
    m.step(
        name,
        bound,
        *(m.value(kind) for kind in fixed),
        m.number(counter, 0),
        *(m.value(kind) for kind in kinds),
        condition=condition.builder.block([goes_on]),
        body=body.builder.block([after, *(body.value(kind) for kind in kinds)]),
        condition_constants=1,
        body_constants=len(fixed),
        limit=most if m.rng.random() < 0.8 else max(1, most - 2),
    )


_SPECIAL: dict[str, Recipe] = {
    "constant": constant, "stop_gradient": anything, "iota": iota, "round": round_,
    "integer_power": integer_power,
    "power": power, "atan2": two_floats, "select": select, "is_finite": floats,
    "convert": convert, "bitcast": bitcast, "not": bits, "population_count": integers,
    "count_leading_zeros": integers, "broadcast": broadcast, "reshape": reshape,
    "transpose": transpose, "slice": slice_, "pad": pad, "concatenate": concatenate,
    "reverse": reverse, "gather": gather, "scatter": scatter, "dynamic_slice": dynamic_slice,
    "dynamic_update_slice": dynamic_update_slice, "argmax": position, "argmin": position,
    "sort": sort, "top_k": top_k, "dot": dot, "convolution": convolution, "scan": scan,
    "cond": cond, "while": while_,
}  # fmt: skip
_GROUPS: dict[Recipe, tuple[str, ...]] = {
    two_numbers: ("add", "sub", "mul", "div", "rem", "max", "min"),
    number: ("neg", "abs", "sign"),
    two_bits: ("and", "or", "xor"),
    shift: ("shift_left", "shift_right_logical", "shift_right_arithmetic"),
    compare: ("eq", "ne", "lt", "le", "gt", "ge"),
    reduction: ("sum", "product", "maximum", "minimum"),
    bit_reduction: ("all", "any", "parity"),
    prefix: ("cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"),
    window: ("window_sum", "window_max", "window_min"),
}
_GROUPED = {name: recipe for recipe, names in _GROUPS.items() for name in names}
RECIPES: dict[str, Recipe] = {
    name: _SPECIAL.get(name) or _GROUPED.get(name) or floats for name in OPERATIONS
}
