"""A trainer that claims the same thing twice, so that honest votes may split between the two."""

import argparse
import secrets
from functools import partial

from compute.chain import Block
from compute.chain.claims import Claim, commitment, eval_root_hash
from compute.chain.rewards import of_claim
from compute.checkpoint import publish
from compute.checkpoint.load import params_root_of
from compute.judging.evaluation import root_of
from compute.judging.goal import Goal
from compute.node.clock import Wait
from compute.node.seat import Seat
from compute.roles.trainer import Trainer
from compute.searching.search import Candidate, Options
from compute.training.recipe import Recipe
from scripts.actors.part import attempt, play

SALT = secrets.token_bytes(32)


class Splitter(Trainer):
    """Trains like others; once its group lives, it makes two claims of the same parameters."""

    def __init__(self, seat: Seat, options: Options) -> None:
        super().__init__(seat, options)
        self._seat = seat
        self._twin: Claim | None = None
        self._revealed: list[bytes] = []  # whose bonds are to come back

    def step(self, now: int) -> Wait:
        """Do what this moment of this block asks for."""
        block = self._seat.group.slot_at(now)
        self._release()
        wait = super().step(now)
        if self._twin is not None and block.reveal_at <= now < block.vote_at and not wait.recheck:
            self._show_twin(self._twin)
            self._twin = None
        return wait

    def _claim(self, block: Block, goal: Goal, best: Candidate) -> None:
        super()._claim(block, goal, best)
        group, seat = self._seat.group, self._seat
        if group.voting.incumbent().height == 0:
            return
        checkpoint = publish(
            best.parameters,
            model_hash=goal.specification.hash,
            store=seat.blocks,
            nonce=secrets.randbits(62),
            shard_sums=best.evaluation.shard_sums,
        )
        params_root = params_root_of(seat.blocks, checkpoint)
        root = root_of(best.evaluation, goal.specification, params_root, goal.training_set)
        self._twin = Claim(
            seat.address,
            block.index,
            group.model_hash,
            goal.tip,
            checkpoint,
            best.evaluation.loss,
            goal.baseline_loss,
            eval_root_hash(root),
        )
        value = commitment(self._twin.digest(group.domain), SALT)
        attempt(seat, "commit to a twin", lambda: seat.sender.commit(group, value))

    def _show_twin(self, claim: Claim) -> None:
        group, seat = self._seat.group, self._seat
        seat.blocks.serve_checkpoint(claim.checkpoint_hash)
        signature = claim.sign(group.domain, seat.account)
        if attempt(
            seat, "reveal a twin", lambda: seat.sender.reveal(group, claim, SALT, signature)
        ):
            self._revealed.append(claim.checkpoint_hash)

    def _release(self) -> None:
        group, seat = self._seat.group, self._seat
        for claim in group.voting.revealed(self._revealed):
            if of_claim(group, claim):
                attempt(
                    seat,
                    "release a bond",
                    partial(seat.sender.release_bond, group, claim.checkpoint_hash),
                )
                self._revealed.remove(claim.checkpoint_hash)


def main() -> None:
    """Split until SIGTERM."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--learning-rate", type=float, required=True)
    parser.add_argument("--steps", type=int, required=True)
    recipe, _ = parser.parse_known_args()
    options = Options(
        Recipe(seed=recipe.seed, learning_rate=recipe.learning_rate), steps=recipe.steps
    )
    play("splitter", lambda seat: Splitter(seat, options), parser)


if __name__ == "__main__":
    main()
