# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Refusals of a group's contracts
@notice Every group deploys its contracts anew and pays 200 gas for each byte. A reason that stands in an `assert` costs
        113 bytes, one that is a number in `voting_refusal` or `delta_refusal` 12 and its words. Who is refused reads the
        same of both; who is not pays nothing for either.
"""


@internal
@pure
def _in_words(prefix: bytes32, reason: bytes32):
    """
    @notice Revert with `Error(string)`, as an `assert` does.
    @param  prefix  Of the contract.
    @param  reason  Words in ASCII, at the low end, where the compiler stores no zeros; at most 28 bytes.
    """
    words: uint256 = convert(reason, uint256)
    length: uint256 = 32
    for _: uint256 in range(32):
        if words >> 248 != 0:
            break
        words = words << 8
        # Unsafe but safe: once for each turn.
        length = unsafe_sub(length, 1)
    raw_revert(
        abi_encode(
            convert(32, uint256),
            unsafe_add(length, 4),
            convert(prefix, uint256) << 224 | words >> 32,
            method_id=method_id("Error(string)"),
        )
    )
