"""Gas beside its anchors, on the same Anvil in the same run.

    python -m benchmarks.gas [--json FILE]

anchor   snekmate's erc20 and OpenZeppelin's ERC20Permit (the cheaper of both), and OpenZeppelin's
         Governor.castVote with ERC20Votes; goal <= 1.00. Without solc and OpenZeppelin
         (npm install) only snekmate's.
floor    what the lasting effects cost by themselves, see parts/floor.py; goal <= 1.15
proxies  a registry that makes its groups of minimal proxies (anchors/proxied_*.vy), without any
         logic: what creating a group would cost at least, and what a call would cost more
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brownie import accounts, network, project, web3
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
project.load(str(ROOT), name="Measured")

from benchmarks.anchors import deploy as anchors  # noqa: E402
from benchmarks.parts.floor import floor  # noqa: E402
from scripts.stage import quiet  # noqa: E402
from scripts.stage.cast import key  # noqa: E402
from scripts.stage.gas_scenario import Scenario  # noqa: E402
from scripts.stage.permit import permit  # noqa: E402

UNIT = 10**18
VOTES = {  # our case -> the governor's
    "DeltaRegistry.vote first in a period": "castVote first",
    "DeltaRegistry.vote next": "castVote next",
    "CheckpointVoting.vote first in a block": "castVote first",
    "CheckpointVoting.vote next": "castVote next",
}


@dataclass(frozen=True)
class Row:
    """`ratio` is ours / baseline; smaller is better."""

    case: str
    metric: str
    ours: int
    baseline: int
    ratio: float
    unit: str = "gas"


def main() -> None:
    """Measure, print, and write the rows if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    network.connect("development")
    with quiet():
        rows = list(measure())
    table = Table(title="gas", title_justify="left")
    for column in ("case", "metric", "ours", "baseline", "ratio"):
        table.add_column(column, justify="left" if column in ("case", "metric") else "right")
    for row in rows:
        figures = (f"{row.ours:,}", f"{row.baseline:,}", f"{row.ratio:.3f}")
        table.add_row(row.case, row.metric, *figures)
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


def measure() -> Iterator[Row]:
    """Every case against its anchor and against its floor."""
    scenario = Scenario()
    gas = scenario.run()
    tokens = {"snekmate": token(anchors.snekmate_token())}
    votes: dict[str, int] = {}
    if anchors.available():
        plain, voting, governor = anchors.openzeppelin()
        tokens["OpenZeppelin"] = token(plain)
        votes = cast_votes(voting, governor)
    for case in tokens["snekmate"]:
        name, baseline = min(((n, cases[case]) for n, cases in tokens.items()), key=lambda p: p[1])
        yield row(f"Neuron.{case}", f"anchor: {name}", gas[f"Neuron.{case}"], baseline)
    for case, vote in VOTES.items():
        if vote in votes:
            yield row(case, f"anchor: Governor.{vote}", gas[case], votes[vote])
    for case, transaction in scenario.meter.transactions.items():
        yield row(case, "floor", gas[case], floor(transaction))
    yield from proxies(gas["GroupRegistry.create_group"])


def proxies(ours: int) -> Iterator[Row]:
    """Groups from blueprints beside groups of minimal proxies."""
    registry, half = anchors.proxied_groups()
    parameters, first_words = [1, 2, 3], (3, 4)  # written by DeltaRegistry, CheckpointVoting
    sent = registry.functions.create_group(b"\x01" * 32, parameters, *first_words)
    created = _send(sent, 0)
    proxy = web3.eth.contract(registry.functions.voting_of(1).call(), abi=half.abi)
    direct = _send(half.functions.call_without_parameters(), 0)
    call = "any call of a group"
    hop = _send(proxy.functions.call_without_parameters(), 0)
    dearer = _send(proxy.functions.call_with_parameters(), 0)
    yield row("GroupRegistry.create_group", "proxies", ours, created)
    yield row(call, "proxies, none of its parameters", direct, hop)
    yield row(call, "proxies, two words of its parameters", direct, dearer)


def row(case: str, metric: str, ours: int, baseline: int) -> Row:
    """One comparison."""
    return Row(case, metric, ours, baseline, round(ours / baseline, 4))


def token(contract: Any) -> dict[str, int]:
    """Gas of a token's functions in the cases of our scenario."""
    holder, other, spender = (accounts[index].address for index in (1, 9, 2))
    call = contract.functions
    _send(call.mint(holder, 100 * UNIT), 0)
    gas = {
        "transfer to a new holder": _send(call.transfer(other, UNIT), 1),
        "transfer to a holder": _send(call.transfer(other, UNIT), 1),
        "approve first": _send(call.approve(spender, 5 * UNIT), 1),
        "approve change": _send(call.approve(spender, 6 * UNIT), 1),
        "transferFrom": _send(call.transferFrom(holder, other, UNIT), 2),
    }
    domain = call.eip712Domain().call()
    for nonce, case in enumerate(("first", "next")):
        terms = permit(domain, key(1), accounts[3].address, (nonce + 1) * UNIT, nonce)
        gas[f"permit {case}"] = _send(call.permit(*terms), 0)
    return gas


def cast_votes(voting: Any, governor: Any) -> dict[str, int]:
    """Gas of castVote: the first ballot on a proposal, and one after it."""
    for index in (1, 2):
        _send(voting.functions.mint(accounts[index].address, 100 * UNIT), 0)
        _send(voting.functions.delegate(accounts[index].address), index)
    proposal = ([voting.address], [0], [b""], "nothing")
    _send(governor.functions.propose(*proposal), 1)
    number = governor.functions.getProposalId(*proposal[:3], web3.keccak(text=proposal[3])).call()
    web3.provider.make_request("anvil_mine", [3])
    return {
        "castVote first": _send(governor.functions.castVote(number, 1), 1),
        "castVote next": _send(governor.functions.castVote(number, 1), 2),
    }


def _send(call: Any, sender: int) -> int:
    transaction = call.transact({"from": accounts[sender].address})
    receipt = web3.eth.wait_for_transaction_receipt(transaction)
    if receipt["status"] != 1:
        raise RuntimeError(f"the anchor refused {call}")
    return int(receipt["gasUsed"])


if __name__ == "__main__":
    main()
