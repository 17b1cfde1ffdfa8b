"""Claims and votes of a group: rolled reads of its CheckpointVoting."""

from collections.abc import Sequence
from dataclasses import replace

from compute.chain.contract import BlockTag
from compute.chain.deltas import Deltas
from compute.chain.errors import MalformedAnswer
from compute.chain.events import Event, read_events
from compute.chain.records import (
    Candidate,
    Current,
    Incumbent,
    OpenBlock,
    Outcome,
    RevealedClaim,
    Status,
)
from compute.chain.terms import Terms
from compute.units import BPS, EPOCH

MAX_LOSS = 2**64 - 1


class Voting:
    """The block that is open, the checkpoint to beat, and every claim and ballot."""

    def __init__(self, terms: Terms, deltas: Deltas) -> None:
        self.contract = terms.voting_contract
        self.address = self.contract.address
        self._terms = terms
        self._deltas = deltas

    # The running block

    def current(self) -> Current:
        """The block that is open now."""
        head = self._terms.head()
        slot = self._terms.slot_at(head.timestamp)
        version, tip = self._deltas.tip_at(slot.start, at=head.number)
        best = self.incumbent(at=head.number)
        known = best.known and best.version == version
        return Current(slot.index, slot.phase(head.timestamp), version, tip, known, best.loss)

    def incumbent(self, at: BlockTag = "latest") -> Incumbent:
        """The checkpoint to beat, with a block that is over but not settled already counted."""
        head = self._terms.chain.head(at)
        checkpoint_hash, (loss, version, height, known) = self.contract.call_many(
            [("incumbent", ()), ("baseline", ())], at=head.number
        )
        standing = Incumbent(checkpoint_hash, height, loss, version, known)
        block = self.open_block(at=head.number)
        if block is None or not self._is_over(block, head.timestamp):
            return standing
        if block.leader is None or not self._has_quorum(block, head.number):
            return standing
        winner = self.candidate(block.leader, at=head.number)
        if winner is None:
            raise MalformedAnswer("The RPC names a leader that nobody revealed.")
        start = self._terms.slot(block.block_index).start
        version, _ = self._deltas.tip_at(start, at=head.number)
        return replace(
            standing,
            checkpoint_hash=block.leader,
            height=height + 1,
            loss=winner.loss,
            version=version,
            known=True,
        )

    def open_block(self, at: BlockTag = "latest") -> OpenBlock | None:
        """The last block in which something was revealed; None before the first."""
        block, votes, seq, settled, leader = self.contract.call("state", at=at)
        if block == 0:
            return None
        return OpenBlock(block - 1, leader if seq else None, votes, settled)  # 0 is "none valid"

    def settleable(self) -> int | None:
        """The index of a block that is over and waits for `settle`."""
        head = self._terms.head()
        block = self.open_block(at=head.number)
        waits = block is not None and self._is_over(block, head.timestamp)
        return block.block_index if block is not None and waits else None

    def _is_over(self, block: OpenBlock, now: int) -> bool:
        """Whether its time is over and its outcome not written yet."""
        return not block.settled and now >= self._terms.slot(block.block_index).end

    def _has_quorum(self, block: OpenBlock, at: BlockTag) -> bool:
        terms = self._terms
        epoch = terms.slot(block.block_index).start // EPOCH
        power = terms.chain.vault.contract.call("group_power_at", terms.id, epoch, at=at)
        return block.votes > 0 and block.votes * BPS >= power * terms.config.checkpoint_quorum_bps

    # Results

    def accepted(self, height: int) -> bytes | None:
        """The checkpoint hash at this height (0 = genesis), None if there is none yet."""
        return _unless_empty(self.contract.call("accepted", height))

    def outcome(self, block_index: int) -> Outcome:
        """How a block ended, as far as it is settled."""
        return self.outcomes([block_index])[0]

    def outcomes(self, block_indices: Sequence[int], at: BlockTag = "latest") -> list[Outcome]:
        """How each of many blocks ended, as far as they are settled."""
        answers = self.contract.call_many([("outcome", (n,)) for n in block_indices], at=at)
        if any(status > Status.NO_QUORUM for status, *_ in answers):
            raise MalformedAnswer("The RPC gives a block an outcome that does not exist.")
        return [Outcome(Status(status), *rest) for status, *rest in answers]

    def eval_root(self, block_index: int) -> bytes | None:
        """The evaluation root opened for an accepted block."""
        return self.eval_roots([block_index])[0]

    def eval_roots(self, block_indices: Sequence[int]) -> list[bytes | None]:
        """The evaluation root of each of many blocks; None where it is not opened."""
        answers = self.contract.call_many([("eval_root", (n,)) for n in block_indices])
        return [_unless_empty(root) for root in answers]

    # Claims

    def commitment(self, commitment: bytes, *, final: bool = False) -> int | None:
        """The seq of a commitment; with `final`, only if no reorg can undo it (rule F1)."""
        at = self._terms.chain.final() if final else "latest"
        seq, _ = self.contract.call("commitment", commitment, at=at)
        return seq or None

    def candidates(self, block_index: int) -> list[RevealedClaim]:
        """Claims revealed in a block, best first: by (loss, seq)."""
        slot = self._terms.slot(block_index)
        head = self._terms.head()
        if head.timestamp < slot.reveal_at:
            return []
        chain = self._terms.chain
        first = chain.heads.block_at(slot.reveal_at, chain.deployment.block, head.number)
        last = chain.heads.block_at(slot.vote_at, first, head.number) - 1
        events = read_events(
            chain.rpc, self.contract, ["Revealed"], first, last, block_index=block_index
        )
        # an earlier commitment of the same hash displaces the later one
        standing = {event["checkpoint_hash"]: revealed_claim(event) for event in events}
        return sorted(standing.values(), key=lambda claim: (claim.loss, claim.seq))

    def candidate(self, checkpoint_hash: bytes, at: BlockTag = "latest") -> Candidate | None:
        """The claim on this checkpoint, if it was ever revealed; None for the genesis one."""
        return _candidate(checkpoint_hash, *self.contract.call("candidate", checkpoint_hash, at=at))

    def revealed(self, hashes: Sequence[bytes], at: BlockTag = "latest") -> list[Candidate]:
        """The claims on checkpoints of which it is known that they were revealed."""
        answers = self.contract.call_many([("candidate", (digest,)) for digest in hashes], at=at)
        found = [_candidate(digest, *facts) for digest, facts in zip(hashes, answers, strict=True)]
        known = [claim for claim in found if claim is not None]
        if len(known) < len(hashes):
            raise MalformedAnswer("The RPC does not know a claim that it says was revealed.")
        return known

    def is_used(self, checkpoint_hash: bytes) -> bool:
        """Whether the hash was ever revealed here; such a hash is refused for ever."""
        return self.contract.call("is_used", checkpoint_hash)

    def credit(self, address: str) -> int:
        """NRN of displaced bonds that `withdraw_credit` returns."""
        return self.contract.call("credit", address)

    # Ballots

    def ballot(self, block_index: int, staker: str) -> bytes | None:
        """What the staker's vote in a block was stored as: see `claims.ballot`."""
        return self.ballots([block_index], staker)[0]

    def ballots(self, block_indices: Sequence[int], staker: str) -> list[bytes | None]:
        """What the staker's votes in many blocks were stored as; None where it has not voted."""
        answers = self.contract.call_many([("ballot", (n, staker)) for n in block_indices])
        return [_unless_empty(stored) for stored in answers]

    def votes(self, checkpoint_hash: bytes) -> int:
        """Stake that voted for a candidate."""
        return self.votes_for([checkpoint_hash])[0]

    def votes_for(self, hashes: Sequence[bytes]) -> list[int]:
        """Stake that voted for each of many candidates."""
        return self.contract.call_many([("votes", (digest,)) for digest in hashes])


def revealed_claim(event: Event) -> RevealedClaim:
    """What a Revealed event says."""
    return RevealedClaim(
        event["checkpoint_hash"],
        event["trainer"],
        event["loss"],
        event["baseline_loss"],
        event["eval_root_hash"],
        event["seq"],
        event["block_index"],
    )


def _candidate(
    checkpoint_hash: bytes, trainer: str, loss: int, payer: str, seq: int, block: int, open_: bool
) -> Candidate | None:
    if block == 0:
        return None
    if loss > MAX_LOSS:
        raise MalformedAnswer("The RPC gives a loss that does not fit 64 bits.")
    return Candidate(checkpoint_hash, trainer, loss, payer, seq, block - 1, open_)


def _unless_empty(stored: bytes) -> bytes | None:
    return stored if any(stored) else None
