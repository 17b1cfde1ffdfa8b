"""Somebody who claims by hand, true or false, and stores whatever bytes it likes."""

from dataclasses import replace
from typing import Any

import numpy as np

from compute.chain.claims import Claim, commitment, eval_root_hash
from compute.checkpoint.manifest import Manifest, Tensor
from compute.checkpoint.root import ParamsRoot
from compute.judging.evaluation import evaluate_checkpoint, root_of
from compute.judging.goal import Goals
from compute.storage.arrays import put_array
from compute.training.learner import Learner
from tests.integration.stage import OPTIONS, SPECIFICATION, Stage

SALT = bytes(range(32))


class Mallory:
    """Has honestly trained `parameters` in hand, and commits to claims on anything."""

    def __init__(self, stage: Stage, steps: int = 20) -> None:
        self.stage = stage
        self.goal = Goals(stage.group, stage.store).now()
        learner = Learner(SPECIFICATION, OPTIONS.recipe, self.goal.parameters)
        learner.study(self.goal.training_set, self.goal.tip)
        learner.run(steps=steps, seconds=60, check=lambda: None)
        self.parameters = learner.parameters()
        self.truth = evaluate_checkpoint(SPECIFICATION, self.parameters, self.goal.training_set)
        self._account = stage.net.accounts["mallory"]
        self._sender = stage.net.sender("mallory")
        self._claims: list[Claim] = []

    def checkpoint(
        self, changed: dict[str, np.ndarray] | None = None, nonce: int = 0, **fields: Any
    ) -> bytes:
        """Store these parameters unchecked, some `changed`; `fields` are the manifest's."""
        tensors, root = [], ParamsRoot()
        for name, array in sorted({**self.parameters, **(changed or {})}.items()):
            tensors.append(Tensor(name, array.shape, tuple(put_array(self.stage.store, array))))
            root.add(array)
        true = {"params_root": root.digest(), "model_hash": SPECIFICATION.hash, "nonce": nonce}
        return Manifest(**{**true, "tensors": tuple(tensors), **fields}).put(self.stage.store)

    def _root(self) -> bytes:
        """Of the true evaluation, for the true parameters."""
        params = ParamsRoot()
        for _, array in sorted(self.parameters.items()):
            params.add(array)
        return root_of(self.truth, SPECIFICATION, params.digest(), self.goal.training_set)

    def commit(self, checkpoint_hash: bytes, **lies: Any) -> Claim:
        """Commit to a claim that is true of `parameters`, except for `lies`."""
        claim = replace(
            Claim(
                self._account.address,
                self.stage.block.index,
                SPECIFICATION.hash,
                self.goal.tip,
                checkpoint_hash,
                self.truth.loss,
                self.goal.baseline_loss,
                eval_root_hash(self._root()),
            ),
            **lies,
        )
        group = self.stage.group
        self._sender.commit(group, commitment(claim.digest(group.domain), SALT))
        self._claims.append(claim)
        return claim

    def reveal(self) -> None:
        """Reveal every claim committed so far, and let the vote window begin."""
        if self.stage.chain.now() < self.stage.block.reveal_at:
            self.stage.net.warp(self.stage.block.reveal_at)
        for claim in self._claims:
            signature = claim.sign(self.stage.group.domain, self._account)
            self._sender.reveal(self.stage.group, claim, SALT, signature)
        self._claims.clear()
        self.stage.net.warp(self.stage.block.vote_at)
