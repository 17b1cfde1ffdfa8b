# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title snekmate's erc20 as its own mock exposes it: the anchor of the token functions
"""
from ethereum.ercs import IERC20
from snekmate.auth import ownable
from snekmate.tokens import erc20

initializes: ownable
initializes: erc20[ownable := ownable]
implements: IERC20

exports: erc20.__interface__


@deploy
def __init__():
    ownable.__init__()
    erc20.__init__("Plain", "PLN", 18, "Plain", "1")
