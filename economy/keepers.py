"""What keepers do with a block's claims, and what it costs them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from economy.imitation import Player
from economy.protocol import Actor
from economy.race import MAX_APPROVALS, Ballot, Claim


@dataclass
class Keeper:
    """A player with stake. `evaluation`: NRN that one actor pays to evaluate one claim alone."""

    player: Player
    actor: Actor
    evaluation: float


@dataclass(frozen=True)
class Tariff:
    """What a pool saves and takes, as parts of the cost of an evaluation."""

    pool_fee: float = 0.05


def honest(keeper: Keeper, claims: Sequence[Claim], _: Tariff) -> Ballot | None:
    """Evaluate alone, approve what is true."""
    keeper.player.cost += keeper.player.size * keeper.evaluation * len(claims)
    return Ballot(keeper.actor, [claim for claim in claims if claim.true])


def pooled(keeper: Keeper, claims: Sequence[Claim], tariff: Tariff) -> Ballot | None:
    """Be told by a pool that evaluates once for all its members."""
    keeper.player.cost += keeper.player.size * keeper.evaluation * tariff.pool_fee * len(claims)
    return Ballot(keeper.actor, [claim for claim in claims if claim.true])


def lazy(keeper: Keeper, claims: Sequence[Claim], _: Tariff) -> Ballot | None:
    """Approve what ranks best, unseen; no pay."""
    return Ballot(keeper.actor, claims, knows=False)


def absent(keeper: Keeper, claims: Sequence[Claim], _: Tariff) -> Ballot | None:
    """Do nothing."""
    return None


Strategy = Callable[[Keeper, Sequence[Claim], Tariff], Ballot | None]
STRATEGIES: dict[str, Strategy] = {
    "honest": honest, "pooled": pooled, "lazy": lazy, "absent": absent,
}  # fmt: skip


def shortlist(claims: Sequence[Claim]) -> list[Claim]:
    """The claims a ballot has room for, best first."""
    return sorted(claims, key=lambda claim: claim.loss)[:MAX_APPROVALS]
