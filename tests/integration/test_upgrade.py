"""A rehearsal: the evaluator gets a new version, and a group goes on with it in a fork."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from compute import exact
from compute.chain import Status
from compute.cli import app
from compute.judging.evaluation import CannotEvaluate
from compute.judging.retrieval import load_specification
from compute.models import MLP, ModelError, Parent
from compute.roles.founder import Origin, found_fork
from compute.roles.verifier import verify
from tests.integration.devnet import NRN, PASSWORD
from tests.integration.stage import SPECIFICATION, Stage, examples
from tests.integration.test_data_and_forks import play_block

NEXT = "F24/4"


def nrn(stage: Stage, *words: object) -> object:
    """What a command prints as JSON."""
    environment = {
        "NRN_RPC": stage.net.url, "NRN_DEPLOYMENT": str(stage.net.deployment_file),
        "NRN_STORE": str(stage.store.path), "NRN_PASSWORD": PASSWORD,
        "NRN_ACCOUNT": str(stage.net.keystore("alice")),
    }  # fmt: skip
    line = [str(word) for word in (*words, "--json")]
    result = CliRunner().invoke(app, line, env=environment, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_group_goes_on_with_a_new_version(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """block | the program is a newer one: all roles say so | fork, migrate | block | verify both"""
    old = stage.group
    play_block(stage)
    loss = old.voting.incumbent().loss
    stage.net.warp(stage.block.end)
    monkeypatch.setattr(exact, "VERSION", NEXT)
    for role in (stage.trainer(), stage.keeper()):
        with pytest.raises(CannotEvaluate, match=r"with F24/3, .* F24/4.*nrn group fork"):
            stage.step(role)
    with pytest.raises(CannotEvaluate):
        verify(old, stage.store)
    stage.hush()

    forked = nrn(stage, "group", "fork", old.id, "--upgrade", "--yes")
    assert isinstance(forked, dict)
    stage.group = stage.net.chain().group(forked["group"])
    nrn(stage, "migrate", old.id, stage.group.id, 80)
    stage.net.next_epoch()
    stage.net.warp(stage.block.end)
    stage.folder = stage.folder / "fork"
    play_block(stage)

    [block] = stage.group.history.accepted_blocks()
    assert block.baseline_loss == loss, "the same parameters, and integers that did not change"
    assert stage.group.voting.outcome(block.block_index).status == Status.ACCEPTED
    assert load_specification(stage.store, stage.group.model_hash).evaluator == NEXT
    assert verify(stage.group, stage.store).true
    assert (
        stage.chain.vault.stake_of(stage.group.id, stage.net.accounts["alice"].address) == 80 * NRN
    )
    monkeypatch.undo()
    assert verify(old, stage.store).true, "an older program still verifies the older group"


def test_what_is_kept_must_fit(stage: Stage) -> None:
    """The map `same` takes the parent's parameters alone."""
    wider = replace(
        SPECIFICATION, architecture=MLP((24,), 4), parent=Parent(SPECIFICATION.hash, "same")
    )
    group = stage.group
    origin = Origin(group.model_hash, group.config.genesis_checkpoint, examples(64))
    with pytest.raises(ModelError, match="other parameters"):
        found_fork(wider, origin, stage.store)
