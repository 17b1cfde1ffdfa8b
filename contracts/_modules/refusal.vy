# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Refusals of a group's contracts
@notice Every group deploys its contracts anew and pays 200 gas for each byte. A reason that stands in an `assert` costs
        113 bytes, one that is passed to this function 61. Who is not refused pays nothing for either.
"""


@internal
@pure
def _because(reason: String[24]):
    """
    @notice Revert with a reason.
    """
    raise reason
