"""Published checkpoints: canonical, shared where unchanged, and never believed."""

import json
import random
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from compute import merkle
from compute.checkpoint import (
    HeldOut,
    InvalidCheckpoint,
    Reason,
    blocks_of,
    held_out_of,
    load,
    model_of,
    publish,
)
from compute.storage import (
    MAX_BLOCK_BYTES,
    BlockCorrupt,
    BlockUnavailable,
    FolderStore,
    copy,
)
from compute.storage.header import Headed, put_headed
from tests.support.patience import PATIENCE

FORMATS = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
MODEL = bytes(range(32))
PARAMS = {
    "Dense_0/kernel": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    "Dense_0/bias": np.array([0.5, -1, 3], np.float32),
}
SHAPES = {name: array.shape for name, array in PARAMS.items()}

# bit patterns of 0 and of the normal numbers below 2**16, of either sign
valid_words = st.builds(
    lambda magnitude, sign: magnitude | sign << 31,
    st.just(0) | st.integers(0x00800000, 0x477FFFFF),
    st.booleans(),
)


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore(tmp_path / "blocks")


def load_small(store, digest, **changes):
    wanted = {"model_hash": MODEL, "shapes": SHAPES, "magnitude_log2": 16}
    return load(store, digest, **{**wanted, **changes})


def reason_of(store, digest, **changes) -> Reason:
    with pytest.raises(InvalidCheckpoint) as caught:
        load_small(store, digest, **changes)
    return caught.value.reason


def test_vector(store):
    """docs/formats.md shows this manifest and its hash."""
    digest = publish(PARAMS, model_hash=MODEL, store=store, nonce=7, shard_sums=[1, 2])
    header = store.get(digest)
    assert (header[:32].hex(), store.get(header[32:])) == (VECTOR_ROOT, VECTOR)
    assert digest.hex() == VECTOR_HASH
    for shown in (VECTOR.decode(), VECTOR_ROOT, VECTOR_HASH):
        assert shown in FORMATS
    numpy_sums = np.array([1, 2])
    assert digest == publish(PARAMS, model_hash=MODEL, store=store, nonce=7, shard_sums=numpy_sums)


VECTOR = (
    b'{"format":"decentralizedai/checkpoint/2","held_out":null,"model":"00010203040506070809'
    b"0a0b0c0d0e0f1011"
    b'12131415161718191a1b1c1d1e1f","nonce":7,"shard_sums":[1,2],"tensors":[{"blocks":["b0b'
    b'cec8a14f48a6f39c02ee2db72cef9daf8e9379388eeae512b4b76c2257522"],"name":"Dense_0/bias",'
    b'"shape":[3]},{"blocks":["b1290cd43eac8e2fa4ad8d45d9f79f8868fc8a6e08c627c33557814743ffd'
    b'f3e"],"name":"Dense_0/kernel","shape":[2,3]}]}'
)
VECTOR_ROOT = "910bdf78f202ad6e59d0992202e9e4e9b481b80c8917ea0368649c7dc676d01d"
VECTOR_HASH = "e369b6864501f90bc0247ff0a4b3b8ec50e251983a7c9de8e7bc9372e653fba2"


def test_what_was_held_out_is_reported(store):
    said = HeldOut(examples=12, loss=3 << 31, set=bytes(range(32)))
    digest = publish(PARAMS, model_hash=MODEL, store=store, held_out=said)
    assert held_out_of(store, digest) == said
    assert held_out_of(store, publish(PARAMS, model_hash=MODEL, store=store)) is None


@given(
    st.dictionaries(
        st.text("abc/_0", min_size=1, max_size=8),
        arrays(np.uint32, array_shapes(min_dims=0, max_dims=3), elements=valid_words).map(
            lambda words: words.view(np.float32)
        ),
        max_size=4,
    ),
    st.integers(0, 2**64 - 1),
    st.none() | st.lists(st.integers(0, 2**96 - 1), max_size=4),
)
def test_what_was_published_is_loaded_bit_for_bit(store, params, nonce, sums):
    digest = publish(params, model_hash=MODEL, store=store, nonce=nonce, shard_sums=sums)
    loaded = load_small(store, digest, shapes={name: a.shape for name, a in params.items()})
    assert loaded.params.keys() == params.keys()
    for name, array in params.items():
        assert loaded.params[name].dtype == np.float32
        assert loaded.params[name].shape == array.shape
        assert loaded.params[name].tobytes() == array.tobytes()
    assert loaded.nonce == nonce
    assert loaded.shard_sums == (None if sums is None else tuple(sums))


