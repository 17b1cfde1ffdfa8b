"""The stake vault: model, rules and the invariants V1 to V7."""

from collections import defaultdict

import hypothesis.strategies as st
from hypothesis.stateful import invariant, rule

from tests.stateful.machine import AMOUNTS, FLAW, PEOPLE, Machine, check, hold, refusal
from tests.stateful.world import EPOCH, NRN, ZERO, Reverted


class VaultModel:
    """Stake as a list of changes: (group, staker, first epoch it counts in, amount)."""

    def __init__(self, parents: dict[int, int]) -> None:
        self.parents = parents  # of every group
        self.changes: list[tuple[int, str, int, int]] = []
        self.exits: dict[tuple[str, int], int] = defaultdict(int)
        self.operators: dict[str, str] = {}
        self.donated = 0

    def power(self, group: int | None, staker: str | None, epoch: int) -> int:
        """Power in an epoch; `None` sums over all groups or stakers."""
        return sum(
            amount
            for g, s, since, amount in self.changes
            if since <= epoch and group in (None, g) and staker in (None, s)
        )

    def staked(self, group: int | None = None, staker: str | None = None) -> int:
        """Stake after all requested changes."""
        return self.power(group, staker, 2**63)

    def custody(self, staker: str) -> int:
        """Tokens of a staker that the vault holds."""
        return self.staked(None, staker) + sum(v for (s, _), v in self.exits.items() if s == staker)

    def refuse_stake(self, group: int, staker: str, amount: int, balance: int) -> str | None:
        if amount == 0:
            return "vault: zero amount"
        if group not in self.parents:
            return "vault: no group"
        return None if amount <= balance else "erc20: transfer amount exceeds balance"

    def refuse_exit(self, group: int, staker: str, amount: int) -> str | None:
        if amount == 0:
            return "vault: zero amount"
        return None if amount <= self.staked(group, staker) else "vault: exceeds stake"

    def refuse_migrate(self, source: int, target: int, staker: str, amount: int) -> str | None:
        if amount == 0:
            return "vault: zero amount"
        if source == 0 or self.parents.get(target, 0) != source:
            return "vault: not a child"
        return None if amount <= self.staked(source, staker) else "vault: exceeds stake"

    def refuse_withdraw(self, staker: str, release: int, epoch: int) -> str | None:
        if release > epoch:
            return "vault: locked"
        return None if self.exits[staker, release] else "vault: nothing"

    def refuse_ballot(self, staker: str, caller: str) -> str | None:
        allowed = (staker, self.operators.get(staker, ZERO))
        return None if caller in allowed else "vault: not operator"


