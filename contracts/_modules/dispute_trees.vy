# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Trees of a dispute
@notice Complete trees: a leaf is its word, node(l, r) = keccak256(l || r), missing leaves are zero. Every depth follows
        from a number that the claim commits to, so leaves and nodes cannot be confused. Sum trees: a node is a sum and a
        hash, keccak256(sum_l || l || sum_r || r); a last node without a sibling moves up unchanged.
"""

# Children that one move opens: five levels of a tree, four of a sum tree.
LEVELS: constant(uint256) = 5
CHILDREN: constant(uint256) = 2**LEVELS
SUM_LEVELS: constant(uint256) = 4
SUMS: constant(uint256) = 2**SUM_LEVELS


# Siblings on the way up: trees of 2**32 rows and of 2**32 elements.
PATH: constant(uint256) = 32


# Words of the openings of one step.
PROOF: constant(uint256) = 256


# Leaves of one row that one opening shows.
LEAVES: constant(uint256) = 32


@internal
@pure
def _depth(leaves: uint256) -> uint256:
    """
    @return Levels above so many leaves, at most 2**64: the logarithm to base 2, rounded up; 0 of none.
    """
    rest: uint256 = max(leaves, 1) - 1
    depth: uint256 = 0
    half: uint256 = 32
    for _: uint256 in range(6):
        if rest >> half != 0:
            rest >>= half
            # Unsafe but safe: at most 64.
            depth = unsafe_add(depth, half)
        half >>= 1
    return unsafe_add(depth, rest)


@internal
@pure
def _fold(words: DynArray[bytes32, CHILDREN]) -> bytes32:
    """
    @return Root of 1, 2, 4 .. words.
    """
    level: DynArray[bytes32, CHILDREN] = words
    size: uint256 = len(words)
    for _: uint256 in range(LEVELS):
        if size <= 1:
            break
        size //= 2
        for i: uint256 in range(size, bound=CHILDREN // 2):
            level[i] = keccak256(abi_encode(level[2 * i], level[2 * i + 1]))
    return level[0]


@internal
@pure
def _climb(word: bytes32, position: uint256, path: DynArray[bytes32, PATH]) -> bytes32:
    """
    @return Root above `word` at `position`, with the siblings on the way up.
    """
    node: bytes32 = word
    at: uint256 = position
    for sibling: bytes32 in path:
        node = keccak256(abi_encode(sibling, node)) if at & 1 == 1 else keccak256(abi_encode(node, sibling))
        at >>= 1
    assert at == 0, "rf: position"
    return node


@internal
@view
def _argument(number: uint256) -> uint256:
    """
    @notice Where a list lies that is an argument of the call. It is read there, as it may be long.
    @param  number  Words of the arguments before it.
    @return Place of its first word in the call's data.
    """
    return 36 + convert(self._data(4 + 32 * number), uint256)


@internal
@view
def _data(at: uint256) -> bytes32:
    """
    @return The word that begins at byte `at` of the call's data; reverts beyond its end.
    """
    return convert(slice(msg.data, at, 32), bytes32)


@internal
@view
def _climb_range(start: uint256, count: uint256, first: uint256, depth: uint256) -> (bytes32, uint256):
    """
    @notice Root above `count` consecutive leaves, which are in the call's data from `start` on, then the siblings, bottom
            first: on each level the left one, if the first node is odd, and the right one, if the last is even.
    @return The root.
    @return Where the data goes on.
    """
    assert count > 0 and count <= LEAVES and first + count <= 1 << depth, "rf: range"
    # One place more on each side than the leaves, for the siblings.
    level: bytes32[LEAVES + 2] = empty(bytes32[LEAVES + 2])
    at: uint256 = start
    for i: uint256 in range(count, bound=LEAVES):
        level[i] = self._data(at)
        at += 32
    low: uint256 = first
    size: uint256 = count
    left: uint256 = depth
    for _: uint256 in range(PATH):
        if size == 1:
            break
        if low & 1 == 1:
            for i: uint256 in range(size, bound=LEAVES + 1):
                level[size - i] = level[size - i - 1]
            level[0] = self._data(at)
            at += 32
            size += 1
        if size & 1 == 1:
            level[size] = self._data(at)
            at += 32
            size += 1
        size >>= 1
        for i: uint256 in range(size, bound=LEAVES // 2 + 1):
            level[i] = keccak256(abi_encode(level[2 * i], level[2 * i + 1]))
        low >>= 1
        left -= 1
    return self._climb_data(level[0], low, at, left)


@internal
@view
def _climb_data(word: bytes32, position: uint256, start: uint256, depth: uint256) -> (bytes32, uint256):
    """
    @notice `_climb` with `depth` siblings that are in the call's data from `start` on.
    @return The root.
    @return Where the data goes on.
    """
    node: bytes32 = word
    side: uint256 = position
    at: uint256 = start
    for _: uint256 in range(depth, bound=PATH):
        # As `_data`, without its call.
        sibling: bytes32 = convert(slice(msg.data, at, 32), bytes32)
        node = keccak256(abi_encode(sibling, node)) if side & 1 == 1 else keccak256(abi_encode(node, sibling))
        side >>= 1
        # Unsafe but safe: the data ends before.
        at = unsafe_add(at, 32)
    return node, at


@internal
@pure
def _sum_leaf(index: uint256, loss: uint256) -> bytes32:
    """
    @return Hash of an example's leaf in a sum tree: keccak256(0x00 || index as 8 bytes || loss as 8 bytes).
    """
    numbers: bytes32 = convert((index << 64) | loss, bytes32)
    return keccak256(concat(b"\x00", slice(numbers, 16, 16)))


@internal
@pure
def _above(sum_l: uint256, left: bytes32, sum_r: uint256, right: bytes32) -> (uint256, bytes32):
    return sum_l + sum_r, keccak256(abi_encode(sum_l, left, sum_r, right))


@internal
@pure
def _width(count: uint256, low: uint256, first: uint256) -> uint256:
    """
    @return How many nodes level `low` of a sum tree over `count` leaves has from `first` on.
    """
    return ((count + (1 << low) - 1) >> low) - first


@internal
@pure
def _fold_sums(sums: DynArray[uint256, SUMS], hashes: DynArray[bytes32, SUMS]) -> (uint256, bytes32):
    """
    @return Sum of the node above 1 .. 16 nodes that begin at a multiple of 16.
    @return Its hash.
    """
    s: DynArray[uint256, SUMS] = sums
    h: DynArray[bytes32, SUMS] = hashes
    size: uint256 = len(hashes)
    for _: uint256 in range(SUM_LEVELS):
        if size <= 1:
            break
        for i: uint256 in range(size // 2, bound=SUMS // 2):
            s[i], h[i] = self._above(s[2 * i], h[2 * i], s[2 * i + 1], h[2 * i + 1])
        if size & 1 == 1:
            s[size // 2] = s[size - 1]
            h[size // 2] = h[size - 1]
        size = (size + 1) // 2
    return s[0], h[0]


@internal
@pure
def _climb_sums(
    sum: uint256,
    hash: bytes32,
    index: uint256,
    width: uint256,
    sums: DynArray[uint256, SUM_LEVELS],
    hashes: DynArray[bytes32, SUM_LEVELS],
) -> (uint256, bytes32):
    """
    @notice The node above number `index` of `width` nodes that begin at a multiple of 16, with the siblings that exist.
    @return Its sum.
    @return Its hash.
    """
    assert index < width and len(sums) == len(hashes), "rf: siblings"
    s: uint256 = sum
    h: bytes32 = hash
    at: uint256 = index
    size: uint256 = width
    used: uint256 = 0
    for _: uint256 in range(SUM_LEVELS):
        if size <= 1:
            break
        if at ^ 1 < size:
            assert used < len(sums), "rf: siblings"
            if at & 1 == 1:
                s, h = self._above(sums[used], hashes[used], s, h)
            else:
                s, h = self._above(s, h, sums[used], hashes[used])
            used += 1
        at >>= 1
        size = (size + 1) >> 1
    assert used == len(sums), "rf: siblings"
    return s, h
