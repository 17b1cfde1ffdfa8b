"""Losses and their sums at their bounds, against the oracle and Python's integers."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from compute.exact import losses
from compute.exact.carriers import CARRIERS
from compute.exact.transcript import (
    eval_root,
    leaf,
    merkle_proof,
    merkle_top,
    shard_sums,
    verify_proof,
)
from compute.oracle import losses as oracle
from compute.oracle.array import Array, from_bytes
from compute.program.types import DType, Type

MOST = 2**31


def oracle_array(x: np.ndarray, dtype: DType) -> Array:
    return from_bytes(Type(dtype, x.shape), x.tobytes())


def both(name: str, outputs: np.ndarray, targets: np.ndarray, carrier: str) -> tuple[int, int]:
    with jax.enable_x64(True):
        found, saturated = losses.LOSSES[name](outputs, targets, CARRIERS[carrier])
    dtype = DType.F24 if targets.dtype == np.float32 else DType.I32
    wanted = oracle.LOSSES[name](oracle_array(outputs, DType.F24), oracle_array(targets, dtype))
    assert wanted is not None and not bool(saturated)
    return int(found), wanted


@pytest.mark.parametrize("carrier", CARRIERS)
def test_many_large_errors_do_not_wrap(carrier: str) -> None:
    """784 outputs at 2,000 were -1,480,263.5 nats, 16,384 positions at +-65,536 -131,072."""
    outputs = np.full(784, 2000, np.float32)
    found, wanted = both("squared_error", outputs, np.zeros(784, np.float32), carrier)
    assert found == wanted == 2000**2 << 32
    logits = np.tile(np.array([65536, -65536], np.float32), (16384, 1))
    found, wanted = both("cross_entropy", logits, np.ones(16384, np.int32), carrier)
    assert found == wanted == 131072 << 32


@pytest.mark.parametrize("smoothing", [1 / 2**16, 6554 / 2**16, 1.0])
def test_the_share_of_a_smoothed_loss_is_exact(smoothing: float) -> None:
    """At the largest distances too, where distance times share has 66 bits."""
    rng = np.random.default_rng(4)
    logits = (rng.standard_normal((40, 9)) * 8).astype(np.float32)
    logits[:2] = [[65536.0, *[-65536.0] * 8], [-65536.0, *[65536.0] * 8]]
    targets = np.concatenate([[1, 0], rng.integers(-1, 9, 38)]).astype(np.int32)
    with jax.enable_x64(True):
        found, _ = losses.cross_entropy(logits, targets, CARRIERS["float64"], smoothing)
    arrays = oracle_array(logits, DType.F24), oracle_array(targets, DType.I32)
    assert int(found) == oracle.cross_entropy(*arrays, smoothing)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_random_losses(carrier: str) -> None:
    rng = np.random.default_rng(3)
    logits = (rng.standard_normal((40, 9)) * 8).astype(np.float32)
    targets = rng.integers(-1, 9, 40).astype(np.int32)
    found, wanted = both("cross_entropy", logits, targets, carrier)
    assert found == wanted
    found, wanted = both("binary_cross_entropy", logits[0], targets[:9] % 2, carrier)
    assert found == wanted
    found, wanted = both("squared_error", logits[0], logits[1], carrier)
    assert found == wanted


@pytest.mark.parametrize("term", [2**56 - 1, 2**54, 2**50 + 12345, 1, 0])
def test_a_mean_at_the_largest_count(term: int) -> None:
    high, low = MOST * (term >> losses.LOW_BITS), MOST * (term & (2**losses.LOW_BITS - 1))
    with jax.enable_x64(True):
        assert int(losses.floor_mean(np.int64(high), np.int64(low), np.int64(MOST))) == term


@pytest.mark.parametrize("total", [1, 2**30 - 1, 2**40, 2**62 + 7, MOST * 2**40, 1518500250 << 9])
def test_a_logarithm_of_two_words(total: int) -> None:
    high, low = total >> losses.LOW_BITS, total & (2**losses.LOW_BITS - 1)
    with jax.enable_x64(True):
        assert int(losses.log_fixed(np.int64(high), np.int64(low))) == oracle.log_fixed(total)


def test_sums_of_losses_are_not_int64() -> None:
    transcript = np.full(1500, 2**55, np.int64)
    assert shard_sums(transcript) == [1024 << 55, 476 << 55]
    assert merkle_top(transcript).total == 1500 << 55


def test_a_proof_fits_its_example_alone() -> None:
    transcript = np.arange(13, dtype=np.int64) * 7
    top = merkle_top(transcript)
    for i in range(13):
        proof = merkle_proof(transcript, i)
        assert verify_proof(top, 13, i, 7 * i, proof)
        assert not verify_proof(top, 13, i, 7 * i + 1, proof)
        assert not verify_proof(top, 13, i, 7 * i, proof[:-1])
    assert merkle_top(transcript[:1]) == leaf(0, 0)
    roots = {eval_root(n, top, b"p" * 32, b"d" * 32, b"g" * 32) for n in (0, 12, 13)}
    assert len(roots) == 3