class StakeRules(Machine):
    """Stake, leave, name operators; time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.stakes = VaultModel({})

    def some_group(self, pick: int, flaw: int) -> int:
        """Id of one of the groups; of none with one of the flaws."""
        return len(self.groups) + 1 if flaw == 15 else 1 + pick % len(self.groups)

    @rule(pick=st.integers(0, 3), who=PEOPLE, amount=AMOUNTS, flaw=FLAW)
    def stake(self, pick: int, who: int, amount: int, flaw: int = 0) -> None:
        staker, group = self.people[who], self.some_group(pick, flaw)
        balance = self.world.nrn.balanceOf(staker)
        amount = {14: 0, 13: balance + 1}.get(flaw, amount)
        reason = self.stakes.refuse_stake(group, staker, amount, balance)
        self.attempt(reason, self.world.vault.stake, group, amount, sender=staker)
        if reason is None:
            self.stakes.changes.append((group, staker, self.world.epoch + 1, amount))

    @rule(pick=st.integers(0, 3), who=PEOPLE, amount=AMOUNTS, flaw=FLAW)
    def request_exit(self, pick: int, who: int, amount: int, flaw: int) -> None:
        staker, group, epoch = self.people[who], self.some_group(pick, flaw), self.world.epoch + 1
        mine = self.stakes.staked(group, staker)
        amount = {14: 0, 13: mine + 1, 12: mine}.get(flaw, min(amount, mine))
        reason = self.stakes.refuse_exit(group, staker, amount)
        release = self.attempt(reason, self.world.vault.request_exit, group, amount, sender=staker)
        if reason is None:
            check("V5 release epoch", release, epoch + 2)
            self.stakes.changes.append((group, staker, epoch, -amount))
            self.stakes.exits[staker, release] += amount

    @rule(who=PEOPLE, operator=st.integers(-1, 5))
    def set_operator(self, who: int, operator: int) -> None:
        staker = self.people[who]
        self.stakes.operators[staker] = self.people[operator] if operator >= 0 else ZERO
        self.world.vault.set_operator(self.stakes.operators[staker], sender=staker)

    @rule(epochs=st.sampled_from([1, 1, 2, 5]), offset=st.sampled_from([0, -1, 1, EPOCH // 2]))
    def pass_epochs(self, epochs: int, offset: int) -> None:
        self.travel((self.world.epoch + epochs) * EPOCH + offset)


class VaultRules(StakeRules):
    """Also withdraw, migrate, donate; all invariants."""

    thorough = False  # look at every staker of every group after every step

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[tuple[int | None, str | None, int], int] = {}  # answers about past epochs
        self.custody_at: dict[int, dict[str, int]] = {}  # at the start of each epoch
        self.first_epoch = self.world.epoch

    @rule(who=PEOPLE, ahead=st.integers(0, 2), flaw=FLAW)
    def withdraw(self, who: int, ahead: int, flaw: int) -> None:
        staker, now = self.people[who], self.world.epoch
        mine = sorted(r for (s, r), left in self.stakes.exits.items() if s == staker and left)
        release = now + ahead - 1 if flaw > 13 or not mine else mine[ahead % len(mine)]
        reason = self.stakes.refuse_withdraw(staker, release, now)
        before = self.world.nrn.balanceOf(staker)
        amount = self.attempt(reason, self.world.vault.withdraw, release, sender=staker)
        if reason is None:
            check("V1 withdrawn", amount, self.stakes.exits.pop((staker, release)))
            check("V1 paid", self.world.nrn.balanceOf(staker), before + amount)
            for epoch in (now - 1, now - 2):
                power = self.stakes.power(None, staker, epoch)
                held = self.custody_at.get(epoch, {}).get(staker, 0)
                hold("V5", power + amount <= held, epoch, power, amount, held)

    @rule(who=PEOPLE, amount=AMOUNTS, flaw=FLAW)
    def migrate(self, who: int, amount: int, flaw: int) -> None:
        staker, epoch, vault = self.people[who], self.world.epoch + 1, self.world.vault
        edges = [(p, g) for g, p in self.stakes.parents.items() if p]
        if not edges:
            return
        source, child = max(edges, key=lambda edge: (self.stakes.staked(edge[0], staker), edge))
        source, child = {15: (child, source), 14: (0, 1)}.get(flaw, (source, child))
        mine = self.stakes.staked(source, staker)
        amount = {13: 0, 12: mine + 1, 11: mine}.get(flaw, min(amount, mine))
        reason = self.stakes.refuse_migrate(source, child, staker, amount)
        total = vault.total_stake()
        self.attempt(reason, vault.migrate, source, child, amount, sender=staker)
        check("V6", vault.total_stake(), total)
        if reason is None:
            self.stakes.changes += [
                (source, staker, epoch, -amount),
                (child, staker, epoch, amount),
            ]

    @rule(who=PEOPLE)
    def donate(self, who: int) -> None:
        if self.world.nrn.balanceOf(self.people[who]) >= NRN:
            self.world.nrn.transfer(self.world.vault.address, NRN, sender=self.people[who])
            self.stakes.donated += NRN

    @invariant()
    def vault_keeps_its_promises(self) -> None:
        now = self.world.epoch
        for epoch in range(max(self.custody_at, default=now - 1) + 1, now + 1):
            self.custody_at[epoch] = {p: self.stakes.custody(p) for p in self.people}
        self._tokens_are_there()
        one = list(self.stakes.parents)[self.steps % len(self.stakes.parents)]
        past = self.first_epoch + self.steps % (now - self.first_epoch + 1)
        self._powers_add_up(now, list(self.stakes.parents) if self.thorough else [one])
        self._powers_add_up(past, [one])
        self._no_answer_about_the_future(now + 1)

    def _tokens_are_there(self) -> None:
        vault, model = self.world.vault, self.stakes
        exiting = sum(model.exits.values())
        check("V1 total stake", vault.total_stake(), model.staked())
        check("V1 exiting", vault.total_exiting(), exiting)
        balance = self.world.nrn.balanceOf(vault.address)
        check("V1", balance, model.staked() + exiting + model.donated)

    def _powers_add_up(self, epoch: int, down_to_stakers: list[int]) -> None:
        vault, model = self.world.vault, self.stakes
        total = vault.total_power_at(epoch)
        self._never_changes(None, None, epoch, total)
        groups = {g: vault.group_power_at(g, epoch) for g in model.parents}
        check("V2", sum(groups.values()), total)
        for group, power in groups.items():
            self._never_changes(group, None, epoch, power)
            check("V2 share", vault.share_at(group, epoch), (power, total))
        for group in down_to_stakers:
            stakers = {p: vault.power_at(group, p, epoch) for p in self.people}
            check("V3", sum(stakers.values()), groups[group])
            for staker, own in stakers.items():
                self._never_changes(group, staker, epoch, own)

    def _never_changes(self, group: int | None, staker: str | None, epoch: int, found: int) -> None:
        check("V4 model", found, self.stakes.power(group, staker, epoch))
        check("V4", found, self.seen.setdefault((group, staker, epoch), found))

    def _no_answer_about_the_future(self, epoch: int) -> None:
        vault, one = self.world.vault, self.people[0]
        for view, arguments in (
            (vault.power_at, (1, one, epoch)),
            (vault.group_power_at, (1, epoch)),
            (vault.total_power_at, (epoch,)),
            (vault.share_at, (1, epoch)),
            (vault.ballot_power, (1, one, one, epoch, False)),
        ):
            answer = refusal(view, *arguments)
            hold("V7", isinstance(answer, Reverted), view, answer)
            check("V7", str(answer), "vault: future epoch")
