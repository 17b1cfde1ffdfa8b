"""The life of a trainer's claim on chain: commit, reveal, collect.

Its own transactions bring it there, or those of whoever it is handed over to: see `Delivery`. A
claim is journalled with its salt before its commitment is sent, and forgotten when nothing of it
is left to collect. Every method compares journal and chain first, so calling it again is safe.
"""

import hashlib
import logging
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from compute.chain import Candidate, Group
from compute.chain.claims import Claim, commitment, eval_root_hash
from compute.chain.contract import BlockTag, checksummed
from compute.chain.errors import InvalidArgument
from compute.chain.handover import Opened
from compute.chain.rewards import Reward, of_claim, won
from compute.chain.signatures import is_signed
from compute.node.events import event
from compute.node.final import done_for_good
from compute.node.journal import Entry
from compute.node.salt import salt_of
from compute.node.seat import Seat

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClaimEntry(Entry):
    """Everything needed to reveal a committed claim; hashes are 32 bytes, losses Q32.32 nats."""

    trainer: str
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


class Delivery(Protocol):
    """The delivery of claims: `sending.OwnTransactions`, or `claim_folder.FolderDelivery`.

    `commit_margin`: seconds kept free at the end of the commit window. What returns a bool says
    whether it is on chain, and is called again if not.
    """

    commit_margin: int

    def can_pay_bond(self) -> bool: ...
    def commit(self, block_index: int, commitment: bytes) -> bool: ...
    def reveal(self, commitment: bytes, opened: Opened) -> bool: ...
    def settle(self) -> None: ...
    def collect(self, reward: Reward) -> None: ...
    def finish(self, commitment: bytes) -> None: ...


