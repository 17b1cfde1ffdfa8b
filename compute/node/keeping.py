"""Content that a role keeps available for its group, and for how long."""

import functools
import logging
from collections import deque

from compute.chain import Group
from compute.node import roots
from compute.node.events import event
from compute.node.mirror import Mirror
from compute.storage import BlockUnavailable, get_many
from compute.storage.garbage import collect
from compute.storage.location import pins_of
from compute.storage.pins import Pins
from compute.training_set import tokeniser
from compute.values import Size

RECENT_SECONDS = 3_600.0  # on its way to being pinned
HEIGHTS_KEPT = 2  # an accepted checkpoint is kept for so many more heights

logger = logging.getLogger(__name__)


class Keeping:
    """The pins of one role in one group, and the blocks behind them.

    Kept are the model, the tokeniser, every delta of the lineage, the checkpoints accepted lately,
    and those whose claims the role is concerned with. Of these the actor keeps what it ever held,
    pinned in its own folder and, once the chain has seen it, in the shared store, where it is put
    again if it got lost. What is not revealed stays in the actor's folder.
    """

    def __init__(self, group: Group, blocks: Mirror, role: str, quota: int | None = None) -> None:
        """`quota`: bytes of own blocks from which on what nobody may ask for is not kept a week."""
        name = f"{group.chain.chain_id}-{group.voting.address}-{role}"
        self._group = group
        self._blocks = blocks
        self._private = Pins(pins_of(blocks.own), name, blocks.own)
        self._public = Pins(pins_of(blocks.shared), name, blocks.shared)
        self._quota = quota
        self._block_index: int | None = None

    def refresh(self, block_index: int, claims: set[bytes]) -> None:
        """Look after the checkpoints `claims` and the incumbent; once a block after all the rest,
        and let go what has served.

        Raises StoreUnreachable; what was done until then is not lost.
        """
        self._keep(self._group.voting.incumbent().checkpoint_hash, "incumbent")
        for claim in claims:
            revealed = self._group.voting.candidate(claim) is not None
            self._keep(claim, "claim", public=revealed)
        if block_index == self._block_index:
            return
        kept = claims | self._keep_the_groups()
        for pins in (self._public, self._private):
            pins.release(pins.roots() - kept)
        self._collect()
        self._block_index = block_index

    def _collect(self) -> None:
        """Delete what is not pinned and old; of more than the quota, all that is not pinned."""
        own = self._blocks.own
        collect(own, pins_of(own))
        if self._quota is None or own.usage().bytes <= self._quota:
            return
        collect(own, pins_of(own), idle_seconds=RECENT_SECONDS)
        used = own.usage().bytes
        if used > self._quota:
            logger.warning(
                "%s are needed here, more than the quota of %s: it is what others may still ask "
                "for. Give a larger --quota.",
                Size(used), Size(self._quota), extra=event("disk"),
            )  # fmt: skip

    def _keep_the_groups(self) -> set[bytes]:
        """Keep what the chain says the group consists of; its roots."""
        group = self._group
        incumbent = group.voting.incumbent()
        lately = range(max(0, incumbent.height - HEIGHTS_KEPT), incumbent.height)
        deltas = roots.deltas(group)
        accepted = [found for at in lately if (found := group.voting.accepted(at)) is not None]
        models = list(roots.models(self._blocks.own, group.model_hash))
        words = self._tokenisers
        for why, wanted in (
            ("model", models),
            ("tokeniser", words),
            ("delta", deltas),
            ("accepted", accepted),
        ):
            for root in wanted:
                self._keep(root, why)
        return {*models, *words, *deltas, *accepted, incumbent.checkpoint_hash}

    @functools.cached_property
    def _tokenisers(self) -> list[bytes]:
        """What nothing here reads, so that it is fetched for others; once, for it may not exist."""
        found = roots.tokenisers(self._blocks, roots.deltas(self._group)[0])
        try:
            for root in found:
                deque(get_many(self._blocks, tokeniser.blocks_of(self._blocks, root)), maxlen=0)
        except BlockUnavailable as error:
            logger.warning("the tokeniser is not kept for others: %s", error)
            return []
        return found

    def _keep(self, root: bytes, why: str, *, public: bool = True) -> None:
        own = self._blocks.own
        try:
            digests = roots.of_root(own, root)
        except BlockUnavailable:  # it was never here
            return
        if not all(map(own.has, digests)):
            return
        if root not in self._private.roots():
            self._private.pin(root, digests, why=why)
        if public:
            self._blocks.serve(digests)
            if root not in self._public.roots():
                self._public.pin(root, digests, why=why)