def test_equal_parameters_have_one_hash_whatever_holds_them(store):
    import jax.numpy as jnp

    expected = publish(PARAMS, model_hash=MODEL, store=store)
    kernel = PARAMS["Dense_0/kernel"]
    for same in (
        dict(reversed(PARAMS.items())),
        {**PARAMS, "Dense_0/kernel": np.asfortranarray(kernel)},
        {**PARAMS, "Dense_0/kernel": kernel.astype(">f4")},
        {**PARAMS, "Dense_0/kernel": np.repeat(kernel, 2, axis=1)[:, ::2]},
        {name: jnp.asarray(array) for name, array in PARAMS.items()},
    ):
        assert publish(same, model_hash=MODEL, store=store) == expected
    for other in ({"nonce": 1}, {"shard_sums": []}, {"model_hash": bytes(32)}):
        assert publish(PARAMS, **{"model_hash": MODEL, "store": store, **other}) != expected


def test_another_process_gets_the_same_hash(store, tmp_path):
    program = (
        "import sys, numpy as np\n"
        "from compute.checkpoint import publish\n"
        "from compute.storage import FolderStore\n"
        "params = {'Dense_0/bias': np.array([0.5, -1, 3], np.float32),\n"
        "          'Dense_0/kernel': np.arange(6, dtype=np.float32).reshape(2, 3) / 4}\n"
        "print(publish(params, model_hash=bytes(range(32)), store=FolderStore(sys.argv[1])).hex())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "other"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "1"},
    )
    assert answer.stdout.strip() == publish(PARAMS, model_hash=MODEL, store=store).hex()


def test_subnormals_are_published_as_zeros_of_their_sign(store):
    bias = np.array([1e-45, -1e-40, 1.1754944e-38], np.float32)
    digest = publish({**PARAMS, "Dense_0/bias": bias}, model_hash=MODEL, store=store)
    loaded = load_small(store, digest).params["Dense_0/bias"]
    assert loaded.view(np.uint32).tolist() == [0, 0x80000000, 0x00800000]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_cannot_be_published(store, value):
    bias = np.array([0, value, 0], np.float32)
    with pytest.raises(InvalidCheckpoint) as caught:
        publish({**PARAMS, "Dense_0/bias": bias}, model_hash=MODEL, store=store)
    assert caught.value.reason is Reason.NOT_FINITE


@pytest.mark.parametrize("dtype", [np.float64, np.float16, np.int32, object])
def test_another_dtype_cannot_be_published(store, dtype):
    with pytest.raises(TypeError, match="holds float32"):
        publish({"a": np.zeros(3, dtype)}, model_hash=MODEL, store=store)


def test_unchanged_tensors_share_their_blocks(store):
    params = {
        "a": np.arange(700_000, dtype=np.float32),
        "b": np.arange(600_000, dtype=np.float32) / 2,
        "c": np.ones(10, np.float32),
    }
    first = publish(params, model_hash=MODEL, store=store)
    params["a"][-1] = 0
    params["c"] += 1
    second = publish(params, model_hash=MODEL, store=store)
    one, two = set(blocks_of(store, first)), set(blocks_of(store, second))
    # a: 3 blocks, of which the last changed; b: 3, unchanged; c: 1, changed; the manifest's two
    assert (len(one), len(two), len(one & two)) == (9, 9, 5)


