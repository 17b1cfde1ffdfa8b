"""The curator: build patches to the training set, propose them, see them through.

The functions are single deeds for the command line; `Curator` is the process that keeps a
proposer's promises: bytes are published once the proposal is on chain, periods are finalised,
rewards redeemed.
"""

import functools
import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from compute.about import UNSAID, About
from compute.chain import Group, Proposal
from compute.judging.retrieval import load_training_set
from compute.node.clock import Wait
from compute.node.role import Role
from compute.node.seat import Seat
from compute.node.sending import attempt, told
from compute.storage import BlockUnavailable, Store
from compute.training_set import TrainingSet, blocks_of, build_delta, manifest

FINALITY_POLL_SECONDS = 2.0

logger = logging.getLogger(__name__)


def checkout(
    group: Group, store: Store, version: int | None = None, folder: Path | None = None
) -> TrainingSet:
    """The training set at `version`, or the one in force now, kept in `folder` if there is one.
    Raises BlockUnavailable."""
    version = group.voting.current().version if version is None else version
    return load_training_set(group, store, version, folder)


def new_delta(
    seat: Seat,
    *,
    add: Mapping[str, np.ndarray] | None = None,
    remove: Sequence[bytes] = (),
    folder: Path | None = None,
    about: About = UNSAID,
) -> bytes:
    """Build a patch to the set in force, in the curator's own store; returns the delta hash.

    Raises training_set.Inapplicable or SchemaError if it does not fit.
    """
    group, blocks = seat.group, seat.blocks
    version, tip = group.deltas.tip_at(group.chain.now())
    return build_delta(
        load_training_set(group, blocks, version, folder),
        add=add,
        remove=remove,
        parent_tip=tip,
        proposer=seat.address,
        store=blocks,
        about=about,
    )


def propose(seat: Seat, delta_hash: bytes, rebased_from: int = 0) -> int:
    """Propose a patch from the curator's own store and publish its bytes once that is final.

    Left while it waits for that, a `Curator` publishes them later. Returns the proposal's id.
    Raises Reverted, with "dr: stale parent" if the set has moved on since the patch was made.
    """
    group, blocks = seat.group, seat.blocks
    parent_tip = manifest.get(blocks, delta_hash).parent_tip
    receipt = seat.sender.propose(group, parent_tip, delta_hash, rebased_from)
    while group.chain.head(group.chain.final()).number < receipt.block_number:
        time.sleep(FINALITY_POLL_SECONDS)  # shown earlier, a thief could propose it first
    blocks.serve(blocks_of(blocks, delta_hash))
    return receipt.event("Proposed")["proposal_id"]


class Curator(Role):
    """Sees one account's proposals in one group through.

    It has no secrets and keeps no journal.
    """

    def __init__(self, seat: Seat) -> None:
        self._group = seat.group
        self._sender = seat.sender
        self._blocks = seat.blocks

    def step(self, now: int) -> Wait:
        """Publish, finalise, redeem."""
        group, sender = self._group, self._sender
        if group.deltas.finalizable():
            attempt("finalise the period", lambda: sender.finalize(group))
        for proposal in group.deltas.proposals():
            if proposal.proposer == sender.address:
                self._publish(proposal)
        for version in range(group.base_version + 1, group.voting.current().version + 1):
            due = group.deltas.due(version)
            if due is not None and due.proposer == sender.address:
                attempt(
                    f"redeem version {version}",
                    functools.partial(self._redeem, version),
                )
        return Wait(group.deltas.period().end, "waiting for the end of the delta period")

    def _redeem(self, version: int) -> None:
        told(self._sender.redeem_delta(self._group, version))

    def _publish(self, proposal: Proposal) -> None:
        """Serve a proposal's bytes, as far as they are still here."""
        try:
            self._blocks.serve(blocks_of(self._blocks, proposal.delta_hash))
        except BlockUnavailable as error:
            logger.warning("proposal %d cannot be read by anyone: %s", proposal.id, error)
