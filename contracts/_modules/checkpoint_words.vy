# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
"""
@title  The packed records of a checkpoint voting
@notice Vyper does not pack structs, so these functions do, field by field from the low end of the word.
@dev    Widths. Votes: 104 bits, and the supply stays below 2**97. Sequence numbers: 48 bits, each of them a transaction.
        Block indices: 40 bits, each of them six hours or more; they are stored plus one, so that 0 means "none".
        Versions and heights: 32 bits, each of them a day or six hours or more.
"""


# The last block in which something was revealed.
struct Round:
    votes: uint256  # 104  of the leader
    seq: uint256  #  48  of the leader; 0 is "none valid"
    block_1: uint256  #  40  block index + 1
    version: uint256  #  32  of the training set the block is judged on
    settled: uint256  #   1


# How a candidate stands; non-zero = its hash is used, for ever.
struct Standing:
    votes: uint256  # 104
    seq: uint256  #  48  of its commitment
    block_1: uint256  #  40  block index + 1; 0 for the genesis checkpoint
    used: uint256  #   1


# What a candidate claims, and its bond.
struct Claim:
    trainer: address  # 160
    loss: uint256  #  64
    bonded: uint256  #   1  the bond is still here
    relayed: uint256  #   1  someone else than the trainer paid it


# The loss to beat.
struct Baseline:
    loss: uint256  # 64
    version: uint256  # 32  of the training set on which it is known
    height: uint256  # 32  of the incumbent
    known: uint256  #  1  0 until the first block is accepted


# How a block ended.
struct Outcome:
    status: uint256  #  8  0 nothing revealed or not settled, 1 accepted, 2 rejected, 3 no quorum
    loss: uint256  # 64  of the winner, like the following two
    seq: uint256  # 48
    height: uint256  # 32
    redeemed: uint256  #  1


_U8: constant(uint256) = 2**8 - 1
_U32: constant(uint256) = 2**32 - 1
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
def _pack_round(round: Round) -> uint256:
    return (round.votes | (round.seq << 104) | (round.block_1 << 152) | (round.version << 192) | (round.settled << 224))


@internal
@pure
def _unpack_round(word: uint256) -> Round:
    return Round(
        votes=word & _U104,
        seq=(word >> 104) & _U48,
        block_1=(word >> 152) & _U40,
        version=(word >> 192) & _U32,
        settled=word >> 224,
    )


@internal
@pure
def _pack_standing(standing: Standing) -> uint256:
    return standing.votes | (standing.seq << 104) | (standing.block_1 << 152) | (standing.used << 192)


@internal
@pure
def _unpack_standing(word: uint256) -> Standing:
    return Standing(votes=word & _U104, seq=(word >> 104) & _U48, block_1=(word >> 152) & _U40, used=word >> 192)


@internal
@pure
def _pack_claim(claim: Claim) -> uint256:
    return (convert(claim.trainer, uint256) | (claim.loss << 160) | (claim.bonded << 224) | (claim.relayed << 225))


@internal
@pure
def _unpack_claim(word: uint256) -> Claim:
    return Claim(
        trainer=convert(word & _U160, address),
        loss=(word >> 160) & _U64,
        bonded=(word >> 224) & 1,
        relayed=word >> 225,
    )


@internal
@pure
def _pack_baseline(baseline: Baseline) -> uint256:
    return (baseline.loss | (baseline.version << 64) | (baseline.height << 96) | (baseline.known << 128))


@internal
@pure
def _unpack_baseline(word: uint256) -> Baseline:
    return Baseline(loss=word & _U64, version=(word >> 64) & _U32, height=(word >> 96) & _U32, known=word >> 128)


@internal
@pure
def _pack_outcome(outcome: Outcome) -> uint256:
    return (
        outcome.status | (outcome.loss << 8) | (outcome.seq << 72) | (outcome.height << 120) | (outcome.redeemed << 152)
    )


@internal
@pure
def _unpack_outcome(word: uint256) -> Outcome:
    return Outcome(
        status=word & _U8,
        loss=(word >> 8) & _U64,
        seq=(word >> 72) & _U48,
        height=(word >> 120) & _U32,
        redeemed=word >> 152,
    )
