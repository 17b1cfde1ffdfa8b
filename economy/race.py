"""A group's race, block by block: claims, ballots, pay; every act a call to the contracts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_utils import keccak

from compute.chain.claims import Claim as Signed
from compute.chain.claims import Domain, attestation, commitment
from economy.evm import NOBODY, Reverted
from economy.protocol import TERMS, Actor, Protocol

CHAIN_ID = 1
ACCEPTED, REJECTED, NO_QUORUM = 1, 2, 3
UNIT = 2**32  # of losses: Q32.32 nats per example
MAX_APPROVALS = 4
SALT = bytes(32)
# Why a claim may be refused: too little gained, taken by another, no money left for the bond.
KEPT_OUT = (
    "cv: no improvement", "cv: hash already used", "erc20: transfer amount exceeds balance",
)  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """A checkpoint with its loss, and whether that is true; `work` went into it."""

    trainer: Actor
    checkpoint: bytes
    loss: int
    work: float = 0.0
    true: bool = True

    @property
    def root(self) -> bytes:
        """Root of its evaluation: known to who evaluated, or was told."""
        return keccak(b"root" + self.checkpoint)


@dataclass
class Ballot:
    """What a keeper approves, and whether it evaluated (or was told the roots)."""

    keeper: Actor
    approves: Sequence[Claim]
    knows: bool = True

    def encoded(self) -> bytes:
        """As the contract takes it: pairs of hash and attestation, in rising order."""
        rising = sorted(self.approves, key=lambda claim: claim.checkpoint)
        return b"".join(claim.checkpoint + self._word(claim) for claim in rising)

    def _word(self, claim: Claim) -> bytes:
        return attestation(claim.root, self.keeper.address) if self.knows else b"\7" * 32


@dataclass(frozen=True)
class Outcome:
    """How a block ended."""

    block: int
    status: int
    winner: Claim | None = None
    height: int = 0


@dataclass
class Group:
    """One training group and the clock of its blocks."""

    protocol: Protocol
    id: int
    voting: Any
    deltas: Any
    terms: dict[str, Any]
    genesis: int
    proceeds: bool = True  # whether winners and keepers collect what they are due
    claims: dict[bytes, Claim] = field(default_factory=dict)  # of the running block
    bonded: dict[bytes, Claim] = field(default_factory=dict)
    ballots: list[Ballot] = field(default_factory=list)

    @classmethod
    def found(cls, protocol: Protocol, **changes: Any) -> "Group":
        """Create a group with `TERMS` and these changes, now."""
        number, voting, deltas = protocol.create_group(**changes)
        group = cls(protocol, number, voting, deltas, TERMS | changes, protocol.evm.now)
        for actor in protocol.actors.values():
            protocol.allow(actor, voting)
        return group

    @property
    def period(self) -> int:
        return int(sum(self.terms[f"{phase}_window"] for phase in ("commit", "reveal", "vote")))

    @property
    def block(self) -> int:
        return (self.protocol.evm.now - self.genesis) // self.period

    def start(self, block: int) -> int:
        """Unix time at which a block begins."""
        return self.genesis + block * self.period

    @property
    def incumbent(self) -> int | None:
        """Loss to beat on the version in force; None before anybody confirmed it."""
        _, _, _, _, known, loss = self.voting.current()
        return loss if known else None

    def sync(self) -> tuple[int, bytes]:
        """Version and tip of the training set on which the running block is judged."""
        version, tip = self.deltas.sync(self.start(self.block))
        return version, tip

    def improvement(self) -> int:
        """What a claim of the running block must gain."""
        return int(self.voting.terms()[0])

    def enter(self, claims: Sequence[Claim], baseline: int) -> list[Claim]:
        """Commit in this order, then reveal; who was let in. Turns the clock to the vote."""
        self.claims, self.ballots = {}, []
        digests = [self._digest(claim, baseline) for claim in claims]
        for digest in digests:
            self.voting.commit(commitment(digest, SALT))
        self.protocol.evm.now = self.start(self.block) + self.terms["commit_window"]
        for claim in claims:
            self._reveal(claim, baseline)
        self.protocol.evm.now += self.terms["reveal_window"]
        return list(self.claims.values())

    def _reveal(self, claim: Claim, baseline: int) -> None:
        try:
            self.voting.reveal(
                claim.trainer.wallet, claim.checkpoint, claim.loss, baseline,
                keccak(claim.root), SALT, b"", sender=claim.trainer.address,
            )  # fmt: skip
        except Reverted as reverted:
            if str(reverted) not in KEPT_OUT:
                raise
            return
        self.claims[claim.checkpoint] = self.bonded[claim.checkpoint] = claim

    def _digest(self, claim: Claim, baseline: int) -> bytes:
        _, tip = self.sync()
        domain = Domain(CHAIN_ID, self.voting.address)
        return Signed(
            claim.trainer.wallet, self.block, self.terms["model_hash"], tip, claim.checkpoint,
            claim.loss, baseline, keccak(claim.root),
        ).digest(domain)  # fmt: skip

    def vote(self, ballot: Ballot) -> bool:
        """Cast a ballot; False if the keeper has no power."""
        try:
            self.voting.vote(ballot.encoded(), sender=ballot.keeper.address)
        except Reverted as reverted:
            if str(reverted) != "cv: no power":
                raise
            return False
        self.ballots.append(ballot)
        return True

    def close(self) -> Outcome:
        """End the running block, settle it and pay everybody whom it owes."""
        block = self.block
        self.protocol.evm.now = self.start(block + 1)
        if not self.claims:
            return Outcome(block, 0)
        self.voting.settle()
        status, _, height, _, _ = self.voting.outcome(block)
        winner = self.claims[self.voting.accepted(height)] if status == ACCEPTED else None
        if winner:
            self._pay(block, winner)
        self.release(list(self.bonded.values()))
        return Outcome(block, status, winner, height)

    def _pay(self, block: int, winner: Claim) -> None:
        self.voting.redeem(block)
        self.voting.open_root(block, winner.root)
        if self.terms["keeper_bps"] == 0:
            return
        for ballot in self.ballots:
            if ballot.knows and winner in ballot.approves:
                keeper = ballot.keeper.address
                self.voting.claim_keeper(block, ballot.encoded(), keeper, sender=keeper)

    def release(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            try:
                self.voting.release_bond(claim.checkpoint, sender=NOBODY)
            except Reverted as reverted:
                if str(reverted) not in ("cv: not judged", "cv: may be challenged"):
                    raise
                continue
            del self.bonded[claim.checkpoint]

    def posted(self) -> dict[int, int]:
        """Number of an actor -> NRN wei of its bonds that have neither returned nor burned."""
        bonds: dict[int, int] = {}
        for claim in self.bonded.values():
            *_, bond = self.voting.candidate(claim.checkpoint)
            bonds[claim.trainer.number] = bonds.get(claim.trainer.number, 0) + bond
        return bonds
