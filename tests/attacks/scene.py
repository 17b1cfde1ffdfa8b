"""A small town for the attacks: keepers with stake, one group, and mallory with tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.stateful.claims import Claim, attestation, ballot
from tests.stateful.machine import world
from tests.stateful.world import CHALLENGE, CONFIG, EPOCH, NRN, Account, Group, Reverted, rehearsal

UNKNOWN = 10**12  # a baseline loss nobody has confirmed yet
# Three keepers, a trainer, one more with tokens, the attacker, and one who has and does nothing.
ALICE, BOB, CAROL, TRAINER, DAVE, MALLORY, OSCAR = range(7)
KEEPERS = (ALICE, BOB, CAROL)
STAKES = dict(zip(KEEPERS, (10_000 * NRN, 10_000 * NRN, 5_000 * NRN), strict=True))


class Scene:
    """The world after the sale, with a group whose keepers have power."""

    def __init__(self, before_end: bool = False, **config: Any) -> None:
        self.world = world()
        self.world.now = self.world.start if before_end else self.world.end
        self.accounts: list[Account] = self.world.people
        self.people = [account.address for account in self.accounts]
        self.mallory = self.people[MALLORY]
        self.group = self.world.create_group(**config)
        self.groups = [self.group]
        for keeper, amount in STAKES.items():
            self.stake(keeper, amount)
        self.next_epoch()

    def stake(self, who: int, amount: int, group: int = 1) -> None:
        self.world.vault.stake(group, amount, sender=self.people[who])

    def next_epoch(self, epochs: int = 1) -> None:
        self.world.now = (self.world.epoch + epochs) * EPOCH

    def add(self, **config: Any) -> Group:
        self.groups.append(self.world.create_group(**config))
        return self.groups[-1]

    def wealth(self, who: int) -> int:
        """All NRN wei of a person: in hand, staked, leaving."""
        vault, person = self.world.vault, self.people[who]
        staked = sum(vault.stake_of(group.id, person) for group in self.groups)
        release = range(self.world.epoch - 9, self.world.epoch + 4)
        leaving = sum(vault.exit_amount(person, epoch) for epoch in release)
        return int(self.world.nrn.balanceOf(person) + staked + leaving)

    @property
    def block(self) -> int:
        return self.group.block(self.world.now)

    def next_block(self) -> int:
        self.world.now = self.group.start(self.block + 1)
        return self.block

    def claim(self, who: int, loss: int, baseline: int = UNKNOWN, name: str = "") -> Claim:
        """An honest claim for the running block."""
        _, tip = self.tip()
        name = name or f"checkpoint of {who} at {self.world.now}"
        return Claim.of(self.group, self.accounts[who], self.block, tip, name, loss, baseline)

    def tip_now(self) -> bytes:
        """The tip to propose against: that of the running period."""
        with rehearsal():
            _, tip = self.group.deltas.sync(self.world.now)
        return bytes(tip)

    def tip(self) -> tuple[int, bytes]:
        with rehearsal():
            version, tip = self.group.deltas.sync(self.group.start(self.block))
        return version, tip

    def commit(self, *claims: Claim) -> None:
        for claim in claims:
            self.group.voting.commit(claim.commitment)

    def reveal(self, *claims: Claim, payer: str | None = None) -> None:
        """Reveal in this order, each with its signer as payer."""
        self.world.now = max(self.world.now, self.group.reveal_at(self.block))
        for claim in claims:
            self.group.voting.reveal(*claim.arguments(), sender=payer or claim.signer.address)

    def vote(self, claims: Claim | list[Claim] | None, *keepers: int) -> None:
        """Ballots that approve these claims, as who evaluated them; `None`: none of them."""
        self.world.now = max(self.world.now, self.group.vote_at(self.block))
        for keeper in keepers:
            self.group.voting.vote(self.ballot(claims, keeper), sender=self.people[keeper])

    def ballot(self, claims: Claim | list[Claim] | None, keeper: int) -> bytes:
        """The ballot of a keeper who evaluated these claims."""
        approved = claims if isinstance(claims, list) else [claims] if claims else []
        return ballot(
            *((c.checkpoint_hash, attestation(c.root, self.people[keeper])) for c in approved)
        )

    def draw(self, block: int, claim: Claim, *keepers: int) -> int:
        """Redeem an accepted block, open its root, pay these keepers; what they get."""
        voting = self.group.voting
        voting.redeem(block)
        voting.open_root(block, claim.root)
        people = ((self.ballot(claim, keeper), self.people[keeper]) for keeper in keepers)
        return sum(voting.claim_keeper(block, cast, person) for cast, person in people)

    def refute(self, claim: Claim, challenger: int) -> None:
        """A game against a claim that its challenger wins; games have tests of their own."""
        voting, referee = self.group.voting, self.world.referee_address
        voting.hold(claim.checkpoint_hash, True, sender=referee)
        voting.refute(claim.checkpoint_hash, self.people[challenger], sender=referee)

    def release(self, claim: Claim) -> None:
        """Release the bond of a claim as soon as it cannot be challenged any more."""
        voting = self.group.voting
        block_1 = int(voting.candidate(claim.checkpoint_hash)[4])
        self.world.now = max(self.world.now, self.group.start(block_1) + CHALLENGE)
        voting.release_bond(claim.checkpoint_hash)

    def settle(self) -> int:
        """Close the running block and write its outcome down; its index."""
        block = self.block
        self.next_block()
        self.group.voting.settle()
        return block

    def play(self, claim: Claim, *keepers: int) -> int:
        """A whole block for one claim."""
        self.commit(claim)
        self.reveal(claim)
        self.vote(claim, *keepers or KEEPERS)
        return self.settle()

    def new_version(self, content: bytes = b"\1" * 32, proposer: int = TRAINER) -> int:
        """Append a delta; the group is then in the next period."""
        deltas = self.group.deltas
        number = deltas.propose(self.tip_now(), content, sender=self.people[proposer])
        self.world.now = deltas.period()[4]  # the first whole period: its start has power
        deltas.finalize()
        start, length, _, _, end = deltas.period()
        self.world.now = start + length // 7
        for keeper in KEEPERS:
            deltas.vote(number, sender=self.people[keeper])
        self.world.now = end
        deltas.finalize()
        return int(deltas.version())


@contextmanager
def refused(reason: str) -> Iterator[None]:
    """The call inside must revert with this reason."""
    with pytest.raises(Reverted) as caught:
        yield
    assert str(caught.value) == reason


__all__ = ["CONFIG", "MALLORY", "UNKNOWN", "Scene", "refused"]
