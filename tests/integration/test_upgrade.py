"""A rehearsal: the evaluator gets a new version, and a group goes on with it in a fork."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from compute import exact
from compute.chain import Status
from compute.cli import app
from compute.judging import retrieval
from compute.judging.evaluation import CannotEvaluate
from compute.judging.retrieval import load_specification
from compute.models import MLP, ModelError, Parent, foreign
from compute.models.sizes import design_code
from compute.node.roots import of_group, of_root
from compute.program import codec
from compute.roles.founder import Origin, found_fork
from compute.roles.verifier import verify
from tests.compute.models.test_foreign import DATA, SOURCE
from tests.integration.devnet import NRN, PASSWORD, Devnet
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


def another_version(patch: pytest.MonkeyPatch, *, other_form: bool) -> None:
    """Make this program one of the next version of the evaluator, whose programs may have another
    binary form."""
    patch.setattr(exact, "VERSION", NEXT)
    if other_form:
        patch.setattr(codec, "MAGIC", b"decentralizedai/program/4\n")
    patch.setattr(retrieval, "_known", {})


@pytest.mark.parametrize("other_form", [False, True])
def test_a_group_goes_on_with_a_new_version(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, other_form: bool
) -> None:
    """block | the program is a newer one: all roles say so | fork, migrate | block | verify both"""
    old = stage.group
    play_block(stage)
    loss = old.voting.incumbent().loss
    stage.net.warp(stage.block.end)
    another_version(monkeypatch, other_form=other_form)
    refusal = (ModelError if other_form else CannotEvaluate, "F24/3.*nrn group fork")
    for role in (stage.trainer(), stage.keeper()):
        with pytest.raises(refusal[0], match=refusal[1]):
            stage.step(role)
    with pytest.raises(refusal[0]):
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
    assert of_root(stage.store, old.model_hash)[1:] and old.model_hash in of_group(
        stage.group, stage.store
    ), "who keeps the fork keeps what it comes from"
    assert (
        stage.chain.vault.stake_of(stage.group.id, stage.net.accounts["alice"].address) == 80 * NRN
    )
    monkeypatch.undo()
    assert verify(old, stage.store).true, "an older program still verifies the older group"


def test_a_model_that_is_code_is_made_anew_from_its_code(
    devnet: Devnet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model = design_code(SOURCE, DATA, "label")
    stage = Stage(devnet, tmp_path, model, SOURCE, DATA)
    another_version(monkeypatch, other_form=True)
    monkeypatch.setattr(foreign, "_running", {})
    words = ("group", "fork", stage.group.id, "--upgrade", "--yes")
    with pytest.raises(AssertionError, match="does not run here"):
        nrn(stage, *words)
    (tmp_path / "model.py").write_bytes(SOURCE)
    forked = nrn(stage, *words, "--code", tmp_path / "model.py")
    assert isinstance(forked, dict)
    founded = stage.net.chain().group(forked["group"])
    assert load_specification(stage.store, founded.model_hash).evaluator == NEXT


def test_what_is_kept_must_fit(stage: Stage) -> None:
    """The map `same` takes the parent's parameters alone."""
    wider = replace(
        SPECIFICATION, architecture=MLP((24,), 4), parent=Parent(SPECIFICATION.hash, "same")
    )
    group = stage.group
    origin = Origin(group.model_hash, group.config.genesis_checkpoint, examples(64))
    with pytest.raises(ModelError, match="other parameters"):
        found_fork(wider, origin, stage.store)
