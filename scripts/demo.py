"""A training group lives, on real parts: `brownie run demo`, or `make demo`. About four minutes.

With IPFS=1 in the environment (`make demo IPFS=1`) content does not lie in one folder: it travels
through Kubo daemons on loopback, one for each actor and one for a newcomer who verifies.

Seven people buy tokens, found a group on 4,000 MNIST images, sponsor it, train, verify, vote;
others cheat, steal, abstain and split votes,
each as a process of its own; the data grows, the model is forked; a majority accepts a false loss,
and one keeper refutes it. Everything lies in `demo/`
afterwards. The demo checks what it claims and fails if one claim is not so.
"""

import os
from contextlib import ExitStack

from scripts.deploy import ROOT
from scripts.stage import quiet
from scripts.stage.daemons import Daemons
from scripts.stage.findings import gather
from scripts.stage.opening import judged, opened
from scripts.stage.play import NEWCOMER, PARTS, Play
from scripts.stage.processes import Company
from scripts.stage.screen import Screen

FOLDER = ROOT / "demo"


def main() -> None:
    """Entry point of `brownie run demo`."""
    deployment, environment = opened(FOLDER)
    screen = Screen()
    with ExitStack() as running:
        running.enter_context(screen)
        running.enter_context(quiet())
        apis: dict[str, str] = {}
        if os.environ.get("IPFS") == "1":
            screen.tell("a Kubo daemon for each actor, connected among themselves")
            apis = running.enter_context(Daemons(FOLDER / "kubo", [*PARTS, NEWCOMER])).apis
        else:
            environment["NRN_STORE"] = str(FOLDER / "store")
        company = running.enter_context(Company(FOLDER, environment, apis))
        play = Play(FOLDER, deployment, company, screen.tell, screen.show)
        play.open_the_sale()
        play.found_the_group()
        play.live()
        play.fork()
        play.lie()
        screen.tell("verifying both groups from chain and store alone")
        verified = play.verify()
        evidence = gather(play)
        findings = list(evidence.findings(verified))
    screen.report(evidence, findings, FOLDER / "loss.png")
    judged(findings)
