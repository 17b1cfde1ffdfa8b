"""Everything at once: sale, token, vault, groups with forks, emission. N1-N4, S1-S5, G1-G4."""

import hypothesis.strategies as st
from eth_utils.crypto import keccak
from hypothesis.stateful import invariant, rule

from tests.stateful.block_model import BlockModel
from tests.stateful.deltas import DeltaModel, Version
from tests.stateful.emission import EmissionModel
from tests.stateful.hook import HookRules
from tests.stateful.machine import AMOUNTS, FLAW, PEOPLE, check, hold
from tests.stateful.vault import VaultRules
from tests.stateful.world import CONFIG, DAY, EPOCH, NRN, RATE, ZERO, Group, ether_of

VESTING = 730 * DAY


class ProtocolRules(HookRules, VaultRules):
    """All rules of the rooms, and those of the sale, the token and the registry."""

    during_sale = True

    def __init__(self) -> None:
        super().__init__()
        self.emission = EmissionModel(self.world, self.stakes)
        self.raised = self.world.sale.raised()
        self.burnt = 0
        self.forks: list[tuple[Group, int, int, bytes, bytes]] = []

    def add(self, group: Group, base: int, tip: bytes, checkpoint: bytes) -> None:
        """Put a new group beside its models."""
        self.groups.append(group)
        self.stakes.parents[group.id] = group.parent
        data = self.data[group.id] = DeltaModel(group, self.stakes, base, tip)
        self.races[group.id] = BlockModel(
            group, self.stakes, data, checkpoint, self.races.get(group.parent)
        )

    @rule(who=PEOPLE, wei=st.sampled_from([1, 7, 10**18, 0]), days=st.integers(0, 9))
    def buy(self, who: int, wei: int, days: int) -> None:
        self.travel(min(self.world.now + days * DAY, self.world.end - 1))
        reason = None if wei else "sale: nothing paid"
        if self.world.now >= self.world.end:
            reason = "sale: ended"
        amount = self.attempt(reason, self.world.sale.buy, sender=self.people[who], value=wei)
        if reason is None:
            check("S1 amount", amount, RATE * wei)
            self.raised += wei

    @rule()
    def release(self) -> None:
        reason = "sale: running" if self.world.now < self.world.end else None
        self.attempt(reason, self.world.sale.release)

    @rule(offset=st.sampled_from([0, -1, 1]))
    def wait_for_end_of_sale(self, offset: int) -> None:
        self.travel(self.world.end + offset)

    @rule(
        who=PEOPLE, other=PEOPLE, amount=AMOUNTS, act=st.sampled_from(["transfer", "burn", "mint"])
    )
    def token(self, who: int, other: int, amount: int, act: str) -> None:
        nrn, me, you = self.world.nrn, self.people[who], self.people[other]
        short = amount > nrn.balanceOf(me)
        if act == "transfer":
            reason = "erc20: transfer amount exceeds balance" if short else None
            self.attempt(reason, nrn.transfer, you, amount, sender=me)
        elif act == "burn":
            reason = "erc20: burn amount exceeds balance" if short else None
            self.attempt(reason, nrn.burn, amount, sender=me)
            self.burned(0 if reason else amount)
        else:
            self.attempt("neuron: not minter", nrn.mint, you, amount, sender=me)  # N3

    @rule(pick=st.integers(0, 3), back=st.integers(0, 2), older=st.integers(0, 2), flaw=FLAW)
    def fork(self, pick: int, back: int, older: int, flaw: int) -> None:
        if len(self.groups) == 4:
            return
        parent, race = self.race(pick)
        data = self.data[parent.id]
        height = race.height - back
        version = parent.deltas.version() - older
        height, version = max(0, height), max(data.base, version)
        beyond = {15: (height + back + 1, version), 14: (height, version + older + 1)}
        height, version = beyond.get(flaw, (height, version))
        reason = "gr: no such state" if flaw > 13 else None
        config = CONFIG | {"model_hash": keccak(text="wider"), "delta_period": (1 + flaw) * DAY}
        registry, values = self.world.registry, tuple(config.values())
        self.attempt(reason, registry.fork_group, parent.id, height, version, values)
        if reason is None:
            group = self.world._group(registry.n_groups(), config)
            tip, checkpoint = data.versions[version].tip, race.accepted[height]
            self.add(group, version, tip, checkpoint)
            self.forks.append((group, height, version, tip, checkpoint))

    def delta_reward(self, group: int, version: Version | None) -> int | None:
        return self.emission.delta(group, version.period_start, version.credit) if version else None

    def delta_paid(self, group: int, version: Version, minted: int, expected: int | None) -> None:
        check("C3 delta", minted, expected)
        self.emission.paid_delta(group, version.period_start, version.credit, minted)

    def block_reward(self, group: int, start: int) -> int | None:
        return self.emission.block(group, start)

    def block_paid(
        self, group: int, model: BlockModel, block_index: int, expected: int | None
    ) -> None:
        reward = expected or 0
        bps = model.group.config["keeper_bps"]
        check("C3 pool", model.rounds[block_index].pool, reward * bps // 10_000)
        self.emission.paid_block(group, model.group.start(block_index), reward)

    def burned(self, amount: int) -> None:
        self.burnt += amount

    @invariant()
    def token_keeps_its_promises(self) -> None:
        nrn, sale, coinbase = self.world.nrn, self.world.sale, self.world.coinbase
        contracts = [self.world.vault, coinbase, sale, self.world.registry, nrn]
        for group in self.groups:
            contracts += [group.voting, group.deltas]
        holders = [*self.people, self.world.beneficiary, *(c.address for c in contracts)]
        supply = nrn.totalSupply()
        check("N1", sum(nrn.balanceOf(holder) for holder in holders), supply)
        check("N2", supply, sale.issued() + coinbase.minted() - self.burnt)
        check("N4", (nrn.SALE(), nrn.COINBASE()), (sale.address, coinbase.address))
        self.emission.check()

    @invariant()
    def sale_keeps_its_promises(self) -> None:
        sale, now, end = self.world.sale, self.world.now, self.world.end
        issued, raised, released = sale.issued(), sale.raised(), sale.released()
        check("S1", (issued, raised), (RATE * self.raised, self.raised))
        check("S2 over", sale.is_over(), now >= end)
        check("S3", ether_of(sale.address), raised - released)
        check("S4", ether_of(self.world.beneficiary), released)
        hold("S4", now >= end or released == 0, released)
        vested = raised * min(max(0, now - end), VESTING) // VESTING
        hold("S5", released <= vested, released, vested)

    @invariant()
    def registry_keeps_its_promises(self) -> None:
        registry = self.world.registry
        check("G1", registry.n_groups(), len(self.groups))
        for group in self.groups:
            known = (
                registry.voting_group(group.voting.address),
                registry.delta_group(group.deltas.address),
            )
            check("G2", known, (group.id, group.id))
            hold("G3", registry.parent_of(group.id) < group.id, group.id)
        stranger = self.people[self.steps % 6]
        check(
            "G2 others", (registry.voting_group(stranger), registry.delta_group(stranger)), (0, 0)
        )
        check("G2 zero", (registry.voting_group(ZERO), registry.voting_of(0)), (0, ZERO))
        for group, height, version, tip, checkpoint in self.forks:
            parent = self.groups[group.parent - 1]
            tips = group.deltas.tip_of(version), parent.deltas.tip_of(version)
            check("G4 tip", tips, (tip, tip))
            found = group.voting.accepted(0), parent.voting.accepted(height)
            check("G4 checkpoint", found, (checkpoint, checkpoint))


class ProtocolMachine(ProtocolRules):
    """A group founded on the last day of the sale, and whatever is forked from it."""

    def __init__(self) -> None:
        super().__init__()
        self.travel(self.world.end - DAY)
        self.add(self.world.create_group(), 0, CONFIG["genesis_tip"], CONFIG["genesis_checkpoint"])
        for who, amount in enumerate((10_000, 10_000, 5_000, 3_000, 1, 2_000)):
            self.stake(0, who, amount * NRN, 0)
        self.travel((self.world.epoch + 1) * EPOCH)
