# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title  Half a group as a minimal proxy would have it: its parameters in storage
@notice What a proxy pair costs at least, to measure our blueprints against: no checks, no logic.
"""

# Parameters of a group that differ from group to group, packed.
_parameters: uint256[3]

# What a constructor of ours writes beside them.
_state: HashMap[uint256, uint256]


@external
def initialize(parameters: uint256[3], words: uint256):
    """
    @notice Store the parameters, and so many further words.
    """
    self._parameters = parameters
    for word: uint256 in range(words, bound=8):
        self._state[word] = 1


@external
def call_without_parameters():
    """
    @notice The least a call can be.
    """
    pass


@external
def call_with_parameters() -> uint256:
    """
    @notice A call that needs two words of parameters, as a vote or a commitment does.
    """
    return self._parameters[0] + self._parameters[1]
