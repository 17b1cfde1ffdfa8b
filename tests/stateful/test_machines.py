"""Random lives of the contracts beside their models; every invariant after every step."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.stateful.block_model import BlockModel
from tests.stateful.blocks import BlockRules
from tests.stateful.deltas import DeltaModel, DeltaRules
from tests.stateful.emission import EmissionRules
from tests.stateful.hook import HookRules
from tests.stateful.lives import run
from tests.stateful.protocol import ProtocolMachine
from tests.stateful.sponsors import SponsorRules
from tests.stateful.vault import VaultRules
from tests.stateful.world import CONFIG, DAY, NRN

FAMILY = {1: 0, 2: 1, 3: 0, 4: 2}  # group -> parent


class VaultMachine(VaultRules):
    """Two families of groups: 1 - 2 - 4 and 3."""

    thorough = True

    def __init__(self) -> None:
        super().__init__()
        for parent in FAMILY.values():
            group = self.world.fork_group(parent, 0, 0) if parent else self.world.create_group()
            self.groups.append(group)
        self.stakes.parents.update(FAMILY)
        for who in range(6):
            self.stake(who, who, 1_000 * NRN)
            self.stake(0, who, 3_333 * NRN + 1)


def test_vault(shard: int) -> None:
    run(VaultMachine, shard, steps=50, examples=18)


class DeltaMachine(DeltaRules):
    """One busy group with short periods beside one with the default ones."""

    def __init__(self) -> None:
        super().__init__()
        for period, quorum in ((4 * DAY, 2_000), (7 * DAY, 5_000)):
            group = self.world.create_group(delta_period=period, delta_quorum_bps=quorum)
            self.groups.append(group)
            self.stakes.parents[group.id] = 0
            self.data[group.id] = DeltaModel(group, self.stakes, 0, CONFIG["genesis_tip"])
        for who, amount in enumerate((10_000, 10_000, 5_000, 3_000, 1, 2_000)):
            self.stake(who % 2, who, amount * NRN)
            self.stake(0, who, amount * NRN)
        self.pass_epochs(1, 0)


def test_deltas(shard: int) -> None:
    run(DeltaMachine, shard, steps=60, examples=22)


def found(machine: BlockRules, parent: int = 0) -> None:
    """A group with keeper pay; a whale, and stake that comes and goes."""
    world, terms = machine.world, {"min_improvement": 2, "max_improvement": 50}
    group = world.fork_group(parent, 0, 0, **terms) if parent else world.create_group(**terms)
    machine.groups.append(group)
    machine.stakes.parents[group.id] = parent
    data = DeltaModel(group, machine.stakes, 0, CONFIG["genesis_tip"])
    machine.data[group.id] = data
    genesis = CONFIG["genesis_checkpoint"]
    machine.races[group.id] = BlockModel(
        group, machine.stakes, data, genesis, machine.races.get(parent)
    )
    for who, amount in enumerate((10_000, 10_000, 5_000, 3_000, 1, 2_000)):
        machine.stake(len(machine.groups) - 1, who, amount * NRN)
    machine.pass_epochs(1, 0)


class BlockMachine(HookRules):
    """Blocks and disputes about them, in one group."""

    def __init__(self) -> None:
        super().__init__()
        found(self)


# What chance rarely plays, by name and in this order; cheap, so that a mutant falls to it first.
SCENES: tuple[tuple[str, tuple[object, ...]], ...] = (
    *(("close_call", (what,)) for what in ("half", "few for it", "few against it")),
    *(("tie", (earlier,)) for earlier in (False, True)),
    *(("near_copy", (short,)) for short in (0, 1)),
    ("judged_and_again", ()),
    ("entered_by_another", (1,)),
    ("nobody_then_all", (0,)),
    ("wait_for_bonds", ()),
    ("full_list", ()),
    ("malformed", (2,)),
    *(("play_block", ([0], False, False, flaw, [1] * 6, True)) for flaw in range(9, 16)),
)


@contextmanager
def block_machine() -> Iterator[BlockMachine]:
    """One whose rules a test plays by name; what it did to the chain is undone at the end."""
    machine = BlockMachine()
    try:
        yield machine
    finally:
        machine.teardown()


def test_blocks_in_scenes() -> None:
    """K3 to K5, K15, K16."""
    with block_machine() as machine:
        for scene, arguments in SCENES:
            getattr(machine, scene)(0, *arguments)
            machine.blocks_keep_their_promises()


def test_blocks_at_full_pace() -> None:
    """K17: to the upper bound of the improvement, a few blocks on, and down again."""
    with block_machine() as machine:
        for _ in range(24):
            machine.play_block(0, [0], False, False, 10, [1, 1, 1, None, None, None], False)
        for blocks in (1, 1, 2, 4):
            machine.skip_blocks(0, blocks)
            machine.settle(0)
            machine.blocks_keep_their_promises()


def test_blocks_of_a_deserted_group() -> None:
    """K9: all stake leaves, and nobody can claim."""
    with block_machine() as machine:
        for who in range(6):
            machine.request_exit(0, who, 0, 12)
        machine.pass_epochs(1, 0)
        machine.skip_blocks(0, 1)
        machine.commit(0, 0, 0, 0)


def test_blocks_of_a_fork() -> None:
    """K18, K19: with half of all stake; what has won above is claimed once more."""
    with block_machine() as machine:
        machine.play_block(0, [0], False, False, 10, [1] * 6, True)
        found(machine, parent=1)
        for flaw in (9, 10):
            machine.play_block(1, [0], False, False, flaw, [1] * 6, True)
            machine.blocks_keep_their_promises()


def test_blocks_refuted_in_a_row() -> None:
    """R11: chance rarely plays two refutations of incumbents, the older first."""
    with block_machine() as machine:
        for older in (True, False):
            machine.refuted_in_a_row(0, 1, older)
            machine.blocks_keep_their_promises()


def test_blocks(shard: int) -> None:
    run(BlockMachine, shard, steps=60, examples=20)


class SponsorMachine(SponsorRules):
    """Blocks that people pay for, in one group."""

    def __init__(self) -> None:
        super().__init__()
        found(self)


def test_sponsors_in_scenes() -> None:
    """P3, P5: who evaluated draws and nobody else; what is left goes back once."""
    machine = SponsorMachine()
    try:
        for strange in (False, True):
            machine.sponsored_block(0, 0, strange, 0, 0)
            machine.sponsorship_keeps_its_promises()
        for wait in (0, None):
            machine.refund(0, wait)
            machine.sponsorship_keeps_its_promises()
    finally:
        machine.teardown()


def test_sponsors(shard: int) -> None:
    run(SponsorMachine, shard, steps=50, examples=14)


class EmissionMachine(EmissionRules):
    """Three groups whose blocks last 6 hours, a day and a week."""

    def __init__(self) -> None:
        super().__init__()
        for hours in (6, 24, 168):
            windows = {
                "commit_window": 3_600,
                "reveal_window": 3_600,
                "vote_window": (hours - 2) * 3_600,
            }
            group = self.world.create_group(**windows)
            self.groups.append(group)
            self.stakes.parents[group.id] = 0
        for who, amount in enumerate((10_000, 10_000, 5_000, 3_333, 1)):
            self.stake(who, who, amount * NRN + who)
        self.pass_epochs(1, 0)


def test_emission(shard: int) -> None:
    run(EmissionMachine, shard, steps=50, examples=18)


def test_protocol(shard: int) -> None:
    run(ProtocolMachine, shard, steps=50, examples=16)
