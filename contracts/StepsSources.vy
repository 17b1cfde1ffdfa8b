# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Sources of an exact loss
@notice The words of the first rows: a parameter under the checkpoint's root, a number of the example under the training
        set's. Both roots are those of the published formats: sha256 trees whose last node without a sibling moves up, and
        which say how many leaves they have.
"""

from interfaces import IReferee
from interfaces import ISources

implements: ISources

_ROW: constant(uint256) = 4_096
_PATH: constant(uint256) = 32
_SCHEMA: constant(uint256) = 4_096
_EXAMPLE: constant(uint256) = 16_384
_LEAF: constant(uint256) = 1_024
_OPENING: constant(uint256) = 24_576


# Codes of rows.
_PARAMETER: constant(uint256) = 16
_COLUMN: constant(uint256) = 17


# Of a row's bytes: its parameter's two words, and where what comes after its size begins.
_PARAMETER_AT: constant(uint256) = 8
_DATA_AT: constant(uint256) = 40


# The word of what has no value, in no honest trace.
_NONE: constant(uint256) = max_value(uint256)
_SATURATED: constant(uint256) = 2_143_289_344  # float32 pattern 7fc00000

# Dtypes of columns, as in programs, and two more.
_I8: constant(uint256) = 2
_U8: constant(uint256) = 5
_I64: constant(uint256) = 8

_IDS: constant(uint256) = 32  # in a leaf
_COLUMN_BYTES: constant(uint256) = 64  # bytes of a column in the schema leaf
_COLUMNS: constant(uint256) = 64


@external
@pure
def word(
    row: Bytes[_ROW], element: uint256, example: uint256, evaluation: IReferee.Evaluation, opening: Bytes[_OPENING]
) -> uint256:
    """
    @notice An element of a row that is a parameter or a column of the example.
    @param  row         The row's bytes.
    @param  element     The element.
    @param  example     The example.
    @param  evaluation  The claim's.
    @param  opening     abi_encode of: the number of the parameters' leaves, the element's leaf, its path; or of: the
                        schema leaf, its path, the leaf with the example's id, its path, the example.
    @return The word; what is not there has no value.
    """
    code: uint256 = self._number(row, 0)
    if code == _PARAMETER:
        return self._parameter(row, element, evaluation.params_root, opening)
    assert code == _COLUMN, "rf: another proof"
    return self._column(row, element, example, evaluation, opening)


@internal
@pure
def _parameter(row: Bytes[_ROW], element: uint256, root: bytes32, opening: Bytes[_OPENING]) -> uint256:
    """
    @notice The f24 word of a parameter: dust is 0, no number is SATURATED.
    """
    leaves: uint256 = 0
    leaf: Bytes[_LEAF] = b""
    path: DynArray[bytes32, _PATH] = []
    leaves, leaf, path = abi_decode(opening, (uint256, Bytes[_LEAF], DynArray[bytes32, _PATH]))
    # The row says which leaf is its first; an array's last leaf may be shorter.
    index: uint256 = self._number(row, _PARAMETER_AT + 4) + element // 256
    start: uint256 = 4 * (element % 256)
    self._check(root, leaves, min(index, leaves - 1), leaf, path)
    if index >= leaves or start + 4 > len(leaf):
        return _NONE
    word: uint256 = self._little(leaf, start, 4)
    exponent: uint256 = (word >> 23) & 255
    if exponent < 31:
        return 0
    return _SATURATED if exponent == 255 else word


@internal
@pure
def _column(
    row: Bytes[_ROW],
    element: uint256,
    index: uint256,
    evaluation: IReferee.Evaluation,
    opening: Bytes[_OPENING],
) -> uint256:
    """
    @notice The word of a number of an example.
    @dev    Leaf 0 of the training set's tree is the schema, 64 bytes for each column: sha256 of its name, dtype (1 byte),
            elements of one example (last 8 bytes). Then 32 ids a leaf. An id is sha256 of the example: the schema's digest,
            then the columns in order, little-endian.
    """
    schema: Bytes[_SCHEMA] = b""
    schema_path: DynArray[bytes32, _PATH] = []
    ids: Bytes[_LEAF] = b""
    ids_path: DynArray[bytes32, _PATH] = []
    example: Bytes[_EXAMPLE] = b""
    schema, schema_path, ids, ids_path, example = abi_decode(
        opening,
        (Bytes[_SCHEMA], DynArray[bytes32, _PATH], Bytes[_LEAF], DynArray[bytes32, _PATH], Bytes[_EXAMPLE]),
    )
    leaves: uint256 = 1 + (evaluation.count + _IDS - 1) // _IDS
    self._check(evaluation.data_root, leaves, 0, schema, schema_path)
    self._check(evaluation.data_root, leaves, 1 + index // _IDS, ids, ids_path)
    start: uint256 = 32 * (index % _IDS)
    if start + 32 > len(ids):
        return _NONE
    assert sha256(example) == extract32(ids, start), "rf: example"
    name: bytes32 = extract32(row, _DATA_AT)
    at: uint256 = 32
    for i: uint256 in range(_COLUMNS):
        if _COLUMN_BYTES * i + _COLUMN_BYTES > len(schema):
            break
        word: uint256 = convert(extract32(schema, _COLUMN_BYTES * i + 32), uint256)
        dtype: uint256 = word >> 248
        width: uint256 = self._width(dtype)
        elements: uint256 = word & (2**64 - 1)
        if extract32(schema, _COLUMN_BYTES * i) != name:
            at += elements * width
            continue
        at += element * width
        if element >= elements or at + width > len(example):
            return _NONE
        number: int256 = self._signed(self._little(example, at, width), dtype, width)
        return self._read(number, self._number(row, _PARAMETER_AT + 4))
    return _NONE


@internal
@pure
def _check(root: bytes32, leaves: uint256, index: uint256, leaf: Bytes[4096], path: DynArray[bytes32, _PATH]):
    """
    @notice The leaf is number `index` of a tree of so many leaves.
    """
    assert index < leaves and leaves < 2**64, "rf: leaf"
    node: bytes32 = sha256(concat(b"\x00", self._u64(index), sha256(leaf)))
    at: uint256 = index
    size: uint256 = leaves
    used: uint256 = 0
    for _: uint256 in range(64):
        if size <= 1:
            break
        if at ^ 1 < size:
            assert used < len(path), "rf: path"
            if at & 1 == 1:
                node = sha256(concat(b"\x01", path[used], node))
            else:
                node = sha256(concat(b"\x01", node, path[used]))
            used += 1
        at >>= 1
        size = (size + 1) >> 1
    assert used == len(path), "rf: path"
    assert sha256(concat(b"\x02", self._u64(leaves), node)) == root, "rf: root"


@internal
@pure
def _u64(number: uint256) -> Bytes[8]:
    return slice(convert(number, bytes32), 24, 8)


@internal
@pure
def _number(row: Bytes[_ROW], start: uint256) -> uint256:
    return convert(slice(row, start, 4), uint256)


@internal
@pure
def _little(data: Bytes[_EXAMPLE], start: uint256, width: uint256) -> uint256:
    """
    @return The unsigned number that `width` little-endian bytes are.
    """
    number: uint256 = 0
    for i: uint256 in range(width, bound=8):
        number |= convert(slice(data, start + i, 1), uint256) << (8 * i)
    return number


@internal
@pure
def _width(dtype: uint256) -> uint256:
    """
    @return Bytes of a number.
    """
    if dtype >= _I64:
        return 8
    # i8, i16, i32, u8, u16, u32 are 2 to 7
    assert dtype >= _I8, "rf: dtype"
    return 1 << ((dtype - _I8) % 3)


@internal
@pure
def _signed(number: uint256, dtype: uint256, width: uint256) -> int256:
    signed: bool = dtype < _U8 or dtype == _I64
    if signed and number >> (8 * width - 1) == 1:
        return convert(number, int256) - convert(1 << (8 * width), int256)
    return convert(number, int256)


@internal
@pure
def _read(number: int256, how: uint256) -> uint256:
    """
    @param  how  0: an integer modulo 2**32. 1: a class, 2**32 - 1 if it is none. 256 + s: number * 2**s, rounded.
    """
    if how == 0:
        return convert(convert(number, bytes32), uint256) & (2**32 - 1)
    if how == 1:
        if number < 0 or number >= 2**31:
            return 2**32 - 1
        return convert(number, uint256)
    return self._rounded(convert(abs(number), uint256), convert(how, int256) - 256) | (2**31 if number < 0 else 0)


@internal
@pure
def _rounded(magnitude: uint256, scale: int256) -> uint256:
    """
    @notice magnitude * 2**scale to 24 bits, ties to even; below 2**64, and scales in -64 .. 64, so it is no dust and
            has a float32 pattern.
    """
    if magnitude == 0:
        return 0
    bits: uint256 = 0
    for _: uint256 in range(65):
        if magnitude >> bits == 0:
            break
        bits += 1
    mantissa: uint256 = magnitude << (24 - min(bits, 24))
    if bits > 24:
        drop: uint256 = bits - 24
        mantissa = magnitude >> drop
        rest: uint256 = magnitude & ((1 << drop) - 1)
        half: uint256 = 1 << (drop - 1)
        if rest > half or (rest == half and mantissa & 1 == 1):
            mantissa += 1
        # A carry out of the mantissa raises the exponent by itself.


    exponent: uint256 = convert(convert(bits, int256) + scale + 126, uint256)
    return (exponent << 23) + mantissa - 2**23
