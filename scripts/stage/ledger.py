"""Expected balances, from deeds and the formula, never from balances on chain."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from compute.units import BPS
from scripts.stage.emission import Emission


@dataclass(frozen=True)
class Win:
    """An accepted block: who trained it and which keepers voted for it with how much stake.

    `paid_keepers` are those whose attestation was true; `votes` is all stake on the winner.
    """

    start: int
    trainer: str
    votes: int
    paid_keepers: Mapping[str, int]


@dataclass
class Ledger:
    """NRN wei by address: what each owns now, and what it earned, lost and drew from
    sponsors after the sale."""

    balances: Counter[str] = field(default_factory=Counter)
    earned: Counter[str] = field(default_factory=Counter)
    burned: Counter[str] = field(default_factory=Counter)
    drawn: Counter[str] = field(default_factory=Counter)

    def buy(self, buyer: str, wei: int, rate: int) -> None:
        """A purchase in the sale."""
        self.balances[buyer] += wei * rate

    def move(self, giver: str, receiver: str, amount: int) -> None:
        """A transfer, also one into a contract such as the vault."""
        self.balances[giver] -= amount
        self.balances[receiver] += amount

    def burn(self, owner: str, amount: int) -> None:
        """A bond that did not come back."""
        self.balances[owner] -= amount
        self.burned[owner] += amount

    def mint(self, owner: str, amount: int) -> None:
        """A reward."""
        self.balances[owner] += amount
        self.earned[owner] += amount

    def draw(self, sponsorship: str, shares: Mapping[str, int]) -> None:
        """What a sponsorship pays for one accepted block, from the contract that holds it."""
        for owner, amount in shares.items():
            self.move(sponsorship, owner, amount)
            self.drawn[owner] += amount

    def win_blocks(
        self,
        emission: Emission,
        wins: Sequence[Win],
        *,
        stake: int,
        keeper_bps: int,
        voting: str,
    ) -> None:
        """Rewards of accepted blocks of the only group with stake.

        The keepers' pool belongs to each true ballot by its share of all votes for the winner;
        what is left stays in the `voting` contract for ever.
        """
        for win in wins:
            reward = emission.block(win.start, stake, stake)
            pool = reward * keeper_bps // BPS
            self.mint(win.trainer, reward - pool)
            shares = {
                keeper: pool * power // win.votes for keeper, power in win.paid_keepers.items()
            }
            for keeper, share in shares.items():
                self.mint(keeper, share)
            self.mint(voting, pool - sum(shares.values()))
