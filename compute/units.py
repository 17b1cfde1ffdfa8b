"""Units of the protocol, as its contracts count them, and what they are for people.

Nothing is imported here: every part of the program may look.
"""

DAY = 86_400  # seconds
EPOCH = 7 * DAY  # seconds; stake epochs are aligned to unix time
BPS = 10_000  # basis points in a whole
NRN = ETHER = 10**18  # smallest units in one; both have 18 decimals
NAT = 1 << 32  # one nat, as losses are counted: unsigned Q32.32


def nats(loss: int) -> float:
    """A loss in Q32.32 as a number of nats."""
    return loss / NAT
