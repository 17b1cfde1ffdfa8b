# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The packed records of a checkpoint voting
@notice Vyper does not pack structs, so these functions do, field by field from the low end of the word.
@dev    Widths. Votes: 104 bits, and the supply stays below 2**97. Sequence numbers: 48 bits, each of them a transaction.
        Block indices: 39 bits, each of them six hours or more; they are stored plus one, so that 0 means "none".
        Versions and heights: 32 bits, each of them a day or six hours or more. Levels: 9 bits, four for a doubling of
        64 bits. Parts of a bond: 25 bits, up to and including 2**24, the whole.
        A ballot is counted on the words of a round and of standings themselves: both begin with votes, have the block at
        the same place, and a standing ends with its mark.
"""


# The votes of a standing, the votes cast of a round.
VOTES: constant(uint256) = 2**104 - 1


# The block of a round, and of a standing with its highest bit: index + 1, from bit 152 on.
BLOCK_MASK: constant(uint256) = 2**40 - 1


# The highest bit of a standing's block: set when the claim is refuted, so that it is of no block that votes.
REFUTED: constant(uint256) = 2**191


# What marks a round as settled, an outcome as redeemed.
SETTLED: constant(uint256) = 2**249
REDEEMED: constant(uint256) = 2**147


# What puts a standing on the shortlist, and a round's list one up.
LISTED: constant(uint256) = 2**194
ONE_LISTED: constant(uint256) = 2**104
LISTED_MASK: constant(uint256) = 2**48 - 1


# The last block in which something was revealed.
struct Round:
    cast: uint256  # 104  votes of all ballots
    listed: uint256  #  48  candidates on the shortlist
    block_1: uint256  #  40  block index + 1
    version: uint256  #  32  of the training set the block is judged on
    part: uint256  #  25  of the full bond that a reveal posts
    settled: uint256  #   1


# How a candidate stands; non-zero = its hash is used, for ever.
struct Standing:
    votes: uint256  # 104  of the ballots that approve it
    seq: uint256  #  48  of its first commitment
    block_1: uint256  #  39  block index + 1; 0 for the genesis checkpoint; then 1 bit, `REFUTED`
    used: uint256  #   1
    again: uint256  #   1  entered again: a claim of an earlier block
    listed: uint256  #   1  on the shortlist


# What a candidate claims, and its bond.
struct Claim:
    trainer: address  # 160
    loss: uint256  #  64
    part: uint256  #  25  of the full bond, 0 once it has left
    marks: uint256  #   2  `RELAYED`, `HELD`


# Marks of a claim: someone else than the trainer posted its bond; games of the referee run against it.
RELAYED: constant(uint256) = 1
HELD: constant(uint256) = 2


# The loss to beat, and by how much.
struct Baseline:
    loss: uint256  # 64
    version: uint256  # 32  of the training set on which it is known
    height: uint256  # 32  of the incumbent
    known: uint256  #  1  0 until the first block is accepted
    level: uint256  #  9  of the minimum improvement in the block after `block_1`, see `pace`
    block_1: uint256  # 40  index + 1 of the last accepted block


# How a block ended.
struct Outcome:
    status: uint256  #   3  0 nothing revealed or not settled, 1 accepted, 2 rejected, 3 no quorum, 4 refuted
    loss: uint256  #  64  of the winner, like the following two
    seq: uint256  #  48
    height: uint256  #  32
    redeemed: uint256  #   1
    level: uint256  #   9  of the minimum improvement in this block
    again: uint256  #   1  the winner was a claim of an earlier block
    cast: uint256  #  98  votes of all ballots


_U3: constant(uint256) = 2**3 - 1
_U9: constant(uint256) = 2**9 - 1
_U25: constant(uint256) = 2**25 - 1
_U32: constant(uint256) = 2**32 - 1
_U39: constant(uint256) = 2**39 - 1
_U40: constant(uint256) = 2**40 - 1
_U48: constant(uint256) = 2**48 - 1
_U64: constant(uint256) = 2**64 - 1
_U104: constant(uint256) = 2**104 - 1
_U160: constant(uint256) = 2**160 - 1


@internal
@pure
def _pack_commitment(seq: uint256, block_1: uint256) -> uint256:
    return seq | (block_1 << 48)


@internal
@pure
def _unpack_commitment(word: uint256) -> (uint256, uint256):
    return word & _U48, word >> 48


@internal
@pure
def _new_round(block_1: uint256, version: uint256, part: uint256) -> uint256:
    """
    @notice A round in which nobody has voted.
    """
    return (block_1 << 152) | (version << 192) | (part << 224)


@internal
@pure
def _unpack_round(word: uint256) -> Round:
    return Round(
        cast=word & _U104,
        listed=(word >> 104) & _U48,
        block_1=(word >> 152) & _U40,
        version=(word >> 192) & _U32,
        part=(word >> 224) & _U25,
        settled=word >> 249,
    )


@internal
@pure
def _new_standing(block_1: uint256, seq: uint256, again: uint256) -> uint256:
    """
    @notice How a candidate stands for whom nobody has voted.
    """
    return (seq << 104) | (block_1 << 152) | ((1 | (again << 1)) << 192)


@internal
@pure
def _unpack_standing(word: uint256) -> Standing:
    return Standing(
        votes=word & _U104,
        seq=(word >> 104) & _U48,
        block_1=(word >> 152) & _U39,
        used=(word >> 192) & 1,
        again=(word >> 193) & 1,
        listed=word >> 194,
    )


@internal
@pure
def _pack_claim(claim: Claim) -> uint256:
    return (convert(claim.trainer, uint256) | (claim.loss << 160) | (claim.part << 224) | (claim.marks << 249))


@internal
@pure
def _unpack_claim(word: uint256) -> Claim:
    return Claim(
        trainer=convert(word & _U160, address),
        loss=(word >> 160) & _U64,
        part=(word >> 224) & _U25,
        marks=word >> 249,
    )


@internal
@pure
def _pack_baseline(baseline: Baseline) -> uint256:
    return (
        baseline.loss
        | (baseline.version << 64)
        | (baseline.height << 96)
        | (baseline.known << 128)
        | (baseline.level << 129)
        | (baseline.block_1 << 138)
    )


@internal
@pure
def _unpack_baseline(word: uint256) -> Baseline:
    return Baseline(
        loss=word & _U64,
        version=(word >> 64) & _U32,
        height=(word >> 96) & _U32,
        known=(word >> 128) & 1,
        level=(word >> 129) & _U9,
        block_1=word >> 138,
    )


@internal
@pure
def _pack_outcome(outcome: Outcome) -> uint256:
    return (
        outcome.status
        | (outcome.loss << 3)
        | (outcome.seq << 67)
        | (outcome.height << 115)
        | (outcome.redeemed << 147)
        | (outcome.level << 148)
        | (outcome.again << 157)
        | (outcome.cast << 158)
    )


@internal
@pure
def _unpack_outcome(word: uint256) -> Outcome:
    return Outcome(
        status=word & _U3,
        loss=(word >> 3) & _U64,
        seq=(word >> 67) & _U48,
        height=(word >> 115) & _U32,
        redeemed=(word >> 147) & 1,
        level=(word >> 148) & _U9,
        again=(word >> 157) & 1,
        cast=word >> 158,
    )
