"""A group learns to write: `brownie run demo_lm`, or `make demo-lm`. Under ten minutes on 2 cores.

Two trainers and two keepers, each a process of its own, on four tragedies of Shakespeare and a
byte-level Transformer of 0.6 M parameters. The text it writes before and after is printed;
everything lies in `demo-lm/` afterwards. The demo checks what it claims and fails if one claim is
not so. BLOCKS=1 in the environment makes it a short one.
"""

from collections.abc import Iterator

from brownie import web3

from compute.chain import connect
from compute.checkpoint.load import held_out_of
from compute.storage import FolderStore
from compute.units import nats
from scripts.deploy import ROOT
from scripts.stage import quiet
from scripts.stage.findings import Finding
from scripts.stage.money import contract
from scripts.stage.opening import judged, opened
from scripts.stage.processes import Company
from scripts.stage.reading import LAST_BLOCK, Reading
from scripts.stage.report import BlockRow, Curve, block_rows
from scripts.stage.screen import Screen

FOLDER = ROOT / "demo-lm"
# nats a byte: a model that knows letters and their frequency alone has 3.3
LEARNED = 2.0 if LAST_BLOCK >= 5 else 3.0


def main() -> None:
    """Entry point of `brownie run demo_lm`."""
    deployment, environment = opened(FOLDER)
    environment["NRN_STORE"] = str(FOLDER / "store")
    screen = Screen()
    with screen, quiet(), Company(FOLDER, environment) as company:
        play = Reading(FOLDER, deployment, company, screen.tell, screen.show)
        play.open_the_sale()
        play.found_the_group()
        play.live()
        rows, held_out = _read(play)
        screen.tell("verifying the group from chain and store alone, and sampling")
        verified = play.verify()[1]
        samples = {
            "before": play.sample(0),
            "after one block": play.sample(1),
            f"after {len(rows)} blocks": play.sample(len(rows)),
        }
    names = {person.address: name for name, person in play.people.items()}
    screen.blocks(rows, names, Curve(FOLDER / "loss.png", "byte", held_out))
    for title, text in samples.items():
        screen.text(f"what it writes {title}", text)
    findings = list(_findings(rows, held_out, verified))
    screen.claims(findings, FOLDER / "loss.png")
    judged(findings)


def _read(play: Reading) -> tuple[list[BlockRow], list[float]]:
    """The accepted blocks, and what each winner reported of the text held out, in nats."""
    group = connect(web3.provider.endpoint_uri, deployment=play.deployment).group(1)
    events = contract(play.addresses, "Coinbase").events
    minted = events.get_sequence(0, event_type="BlockCoinbase")
    rows = block_rows(group, {e.args.block_start: e.args.reward for e in minted})
    store = FolderStore(FOLDER / "store")
    reports = [
        held_out_of(store, block.checkpoint_hash) for block in group.history.accepted_blocks()
    ]
    return rows, [nats(report.loss) for report in reports if report]


def _findings(rows: list[BlockRow], held_out: list[float], verified: str) -> Iterator[Finding]:
    """Every claim of the demo."""
    yield Finding(
        f"{LAST_BLOCK} blocks, each better than the one before",
        len(rows) == LAST_BLOCK and all(row.loss < row.baseline for row in rows),
        f"{len(rows)} blocks",
    )
    first, last = rows[0].baseline, rows[-1].loss
    yield Finding(
        f"the model learned: the loss fell below {LEARNED} nats a byte",
        last < LEARNED,
        f"{first:.3f} untrained, {last:.3f} at the end",
    )
    yield Finding(
        "it did not learn by heart: scenes that nobody trains on cost little more",
        len(held_out) == len(rows) and held_out[-1] < LEARNED + 0.2,
        f"{', '.join(f'{loss:.3f}' for loss in held_out)}",
    )
    yield Finding(
        "`nrn verify 1` recomputes every accepted loss",
        f"{len(rows)} of {len(rows)} blocks verified" in verified,
        verified.strip().splitlines()[-1],
    )
