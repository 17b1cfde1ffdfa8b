"""Text from a language model: one token after another, each seen by the next.

A model reads at most so many tokens. When one more does not fit, it goes on from the last half of
them, so that reading again costs little and no token is drawn from less than half of a window.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from compute.models.errors import ModelError
from compute.models.specification import ModelSpecification
from compute.oracle.advice import sight

# Tokens that the device draws before they are looked at: it waits for nobody meanwhile.
AT_ONCE = 64


class Draw(NamedTuple):
    """The sampling of a token: from softmax(logits / temperature) of the `top_k` likeliest, all
    with 0; at temperature 0 the likeliest. Equal seeds draw equal tokens on one machine."""

    temperature: float = 0.8
    top_k: int = 0
    seed: int = 0


class Reading(Protocol):
    """A way of reading: with what it has in memory, or from the beginning again."""

    def prepared(self, params: Mapping[str, Any]) -> Any: ...
    def empty(self) -> Any: ...
    def read(
        self, params: Any, memory: Any, tokens: jax.Array, first: jax.Array, last: jax.Array
    ) -> tuple[jax.Array, Any]: ...


class Whole:
    """Reads a text by the program, which takes all of it at once. The memory is the text."""

    def __init__(self, specification: ModelSpecification) -> None:
        self._specification = specification
        self._length = specification.output_shape[0]

    def prepared(self, params: Mapping[str, Any]) -> Any:
        return {name: jnp.asarray(value) for name, value in params.items()}

    def empty(self) -> jax.Array:
        return jnp.zeros(self._length, jnp.int32)

    def read(
        self, params: Any, memory: Any, tokens: jax.Array, first: jax.Array, last: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        memory = jax.lax.dynamic_update_slice(memory, tokens, (first,))
        (column,) = self._specification.inputs
        return self._specification.logits(params, {column: memory[None]})[0, first + last], memory


class Writer:
    """Continues texts; what is compiled serves every prompt."""

    def __init__(
        self, specification: ModelSpecification, parameters: Mapping[str, np.ndarray]
    ) -> None:
        """Raises ModelError if the model is none of language."""
        shape = specification.output_shape
        if (
            len(shape) != 2
            or specification.loss != "cross_entropy"
            or len(specification.inputs) > 1
        ):
            raise ModelError("this model does not write: it has no next token for each position")
        self._length, self._vocab = shape
        self._reading = reading(specification)
        self._parameters = self._reading.prepared(parameters)
        self._begin = jax.jit(functools.partial(_begin, self._reading))
        # what was in memory goes on in place: nobody looks at it again
        self._write = jax.jit(
            functools.partial(_write, self._reading.read),
            static_argnames="top_k",
            donate_argnames=("memory", "logits"),
        )

    def write(self, prompt: Sequence[int], draw: Draw) -> Iterator[int]:
        """Tokens that go on from `prompt`, without end. Raises ModelError."""
        vocab = self._vocab
        if not prompt or not all(0 <= token < vocab for token in prompt):
            raise ModelError(f"a prompt is one token or more, each below {vocab}")
        if not 0 <= draw.top_k <= vocab:
            raise ModelError(f"top_k is one of 1 to {vocab} tokens, or 0 for all")
        window = list(prompt)[-self._length :]
        key, drawn = jax.random.key_data(jax.random.key(draw.seed)), 0
        while True:
            logits, memory = self._begin(self._parameters, *self._padded(window))
            while len(window) <= self._length:
                count = min(AT_ONCE, self._length + 1 - len(window))
                tokens, logits, memory = self._write(
                    self._parameters, memory, logits, np.int32(len(window)), np.int32(count),
                    key, np.int32(drawn), np.float32(draw.temperature), top_k=draw.top_k,
                )  # fmt: skip
                new = np.asarray(tokens)[:count].tolist()
                yield from new
                window, drawn = [*window, *new], drawn + count
            window = window[-max(1, self._length // 2) :]

    def _padded(self, window: list[int]) -> tuple[np.ndarray, np.int32]:
        """A window, padded so that few lengths are compiled, and the index of its last token."""
        size = min(self._length, 1 << (len(window) - 1).bit_length())
        padded = np.zeros(size, np.int32)
        padded[: len(window)] = window
        return padded, np.int32(len(window) - 1)


def reading(specification: ModelSpecification) -> Reading:
    """The fastest way of reading that gives what the program says. Raises ModelError."""
    cached = specification.architecture.cached(specification.output_shape[0])
    if cached is not None and specification.has_native:
        return cached
    (column,) = specification.inputs
    seen = sight(specification.program, column)
    if seen is None or seen.ahead is not None:
        raise ModelError(f"this model does not write: {seen or 'its positions are not its tokens'}")
    return Whole(specification)


def _begin(
    reading: Reading, params: Any, tokens: jax.Array, last: jax.Array
) -> tuple[jax.Array, Any]:
    """Read a text from its beginning."""
    return reading.read(params, reading.empty(), tokens, jnp.int32(0), last)


def _write(
    read: Any, params: Any, memory: Any, logits: jax.Array, first: jax.Array, count: jax.Array,
    key: jax.Array, drawn: jax.Array, temperature: jax.Array, *, top_k: int,
) -> tuple[jax.Array, jax.Array, Any]:  # fmt: skip
    """Draw `count` tokens int32 [AT_ONCE], each read before the next."""

    random = jax.random.wrap_key_data(key)  # handed over as numbers: jit is slow to take keys

    def one(number: jax.Array, state: Any) -> Any:
        tokens, logits, memory = state
        noise = jax.random.fold_in(random, drawn + number)
        token = _drawn(logits, noise, temperature, top_k)
        logits, memory = read(params, memory, token[None], first + number, jnp.int32(0))
        return tokens.at[number].set(token), logits, memory

    start = jnp.zeros(AT_ONCE, jnp.int32), logits, memory
    tokens, logits, memory = jax.lax.fori_loop(0, count, one, start)
    return tokens, logits, memory


def _drawn(logits: jax.Array, key: jax.Array, temperature: jax.Array, top_k: int) -> jax.Array:
    """The largest of logits with Gumbel noise is a draw from their softmax."""
    if top_k:
        least = jax.lax.top_k(logits, top_k)[0][-1]
        logits = jnp.where(logits < least, -jnp.inf, logits)
    noise = temperature * jax.random.gumbel(key, logits.shape, logits.dtype)
    return jnp.argmax(logits + noise).astype(jnp.int32)
