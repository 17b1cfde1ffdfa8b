"""Claims and votes of a group: rolled reads of its CheckpointVoting."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from compute.chain.claims import NONE_APPROVED, ballot
from compute.chain.contract import BlockTag
from compute.chain.deltas import Deltas
from compute.chain.errors import MalformedAnswer
from compute.chain.events import Event, read_events
from compute.chain.pace import Pace
from compute.chain.records import (
    Asked,
    Candidate,
    Current,
    Head,
    Incumbent,
    OpenBlock,
    Outcome,
    RevealedClaim,
    Status,
)
from compute.chain.terms import Terms
from compute.units import BPS, DAY, EPOCH

MAX_LOSS = 2**64 - 1
MAX_BOND = 2**96 - 1
MAX_HEIGHT = 100_000  # decades of the shortest blocks
PAID = (1).to_bytes(32)  # in the place of a ballot
CHALLENGE_SECONDS = 3 * DAY  # after its block
LAPSE_EPOCHS = 4  # after which a bond returns that nobody's judgement has decided about


class Voting:
    """The block that is open, the checkpoint to beat, and every claim and ballot."""

    def __init__(self, terms: Terms, deltas: Deltas) -> None:
        self.contract = terms.voting_contract
        self.address = self.contract.address
        self._terms = terms
        self._deltas = deltas

    # The running block

    def current(self, head: Head | None = None) -> Current:
        """The block that is open now, or was at `head`."""
        head = head or self._terms.head()
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
        if block is None or block.leader is None or not self._is_over(block, head.timestamp):
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
        block, cast, settled, leader = self.contract.call("state", at=at)
        return OpenBlock(block - 1, _unless_empty(leader), cast, settled) if block else None

    def asked(self, head: Head | None = None) -> Asked:
        """Return what the block that runs now, or at `head`, asks of a claim."""
        head, config = head or self._terms.head(), self._terms.config
        improvement, bond = self.contract.call("terms", at=head.number)
        if bond > MAX_BOND or improvement > MAX_LOSS:
            raise MalformedAnswer("The RPC asks for a bond or a gain that cannot be.")
        over = self.open_block(at=head.number)
        if over is not None and over.leader is not None and self._is_over(over, head.timestamp):
            # `settle` will raise it: the contract does not know yet
            # a refuted block has raised the pace as well
            ended = (Status.ACCEPTED, Status.REFUTED)
            won = [c.block_index for _, c, how in self._heights(head) if how.status in ended]
            won = [*dict.fromkeys(won), over.block_index]
            running = self._terms.slot_at(head.timestamp).index
            improvement = Pace.of(config).after(won).asked(running)
        return Asked(improvement, bond)

    def settleable(self) -> int | None:
        """The index of a block that is over and waits for `settle`."""
        head = self._terms.head()
        block = self.open_block(at=head.number)
        waits = block is not None and self._is_over(block, head.timestamp)
        return block.block_index if block is not None and waits else None

    def _is_over(self, block: OpenBlock, now: int) -> bool:
        """Return whether its time is over and its outcome not written yet."""
        return not block.settled and now >= self._terms.slot(block.block_index).end

    # Results

    def height(self, head: Head) -> int:
        """How many accepted blocks are written down. More than there was time for is refused."""
        _, _, height, _ = self.contract.call("baseline", at=head.number)
        if height > min(self._terms.slot_at(head.timestamp).index, MAX_HEIGHT):
            raise MalformedAnswer(f"The RPC claims {height} accepted blocks in too short a time.")
        return height

    def winners(self, head: Head) -> list[Candidate]:
        """The accepted claims that are written down at `head` and not refuted, by height."""
        return [claim for _, claim in self.won_heights(head)]

    def won_heights(self, head: Head) -> list[tuple[int, Candidate]]:
        """Each height that a claim won, and the claim. Where an incumbent was refuted, the height
        that it had and the one to which the group fell back are nobody's."""
        won = Status.ACCEPTED
        told = self._heights(head)
        return [(n, c) for n, c, ended in told if (ended.status, ended.height) == (won, n)]

    def _heights(self, head: Head) -> list[tuple[int, Candidate, Outcome]]:
        """Height, claim, and how its block ended, without the genesis checkpoint's."""
        calls = [("accepted", (number,)) for number in range(1, self.height(head) + 1)]
        hashes = self.contract.call_many(calls, at=head.number)
        calls = [("candidate", (digest,)) for digest in hashes]
        told = self.contract.call_many(calls, at=head.number)
        genesis = self._terms.config.genesis_checkpoint
        found = [_candidate(d, *facts) for d, facts in zip(hashes, told, strict=True)]
        if any(c is None and d != genesis for c, d in zip(found, hashes, strict=True)):
            raise MalformedAnswer("The RPC does not know a claim that it says was accepted.")
        claims = [(n, claim) for n, claim in enumerate(found, 1) if claim is not None]
        outcomes = self.outcomes([claim.block_index for _, claim in claims], at=head.number)
        return [(*won, outcome) for won, outcome in zip(claims, outcomes, strict=True)]

    def accepted(self, height: int) -> bytes | None:
        """The checkpoint hash at this height (0 = genesis), None if there is none yet."""
        return _unless_empty(self.contract.call("accepted", height))

    def outcome(self, block_index: int) -> Outcome:
        """How a block ended, as far as it is settled."""
        return self.outcomes([block_index])[0]

    def outcomes(self, block_indices: Sequence[int], at: BlockTag = "latest") -> list[Outcome]:
        """How each of many blocks ended, as far as they are settled."""
        answers = self.contract.call_many([("outcome", (n,)) for n in block_indices], at=at)
        if any(status > Status.REFUTED for status, *_ in answers):
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

    def candidates(self, block_index: int, head: Head | None = None) -> list[RevealedClaim]:
        """Claims revealed in a block, best first: by (loss, seq). Those there at `head`, or now."""
        slot = self._terms.slot(block_index)
        head = head or self._terms.head()
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
        self._check_complete(block_index, standing, head)
        return sorted(standing.values(), key=lambda claim: (claim.loss, claim.seq))

    def _check_complete(self, block_index: int, standing: Collection[bytes], head: Head) -> None:
        """Logs may lag behind the state: raise MalformedAnswer if they leave out what it tells."""
        opened = self.open_block(at=head.number)
        if opened is None or opened.block_index != block_index:
            missing = bool(standing) and (opened is None or opened.block_index < block_index)
        else:
            missing = not standing or (opened.leader or next(iter(standing))) not in standing
        if missing:
            raise MalformedAnswer(
                f"The RPC does not tell the same of block {block_index} twice. Has it caught up?"
            )

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

    def unjudged(self, claims: Sequence[Candidate]) -> list[Candidate]:
        """Those of settled blocks that nobody has judged: they may be entered again, with the rank
        and the bond they have. The others' bonds can be released."""
        blocks = [claim.block_index for claim in claims]
        votes = self.votes_for([claim.checkpoint_hash for claim in claims])
        epochs = [self._terms.slot(index).start // EPOCH for index in blocks]
        powers = self._terms.chain.vault.group_powers_at(self._terms.id, epochs)
        facts = zip(claims, self.outcomes(blocks), votes, powers, strict=True)
        return [
            claim
            for claim, outcome, approving, power in facts
            if claim.bond and not self._is_judged(outcome, approving, power)
        ]

    def _is_judged(self, outcome: Outcome, votes: int, power: int) -> bool:
        """By a block that accepted somebody, or by a majority and quorum against the claim."""
        if outcome.status is not Status.REJECTED:
            # unsettled: it will be, or not
            return outcome.status not in (Status.NO_QUORUM, Status.REFUTED)
        against, quorum = outcome.cast - votes, self._terms.config.checkpoint_quorum_bps
        return 2 * against > outcome.cast and against * BPS >= power * quorum

    def challengeable_until(self, claim: Candidate) -> int:
        """Until when a claim may be challenged, and its bond stays, in unix seconds."""
        return self._terms.slot(claim.block_index).end + CHALLENGE_SECONDS

    def lapses_at(self, claim: Candidate) -> int:
        """Return when the bond of a claim returns that is still not judged then, in unix
        seconds."""
        return (self._terms.slot(claim.block_index).start // EPOCH + LAPSE_EPOCHS) * EPOCH

    def is_used(self, checkpoint_hash: bytes) -> bool:
        """Return whether the hash was ever revealed here; only a claim not judged is taken
        again."""
        return self.contract.call("is_used", checkpoint_hash)

    def is_refuted(self, checkpoint_hash: bytes) -> bool:
        """Return whether the referee has found the claim on this checkpoint false."""
        return bool(self.contract.call("is_refuted", checkpoint_hash))

    def credit(self, address: str) -> int:
        """NRN of displaced bonds that `withdraw_credit` returns."""
        return self.contract.call("credit", address)

    # Ballots

    def ballot(self, block_index: int, staker: str, at: BlockTag = "latest") -> bytes | None:
        """The hash of the staker's ballot in a block; PAID once its pay is claimed."""
        return self.ballots([block_index], staker, at)[0]

    def ballots(
        self, block_indices: Sequence[int], staker: str, at: BlockTag = "latest"
    ) -> list[bytes | None]:
        """The hashes of the staker's ballots in many blocks; None where it has not voted."""
        answers = self.contract.call_many([("ballot", (n, staker)) for n in block_indices], at)
        return [_unless_empty(stored) for stored in answers]

    def ballots_cast(self, staker: str, block_index: int | None = None) -> dict[int, bytes]:
        """The staker's ballots as they were cast, see `claims.ballot`, by block: all, or one."""
        terms, head = self._terms, self._terms.head()
        first, last = terms.first_block, head.number
        where: dict[str, Any] = {"staker": staker}
        if block_index is not None:
            slot = terms.slot(block_index)
            first = terms.chain.heads.block_at(slot.vote_at, first, head.number)
            last = terms.chain.heads.block_at(slot.end, first, head.number)
            where["block_index"] = block_index
        rpc = terms.chain.rpc
        events = read_events(rpc, self.contract, ["Voted"], first, min(last, head.number), **where)
        approved: dict[int, dict[bytes, bytes]] = {}
        for event in events:
            mine = approved.setdefault(event["block_index"], {})
            if event["checkpoint_hash"] != NONE_APPROVED:
                mine[event["checkpoint_hash"]] = event["attestation"]
        try:
            return {index: ballot(mine) for index, mine in approved.items()}
        except ValueError as error:
            raise MalformedAnswer(f"The RPC tells of a ballot that cannot be: {error}.") from None

    def votes(self, checkpoint_hash: bytes) -> int:
        """Stake that approves a candidate."""
        return self.votes_for([checkpoint_hash])[0]

    def votes_for(self, hashes: Sequence[bytes]) -> list[int]:
        """Stake that approves each of many candidates."""
        return self.contract.call_many([("votes", (digest,)) for digest in hashes])


def revealed_claim(event: Event) -> RevealedClaim:
    """Read a Revealed event."""
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
    checkpoint_hash: bytes, trainer: str, loss: int, payer: str, seq: int, block: int, bond: int
) -> Candidate | None:
    if block == 0:
        return None
    if loss > MAX_LOSS:
        raise MalformedAnswer("The RPC gives a loss that does not fit 64 bits.")
    return Candidate(checkpoint_hash, trainer, loss, payer, seq, block - 1, bond)


def _unless_empty(stored: bytes) -> bytes | None:
    return stored if any(stored) else None
