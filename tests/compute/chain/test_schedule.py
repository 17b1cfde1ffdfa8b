"""The time grid against the contract's own, at every edge."""

import pytest

from compute.chain import Block, Phase
from compute.chain.schedule import Schedule
from tests.integration.devnet import Devnet


def test_edges() -> None:
    grid = Schedule(genesis_time=1_000, commit_window=40, reveal_window=20, vote_window=30)
    block = grid.slot_at(1_000 + 90)
    assert block == grid.slot(1) == Block(1, 1_090, 1_130, 1_150, 1_180)
    expected = [(1_090, 0), (1_129, 0), (1_130, 1), (1_149, 1), (1_150, 2), (1_179, 2)]
    assert [(time, int(block.phase(time))) for time, _ in expected] == expected
    assert [block.phase_end(time) for time in (1_090, 1_130, 1_179)] == [1_130, 1_150, 1_180]
    assert grid.slot_at(1_089).index == 0 and grid.slot_at(1_180).index == 2
    for outside in (1_089, 1_180):
        with pytest.raises(ValueError):
            block.phase(outside)
    with pytest.raises(ValueError):
        grid.slot_at(999)


def test_the_contract_agrees(devnet: Devnet) -> None:
    chain = devnet.chain()
    group = chain.group(1)
    slot = group.slot(group.voting.current().block_index + 1)
    for time in (slot.start, slot.reveal_at - 1, slot.reveal_at, slot.vote_at - 1, slot.vote_at,
                 slot.end - 1, slot.end):  # fmt: skip
        devnet.warp(time)
        index, phase, *_ = group.voting.contract.call("current")
        assert (index, phase) == (group.slot_at(time).index, group.slot_at(time).phase(time)), time
        now = group.voting.current()
        assert (now.block_index, now.phase) == (index, Phase(phase))
