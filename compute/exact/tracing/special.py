"""Special functions, written out: Bessel, zeta and polygamma, incomplete gamma and beta.

Results for arguments outside the domain are SATURATED.  Sources: Chebyshev coefficients from
Moshier's Cephes (i0ef, i1ef); Euler-Maclaurin for Hurwitz' zeta; series and continued fractions by
DLMF 8.11.4, 8.9.2 and 8.17.22, the latter two by Lentz' method.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from compute.exact.tracing.compositions import composed

_PRECISION = np.float32(2.0**-24)
_TINY = np.float32(2.0**-80)  # in place of a divisor that is 0
_I0E = (
    [-1.30002500998624804212e-8, 6.04699502254191894932e-8, -2.67079385394061173391e-7,
     1.11738753912010371815e-6, -4.41673835845875056359e-6, 1.64484480707288970893e-5,
     -5.75419501008210370398e-5, 1.88502885095841655729e-4, -5.76375574538582365885e-4,
     1.63947561694133579842e-3, -4.32430999505057594430e-3, 1.05464603945949983183e-2,
     -2.37374148058994688156e-2, 4.93052842396707084878e-2, -9.49010970480476444210e-2,
     1.71620901522208775349e-1, -3.04682672343198398683e-1, 6.76795274409476084995e-1],
    [3.39623202570838634515e-9, 2.26666899049817806459e-8, 2.04891858946906374183e-7,
     2.89137052083475648297e-6, 6.88975834691682398426e-5, 3.36911647825569408990e-3,
     8.04490411014108831608e-1],
)  # fmt: skip
_I1E = (
    [9.38153738649577178388e-9, -4.44505912879632808065e-8, 2.00329475355213526229e-7,
     -8.56872026469545474066e-7, 3.47025130813767847674e-6, -1.32731636560394358279e-5,
     4.78156510755005422638e-5, -1.61760815825896745588e-4, 5.12285956168575772895e-4,
     -1.51357245063125314899e-3, 4.15642294431288815669e-3, -1.05640848946261981558e-2,
     2.47264490306265168283e-2, -5.29459812080949914269e-2, 1.02643658689847095384e-1,
     -1.76416518357834055153e-1, 2.52587186443633654823e-1],
    [-3.83538038596423702205e-9, -2.63146884688951950684e-8, -2.51223623787020892529e-7,
     -3.88256480887769039346e-6, -1.10588938762623716291e-4, -9.76109749136146840777e-3,
     7.78576235018280120474e-1],
)  # fmt: skip


def _chebyshev(x: Array, coefficients: Sequence[float]) -> Array:
    """By Clenshaw's recurrence; the constant term is the last."""
    b0, b1, b2 = jnp.full_like(x, coefficients[0]), jnp.zeros_like(x), jnp.zeros_like(x)
    for coefficient in coefficients[1:]:
        b0, b1, b2 = x * b0 - b1 + np.float32(coefficient), b0, b1
    return (b0 - b2) / 2


def _bessel(x: Array, coefficients: tuple[Sequence[float], Sequence[float]]) -> tuple[Array, Array]:
    """(of |x| up to 8, beyond), both times exp(-|x|)."""
    far = jnp.maximum(x, 8)
    return _chebyshev(x / 2 - 2, coefficients[0]), _chebyshev(
        32 / far - 2, coefficients[1]
    ) / jnp.sqrt(far)


@composed("bessel_i0e")
def _i0e(x: Array, **_: Any) -> Array:
    near, far = _bessel(jnp.abs(x), _I0E)
    return jnp.where(jnp.abs(x) <= 8, near, far)


@composed("bessel_i1e")
def _i1e(x: Array, **_: Any) -> Array:
    size = jnp.abs(x)
    near, far = _bessel(size, _I1E)
    return jnp.sign(x) * jnp.where(size <= 8, near * size, far)


# B(2j) / (2j)!
_BERNOULLI = (1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160)
_TERMS = 10


@composed("zeta")
def _zeta(s: Array, q: Array, **_: Any) -> Array:
    """Hurwitz' zeta for s > 1, q > 0: ten terms of the sum, and the rest as an integral."""
    s, q = jnp.broadcast_arrays(s, q)
    terms = jnp.stack([jnp.power(q + k, -s) for k in range(_TERMS)])
    end = q + _TERMS
    power = jnp.power(end, -s)
    rest = [power * end / (s - 1), power / 2]
    factor = s * power / end
    for j, number in enumerate(_BERNOULLI):
        rest.append(np.float32(number) * factor)
        factor = factor * (s + (2 * j + 1)) * (s + (2 * j + 2)) / (end * end)
    inside = (s > 1) & (q > 0)
    return jnp.where(inside, jnp.sum(terms, 0) + jnp.sum(jnp.stack(rest), 0), jnp.nan)


