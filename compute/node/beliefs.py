"""What one account finds of claims, by evaluating what they published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from compute.chain import Candidate, RevealedClaim
from compute.chain.claims import eval_root_hash
from compute.checkpoint import InvalidCheckpoint
from compute.judging.belief import Published
from compute.judging.evaluation import CannotEvaluate, losses_of
from compute.judging.retrieval import load_checkpoint, load_specification, load_training_sets
from compute.judging.transcripts import Transcripts, transcript_in
from compute.models import ModelError
from compute.node.seat import Seat
from compute.training_set import InvalidGenesis, TrainingSet

Claim = RevealedClaim | Candidate
Progress = Callable[[int], None]

HELD = 2  # beliefs in memory, parameters and all, and versions of the data


@dataclass(frozen=True)
class Finding:
    """`fault` says why a claim is false, None if it is true; `hindrance` why the referee cannot be
    shown so, None if it can."""

    fault: str | None
    hindrance: str | None = None


class Beliefs:
    """What a seat finds. The losses lie in transcripts, which outlive a restart."""

    def __init__(self, seat: Seat) -> None:
        self._group, self._blocks = seat.group, seat.blocks
        self._folder = seat.training_sets
        self._transcripts = Transcripts(seat.state / "evaluations")
        self._held: dict[tuple[bytes, int], Published] = {}
        self._sets: dict[tuple[int, bytes], TrainingSet] = {}  # by version and tip

    def find(self, claim: Claim, root_hash: bytes, check: Progress) -> Finding:
        """Return whether a claim, with this hash of its eval_root, is true. Raises
        BlockUnavailable, and what `check` raises to leave."""
        try:
            return self._find(claim, root_hash, check)
        except InvalidCheckpoint as error:
            return Finding(str(error), "only losses can be refuted")
        except (ModelError, InvalidGenesis, CannotEvaluate) as error:
            return Finding(str(error), "it cannot be evaluated here")

    def _find(self, claim: Claim, root_hash: bytes, check: Progress) -> Finding:
        belief = self.belief(claim, check)
        if belief.without is not None:
            fault = f"example {belief.without} has no loss"
        elif belief.evaluation.loss != claim.loss:
            fault = f"its loss is {belief.evaluation.loss}, not {claim.loss}"
        elif eval_root_hash(belief.evaluation.root) != root_hash:
            fault = "its evaluation root is not that of its evaluation"
        else:
            return Finding(None)
        if belief.not_refereed:
            return Finding(fault, f"the model is not refereed: {belief.not_refereed}")
        return Finding(fault)

    def belief(self, claim: Claim, check: Progress, data_root: bytes | None = None) -> Published:
        """What is so of a claim's checkpoint, on the data in force; or on earlier data with this
        root, if there is such. Raises BlockUnavailable, InvalidCheckpoint, ModelError,
        InvalidGenesis, CannotEvaluate, and what `check` raises to leave."""
        version = self._version(claim)
        if data_root is not None:
            same = (v for v in self._older(claim) if self._set(v).root.digest() == data_root)
            version = next(same, version)
        return self._published(claim.checkpoint_hash, version, check)

    def _version(self, claim: Claim) -> int:
        start = self._group.slot(claim.block_index).start
        return self._group.deltas.tip_at(start)[0]

    def _older(self, claim: Claim) -> Iterator[int]:
        """Earlier versions of the data, the newest first, each data once."""
        newest = self._version(claim)
        seen = {self._set(newest).root.digest()}
        for version in range(newest - 1, -1, -1):
            root = self._set(version).root.digest()
            if root not in seen:
                seen.add(root)
                yield version

    def _set(self, version: int) -> TrainingSet:
        """A version of the data: each is opened once, for every look holds files."""
        tip = self._group.deltas.tip_of(version)
        if not any(tip):  # of an ancestor, or not written down yet
            return self._opened(version)
        if (version, tip) not in self._sets:
            while len(self._sets) >= HELD:
                del self._sets[next(iter(self._sets))]
            self._sets[version, tip] = self._opened(version)
        return self._sets[version, tip]

    def _opened(self, version: int) -> TrainingSet:
        sets = load_training_sets(self._group, self._blocks, version, self._folder)
        return sets.version(version)

    def _published(self, name: bytes, version: int, check: Progress) -> Published:
        if (name, version) not in self._held:
            found = self._evaluated(name, version, check)
            while len(self._held) >= HELD:
                del self._held[next(iter(self._held))]
            self._held[name, version] = found
        return self._held[name, version]

    def _evaluated(self, name: bytes, version: int, check: Progress) -> Published:
        group, blocks = self._group, self._blocks
        specification = load_specification(blocks, group.model_hash)
        checkpoint = load_checkpoint(blocks, specification, name)
        data = self._set(version)
        subject = specification, checkpoint.params, data
        tip = group.deltas.tip_of(version)  # as keepers name their transcripts
        if not any(tip):  # of an ancestor, or not written down yet
            tip = data.root.digest()
        with transcript_in(self._transcripts, specification, name, tip, data) as transcript:
            found = losses_of(*subject, transcript, check)
        return Published(group, blocks, name, checkpoint, specification, data, version, *found)
