"""The language demo's plot: a group that learns to write like Shakespeare."""

import json
import os
from dataclasses import dataclass

from brownie import accounts

from compute.units import EPOCH, ETHER, NRN
from scripts.deploy import deploy
from scripts.stage import content
from scripts.stage.cast import assemble
from scripts.stage.clock import detach_from_wall_clock
from scripts.stage.corpus import corpus
from scripts.stage.money import hold_sale, now, warp
from scripts.stage.play import HOUR, Play
from scripts.stage.processes import nrn

TRAINERS = {"tara": (1, 2e-3), "tom": (2, 3e-3)}  # seed, learning rate
KEEPERS = ("kate", "kim")
PARTS = {
    **dict.fromkeys(TRAINERS, "trains"),
    **dict.fromkeys(KEEPERS, "keeps wisdom"),
    "dora": "founds the group",
}
SPENT = 100 * ETHER  # by each
STAKE = 80_000 * NRN
MODEL, SIZE = "gpt", "mini"
STEPS, BATCH = 80, 32  # of each trainer in each block
LAST_BLOCK = int(os.environ.get("BLOCKS", "5"))
PROMPT, SAMPLE_LENGTH = "\nHam.\n", 400


@dataclass
class Reading(Play):
    """Five people, one group, one language model."""

    stall_seconds: float = 600  # training and evaluation take longer than in the other demo

    def open_the_sale(self) -> None:
        self.tell("deploying the protocol; five buyers in the sale")
        detach_from_wall_clock()
        self.addresses = deploy(accounts[0], folder=self.deployment.parent)
        self.people = assemble(PARTS, self.folder / "accounts")
        hold_sale(self.addresses, {person: SPENT for person in self.people.values()})

    def found_the_group(self) -> None:
        """Create group 1 an hour before an epoch begins, stake, and go to its block 1."""
        text = corpus()
        self.tell(f"founding group 1: {text.genesis['tokens'].size >> 10} KiB of four tragedies")
        data = content.save(self.folder / "data" / "genesis.npz", text.genesis)
        content.save(self.folder / "data" / "held_out.npz", text.held_out)
        warp((now() // EPOCH + 2) * EPOCH - HOUR)
        self._create("create", "--model", MODEL, "--size", SIZE, "--data", data)
        self._run({name: ("stake", 1, STAKE // NRN) for name in KEEPERS})
        warp(self.block_start(1, 1))

    def live(self) -> None:
        """Two trainers and two keepers, block after block."""
        self.tell(f"two trainers, two keepers; blocks 1 to {LAST_BLOCK}")
        held_out = self.folder / "data" / "held_out.npz"
        for name, (seed, rate) in TRAINERS.items():
            recipe = ("--seed", seed, "--learning-rate", rate, "--restart", "keep")
            work = ("--batch-size", BATCH, "--steps", STEPS, "--held-out", held_out)
            self._nrn(name, 1, "train", *recipe, *work)
        for name in KEEPERS:
            self._nrn(name, 1, "keep")
        for block in range(1, LAST_BLOCK + 1):
            self._run_until(self.block_start(1, block + 1))
            self.tell(f"block {block} is over")
        self.company.dismiss()

    def sample(self, height: int) -> str:
        """What the model of an accepted block writes; 0 is the untrained one."""
        words = ("--height", height, "--prompt", PROMPT, "--length", SAMPLE_LENGTH, "--json")
        name = f"sample-{height}"
        printed = self.company.run({name: nrn("model", "sample", 1, *words)})[name]
        return str(json.loads(printed)["text"])
