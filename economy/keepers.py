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
class Means:
    """What a keeper can do before the window closes, and what its pool takes."""

    capacity: int = 16  # claims evaluated in a block
    pool_fee: float = 0.05  # of what an evaluation costs alone


def honest(keeper: Keeper, claims: Sequence[Claim], means: Means) -> Ballot | None:
    """Evaluate alone, approve what is true."""
    return _evaluate(keeper, claims, means, keeper.evaluation)


def pooled(keeper: Keeper, claims: Sequence[Claim], means: Means) -> Ballot | None:
    """Be told by a pool that evaluates once for all its members."""
    return _evaluate(keeper, claims, means, keeper.evaluation * means.pool_fee)


def lazy(keeper: Keeper, claims: Sequence[Claim], _: Means) -> Ballot | None:
    """Approve what ranks best, unseen; no pay."""
    return Ballot(keeper.actor, _ranked(claims)[:MAX_APPROVALS], knows=False)


def absent(keeper: Keeper, claims: Sequence[Claim], _: Means) -> Ballot | None:
    """Do nothing."""
    return None


Strategy = Callable[[Keeper, Sequence[Claim], Means], Ballot | None]
STRATEGIES: dict[str, Strategy] = {
    "honest": honest, "pooled": pooled, "lazy": lazy, "absent": absent,
}  # fmt: skip


def _evaluate(keeper: Keeper, claims: Sequence[Claim], means: Means, price: float) -> Ballot:
    """Look at claims, best first, until a ballot is full of true ones or time is up."""
    approved: list[Claim] = []
    for claim in _ranked(claims)[: means.capacity]:
        if len(approved) == MAX_APPROVALS:
            break
        keeper.player.cost += keeper.player.size * price
        approved += [claim] if claim.true else []
    return Ballot(keeper.actor, approved)


def _ranked(claims: Sequence[Claim]) -> list[Claim]:
    return sorted(claims, key=lambda claim: claim.loss)
