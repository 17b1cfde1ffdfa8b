"""Functions of complex numbers, both parts of each result."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from library.table import SQUARE, X, Y, call


def both(name: str, function: Callable[..., Any]) -> None:
    """A function of one complex array."""

    def parts(x: Any, y: Any) -> Any:
        z = function(x + 1j * y)
        return jnp.real(z), jnp.imag(z)

    call(f"complex {name}", parts, X, Y)


for function in (
    jnp.exp, jnp.expm1, jnp.log, jnp.log1p, jnp.sqrt, lax.rsqrt, jax.nn.sigmoid, jnp.sin, jnp.cos,
    jnp.tan, jnp.sinh, jnp.cosh, jnp.tanh, jnp.sign, jnp.reciprocal, jnp.square, jnp.conj, jnp.abs,
):  # fmt: skip
    both(function.__name__, function)

both("tanh far out", lambda z: jnp.tanh(40 * z))
both("power", lambda z: z ** (0.5 + 1j))
both("powers of 0", lambda z: jnp.where(z.real > 0, z, 0) ** jnp.arange(8))
both("negative power", lambda z: z**-3)
both("vander", lambda z: jnp.vander(z[0], 4))
both("cumprod", lambda z: jnp.cumprod(z, 1))
both("product", jnp.prod)
both("product of rows", lambda z: jnp.prod(z, 1))
both("quotient", lambda z: (z + 1) ** 2 / (1 + 1j * z.real))
both("real and complex", lambda z: (z.real @ z.T) @ z.imag)
both("dot", lambda z: z @ (z.imag - 1j * z.real).T)
both("convolve", lambda z: jnp.convolve(z[0], z[1]))
both("mean", lambda z: jnp.mean(z, 0))
call("hermitian", lambda a: jnp.real((a + 1j * a) @ jnp.conj(a - 2j * a).T), SQUARE)
