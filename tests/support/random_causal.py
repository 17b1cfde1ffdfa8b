"""Random programs in which a row must not feel a later one: all ways to mix rows causally.

case = causal_program(7)      # one input "x" f24[ROWS, WIDTH], a parameter; every result has
                              # ROWS rows, and row t follows from rows 0 ... t alone
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from compute.program.builder import Builder
from compute.program.program import Program
from compute.program.types import DType, Type
from tests.support.random_values import elements

ROWS, WIDTH = 5, 3
ROW = Type(DType.F24, (ROWS, WIDTH))
SQUARE = Type(DType.F24, (WIDTH, WIDTH))
_UNARY = [
    "neg", "abs", "sign", "floor", "ceil", "sqrt", "rsqrt", "cbrt", "exp", "exp2", "expm1", "log",
    "log1p", "tanh", "logistic", "gelu", "erf", "erfc", "erf_inv", "lgamma", "digamma", "sin",
    "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh",
]  # fmt: skip
_TAME = ["tanh", "logistic", "gelu", "sin", "erf", "atan", "neg", "abs"]
_BINARY = ["add", "sub", "mul", "max", "min", "div", "rem", "atan2", "power"]


class _Maker:
    def __init__(self, rng: random.Random) -> None:
        self.rng, self.b = rng, Builder([SQUARE, ROW])
        self.rows = [1]

    def one(self, name: str, *operands: int, **attributes: object) -> int:
        return self.b.step(name, *operands, **attributes)[0]

    def row(self) -> int:
        return self.rng.choice(self.rows[-4:])

    def floats(self, shape: tuple[int, ...], data: list[float]) -> int:
        return self.b.constant(Type(DType.F24, shape), struct.pack(f"<{len(data)}f", *data))

    def indices(self, places: list[int]) -> int:
        data = struct.pack(f"<{len(places)}i", *places)
        return self.b.constant(Type(DType.I32, (len(places), 1)), data)

    def lower(self, yes: float, no: float) -> int:
        data = [yes if s <= t else no for t in range(ROWS) for s in range(ROWS)]
        return self.floats((ROWS, ROWS), data)

    # each of these: one array of rows from others

    def unary(self) -> int:
        names = _TAME if self.rng.random() < 0.6 else _UNARY
        return self.one(self.rng.choice(names), self.row())

    def binary(self) -> int:
        return self.one(self.rng.choice(_BINARY), self.row(), self.row())

    def scaled(self) -> int:
        factor = self.rng.choice([2.0**-40, 2.0**-11, 3.0, 2.0**11, 2.0**40])
        return self.one("mul", self.row(), self.floats(ROW.shape, [factor] * ROW.size))

    def mixed_features(self) -> int:
        return self._dot(self.row(), 0, (1,), (0,))

    def of_a_row(self) -> int:
        name = self.rng.choice(["sum", "maximum", "minimum", "product"])
        y = self.one(name, self.row(), axes=(1,))
        return self.one("broadcast", y, shape=ROW.shape, axes=(0,))

    def along_a_row(self) -> int:
        return self.one(
            self.rng.choice(["cumsum", "cummax", "cumprod"]), self.row(), axis=1,
            reverse=self.rng.random() < 0.5,
        )  # fmt: skip

    def sorted_features(self) -> int:
        return self.one("sort", self.row(), axis=1, keys=1)

    def prefixes(self) -> int:
        names = ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"]
        return self.one(self.rng.choice(names), self.row(), axis=0, reverse=False)

    def triangle(self) -> int:
        return self._dot(self.lower(1, 0), self.row(), (1,), (0,))

    def attention(self) -> int:
        x, y = self.row(), self.row()
        scores = self._dot(x, y, (1,), (1,))
        # a sum of products is at most 2**64
        far = self.rng.choice([2.0**65, 2.0**127])
        masked = self.one("add", scores, self.lower(0, -far))
        top = self.one("maximum", masked, axes=(1,))
        top = self.one("broadcast", top, shape=(ROWS, ROWS), axes=(0,))
        weights = self.one("exp", self.one("sub", masked, top))
        weights = self.one("mul", weights, self.lower(1, 0))
        total = self.one("sum", weights, axes=(1,))
        total = self.one("broadcast", total, shape=(ROWS, ROWS), axes=(0,))
        return self._dot(self.one("div", weights, total), y, (1,), (0,))

    def recurrence(self) -> int:
        state = Type(DType.F24, (WIDTH,))
        inner = Builder([SQUARE, state, state])
        (y,) = inner.step("dot", 1, 0, contract_a=(0,), contract_b=(0,), batch_a=(), batch_b=())
        (y,) = inner.step("add", y, 2)
        (y,) = inner.step(self.rng.choice(_TAME), y)
        start = self.floats((WIDTH,), [0.0] * WIDTH)
        return self.b.step(
            "scan", 0, start, self.row(), body=inner.block([y, y]), length=ROWS, constants=1,
            carries=1, reverse=False,
        )[1]  # fmt: skip

    def convolution(self) -> int:
        image = self.one("reshape", self.row(), shape=(1, ROWS, WIDTH))
        kernel = self.one("broadcast", 0, shape=(2, WIDTH, WIDTH), axes=(1, 2))
        step = self.rng.randint(1, 2)
        y = self.one(
            "convolution", image, kernel, strides=(1,), padding=((step, 0),), input_dilation=(1,),
            kernel_dilation=(step,), groups=1,
        )  # fmt: skip
        return self.one("reshape", y, shape=ROW.shape)

    def windows(self) -> int:
        size = self.rng.randint(1, ROWS)
        return self.one(
            self.rng.choice(["window_sum", "window_max", "window_min"]), self.row(),
            size=(size, 1), strides=(1, 1), padding=((size - 1, 0), (0, 0)), base_dilation=(1, 1),
            window_dilation=(1, 1),
        )  # fmt: skip

    def shifted(self) -> int:
        zero = self.floats((), [0.0])
        return self.one("pad", self.row(), zero, widths=((1, -1, 0), (0, 0, 0)))

    def gathered(self) -> int:
        places = [self.rng.randint(0, t) for t in range(ROWS)]
        return self.one(
            "gather", self.row(), self.indices(places), offset_dims=(1,),
            collapsed_slice_dims=(0,), start_index_map=(0,), operand_batching_dims=(),
            start_indices_batching_dims=(), slice_sizes=(1, WIDTH), mode="fill",
        )  # fmt: skip

    def scattered(self) -> int:
        places = [self.rng.randint(t, ROWS) for t in range(ROWS)]  # ROWS is outside
        return self.one(
            "scatter", self.row(), self.indices(places), self.row(),
            kind=self.rng.choice(["set", "add", "mul", "min", "max"]), update_window_dims=(1,),
            inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,),
            operand_batching_dims=(), scatter_indices_batching_dims=(), mode="drop",
        )  # fmt: skip

    def joined(self) -> int:
        both = self.one("concatenate", self.row(), self.row(), axis=1)
        start = self.rng.randint(0, WIDTH)
        return self.one("slice", both, start=(0, start), stop=(ROWS, start + WIDTH), stride=(1, 1))

    def _dot(self, a: int, b: int, left: tuple[int, ...], right: tuple[int, ...]) -> int:
        return self.one("dot", a, b, contract_a=left, contract_b=right, batch_a=(), batch_b=())


WITHIN = ["unary", "binary", "scaled", "mixed_features", "of_a_row", "along_a_row",
          "sorted_features", "joined"]  # fmt: skip
ACROSS = ["prefixes", "triangle", "attention", "recurrence", "convolution", "windows", "shifted",
          "gathered", "scattered"]  # fmt: skip


def causal_program(seed: int, steps: int = 5) -> tuple[Program, bytes]:
    """(a program, its parameter): by turns within rows and across them."""
    rng = random.Random(f"causal {seed}")
    maker = _Maker(rng)
    for i in range(steps):
        make: Callable[[], int] = getattr(maker, rng.choice(ACROSS if i % 2 == 0 else WITHIN))
        maker.rows.append(make())
    main = maker.b.block(maker.rows[1:])
    return Program((("w", SQUARE),), (("x", ROW),), main), elements(rng, SQUARE)
