"""evaluate(): the same integers for every batch size and carrier, invalid with a reason."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from Crypto.Hash import keccak

from compute.exact import evaluate, merkle_proof, merkle_root, verify_proof


def logits(params, inputs):
    hidden = jnp.tanh(inputs["x"] @ params["w1"] + params["b1"])
    return hidden @ params["w2"]


@pytest.fixture(scope="module")
def params():
    r = np.random.default_rng(0)
    return {
        "w1": r.standard_normal((6, 8)).astype(np.float32),
        "b1": r.standard_normal(8).astype(np.float32),
        "w2": r.standard_normal((8, 3)).astype(np.float32),
    }


@pytest.fixture(scope="module")
def data():
    r = np.random.default_rng(1)
    return r.standard_normal((50, 6)).astype(np.float32), r.integers(0, 3, 50).astype(np.int32)


def batches(data, size):
    x, y = data
    return [({"x": x[i : i + size]}, y[i : i + size]) for i in range(0, len(y), size)]


def reference(params, data):
    p, (x, y) = jax.tree.map(np.float64, params), data
    z = np.tanh(x.astype(np.float64) @ p["w1"] + p["b1"]) @ p["w2"]
    return np.log(np.exp(z).sum(-1)) - z[np.arange(len(y)), y]


def test_it_is_the_mean_cross_entropy(params, data):
    found = evaluate(logits, params, batches(data, 16), total=50)
    expected = reference(params, data)
    assert found.valid and found.reason is None
    np.testing.assert_allclose(found.transcript / 2.0**32, expected, rtol=0, atol=2e-5)
    assert found.loss / 2**32 == pytest.approx(expected.mean(), rel=2e-6)
    assert found.loss == sum(map(int, found.transcript)) // 50


def test_batch_size_and_carrier_change_nothing(params, data):
    base = evaluate(logits, params, batches(data, 50), total=50)
    for size, carrier in ((1, None), (7, None), (50, "int8"), (7, "int8")):
        other = evaluate(logits, params, batches(data, size), total=50, carrier=carrier)
        assert (other.transcript == base.transcript).all()
        assert (other.loss, other.root) == (base.loss, base.root)


def test_x64_of_the_caller_changes_nothing(params, data):
    base = evaluate(logits, params, batches(data, 50), total=50)
    with jax.enable_x64(True):
        other = evaluate(logits, params, batches(data, 50), total=50)
    assert other.root == base.root


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_no_number_is_invalid(params, data, value):
    bad = params | {"b1": np.full(8, value, np.float32)}
    found = evaluate(logits, bad, batches(data, 50), total=50)
    assert not found.valid and found.reason == "a parameter is not a finite number"


@pytest.mark.parametrize("scale", [1e30, 1e38])
def test_saturation_is_invalid(params, data, scale):
    bad = params | {"w2": (params["w2"] / 4 * scale).astype(np.float32)}
    found = evaluate(logits, bad, batches(data, 50), total=50)
    assert not found.valid and found.reason == "an example saturates"


def test_the_number_of_examples_must_be_right(params, data):
    for total in (49, 51):
        with pytest.raises(ValueError, match="the batches hold"):
            evaluate(logits, params, batches(data, 25), total=total)


def test_the_tree_is_as_specified():
    """Three leaves by hand, from the words of `transcript`."""

    def hashed(tag, *parts):
        return keccak.new(digest_bits=256, data=bytes([tag]) + b"".join(parts)).digest()

    losses = [5, -7, 2**40]
    leaves = [
        hashed(0, i.to_bytes(8, "big"), x.to_bytes(8, "big", signed=True))
        for i, x in enumerate(losses)
    ]
    top = hashed(1, hashed(1, leaves[0], leaves[1]), leaves[2])
    root = hashed(2, (3).to_bytes(8, "big"), top)
    assert merkle_root(np.array(losses, np.int64)) == root


def test_merkle_proofs():
    for n in (1, 2, 3, 7, 8, 13):
        transcript = np.arange(n, dtype=np.int64) * 12345 - 3
        root = merkle_root(transcript)
        for i in range(n):
            proof = merkle_proof(transcript, i)
            assert verify_proof(root, n, i, int(transcript[i]), proof)
            assert not verify_proof(root, n, i, int(transcript[i]) + 1, proof)
            assert not verify_proof(root, n + 1, i, int(transcript[i]), proof)
            assert not verify_proof(root, n, i, int(transcript[i]), [*proof, bytes(32)])
