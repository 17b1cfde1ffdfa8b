"""Sponsorships of a group: which there are, what an account can draw from them, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compute.chain.contract import Contract
from compute.chain.errors import ChainError, MalformedAnswer, NoSuchToken, Reverted
from compute.chain.group import Group
from compute.chain.records import Candidate, Sponsorship
from compute.chain.shared import Shared
from compute.chain.voting import PAID
from compute.units import EPOCH

if TYPE_CHECKING:
    from compute.chain.sender import Sender

GRACE = 2 * EPOCH  # seconds after the end in which shares can be drawn; then the rest goes back
MAX_SPONSORSHIPS = 1_000  # of a group read at once, newest first: a flood must not stop a reader
MAX_DECIMALS = 77


@dataclass(frozen=True)
class Token:
    """An ERC-20, as far as it says what it is. Its words are a stranger's."""

    address: str
    symbol: str
    decimals: int
    own: bool = False  # the protocol's own, NRN

    @property
    def named(self) -> str:
        """What people are shown: another token may call itself NRN, so its address comes first."""
        said = self.own or self.symbol == self.address
        return self.symbol if said else f"{self.address} (“{self.symbol}”)"

    def held_by(self, chain: Shared, account: str) -> int:
        """Its smallest units that an account has. Raises NoSuchToken."""
        try:
            return Contract(chain.rpc, "Neuron", self.address).call("balanceOf", account)
        except (MalformedAnswer, Reverted):
            raise NoSuchToken(f"There is no token at {self.address}.") from None

    @classmethod
    def read(cls, chain: Shared, address: str) -> "Token":
        """Read a token's name and decimals; its address and whole units where it says nothing of
        use."""
        if address == chain.neuron.contract.address:
            return cls(address, "NRN", 18, own=True)
        contract = Contract(chain.rpc, "Neuron", address)
        return cls(address, _said(contract, "symbol", address), _said(contract, "decimals", 0))


def _said(contract: Contract, what: str, otherwise: "str | int") -> Any:
    try:
        answer = contract.call(what)
    except ChainError:
        return otherwise
    if isinstance(answer, int):
        return answer if answer <= MAX_DECIMALS else otherwise
    return answer if answer.isprintable() and 0 < len(answer) <= 16 else otherwise


def sponsorships(group: Group) -> list[Sponsorship]:
    """Those of a group, oldest first."""
    contract = group.chain.sponsorship.contract
    events = group.events(contract, ["Sponsored"], group.head().number, group_id=group.id)
    numbers = [event["sponsorship_id"] for event in events][-MAX_SPONSORSHIPS:]
    return [one for one in group.chain.sponsorship.read(numbers) if one.group_id == group.id]


@dataclass(frozen=True)
class Share:
    """The part of a sponsorship that `account` can draw for one accepted block."""

    sponsorship: Sponsorship
    height: int
    as_keeper: bool


def shares(group: Group, address: str) -> list[Share]:
    """List what the account earned as trainer, proposer or keeper and nobody has drawn yet.

    A keeper's share can be drawn once the group has paid the keeper for the block; nothing can
    while the block may be challenged.
    """
    now = group.head().timestamp
    running = [one for one in sponsorships(group) if now < one.until + GRACE]
    if not running:
        return []
    won = group.voting.won_heights(group.head())
    winners = {h: w for h, w in won if now >= group.voting.challengeable_until(w)}
    proposers = dict(zip(winners, _proposers(group, list(winners.values())), strict=True))
    ballots = group.voting.ballots([w.block_index for w in winners.values()], address)
    paid = {height for height, mine in zip(winners, ballots, strict=True) if mine == PAID}
    found = []
    for one in running:
        heights = [h for h, w in winners.items() if _is_paid_for(group, one, h, w)]
        mine = [h for h in heights if address in (winners[h].trainer, proposers[h])]
        found += [Share(one, h, False) for h in _undrawn(group, one, mine)]
        kept = [h for h in heights if h in paid]
        found += [Share(one, h, True) for h in _undrawn(group, one, kept, address)]
    return found


def _is_paid_for(group: Group, one: Sponsorship, height: int, winner: Candidate) -> bool:
    first, last = one.heights
    start = group.slot(winner.block_index).start
    return first <= height <= last and one.since <= start < one.until


def _proposers(group: Group, winners: Sequence[Candidate]) -> list[str | None]:
    """Return who proposed the data that each block was judged on; None if it came with the
    group."""
    starts = [group.slot(winner.block_index).start for winner in winners]
    versions = [version for version, _ in group.deltas.tips_at(starts)]
    own = max(versions, default=0) > group.base_version
    _, records = group.deltas.lineage(max(versions)) if own else (b"", [])
    proposer = {r.version: r.proposer for r in records if r.version > group.base_version}
    return [proposer.get(version) for version in versions]


def _undrawn(group: Group, one: Sponsorship, heights: Sequence[int], *staker: str) -> list[int]:
    drawn = group.chain.sponsorship.is_drawn([(one.id, height) for height in heights], *staker)
    return [height for height, done in zip(heights, drawn, strict=True) if not done]


def draw(sender: "Sender", share: Share) -> None:
    """Credit the shares of one block; `Sender.withdraw_drawn` pays them out."""
    send = sender.draw_keeper if share.as_keeper else sender.draw
    send(share.sponsorship.id, share.height)
