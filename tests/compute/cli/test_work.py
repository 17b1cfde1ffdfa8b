"""`nrn train` and `nrn keep` as processes, and `nrn verify` on what came of it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from compute.chain import Group, Phase
from compute.chain.claims import attestation, ballot
from compute.checkpoint import publish
from compute.models import ModelSpecification
from compute.storage import FolderStore
from tests.compute.chain.test_sender import ROOT, claim_by, commit, go_to, reveal
from tests.compute.cli.conftest import Result
from tests.integration.devnet import Devnet
from tests.support.patience import PATIENCE, wait_until

Nrn = Callable[..., Result]


@pytest.fixture
def group(nrn: Nrn, files: Path, devnet: Devnet) -> Group:
    """A group with a real model and real data in which alice's stake counts."""
    created = nrn("group", "create", "--specification", files / "model.json", "--data",
                  files / "first.npz", "--json", account="alice").json  # fmt: skip
    nrn("stake", created["group"], 50, account="alice")
    devnet.next_epoch()
    group = devnet.chain().group(created["group"])
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    return group


def test_a_block_by_processes_from_the_command_line(
    nrn: Nrn, group: Group, devnet: Devnet, files: Path
) -> None:
    block = group.slot_at(group.chain.now())
    program = Path(sys.executable).with_name("nrn")
    commands = {
        "tara": ("train", "--steps", 20, "--learning-rate", 0.01, "--seed", 3),
        "alice": ("keep",),
    }
    running = {}
    for name, (role, *options) in commands.items():
        words = [role, group.id, *options, "--poll", 0.1, "--state", files / name,
                 "--account", devnet.keystore(name)]  # fmt: skip
        running[name] = subprocess.Popen(
            [program, *(str(word) for word in words)],
            env={**os.environ, "JAX_PLATFORMS": "cpu"},
            stderr=(files / f"{name}.log").open("wb"),
        )
    try:

        def settled() -> bool:
            assert all(process.poll() is None for process in running.values())
            now = group.chain.now()
            waits = [waiting(files / name) for name in commands]
            if all(seen >= now < until for seen, until in waits):
                devnet.warp(min(until for _, until in waits))
            return group.voting.incumbent().height > 0 and group.voting.settleable() is None

        wait_until(settled, lambda: [path.read_text() for path in files.glob("*.log")])
    finally:
        for process in running.values():
            process.send_signal(signal.SIGINT)
    assert [process.wait(PATIENCE) for process in running.values()] == [0, 0]

    (accepted,) = group.history.accepted_blocks()
    assert accepted.block_index == block.index
    assert accepted.trainer == devnet.accounts["tara"].address
    assert "1 of 1 blocks verified" in nrn("verify", group.id).out
    evaluated = nrn("evaluate", group.id, accepted.checkpoint_hash.hex(), "--json").json
    assert evaluated["loss"] == accepted.loss < accepted.baseline_loss


def waiting(state: Path) -> tuple[int, int]:
    """(chain time seen, chain time waited for) of an actor."""
    try:
        status = json.loads((state / "status.json").read_text())
    except FileNotFoundError:
        return 0, 0
    return status["now"], status["waiting_until"]


def test_verify_finds_the_lie_a_majority_told(
    nrn: Nrn, group: Group, devnet: Devnet, files: Path
) -> None:
    """Whoever has the stake can accept a false loss; nobody can make a newcomer believe it."""
    store = FolderStore(files / "store")
    model = ModelSpecification.read(group.model_hash, store.get)
    checkpoint = publish(model.initial_parameters(), model_hash=model.hash, store=store, nonce=1)
    baseline = nrn("evaluate", group.id, "--json").json["loss"]
    claim = claim_by(devnet, group, "mallory", loss=1, baseline_loss=baseline,
                     checkpoint_hash=checkpoint)  # fmt: skip
    commit(devnet, group, "mallory", claim)
    go_to(devnet, group, Phase.REVEAL)
    reveal(devnet, group, "mallory", claim)
    go_to(devnet, group, Phase.VOTE)
    proof = attestation(ROOT, devnet.accounts["alice"].address)
    devnet.sender("alice").vote(group, ballot({checkpoint: proof}))
    go_to(devnet, group, Phase.COMMIT, blocks=1)
    devnet.sender("alice").settle(group)

    lie = nrn("verify", group.id, code=5)
    assert (
        f"Block {claim.block_index} (height 1) is a lie: its loss is {baseline}, not 1" in lie.out
    )
    report = nrn("verify", group.id, "--json", code=5).json
    assert not report["true"] and report["blocks"][0]["block"]["loss"] == 1
