"""An actor process as tests start it: `python run_actor.py '<json>'`.

With `"kill": ["before" | "after", "<method of Sender>"]` the process sends itself SIGKILL right before or after
it sends that transaction for the first time: a power cut at the worst moment.
"""

import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from eth_account import Account

from compute.chain import connect
from compute.chain.sender import Sender
from compute.roles import actor
from compute.storage import open_store

POLL_SECONDS = 0.1


def die(when: str, method: str) -> None:
    """Arm the power cut."""
    original = getattr(Sender, method)

    def deadly(self: Sender, *arguments: Any) -> Any:
        if when == "after":
            original(self, *arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(Sender, method, deadly)


def main() -> None:
    logging.basicConfig(format="%(name)s %(message)s")
    logging.getLogger("compute").setLevel(logging.INFO)
    order = json.loads(sys.argv[1])
    if "kill" in order:
        die(*order["kill"])
    chain = connect(order["rpc"], deployment=order["deployment"])
    group = chain.group(order["group"])
    account = Account.from_key(order["key"])
    shared, state = open_store(order["store"]), Path(order["state"])
    if order["role"] == "trainer":
        from compute.roles.trainer import Options
        from compute.roles.training import Recipe

        options = Options(Recipe(**order["recipe"]), order["steps"])
        actor.train(chain, group, account, shared, state, options, POLL_SECONDS)
    elif order["role"] == "wisdomkeeper":
        actor.keep(chain, group, account, shared, state, poll_seconds=POLL_SECONDS)
    else:
        actor.curate(chain, group, account, shared, state, POLL_SECONDS)


if __name__ == "__main__":
    main()