def test_fine_tuning_one_layer_uploads_that_layer(store):
    layers = {f"Dense_{n}/kernel": np.full((600, 700), n + 1, np.float32) for n in range(8)}
    publish(layers, model_hash=MODEL, store=store)
    before = set(store.digests())
    tuned = layers["Dense_3/kernel"] + np.float32(0.5)

    publish({**layers, "Dense_3/kernel": tuned}, model_hash=MODEL, store=store, nonce=1)

    uploaded = sum(len(store.get(digest)) for digest in set(store.digests()) - before)
    assert tuned.nbytes <= uploaded < 1.1 * tuned.nbytes


def test_blocks_of_several_tensors_travel_together(store):
    digest = publish(PARAMS, model_hash=MODEL, store=store)
    *parameters, _, _ = blocks_of(store, digest)
    meeting = threading.Barrier(len(PARAMS), timeout=PATIENCE)

    class Waiting:
        def get(self, name):
            if name in parameters:
                meeting.wait()
            return store.get(name)

    assert load_small(Waiting(), digest).params.keys() == PARAMS.keys()


def test_blocks_of_is_enough_to_publish_and_ends_with_the_manifest(store, tmp_path):
    digest = publish(PARAMS, model_hash=MODEL, store=store)
    blocks = blocks_of(store, digest)
    assert blocks[-1] == digest
    target = FolderStore(tmp_path / "public")
    copy(blocks, store, target)
    assert load_small(target, digest).params["Dense_0/bias"].tolist() == [0.5, -1, 3]
    assert model_of(target, digest) == MODEL


# --- a manifest that lies -----------------------------------------------------------------------


def manifest_of(store) -> tuple[bytes, bytes]:
    """The root and the document of the small checkpoint."""
    header = store.get(publish(PARAMS, model_hash=MODEL, store=store))
    return header[:32], store.get(header[32:])


def forged(store, change, root: bytes | None = None) -> bytes:
    """The digest of the small manifest after `change`, which may return another value for it."""
    true_root, data = manifest_of(store)
    document = json.loads(data)
    document = change(document) or document
    data = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return put_headed(store, Headed((root or true_root,), data))


def put(path: str, value: object):
    def change(document):
        *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
        for key in parents:
            document = document[key]
        document[last] = value

    return change


LIES = [
    (put("format", "decentralizedai/checkpoint/1"), Reason.MANIFEST),
    (put("extra", 0), Reason.MANIFEST),
    (lambda document: [document], Reason.MANIFEST),
    (put("model", "00"), Reason.MANIFEST),
    (put("model", "AB" * 32), Reason.MANIFEST),
    (put("model", "00" * 32), Reason.MODEL),
    (put("nonce", -1), Reason.MANIFEST),
    (put("nonce", 1 << 64), Reason.MANIFEST),
    (put("nonce", True), Reason.MANIFEST),
    (put("shard_sums", "1"), Reason.MANIFEST),
    (put("shard_sums", [1 << 96]), Reason.MANIFEST),
    (put("shard_sums", [-1]), Reason.MANIFEST),
    (put("shard_sums", [0] * 20_000), Reason.MANIFEST),
    (put("held_out", {"examples": 0, "loss": 1, "set": "00" * 32}), Reason.MANIFEST),
    (put("held_out", {"examples": 1, "loss": 1 << 64, "set": "00" * 32}), Reason.MANIFEST),
    (put("held_out", {"examples": 1, "loss": 1, "set": "00"}), Reason.MANIFEST),
    (put("held_out", {"examples": 1, "loss": 1}), Reason.MANIFEST),
    (put("tensors", {}), Reason.MANIFEST),
    (put("tensors", []), Reason.NAMES),
    (put("tensors.0", None), Reason.MANIFEST),
    (put("tensors.0.name", "Dense_9/bias"), Reason.MANIFEST),  # not sorted any more
    (put("tensors.0.name", "Dense_0/kernel"), Reason.MANIFEST),  # named twice
    (put("tensors.0.name", "Dense_0/bia"), Reason.NAMES),
    (put("tensors.0.name", "D" * 257), Reason.MANIFEST),
    (put("tensors.0.name", ""), Reason.MANIFEST),
    (put("tensors.0.shape", [1 << 32]), Reason.MANIFEST),
    (put("tensors.0.shape", [-3]), Reason.MANIFEST),
    (put("tensors.0.shape", [True]), Reason.MANIFEST),
    (put("tensors.0.shape", [1] * 9), Reason.MANIFEST),
    (put("tensors.0.shape", [4]), Reason.SHAPES),
    (put("tensors.0.shape", [3, 1]), Reason.SHAPES),
    (put("tensors.0.shape", [(1 << 32) - 1] * 8), Reason.SHAPES),
    (put("tensors.0.blocks", []), Reason.BLOCKS),
    (put("tensors.0.blocks", ["00" * 32, "00" * 32]), Reason.BLOCKS),
    (put("tensors.0.blocks", ["zz" * 32]), Reason.MANIFEST),
    (put("tensors.0.blocks", [7]), Reason.MANIFEST),
    (put("tensors.0.blocks", "00" * 32), Reason.MANIFEST),
    (put("tensors.0.dtype", "float64"), Reason.MANIFEST),
]


