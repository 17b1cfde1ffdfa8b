# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The packed record of a sponsorship
@notice Three words: what never changes fills two, the money the third. Vyper does not pack structs, so these functions
        do, field by field from the low end of the word.
@dev    Widths. Times: 40 bits, until the year 36,000. Group ids: 48 bits, each of them a creation. Heights: 32 bits,
        as in `checkpoint_words`. Amounts: 128 bits, checked.
"""


# What a sponsor has agreed to.
struct Terms:
    token: address  # 160
    since: uint256  #  40  unix time: pays for blocks that begin from then on
    until: uint256  #  40  unix time: and before then
    sponsor: address  # 160
    group_id: uint256  #  48
    base_height: uint256  #  32  of the incumbent when it began
    n_blocks: uint256  #  16  heights paid for: base_height + 1 .. base_height + n_blocks


_U16: constant(uint256) = 2**16 - 1
_U32: constant(uint256) = 2**32 - 1
_U40: constant(uint256) = 2**40 - 1
_U48: constant(uint256) = 2**48 - 1
_U128: constant(uint256) = 2**128 - 1
_U160: constant(uint256) = 2**160 - 1


@internal
@pure
def _pack_terms(terms: Terms) -> (uint256, uint256):
    return (
        convert(terms.token, uint256) | (terms.since << 160) | (terms.until << 200),
        convert(terms.sponsor, uint256)
        | (terms.group_id << 160)
        | (terms.base_height << 208)
        | (terms.n_blocks << 240),
    )


@internal
@pure
def _unpack_terms(first: uint256, second: uint256) -> Terms:
    return Terms(
        token=convert(first & _U160, address),
        since=(first >> 160) & _U40,
        until=first >> 200,
        sponsor=convert(second & _U160, address),
        group_id=(second >> 160) & _U48,
        base_height=(second >> 208) & _U32,
        n_blocks=second >> 240,
    )


@internal
@pure
def _pack_money(left: uint256, per_block: uint256) -> uint256:
    assert left <= _U128, "sp: amount"
    return left | (per_block << 128)


@internal
@pure
def _unpack_money(word: uint256) -> (uint256, uint256):
    """
    @return What is left of the sponsorship.
    @return What an accepted block draws in all.
    """
    return word & _U128, word >> 128
