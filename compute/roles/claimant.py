"""The life of a trainer's claim on chain: commit, reveal, collect.

A claim is journalled with its salt before its commitment is sent, and forgotten when nothing of it
is left to collect. Every method compares journal and chain first, so calling it again is safe.
"""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from compute.chain import Group, Status
from compute.chain.claims import Claim, commitment, eval_root_hash
from compute.roles.journal import Entry, Journal
from compute.roles.retrieval import Mirror
from compute.roles.sending import attempt, settle_overdue

if TYPE_CHECKING:
    from compute.chain.accounts import LocalAccount

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClaimEntry(Entry):
    """Everything needed to reveal a committed claim; hashes are 32 bytes, losses Q32.32 nats."""

    tip: bytes
    checkpoint_hash: bytes
    loss: int
    baseline_loss: int
    eval_root: bytes
    salt: bytes


def checkpoint_nonce(trainer: str, block_index: int) -> int:
    """63 bits that make a checkpoint's hash the trainer's own, and new in every block."""
    material = f"{trainer.lower()}/{block_index}".encode()
    return int.from_bytes(hashlib.sha256(material).digest()[:8]) >> 1


class Claimant:
    """Sends one account's claims in one group and collects what they earn."""

    def __init__(
        self,
        group: Group,
        account: "LocalAccount",
        journal: Journal[ClaimEntry],
        blocks: Mirror,
    ) -> None:
        self._chain = group.chain
        self._group = group
        self._account = account
        self._journal = journal
        self._blocks = blocks
        self._sender = group.chain.sender(account)
        self.address = self._sender.address

    def has_claim(self, block_index: int) -> bool:
        """Whether a claim for this block is journalled, be it on chain or not."""
        return self._journal.get(block_index) is not None

    def can_pay_bond(self) -> bool:
        return self._chain.neuron.balance_of(self.address) >= self._group.config.bond

    def prepare(
        self,
        block_index: int,
        *,
        tip: bytes,
        checkpoint_hash: bytes,
        loss: int,
        baseline_loss: int,
        eval_root: bytes,
    ) -> None:
        """Journal the claim of a block, with a fresh salt; from now on it is the only one."""
        salt = secrets.token_bytes(32)
        self._journal.record(
            ClaimEntry(block_index, tip, checkpoint_hash, loss, baseline_loss, eval_root, salt)
        )

    def ensure_committed(self, block_index: int) -> bool:
        """Commit to the journalled claim unless that is done; whether it is on chain."""
        value = self._commitment(self._entry(block_index))
        if self._group.commitment(value) is not None:
            return True
        return attempt(
            f"commit in block {block_index}", lambda: self._sender.commit(self._group, value)
        )

    def is_final(self, block_index: int) -> bool:
        """Whether the commitment is on chain and no reorganisation can undo it."""
        value = self._commitment(self._entry(block_index))
        return self._group.commitment(value, final=True) is not None

    def ensure_revealed(self, block_index: int) -> bool:
        """Publish the checkpoint and reveal the claim unless that is done; whether it is."""
        entry = self._entry(block_index)
        if self._stands(entry):
            return True
        self._blocks.serve_checkpoint(entry.checkpoint_hash)
        claim = self._claim(entry)
        signature = claim.sign(self._group.domain, self._account)
        return attempt(
            f"reveal in block {block_index}",
            lambda: self._sender.reveal(self._group, claim, entry.salt, signature),
        )

    def collect(self, before: int) -> None:
        """Settle, redeem and release what claims of blocks before index `before` still hold."""
        for entry in self._journal:
            if entry.block_index < before and self._collected(entry):
                self._journal.forget(entry.block_index)
                if self._group.credit(self.address):
                    attempt("withdraw credit", lambda: self._sender.withdraw_credit(self._group))

    def _collected(self, entry: ClaimEntry) -> bool:
        """Collect for one claim; whether nothing is left to do."""
        n, group, sender = entry.block_index, self._group, self._sender
        if not self._stands(entry):
            logger.info("block %d: our claim was not revealed", n)
            return True
        settle_overdue(sender, group)
        outcome = group.outcome(n)
        if outcome.status == Status.UNSETTLED:
            return False
        won = (
            outcome.status == Status.ACCEPTED
            and group.accepted(outcome.height) == entry.checkpoint_hash
        )
        logger.info("block %d: %s", n, "our claim won" if won else outcome.status.name.lower())
        if won and not outcome.redeemed:
            attempt(f"redeem block {n}", lambda: sender.redeem(group, n))
        candidate = group.candidate(entry.checkpoint_hash)
        if candidate is not None and candidate.bond_open:
            attempt(
                f"release the bond of block {n}",
                lambda: sender.release_bond(group, entry.checkpoint_hash),
            )
        # others may have done the same meanwhile: what counts is the chain
        candidate = group.candidate(entry.checkpoint_hash)
        closed = candidate is not None and not candidate.bond_open
        return closed and (not won or group.outcome(n).redeemed)

    def _stands(self, entry: ClaimEntry) -> bool:
        """Whether this claim is a candidate; another's claim on the same checkpoint is not."""
        candidate = self._group.candidate(entry.checkpoint_hash)
        return candidate is not None and (candidate.block_index, candidate.trainer) == (
            entry.block_index,
            self.address,
        )

    def _entry(self, block_index: int) -> ClaimEntry:
        entry = self._journal.get(block_index)
        if entry is None:
            raise LookupError(f"no claim was journalled for block {block_index}")
        return entry

    def _claim(self, entry: ClaimEntry) -> Claim:
        return Claim(
            trainer=self.address,
            block_index=entry.block_index,
            model_hash=self._group.model_hash,
            tip=entry.tip,
            checkpoint_hash=entry.checkpoint_hash,
            loss=entry.loss,
            baseline_loss=entry.baseline_loss,
            eval_root_hash=eval_root_hash(entry.eval_root),
        )

    def _commitment(self, entry: ClaimEntry) -> bytes:
        return commitment(self._claim(entry).digest(self._group.domain), entry.salt)
