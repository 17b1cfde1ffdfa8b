# SPDX-License-Identifier: AGPL-3.0-only
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Claims signed by their trainer
@notice A trainer signs what it claims (EIP-712), so that anyone may relay the claim and none may alter it. The domain
        binds it to this chain and this voting contract, the fields to one block, one model and one training set.
@dev    The domain is hashed anew for each claim: kept as immutables, with what says when it is stale, it would cost more
        to deploy than a group's claims of years pay for it. The signer is an account or an ERC-1271 wallet. Signatures are malleable and never used as identifiers here.
"""

_NAME: constant(String[26]) = "DecentralizedAI Checkpoint"
_VERSION: constant(String[1]) = "1"

_DOMAIN_TYPE_HASH: constant(bytes32) = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_CHECKPOINT_TYPE_HASH: constant(bytes32) = keccak256(
    "Checkpoint(address trainer,uint256 blockIndex,bytes32 modelHash,bytes32 trainingSetTip,bytes32 checkpointHash,uint64 loss,uint64 baselineLoss,bytes32 evalRootHash)"
)


# A multi-signature wallet asks for 65 bytes from each owner, a wallet with a passkey for about 700 in all.
MAX_SIGNATURE: constant(uint256) = 1_024


# ERC-1271: the selector, and the answer that means "yes".
_IS_VALID_SIGNATURE: constant(bytes4) = 0x1626BA7E


@external
@view
@reentrant
def eip712Domain() -> (bytes1, String[26], String[1], uint256, address, bytes32, DynArray[uint256, 1]):
    """
    @notice The domain that a trainer signs under (ERC-5267).
    @return Which of the following it has: the first four.
    @return Its name.
    @return Its version.
    @return This chain.
    @return This contract.
    @return No salt.
    @return No extensions.
    """
    return 0x0F, _NAME, _VERSION, chain.id, self, empty(bytes32), empty(DynArray[uint256, 1])


@internal
@view
def _digest(
    trainer: address,
    block_index: uint256,
    model_hash: bytes32,
    tip: bytes32,
    checkpoint_hash: bytes32,
    loss: uint64,
    baseline_loss: uint64,
    eval_root_hash: bytes32,
) -> bytes32:
    """
    @notice What the trainer signs.
    """
    domain: bytes32 = keccak256(
        abi_encode(_DOMAIN_TYPE_HASH, keccak256("DecentralizedAI Checkpoint"), keccak256("1"), chain.id, self)
    )
    claim: bytes32 = keccak256(
        abi_encode(
            _CHECKPOINT_TYPE_HASH,
            trainer,
            block_index,
            model_hash,
            tip,
            checkpoint_hash,
            loss,
            baseline_loss,
            eval_root_hash,
        )
    )
    return keccak256(concat(x"1901", domain, claim))


@internal
@view
def _is_signed(trainer: address, digest: bytes32, signature: Bytes[MAX_SIGNATURE]) -> bool:
    """
    @notice Whether `trainer` signed `digest`.
    @dev    snekmate's check of wallets, for signatures as long as theirs are. Never ask for the zero address: it is
            what the recovery answers for an unusable signature.
    """
    if not trainer.is_contract:
        if len(signature) != 65:
            return False
        r: uint256 = extract32(signature, 0, output_type=uint256)
        s: uint256 = extract32(signature, 32, output_type=uint256)
        # The last byte.
        v: uint256 = extract32(signature, 33, output_type=uint256) & 255
        return ecrecover(digest, v, r, s) == trainer
    success: bool = False
    answer: Bytes[32] = b""
    success, answer = raw_call(
        trainer,
        abi_encode(digest, signature, method_id=_IS_VALID_SIGNATURE),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False,
    )
    return success and len(answer) == 32 and convert(answer, bytes32) == convert(_IS_VALID_SIGNATURE, bytes32)