@pytest.mark.parametrize(("lie", "reason"), LIES)
def test_a_manifest_that_lies_has_one_reason(store, lie, reason):
    assert reason_of(store, forged(store, lie)) is reason


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"{}", b"\xff" * 10, b"[" * 100_000, b'{"a":1.5}', bytes(MAX_BLOCK_BYTES)],
    ids=lambda data: f"{data[:9]!r}-{len(data)}",
)
def test_bytes_that_are_no_manifest_are_refused(store, data):
    for digest in (store.put(data), put_headed(store, Headed((bytes(32),), data))):
        assert reason_of(store, digest) is Reason.MANIFEST
        for read in (model_of, blocks_of):
            with pytest.raises(InvalidCheckpoint):
                read(store, digest)


def test_a_manifest_without_its_header_is_refused(store):
    _, data = manifest_of(store)
    assert reason_of(store, store.put(data)) is Reason.MANIFEST
    longer = store.put(bytes(32) + Headed((bytes(32),), data).header)
    assert reason_of(store, longer) is Reason.MANIFEST


def test_parameters_without_the_stated_root_are_refused(store):
    true_root, data = manifest_of(store)
    other = put_headed(store, Headed((bytes(31) + b"\x01",), data))
    assert reason_of(store, other) is Reason.ROOT
    changed = with_words(store, np.full(3, 0x3F800000, np.uint32), root=true_root)
    assert reason_of(store, changed) is Reason.ROOT


@pytest.mark.parametrize("elements", [0, 1, 255, 256, 257, 1000])
def test_every_word_opens_against_the_root(store, elements):
    """Each parameter starts a leaf; a leaf holds 256 words."""
    params = {"b": np.arange(elements, dtype=np.float32), "a": np.ones(3, np.float32)}
    header = store.get(publish(params, model_hash=MODEL, store=store))
    data = params["b"].tobytes()
    leaves = [params["a"].tobytes()]
    leaves += [data[start : start + 1024] for start in range(0, len(data), 1024)]
    assert header[:32] == merkle.root(leaves)


@pytest.mark.parametrize("length", [0, 11, 13, MAX_BLOCK_BYTES])
def test_a_block_of_another_length_is_refused(store, length):
    block = store.put(bytes(length)).hex()
    assert reason_of(store, forged(store, put("tensors.0.blocks", [block]))) is Reason.LENGTH


def test_a_lie_about_sizes_allocates_nothing(store):
    """A manifest may promise 2**256 elements; refusing it costs no more than reading it."""
    digest = forged(store, put("tensors.0.shape", [(1 << 32) - 1] * 8))
    load_small(store, publish(PARAMS, model_hash=MODEL, store=store))
    tracemalloc.start()
    reason_of(store, digest)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * MAX_BLOCK_BYTES


def test_the_reason_is_found_before_any_block_is_fetched(tmp_path):
    """A keeper must not download gigabytes to learn that the manifest lies."""
    here, there = FolderStore(tmp_path / "here"), FolderStore(tmp_path / "there")
    digest = publish(PARAMS, model_hash=MODEL, store=here)
    copy(blocks_of(here, digest)[-2:], here, there)
    assert reason_of(there, digest, model_hash=bytes(32)) is Reason.MODEL
    assert reason_of(there, digest, shapes={**SHAPES, "Dense_0/bias": (4,)}) is Reason.SHAPES
    with pytest.raises(BlockUnavailable):
        load_small(there, digest)


