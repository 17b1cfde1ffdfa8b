"""Where accepted parameters came from, as the chain tells it."""

from dataclasses import replace

import pytest

from compute.inference.model import Origin, _accepted
from compute.models import ModelError
from tests.compute.chain.test_sender import play_block
from tests.integration.devnet import Devnet


def test_every_accepted_block_tells_whence_it_is(devnet: Devnet) -> None:
    group = devnet.chain().group(1)
    start = group.voting.incumbent().checkpoint_hash
    first = Origin(group.model_hash, start, group.chain.chain_id, 1, group.voting.address, 0)
    assert _accepted(group, None) == _accepted(group, 0) == first
    claims = [play_block(devnet, group), play_block(devnet, group, loss=3 << 32)]
    devnet.sender("tom").settle(group)
    tara = devnet.accounts["tara"].address
    for height, claim in enumerate(claims, 1):
        assert _accepted(group, height) == replace(
            first,
            checkpoint=claim.checkpoint_hash,
            height=height,
            block=claim.block_index,
            trainer=tara,
            loss=claim.loss,
            version=0,
        )
    assert _accepted(group, None) == _accepted(group, 2)
    with pytest.raises(ModelError, match="no block of height 3"):
        _accepted(group, 3)
