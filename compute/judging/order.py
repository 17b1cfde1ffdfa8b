"""Order a claim's shards: first where a lie would have to be."""

import math
import secrets
from collections.abc import Sequence


def drawn(shards: int, claimed: Sequence[int] | None, standing: Sequence[int] | None) -> list[int]:
    """Every shard once, drawn at random.

    `claimed` are the sums of losses (Q32.32 nats) that a trainer published for each shard,
    `standing` those of the incumbent. A false sum is one that gains: half of the weight goes to the
    shards by what they are said to gain, half to all alike, so that a lie in one shard is found
    early and none is found later than in twice the time of a blind draw. Without sums all weigh
    the same.
    """
    random = secrets.SystemRandom()
    gains = [0] * shards
    if claimed is not None and standing is not None and len(claimed) == len(standing) == shards:
        gains = [max(0, old - new) for old, new in zip(standing, claimed, strict=True)]
    alike = max(1.0, sum(gains) / max(1, shards))
    # weighted sampling without replacement (Efraimidis and Spirakis 2006)
    keys = [-math.log(1.0 - random.random()) / (alike + gain) for gain in gains]
    return sorted(range(shards), key=keys.__getitem__)