def test_missing_and_damaged_blocks_say_nothing_about_the_checkpoint(store):
    digest = publish(PARAMS, model_hash=MODEL, store=store)
    victim = blocks_of(store, digest)[0]
    file = store.path / victim.hex()[:2] / victim.hex()
    file.write_bytes(b"other bytes!")
    with pytest.raises(BlockCorrupt):
        load_small(store, digest)
    file.unlink()
    with pytest.raises(BlockUnavailable):
        load_small(store, digest)


# --- values --------------------------------------------------------------------------------------

WORDS = {
    0x7F800000: Reason.NOT_FINITE,  # infinity
    0xFF800000: Reason.NOT_FINITE,
    0x7F800001: Reason.NOT_FINITE,  # signalling NaN
    0xFFFFFFFF: Reason.NOT_FINITE,
    0x47800000: Reason.MAGNITUDE,  # 2**16
    0xC7800000: Reason.MAGNITUDE,
    0x7F7FFFFF: Reason.MAGNITUDE,
    0x477FFFFF: None,  # the largest below 2**16
    0xC77FFFFF: None,
    0x00000001: Reason.SUBNORMAL,
    0x807FFFFF: Reason.SUBNORMAL,
    0x00800000: None,  # the smallest normal
    0x80800000: None,
    0x00000000: None,
    0x80000000: None,
}


def with_words(store, words: np.ndarray, root: bytes | None = None) -> bytes:
    """The small checkpoint with other words in its bias, and the root that they give."""
    data = words.astype("<u4").tobytes()
    root = root or merkle.root([data, PARAMS["Dense_0/kernel"].tobytes()])
    return forged(store, put("tensors.0.blocks", [store.put(data).hex()]), root)


@pytest.mark.parametrize(("word", "reason"), WORDS.items(), ids=[f"{word:08x}" for word in WORDS])
@pytest.mark.parametrize("place", [0, 2])
def test_values_are_judged_by_their_bits(store, word, reason, place):
    words = np.full(3, 0x3F800000, np.uint32)
    words[place] = word
    digest = with_words(store, words)
    if reason is None:
        loaded = load_small(store, digest).params["Dense_0/bias"]
        assert loaded.view(np.uint32)[place] == word
    else:
        assert reason_of(store, digest) is reason


@pytest.mark.parametrize("magnitude_log2", [1, 16, 126])
def test_the_magnitude_bound_is_the_models(store, magnitude_log2):
    word = (127 + magnitude_log2) << 23
    just_below = with_words(store, np.full(3, word - 1, np.uint32))
    load_small(store, just_below, magnitude_log2=magnitude_log2)
    at = with_words(store, np.full(3, word, np.uint32))
    assert reason_of(store, at, magnitude_log2=magnitude_log2) is Reason.MAGNITUDE


def test_a_single_bad_value_among_millions_is_found(store):
    weights = {"w": np.ones(1_000_000, np.float32)}
    weights["w"][777_777] = 2.0**20
    digest = publish(weights, model_hash=MODEL, store=store)
    assert reason_of(store, digest, shapes={"w": (1_000_000,)}) is Reason.MAGNITUDE


@given(st.binary(max_size=200), st.integers(0, 10**6))
def test_mutated_manifests_load_equal_or_are_invalid_or_unavailable(store, noise, seed):
    """Bytes of a true manifest, some replaced: nothing but the three documented outcomes."""
    root, document = manifest_of(store)
    data = bytearray(root + document)
    place = random.Random(seed).randrange(len(data))
    data[place : place + len(noise)] = noise
    digest = put_headed(store, Headed((bytes(data[:32]),), bytes(data[32:])))
    try:
        loaded = load_small(store, digest)
    except (InvalidCheckpoint, BlockUnavailable):
        return
    assert {name: array.shape for name, array in loaded.params.items()} == SHAPES