class Claimant:
    """Makes one account's claims in one group and collects what they earn."""

    def __init__(self, seat: Seat, delivery: Delivery, pay_to: str | None = None) -> None:
        """Claims are in the account's name, or in that of the contract `pay_to`, which is paid.

        Raises JournalError if another process holds the seat's journal, InvalidArgument unless
        `pay_to` takes the account's signature.
        """
        self._journal = seat.journal(ClaimEntry)
        self._group = seat.group
        self._account = seat.account
        self._blocks = seat.blocks
        self._delivery = delivery
        self.address = seat.address
        self._trainer = seat.address if pay_to is None else self._payee(pay_to)
        self.commit_margin = delivery.commit_margin
        self.can_pay_bond = delivery.can_pay_bond

    def _payee(self, contract: str) -> str:
        """The contract, if it takes the account's signature of a claim."""
        payee, nothing = checksummed(contract), bytes(32)
        claim = Claim(payee, 0, self._group.model_hash, nothing, nothing, 0, 0, nothing)
        signature = claim.signature_of(self._group.domain, self._account)
        if not is_signed(self._group.chain.rpc, self._group.domain, claim, signature):
            raise InvalidArgument(
                f"{payee} does not take the signature of {self.address} (ERC-1271). A reward is "
                "paid to who signs the claim: name a contract that does, as in examples/payout."
            )
        return payee

    def has_claim(self, block_index: int) -> bool:
        """Return whether a claim for this block is journalled, be it on chain or not."""
        return self._journal.get(block_index) is not None

    def enter_again(self, block_index: int, *, tip: bytes, baseline_loss: int, gain: int) -> bool:
        """Journal an earlier claim for this block, one that nobody has judged and that still gains
        `gain` on the loss to beat; whether there is one. The first committed goes first.

        It keeps rank and bond. Its loss holds on the data of `tip` alone: on other data it waits
        for its bond.
        """
        fit = [
            e
            for e in self._journal
            if (e.tip, e.trainer) == (tip, self._trainer) and e.loss + gain <= baseline_loss
        ]
        standing = {claim: e for e in fit if (claim := self._standing(e)) is not None}
        waiting = self._group.voting.unjudged(list(standing))
        if not waiting:
            return False
        entry = standing[min(waiting, key=lambda claim: claim.seq)]
        logger.info("block %d: our claim of block %d again", block_index, entry.block_index)
        self.prepare(
            block_index,
            tip=tip,
            checkpoint_hash=entry.checkpoint_hash,
            loss=entry.loss,
            baseline_loss=baseline_loss,
            eval_root=entry.eval_root,
        )
        return True

    def checkpoints(self) -> set[bytes]:
        """Hashes of the checkpoints whose claims are under way, revealed or not."""
        return {entry.checkpoint_hash for entry in self._journal}

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
        """Journal the claim of a block, with its own salt; from now on it is the only one."""
        salt = salt_of(self._account, self._group.domain, block_index, checkpoint_hash)
        self._journal.record(
            ClaimEntry(
                block_index,
                self._trainer,
                tip,
                checkpoint_hash,
                loss,
                baseline_loss,
                eval_root,
                salt,
            )
        )

    def ensure_committed(self, block_index: int) -> bool:
        """Commit to the journalled claim unless that is done; whether it is on chain."""
        value = self._commitment(self._entry(block_index))
        if self._group.voting.commitment(value) is not None:
            return True
        return self._delivery.commit(block_index, value)

    def is_final(self, block_index: int) -> bool:
        """Return whether the commitment is on chain and no reorganisation can undo it."""
        value = self._commitment(self._entry(block_index))
        return self._group.voting.commitment(value, final=True) is not None

    def is_revealed_for_good(self, block_index: int) -> bool:
        """Return whether the claim is revealed and no reorganisation can undo it."""
        final = self._group.chain.final()
        return self._standing(self._entry(block_index), final) is not None

    def ensure_revealed(self, block_index: int) -> bool:
        """Publish the checkpoint and reveal the claim unless that is done; whether it is."""
        entry = self._entry(block_index)
        if self._standing(entry) is not None:
            return True
        self._blocks.serve_checkpoint(entry.checkpoint_hash)
        claim = self._claim(entry)
        signature = claim.signature_of(self._group.domain, self._account)
        return self._delivery.reveal(self._commitment(entry), Opened(claim, entry.salt, signature))

    def collect(self, before: int) -> None:
        """Settle, redeem and release what claims of blocks before index `before` still hold."""
        for entry in self._journal:
            if entry.block_index < before:
                self._collect(entry)
                if done_for_good(self._group, entry.block_index, partial(self._is_over, entry)):
                    self._tell_if_missed(entry)
                    self._delivery.finish(self._commitment(entry))
                    self._journal.forget(entry.block_index)

    def _collect(self, entry: ClaimEntry) -> None:
        """Collect for one claim. One that nobody has judged waits, to be entered again or to
        lapse."""
        n, group = entry.block_index, self._group
        claim = self._standing(entry)
        if claim is None:
            logger.info("block %d: our claim was not revealed, or is entered again", n)
            return
        self._delivery.settle()
        due = of_claim(group, claim)
        if not due:
            return
        outcome = group.voting.outcome(n)
        ours = won(group, claim, outcome)
        logger.info("block %d: %s", n, "our claim won" if ours else outcome.status.name.lower())
        for reward in due:
            self._delivery.collect(reward)

    def _tell_if_missed(self, entry: ClaimEntry) -> None:
        """Say so if the claim was committed to and revealed neither here nor again."""
        again = any(
            other.checkpoint_hash == entry.checkpoint_hash and other is not entry
            for other in self._journal
        )
        value = self._commitment(entry)
        if again or self._standing(entry) or self._group.voting.commitment(value) is None:
            return
        logger.warning(
            "block %d: our claim was committed to and never revealed", entry.block_index,
            extra=event("missed_claim", block=entry.block_index),
        )  # fmt: skip

    def _is_over(self, entry: ClaimEntry, then: Group) -> bool:
        """Return whether nothing was left to do for a claim at a block of the chain."""
        claim = _claim_of(entry, then.voting.candidate(entry.checkpoint_hash))
        return claim is None or of_claim(then, claim) == []

    def _standing(self, entry: ClaimEntry, at: BlockTag = "latest") -> Candidate | None:
        """This claim as the chain stores it; None if it is not there, or another's is."""
        claim = self._group.voting.candidate(entry.checkpoint_hash, at)
        return _claim_of(entry, claim)

    def _entry(self, block_index: int) -> ClaimEntry:
        entry = self._journal.get(block_index)
        if entry is None:
            raise LookupError(f"no claim was journalled for block {block_index}")
        return entry

    def _claim(self, entry: ClaimEntry) -> Claim:
        return Claim(
            trainer=entry.trainer,
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


def _claim_of(entry: ClaimEntry, stored: Candidate | None) -> Candidate | None:
    """What is stored of a checkpoint, if it is this claim."""
    ours = entry.block_index, entry.trainer
    return stored if stored and (stored.block_index, stored.trainer) == ours else None
