"""Typed reads of the six contracts every group shares. NRN amounts in units of 1e-18."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from compute.chain.contract import ZERO_ADDRESS, Contract
from compute.chain.records import Sponsorship


@dataclass(frozen=True)
class SaleTerms:
    """The sale runs in [start, end) and gives `rate` NRN for one ETH."""

    start: int
    end: int
    rate: int


@dataclass(frozen=True)
class Neuron:
    """The token."""

    contract: Contract

    def balance_of(self, address: str) -> int:
        return self.contract.call("balanceOf", address)

    def allowance(self, owner: str, spender: str) -> int:
        return self.contract.call("allowance", owner, spender)

    def total_supply(self) -> int:
        return self.contract.call("totalSupply")


@dataclass(frozen=True)
class NeuronSale:
    """The sale that issued the first tokens."""

    contract: Contract

    def terms(self) -> SaleTerms:
        """Read once: they never change."""
        return self._terms

    @cached_property
    def _terms(self) -> SaleTerms:
        return SaleTerms(*self.contract.call_many([("START", ()), ("END", ()), ("RATE", ())]))

    def issued(self) -> int:
        return self.contract.call("issued")

    def raised(self) -> int:
        return self.contract.call("raised")


@dataclass(frozen=True)
class StakeVault:
    """Stake, and the voting power it gives from the next epoch on."""

    contract: Contract

    def stake_of(self, group_id: int, staker: str) -> int:
        """Latest, including what counts only from the next epoch."""
        return self.contract.call("stake_of", group_id, staker)

    def group_stake(self, group_id: int) -> int:
        return self.contract.call("group_stake", group_id)

    def total_stake(self) -> int:
        return self.contract.call("total_stake")

    def power_at(self, group_id: int, staker: str, epoch: int) -> int:
        """Raises Reverted for an epoch that has not begun."""
        return self.powers_at(group_id, staker, [epoch])[0]

    def powers_at(self, group_id: int, staker: str, epochs: Sequence[int]) -> list[int]:
        """The staker's power in each of many epochs."""
        return self.contract.call_many([("power_at", (group_id, staker, n)) for n in epochs])

    def group_power_at(self, group_id: int, epoch: int) -> int:
        return self.group_powers_at(group_id, [epoch])[0]

    def group_powers_at(self, group_id: int, epochs: Sequence[int]) -> list[int]:
        """The group's power in each of many epochs."""
        return self.contract.call_many([("group_power_at", (group_id, n)) for n in epochs])

    def total_power_at(self, epoch: int) -> int:
        return self.contract.call("total_power_at", epoch)

    def operator_of(self, staker: str) -> str:
        """Return who may vote for the staker besides itself; the zero address if nobody."""
        return self.contract.call("operator_of", staker)

    def exit_amount(self, staker: str, release_epoch: int) -> int:
        """Return what `withdraw(release_epoch)` gives from that epoch on."""
        return self.contract.call("exit_amount", staker, release_epoch)


@dataclass(frozen=True)
class Coinbase:
    """Issue of new tokens."""

    contract: Contract

    def block_reward(self, group_id: int, block_start: int) -> int:
        """Return the reward of an accepted block that started then, keeper share included."""
        return self.block_rewards(group_id, [block_start])[0]

    def block_rewards(self, group_id: int, block_starts: Sequence[int]) -> list[int]:
        """Return the rewards of accepted blocks that started then, each with its keepers' part."""
        return self.contract.call_many([("block_reward", (group_id, n)) for n in block_starts])

    def delta_rewards(self, group_id: int, credits: Sequence[tuple[int, int]]) -> list[int]:
        """Return the rewards of appended deltas, each for (start of its period, seconds of
        credit)."""
        return self.contract.call_many(
            [("delta_reward", (group_id, start, seconds)) for start, seconds in credits]
        )

    def minted(self) -> int:
        return self.contract.call("minted")


@dataclass(frozen=True)
class GroupRegistry:
    """The list of groups."""

    contract: Contract

    def n_groups(self) -> int:
        return self.contract.call("n_groups")

    def parent_of(self, group_id: int) -> int:
        """0 unless the group is a fork."""
        return self.parents_of([group_id])[0]

    def parents_of(self, group_ids: Sequence[int]) -> list[int]:
        """The parent of each; 0 unless the group is a fork."""
        return self.contract.call_many([("parent_of", (number,)) for number in group_ids])

    def contracts_of(self, group_ids: Sequence[int]) -> list[tuple[str, str]]:
        """Addresses of the DeltaRegistry and the CheckpointVoting of each."""
        names = ("deltas_of", "voting_of")
        found = self.contract.call_many([(name, (n,)) for n in group_ids for name in names])
        return list(zip(found[::2], found[1::2], strict=True))

    def min_bond(self) -> int:
        return self.contract.call("MIN_BOND")


@dataclass(frozen=True)
class Sponsorships:
    """Sponsorships of groups. Amounts in a token's smallest units."""

    contract: Contract

    def read(self, numbers: Sequence[int]) -> list[Sponsorship]:
        """Sponsorships by their ids; what is not there is left out."""
        calls = [(name, (n,)) for name in ("sponsorship", "heights") for n in numbers]
        answers = self.contract.call_many(calls)
        told, heights = answers[: len(numbers)], answers[len(numbers) :]
        found = [
            Sponsorship(*(n, *facts, paid))
            for n, facts, paid in zip(numbers, told, heights, strict=True)
        ]
        return [one for one in found if one.sponsor != ZERO_ADDRESS]

    def is_drawn(
        self, numbers: Sequence[tuple[int, int]], staker: str = ZERO_ADDRESS
    ) -> list[bool]:
        """Return whether each (sponsorship, height) is drawn by a keeper, or by trainer and
        proposer."""
        return self.contract.call_many([("drawn", (*number, staker)) for number in numbers])

    def dues(self, numbers: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
        """(trainer's, keepers', proposer's) shares of each (sponsorship, height)."""
        return self.contract.call_many([("due", number) for number in numbers])

    def credit(self, token: str, account: str) -> int:
        """Return what was drawn for an account and waits for `withdraw`."""
        return self.contract.call("credit", token, account)
