"""Verify the accepted blocks of a group: recompute each from chain and store."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from compute.chain import AcceptedBlock, Group
from compute.chain.claims import eval_root_hash
from compute.chain.pace import Pace
from compute.checkpoint import InvalidCheckpoint
from compute.judging.evaluation import evaluate_checkpoint, root_of
from compute.judging.goal import measure
from compute.judging.retrieval import (
    load_checkpoint,
    load_incumbent,
    load_specification,
    load_training_sets,
)
from compute.judging.transcripts import Transcript, Transcripts, transcript_in
from compute.models import ModelError
from compute.storage import Store


class Replay:
    """The group's state as it grows block by block."""

    def __init__(
        self, group: Group, store: Store, folder: Path, transcripts: Transcripts | None
    ) -> None:
        self._group = group
        self._store = store
        self._transcripts = transcripts
        self._specification = load_specification(store, group.model_hash)
        self._current = group.voting.current()
        last = self._current.version
        self._sets = load_training_sets(group, store, last, folder, verify=True)
        self.training_set = self._sets.version(0)
        self._incumbent = group.config.genesis_checkpoint
        self._baseline: tuple[int, int] | None = None  # (version, loss) as the chain holds it
        self._pace = Pace.of(group.config)

    def genesis_fault(self) -> str | None:
        """Why the checkpoint at height 0 is not what the specification demands; None if it is."""
        try:
            genesis = load_incumbent(self._store, self._specification, self._incumbent)
        except (InvalidCheckpoint, ModelError) as error:
            return str(error)
        if self._group.parent_id:
            return None  # the contract took it from the parent's accepted blocks
        initial = self._specification.initial_parameters()
        if not all(np.array_equal(genesis[name], initial[name]) for name in initial):
            return "it does not hold the initial parameters of the specification"
        return None

    def advance(self, block: AcceptedBlock, report: Callable[[int], None]) -> str | None:
        """Check the next accepted block and make it the incumbent; why it is a lie, or None."""
        self.training_set = self._sets.version(block.version)
        fault = self._fault(block, report)
        self._incumbent = block.checkpoint_hash
        self._baseline = block.version, block.loss
        self._pace = self._pace.after([block.block_index])
        return fault

    def _fault(self, block: AcceptedBlock, report: Callable[[int], None]) -> str | None:
        baseline = self._baseline_loss(block.version, report)
        try:
            checkpoint = load_checkpoint(self._store, self._specification, block.checkpoint_hash)
        except InvalidCheckpoint as error:
            return str(error)
        if block.baseline_loss != baseline:
            return (
                f"it claims to improve on {block.baseline_loss}, the incumbent's loss is {baseline}"
            )
        if block.loss + self._pace.asked(block.block_index) > baseline:
            return f"its loss {block.loss} does not improve on {baseline}"
        with self._transcript(block.checkpoint_hash, block.version) as transcript:
            evaluation = evaluate_checkpoint(
                self._specification, checkpoint.params, self.training_set, report, transcript
            )
        if not evaluation.valid:
            return evaluation.reason
        if evaluation.loss != block.loss:
            return f"its loss is {evaluation.loss}, not {block.loss}"
        root = root_of(evaluation, self._specification, checkpoint.params_root, self.training_set)
        if eval_root_hash(root) != block.eval_root_hash:
            return "its evaluation root is not that of its evaluation"
        return None

    def _baseline_loss(self, version: int, report: Callable[[int], None]) -> int:
        if self._baseline is not None and self._baseline[0] == version:
            return self._baseline[1]
        subject = self._incumbent, self._specification, self.training_set, self._store
        with self._transcript(self._incumbent, version) as transcript:
            return measure(*subject, report, transcript)

    def _transcript(
        self, checkpoint: bytes, version: int
    ) -> contextlib.AbstractContextManager[Transcript]:
        current = self._current
        tip = current.tip if version == current.version else self._group.deltas.tip_of(version)
        return transcript_in(
            self._transcripts, self._specification, checkpoint, tip, self.training_set
        )
