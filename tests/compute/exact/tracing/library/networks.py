"""Calls of jax.nn, jax.random, jax.scipy and optax."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from library.table import (
    DISTRIBUTION,
    FLAGS,
    LABELS,
    OTHER,
    POSITIVE,
    SHARE,
    UNIT,
    X,
    Y,
    call,
    each,
    normal,
)

# jax.nn
each(
    jax.nn,
    "nn",
    "relu relu6 sigmoid softplus sparse_plus sparse_sigmoid soft_sign silu swish log_sigmoid "
    "leaky_relu hard_sigmoid hard_silu hard_swish hard_tanh elu celu selu gelu glu squareplus mish "
    "identity tanh softmax log_softmax logsumexp standardize logmeanexp",
    X,
)
call("nn.gelu exact", lambda x: jax.nn.gelu(x, approximate=False), X)
call("nn.one_hot", lambda i: jax.nn.one_hot(i, 8), LABELS)
call("nn.softmax where", lambda x, w: jax.nn.softmax(x, where=w, axis=0), X, FLAGS)
call("nn.softmax two axes", lambda x: jax.nn.softmax(x, axis=(0, 1)), X)
call("nn.logsumexp weights", lambda x, b: jax.nn.logsumexp(x, axis=1, b=b), X, POSITIVE)
call("nn.log1mexp", jax.nn.log1mexp, POSITIVE)
call(
    "nn.dot_product_attention",
    lambda q, k: jax.nn.dot_product_attention(q, k, k, is_causal=True),
    normal(1, 6, 2, 4),
    normal(1, 6, 2, 4),
)
call(
    "nn.dot_product_attention grouped, biased, masked",
    lambda q, k, b: jax.nn.dot_product_attention(
        q, k, k, bias=b, local_window_size=3, query_seq_lengths=jnp.array([5])
    ),
    normal(1, 6, 4, 4),
    normal(1, 6, 2, 4),
    normal(1, 4, 6, 6),
)

# jax.scipy
each(
    jax.scipy.special,
    "scipy.special",
    "erf erfc expit logit ndtr log_ndtr entr",
    SHARE,
    tolerance=1e-4,
)
each(jax.scipy.special, "scipy.special", "gammaln digamma gamma", POSITIVE, tolerance=1e-4)
each(jax.scipy.special, "scipy.special", "xlogy xlog1py rel_entr kl_div", POSITIVE, SHARE)
call("scipy.special.ndtri", jax.scipy.special.ndtri, SHARE, tolerance=1e-4)
call("scipy.special.erfinv", jax.scipy.special.erfinv, UNIT, tolerance=1e-4)
call("scipy.special.betaln", jax.scipy.special.betaln, POSITIVE, SHARE, tolerance=1e-4)
call("scipy.special.softmax", jax.scipy.special.softmax, X)
call("scipy.special.logsumexp", jax.scipy.special.logsumexp, X)
call("scipy.stats.norm.logpdf", jax.scipy.stats.norm.logpdf, X)
call("scipy.stats.norm.cdf", jax.scipy.stats.norm.cdf, X)
call("scipy.stats.laplace.logpdf", jax.scipy.stats.laplace.logpdf, X)
call(
    "scipy.stats.gamma.logpdf",
    lambda x: jax.scipy.stats.gamma.logpdf(x, 2.0),
    POSITIVE,
    tolerance=1e-4,
)
call(
    "scipy.stats.beta.logpdf",
    lambda x: jax.scipy.stats.beta.logpdf(x, 2.0, 3.0),
    SHARE,
    tolerance=1e-4,
)
call("scipy.signal.convolve", lambda x, y: jax.scipy.signal.convolve(x, y[:2, :3], "same"), X, Y)
call(
    "scipy.ndimage.map_coordinates",
    lambda x, y: jax.scipy.ndimage.map_coordinates(x, [jnp.abs(y), 2 * jnp.abs(y)], order=1),
    X,
    Y,
)


# jax.random inside a model
def _random(name: str, draw: Callable[[Any], Any], **options: Any) -> None:
    call(f"random.{name}", lambda x: x + draw(jax.random.key(7)), X, **options)


_random("bits", lambda k: (jax.random.bits(k, (8,)) >> 8).astype(jnp.float32) * 2.0**-24)
_random("uniform", lambda k: jax.random.uniform(k, (3, 8)))
_random("normal", lambda k: jax.random.normal(k, (3, 8)), tolerance=1e-4)
_random("bernoulli", lambda k: jax.random.bernoulli(k, 0.3, (3, 8)))
_random("randint", lambda k: jax.random.randint(k, (3, 8), 0, 10))
_random("split", lambda k: jax.random.uniform(jax.random.split(k, 3)[1], (8,)))
_random(
    "split vmapped",
    lambda k: jax.vmap(lambda q: jax.random.uniform(q, (8,)))(jax.random.split(k, 3)),
)
_random("fold_in", lambda k: jax.random.uniform(jax.random.fold_in(k, 5), (8,)))
_random("PRNGKey", lambda k: jax.random.uniform(jax.random.PRNGKey(3), (8,)))
_random("gumbel", lambda k: jax.random.gumbel(k, (3, 8)), tolerance=1e-4)
_random(
    "categorical",
    lambda k: jax.random.categorical(k, jnp.zeros((3, 8))).astype(jnp.float32)[:, None],
)
_random("exponential", lambda k: jax.random.exponential(k, (8,)), tolerance=1e-4)
_random("laplace", lambda k: jax.random.laplace(k, (8,)), tolerance=1e-4)
_random("logistic", lambda k: jax.random.logistic(k, (8,)), tolerance=1e-4)
_random(
    "truncated_normal", lambda k: jax.random.truncated_normal(k, -1.0, 1.0, (8,)), tolerance=1e-4
)
_random("rademacher", lambda k: jax.random.rademacher(k, (8,)))
_random("permutation", lambda k: jax.random.permutation(k, 8))
_random("choice", lambda k: jax.random.choice(k, 5, (8,)))
call("random by data", lambda i: jax.random.uniform(jax.random.key(i[0]), (8,)), LABELS)

# optax
each(
    optax,
    "optax",
    "squared_error l2_loss huber_loss log_cosh sigmoid_binary_cross_entropy",
    X,
    DISTRIBUTION,
)
each(optax, "optax", "softmax_cross_entropy safe_softmax_cross_entropy", X, DISTRIBUTION)
each(optax, "optax", "cosine_similarity cosine_distance", X, Y)
each(optax.losses, "optax", "hinge_loss perceptron_loss", X, np.sign(Y))
call(
    "optax.softmax_cross_entropy_with_integer_labels",
    optax.softmax_cross_entropy_with_integer_labels,
    X,
    LABELS,
)
call("optax.multiclass_hinge_loss", optax.losses.multiclass_hinge_loss, X, LABELS)
call("optax.poly_loss_cross_entropy", optax.losses.poly_loss_cross_entropy, X, DISTRIBUTION)
call(
    "optax.kl_divergence",
    lambda x, y: optax.losses.kl_divergence(jnp.log(x), y),
    DISTRIBUTION,
    OTHER,
)
call(
    "optax.convex_kl_divergence",
    lambda x, y: optax.losses.convex_kl_divergence(jnp.log(x), y),
    DISTRIBUTION,
    OTHER,
)
call("optax.smooth_labels", lambda y: optax.losses.smooth_labels(y, 0.1), DISTRIBUTION)
call("optax.sigmoid_focal_loss", optax.losses.sigmoid_focal_loss, X, DISTRIBUTION)
call("optax.dice_loss", optax.losses.dice_loss, X, DISTRIBUTION)
call("optax.ntxent", lambda x, i: optax.losses.ntxent(x, i % 2), X, LABELS)
call(
    "optax.triplet_margin_loss", lambda x, y: optax.losses.triplet_margin_loss(x, y, x[::-1]), X, Y
)
call(
    "optax.ctc_loss",
    lambda x: optax.losses.ctc_loss(
        jnp.stack([x, -x]), jnp.zeros((2, 3)), jnp.array([[1, 2], [3, 1]]), jnp.zeros((2, 2))
    ),
    X,
)
call(
    "optax.ranking_softmax_loss", lambda x, y: optax.losses.ranking_softmax_loss(x, y), X, POSITIVE
)
