"""A training group lives, on real parts: `brownie run demo`, or `make demo`. About four minutes.

With IPFS=1 in the environment (`make demo IPFS=1`) content does not lie in one folder: it travels
through Kubo daemons on loopback, one for each actor and one for a newcomer who verifies.

Six people buy tokens, found a group on 4,000 MNIST images, train, verify, vote, cheat and steal,
each as a process of its own; the data grows, the model is forked. Everything lies in `demo/`
afterwards. The demo checks what it claims and fails if one claim is not so.
"""

import os
import shutil
from contextlib import ExitStack

from brownie import chain, web3

from scripts.deploy import ROOT
from scripts.stage import quiet
from scripts.stage.daemons import Daemons
from scripts.stage.findings import gather
from scripts.stage.play import NEWCOMER, PARTS, Play
from scripts.stage.processes import Company
from scripts.stage.screen import Screen

FOLDER = ROOT / "demo"


class DemoFailed(Exception):
    """Something that the demo claims is not so."""


def main() -> None:
    """Entry point of `brownie run demo`."""
    if chain.height:
        raise DemoFailed(
            f"A chain already runs at {web3.provider.endpoint_uri}: stop it, "
            "the demo needs a new one."
        )
    shutil.rmtree(FOLDER, ignore_errors=True)
    screen = Screen()
    deployment = FOLDER / "deployments" / f"{chain.id}.json"
    environment = {
        "NRN_RPC": web3.provider.endpoint_uri,
        "NRN_DEPLOYMENT": str(deployment),
        "XDG_DATA_HOME": str(FOLDER / "data-home"),
    }
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
        screen.tell("verifying both groups from chain and store alone")
        verified = play.verify()
        evidence = gather(play)
        findings = list(evidence.findings(verified))
    screen.report(evidence, findings, FOLDER / "loss.png")
    failed = [finding.claim for finding in findings if not finding.holds]
    if failed:
        raise DemoFailed("Not so: " + "; ".join(failed))
