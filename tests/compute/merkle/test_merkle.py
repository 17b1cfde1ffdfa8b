"""Trees over content: roots pinned, every leaf opens, and nothing else does."""

import hashlib

import pytest

from compute import merkle


def leaves(count):
    return [bytes([i]) * (i % 5) for i in range(count)]


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def test_the_root_of_three_leaves_is_the_documented_one():
    a, b, c = (sha(b"\x00", i.to_bytes(8, "big"), sha(d)) for i, d in enumerate((b"a", b"b", b"c")))
    top = sha(b"\x01", sha(b"\x01", a, b), c)
    assert merkle.root([b"a", b"b", b"c"]) == sha(b"\x02", (3).to_bytes(8, "big"), top)


def test_nothing_has_a_root():
    assert merkle.root([]) == sha(b"\x02", bytes(8), bytes(32))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 13])
def test_every_leaf_opens_and_no_other(count):
    data = leaves(count)
    root = merkle.root(data)
    for index in range(count):
        siblings = merkle.proof(data, index)
        assert merkle.verify(root, count, index, data[index], siblings)
        assert not merkle.verify(root, count, index, data[index] + b"x", siblings)
        assert not merkle.verify(root, count + 1, index, data[index], siblings)
        assert not merkle.verify(root, count, index, data[index], [*siblings, bytes(32)])
        assert not merkle.verify(root, count, (index + 1) % (count + 1), data[index], siblings)
        if siblings:
            assert not merkle.verify(root, count, index, data[index], siblings[:-1])


def test_a_leaf_is_no_node_and_a_node_no_leaf():
    data = leaves(4)
    inner = merkle.node(merkle.leaf(0, data[0]), merkle.leaf(1, data[1]))
    assert merkle.root(data) != merkle.root([inner, *data[2:]])


def test_an_absent_leaf_has_no_proof():
    with pytest.raises(IndexError, match="no leaf 3"):
        merkle.proof(leaves(3), 3)
