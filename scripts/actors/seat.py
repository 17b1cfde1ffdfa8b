"""What every dishonest actor needs to take part: chain, group, account, store, clock, record."""

import argparse
import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount

from compute.chain import Chain, Group, Reverted, connect
from compute.chain.accounts import load_account
from compute.roles.actor import own_blocks
from compute.roles.clock import Clock
from compute.roles.retrieval import Mirror
from compute.storage import open_store

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Seat:
    """One account's place in one group; `state` is its private folder."""

    chain: Chain
    group: Group
    account: LocalAccount
    blocks: Mirror
    state: Path
    clock: Clock

    @classmethod
    def from_arguments(cls) -> "Seat":
        """From the command line and the variables that `nrn` reads too."""
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        parser = argparse.ArgumentParser()
        parser.add_argument("--group", type=int, required=True)
        parser.add_argument("--account", required=True)
        parser.add_argument("--state", type=Path, required=True)
        options = parser.parse_args()
        chain = connect(os.environ["NRN_RPC"], deployment=os.environ["NRN_DEPLOYMENT"])
        state: Path = options.state
        clock = Clock(chain, state, poll_seconds=POLL_SECONDS)
        clock.stop_on_signals()
        return cls(
            chain=chain,
            group=chain.group(options.group),
            account=load_account(options.account),
            blocks=own_blocks(
                state, open_store(os.environ.get("IPFS_API") or os.environ["NRN_STORE"])
            ),
            state=state,
            clock=clock,
        )

    def attempt(self, what: str, send: Callable[[], object]) -> bool:
        """Send, and write into attempts.jsonl what came of it; whether the contract let it pass."""
        reason = None
        try:
            send()
        except Reverted as error:
            reason = error.reason
        logging.info("%s: %s", what, reason or "done")
        with (self.state / "attempts.jsonl").open("a") as file:
            file.write(json.dumps({"what": what, "refused": reason}) + "\n")
        return reason is None
