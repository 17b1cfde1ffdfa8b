"""Special functions beside those of `networks`, and distributions that need them."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy import special, stats

from library.table import COUNTS, POSITIVE, SHARE, UNIT, X, call, each

each(special, "special", "i0 i0e i1 i1e", X, tolerance=1e-5)
each(special, "special", "erfcx dawsn sici spence fresnel expi exp1", POSITIVE, tolerance=1e-4)
each(special, "special", "gammainc gammaincc beta poch", POSITIVE, SHARE, tolerance=1e-4)
call("special.gammaincc far out", lambda x, y: special.gammaincc(8 * x, 20 * y), POSITIVE, SHARE,
     tolerance=1e-4)  # fmt: skip
call(
    "special.gammainc ends",
    lambda x: (special.gammainc(x, 0.0), special.gammaincc(x, 0.0)),
    POSITIVE,
)
call("special.betainc", special.betainc, POSITIVE, POSITIVE[::-1].copy(), SHARE, tolerance=1e-4)
call(
    "special.betainc ends",
    lambda a: (special.betainc(a, 2.0, 0.0), special.betainc(a, 2.0, 1.0)),
    POSITIVE,
)
call("special.zeta", lambda x, q: special.zeta(1.5 + x, q), POSITIVE, SHARE, tolerance=1e-4)
call("special.polygamma", lambda x: tuple(special.polygamma(n, x) for n in (0, 1, 2, 3)), POSITIVE,
     tolerance=1e-4)  # fmt: skip
call("special.multigammaln", lambda x: special.multigammaln(3 + x, 2), POSITIVE, tolerance=1e-4)
call("special.boxcox", lambda x: special.boxcox(x, 0.5), POSITIVE, tolerance=1e-4)
call("special.expn", lambda x: special.expn(2, x), POSITIVE, tolerance=1e-4)
call("special.hyp2f1", lambda a, x: special.hyp2f1(a, 2.0, 3.0, x), POSITIVE, SHARE, tolerance=1e-4)
call("gradient of digamma", jax.grad(lambda x: lax.digamma(x).sum()), POSITIVE, tolerance=1e-4)
call("jnp.kaiser", lambda x: x * jnp.kaiser(8, 14.0), X, tolerance=1e-4)
call("stats.gamma.cdf", lambda x: stats.gamma.cdf(x, 2.0), POSITIVE, tolerance=1e-4)
call("stats.beta.cdf", lambda x: stats.beta.cdf(x, 2.0, 3.0), SHARE, tolerance=1e-4)
call("stats.poisson", lambda i: (stats.poisson.logpmf(i, 2.5), stats.poisson.cdf(i, 2.5)), COUNTS,
     tolerance=1e-4)  # fmt: skip
call("stats.vonmises.logpdf", lambda x: stats.vonmises.logpdf(x, 2.0), X, tolerance=1e-4)
call("stats.t.logpdf", lambda x: stats.t.logpdf(x, 3.0), X, tolerance=1e-4)
call("stats.dirichlet.logpdf", lambda x: stats.dirichlet.logpdf(x[0] / x[0].sum(), 2 * jnp.ones(8)),
     SHARE, tolerance=1e-4)  # fmt: skip
call("stats.truncnorm.logpdf", lambda x: stats.truncnorm.logpdf(x, -1.0, 1.0), UNIT, tolerance=1e-4)
