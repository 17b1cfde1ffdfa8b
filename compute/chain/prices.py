"""Gas prices of transactions: enough to land, never more than the user allows.

EIP-1559: the sender pays the base fee and a tip, together at most `max_fee`, per unit of gas. The
tip is what others paid lately, as the fee history tells, and bounded; so an endpoint that lies can
raise it to the bound and no further.
"""

import statistics
from dataclasses import dataclass
from typing import Any

from compute.chain.answers import quantity
from compute.chain.errors import MalformedAnswer, TooExpensive
from compute.units import ETHER

GWEI = 10**9
MIN_TIP = GWEI // 1_000  # what pools take at least
MAX_TIP = 3 * GWEI  # or the base fee, where that is more
HISTORY = ("eth_feeHistory", ("0x5", "latest", [50]))  # median tips of five blocks
LEGACY = ("eth_gasPrice", ())  # Rootstock: priced the old way
HEADROOM = 2  # times the base fee: six full blocks in a row
RAISE = (9, 8)  # nodes refuse a replacement that does not offer 10 % more


@dataclass(frozen=True)
class Price:
    """Wei per gas. `tip` is None on a chain without EIP-1559; below `floor` it would not land."""

    max_fee: int
    tip: int | None
    floor: int

    def above(self, max_fee: int, tip: int | None) -> "Price":
        """This price, or the least that may replace the one given."""
        least = max_fee * RAISE[0] // RAISE[1] + 1
        tip_least = 0 if tip is None else tip * RAISE[0] // RAISE[1] + 1
        raised = None if self.tip is None else max(self.tip, tip_least)
        return Price(max(self.max_fee, least, raised or 0), raised, max(self.floor, least))

    def within(self, gas: int, most: int, name: str) -> "Price":
        """This price, or what `most` wei allow. Raises TooExpensive if that would not land."""
        allowed = most // gas
        if allowed < self.floor:
            raise TooExpensive(
                f"Gas for {name} costs {gas * self.floor / ETHER:.3g} ETH or more now, and you "
                f"allow {most / ETHER:g}. Wait for a calmer hour, or raise --max-fee."
            )
        tip = None if self.tip is None else min(self.tip, allowed)
        return Price(min(self.max_fee, allowed), tip, self.floor)


def question(base_fee: int | None) -> tuple[str, Any]:
    """The RPC call whose answer `price` takes; `base_fee` of the head, None if it has none."""
    return LEGACY if base_fee is None else HISTORY


def price(base_fee: int | None, answer: Any) -> Price:
    """Choose fees that land soon, from the head's base fee and the answer to `question`."""
    if base_fee is None:
        asked = quantity(answer)
        return Price(asked, None, asked)
    try:
        bases = [quantity(fee) for fee in answer["baseFeePerGas"]]
        tips = [quantity(row[0]) for row in answer.get("reward") or []]
    except (TypeError, KeyError, IndexError, AttributeError):
        raise MalformedAnswer("The RPC sent a fee history that is none.") from None
    base = max([base_fee, *bases[-1:]])
    paid = int(statistics.median_low(tips)) if tips else 0
    tip = min(max(paid, MIN_TIP), max(MAX_TIP, base))
    return Price(HEADROOM * base + tip, tip, base + tip)
