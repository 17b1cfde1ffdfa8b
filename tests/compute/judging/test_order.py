"""Where a lie would have to be is looked at first."""

import statistics

from compute.judging.order import drawn

SHARDS = 60


def looks(claimed: list[int], standing: list[int] | None) -> float:
    """Mean number of shards looked at until shard 17 is, in many draws."""
    return statistics.mean(drawn(SHARDS, claimed, standing).index(17) + 1 for _ in range(400))


def test_every_shard_comes_once() -> None:
    for standing in (None, [5] * SHARDS, [5]):
        assert sorted(drawn(SHARDS, [3] * SHARDS, standing)) == list(range(SHARDS))
    assert drawn(0, [], []) == []


def test_a_gain_in_one_shard_is_found_in_a_few_looks() -> None:
    """31.6 shards on average where all weigh the same."""
    standing = [1_000_000] * SHARDS
    copied = [sum_ - 400_000 * (shard == 17) for shard, sum_ in enumerate(standing)]
    assert looks(copied, standing) < 3
    assert 24 < looks(copied, None) < 37


def test_a_lie_on_top_of_a_true_gain_is_found_no_later_than_blindly() -> None:
    standing = [1_000_000] * SHARDS
    better = [900_000 - 1_000 * (shard == 17) for shard in range(SHARDS)]
    assert looks(better, standing) < 40
