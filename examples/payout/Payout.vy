# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
"""
@title  Payout
@notice Receives what a hot key earns by training, for an owner whose key stays cold: `nrn train --pay-to`. The hot key
        signs claims in this contract's name (ERC-1271) and can take nothing out of it. Hold nothing else here: the
        hot key may sign whatever asks a contract for its signature.
"""

from ethereum.ercs import IERC20

_IS_VALID_SIGNATURE: constant(bytes4) = 0x1626BA7E
_IS_NOT: constant(bytes4) = 0xFFFFFFFF

OWNER: public(immutable(address))


# The hot key, or zero.
signer: public(address)


@deploy
def __init__(owner: address, signer: address):
    assert owner != empty(address), "payout: zero"
    OWNER = owner
    self.signer = signer


@external
@view
def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4:
    """
    @notice Whether the hot key signed a digest (ERC-1271).
    @param  digest     What is signed.
    @param  signature  65 bytes: r, s, v.
    @return 0x1626ba7e if it did.
    """
    if len(signature) != 65 or self.signer == empty(address):
        return _IS_NOT
    r: uint256 = extract32(signature, 0, output_type=uint256)
    s: uint256 = extract32(signature, 32, output_type=uint256)
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    return _IS_VALID_SIGNATURE if ecrecover(digest, v, r, s) == self.signer else _IS_NOT


@external
def sweep(token: address):
    """
    @notice Send all of a token to the owner. Anyone may call it.
    @param  token  Such as Neuron's address.
    """
    held: uint256 = staticcall IERC20(token).balanceOf(self)
    assert extcall IERC20(token).transfer(OWNER, held, default_return_value=True)


@external
def set_signer(signer: address):
    """
    @notice The owner names another hot key; zero is none.
    @param  signer  Its address.
    """
    assert msg.sender == OWNER, "payout: not the owner"
    self.signer = signer
