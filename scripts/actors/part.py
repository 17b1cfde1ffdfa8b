"""Shared by dishonest roles: the command line, and a record of what was refused."""

import argparse
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

from compute.chain import Reverted, connect
from compute.chain.accounts import load_account
from compute.node.role import Role, run
from compute.node.seat import Seat
from compute.storage import open_store

POLL_SECONDS = 0.2


def play(
    role: str, take: Callable[[Seat], Role], more: argparse.ArgumentParser | None = None
) -> None:
    """Be this role until SIGTERM, as the command line and the variables that `nrn` reads say;
    `more` are the role's own options."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(parents=[more] if more else [])
    parser.add_argument("--group", type=int, required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args()
    chain = connect(os.environ["NRN_RPC"], deployment=os.environ["NRN_DEPLOYMENT"])
    store = open_store(os.environ.get("IPFS_API") or os.environ["NRN_STORE"])
    group, account = chain.group(options.group), load_account(options.account)
    run(Seat(group, account, store, options.state, role, POLL_SECONDS), take)


def attempt(seat: Seat, what: str, send: Callable[[], object]) -> bool:
    """Send, and write into attempts.jsonl what came of it; whether the contract let it pass."""
    reason = None
    try:
        send()
    except Reverted as error:
        reason = error.reason
    logging.info("%s: %s", what, reason or "done")
    with (seat.state / "attempts.jsonl").open("a") as file:
        file.write(json.dumps({"what": what, "refused": reason}) + "\n")
    return reason is None
