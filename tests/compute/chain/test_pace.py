"""The pace of a group, against the contract's own rule and its own answers."""

from compute.chain import Phase
from compute.chain.pace import Pace
from tests.compute.chain.test_sender import go_to, play_block
from tests.integration.devnet import CONFIG, Devnet


def test_four_accepted_blocks_double_and_one_without_a_winner_halves() -> None:
    young = Pace(8, 30)
    assert [young.after(range(n)).asked(n) for n in range(10)] == [
        8,
        10,
        12,
        14,
        16,
        20,
        24,
        28,
        30,
        30,
    ]
    # where the bound is reached the level stays
    assert [young.after(range(99)).asked(n) for n in (99, 100, 101, 102)] == [30, 16, 8, 8]


def test_what_a_block_asks_for_is_what_the_contract_takes(devnet: Devnet) -> None:
    """Also while the block before is not settled, when the contract's own answer is behind."""
    import dataclasses

    terms = dataclasses.replace(CONFIG, min_improvement=1 << 20, max_improvement=1 << 30)
    group = devnet.create_group(terms)
    for name in ("alice", "bob"):
        devnet.sender(name).stake(group.id, 100 * 10**18)
    devnet.next_epoch()
    for number in range(3):
        play_block(devnet, group, loss=(9 - number) << 32)
        rolled = group.voting.asked()
        behind, _ = group.voting.contract.call("terms")
        assert rolled.improvement > behind >= 1 << 20
        devnet.sender("alice").settle(group)
        assert group.voting.asked() == rolled
        assert group.voting.contract.call("terms") == (rolled.improvement, rolled.bond)
    go_to(devnet, group, Phase.COMMIT, blocks=2)
    assert group.voting.asked().improvement < rolled.improvement
