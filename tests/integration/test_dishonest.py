"""The dishonest roles of the demo do in one block what they are there for."""

import json

from scripts.actors.cheat import Cheat
from scripts.actors.lazy_keeper import LazyKeeper
from scripts.actors.thief import Thief
from tests.integration.stage import Stage


def attempts(stage: Stage, seat: str) -> list[dict[str, str | None]]:
    """What a role tried, and the contracts' reason if they refused it."""
    lines = (stage.folder / seat / "attempts.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_lie_is_revealed_stolen_and_voted_for(stage: Stage) -> None:
    cheat = Cheat(stage.seat("cheat", "mallory"))
    thief = Thief(stage.seat("thief", "tom"))
    lazy = LazyKeeper(stage.seat("lazy_keeper", "bob"))
    block = stage.block
    for moment in (block.reveal_at, block.vote_at, block.end):
        for role in (cheat, thief, lazy):
            stage.step(role)
        stage.net.warp(moment)
    (lie,) = stage.group.voting.candidates(block.index)
    assert lie.trainer == stage.net.accounts["mallory"].address
    (stolen,) = attempts(stage, "thief-tom")
    assert stolen["what"] == "reveal another's checkpoint at once"
    assert stolen["refused"] is not None
    (vote,) = attempts(stage, "lazy_keeper-bob")
    assert vote == {"what": f"vote in block {block.index} without evaluating", "refused": None}