@composed("polygamma")
def _polygamma(n: Array, x: Array, **_: Any) -> Array:
    """(-1)**(n + 1) n! zeta(n + 1, x), and digamma for n = 0."""
    n, x = jnp.broadcast_arrays(n, x)
    sign = jnp.where(n % 2 == 0, -1.0, 1.0)
    order = jnp.maximum(n, 1)
    size = jnp.exp(lax.lgamma(order + 1)) * _zeta(order + 1, x)
    return jnp.where(n == 0, lax.digamma(x), sign * size)


def _until_small(
    step: Callable[[Array, Any], Any], start: Any, change: Callable[[Any], Array]
) -> Any:
    """State after as many steps as the slowest element needs for `change` to be rounding."""

    def goes_on(state: Any) -> Array:
        return jnp.any(change(state[1]) > _PRECISION)

    def once(state: Any) -> Any:
        return state[0] + 1, step(state[0], state[1])

    return lax.while_loop(goes_on, once, (jnp.float32(1), start))[1]


def _continued(
    numerator: Callable[[Array], Array], denominator: Callable[[Array], Array], b0: Array
) -> Array:
    """b0 + a1 / (b1 + a2 / (b2 + ..)) by Lentz' method."""

    def step(k: Array, state: Any) -> Any:
        _, c, d, value = state
        a, b = numerator(k), denominator(k)
        d = _not_zero(b + a * d)
        c = _not_zero(b + a / c)
        ratio = c / d
        return jnp.abs(ratio - 1), c, 1 / d, value * ratio

    ones, first = jnp.ones_like(b0), _not_zero(b0)
    return _until_small(step, (ones, first, jnp.zeros_like(b0), first), lambda state: state[0])[3]


def _not_zero(x: Array) -> Array:
    return jnp.where(x == 0, _TINY, x)


def _incomplete_gamma(a: Array, x: Array) -> tuple[Array, Array]:
    """(lower, upper), regularized, for a > 0 and x >= 0.  Near x = a the series takes terms like
    sqrt(a): from a of some 10**5 on its loop reaches the limit, which saturates the example."""
    a, x = jnp.broadcast_arrays(a, x)
    inside = (a > 0) & (x >= 0)
    safe = jnp.where(inside, a, 1.0)
    positive = jnp.where(inside & (x > 0), x, 1.0)
    factor = jnp.exp(safe * jnp.log(positive) - positive - lax.lgamma(safe))
    by_series = positive < safe + 1
    small = jnp.where(by_series, positive, 1e-3)
    large = jnp.where(by_series, safe + 2, positive)

    def term(k: Array, state: Any) -> Any:
        value, total = state
        value = value * small / (safe + k)
        return value, total + value

    first = 1 / safe
    _, total = _until_small(term, (first, first), lambda s: s[0] / s[1])
    b = large + 1 - safe
    fraction = _continued(lambda k: -k * (k - safe), lambda k: b + 2 * k, b)
    lower, upper = factor * total, factor / fraction
    lower = jnp.where(by_series, lower, 1 - upper)
    upper = jnp.where(by_series, 1 - lower, upper)
    lower, upper = jnp.where(x == 0, 0.0, lower), jnp.where(x == 0, 1.0, upper)
    return jnp.where(inside, lower, jnp.nan), jnp.where(inside, upper, jnp.nan)


@composed("igamma")
def _lower_gamma(a: Array, x: Array, **_: Any) -> Array:
    return _incomplete_gamma(a, x)[0]


@composed("igammac")
def _upper_gamma(a: Array, x: Array, **_: Any) -> Array:
    return _incomplete_gamma(a, x)[1]


@composed("regularized_incomplete_beta")
def _incomplete_beta(a: Array, b: Array, x: Array, **_: Any) -> Array:
    """For a, b > 0 and 0 <= x <= 1; by the symmetry where the fraction would be slow."""
    a, b, x = jnp.broadcast_arrays(a, b, x)
    inside = (a > 0) & (b > 0) & (x >= 0) & (x <= 1)
    a, b = jnp.where(inside, a, 1.0), jnp.where(inside, b, 1.0)
    turned = x > (a + 1) / (a + b + 2)
    within = jnp.where(inside & (x > 0) & (x < 1), x, 0.5)
    p, q = jnp.where(turned, b, a), jnp.where(turned, a, b)
    y = jnp.where(turned, 1 - within, within)

    def numerator(k: Array) -> Array:
        m = jnp.floor(k / 2)
        odd = -(p + m) * (p + q + m) * y / ((p + 2 * m) * (p + 2 * m + 1))
        even = m * (q - m) * y / ((p + 2 * m - 1) * (p + 2 * m))
        return jnp.where(k % 2 == 1, odd, even)

    fraction = _continued(numerator, lambda k: jnp.ones_like(y), jnp.ones_like(y))
    logarithm = lax.lgamma(p) + lax.lgamma(q) - lax.lgamma(p + q)
    value = jnp.exp(p * jnp.log(y) + q * jnp.log1p(-y) - logarithm) / (p * fraction)
    value = jnp.where(turned, 1 - value, value)
    value = jnp.where(x <= 0, 0.0, jnp.where(x >= 1, 1.0, value))
    return jnp.where(inside, value, jnp.nan)
