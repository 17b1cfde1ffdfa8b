"""The demo's plot: who buys, founds, trains, keeps, cheats, and when the clock moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from brownie import accounts

from scripts.deploy import deploy
from scripts.stage import content
from scripts.stage.cast import ETHER, Person, assemble
from scripts.stage.clock import detach_from_wall_clock
from scripts.stage.money import EPOCH, contract, hold_sale, now, warp
from scripts.stage.processes import Company, nrn

NRN = 10**18
HOUR = 3_600

BUYERS = ("kate", "kim", "kurt", "larry", "tara", "dora")
TRAINERS = {"tara": (1, 2e-3), "tom": (2, 1e-3), "tess": (3, 5e-4)}  # seed, learning rate
KEEPERS = ("kate", "kim", "kurt")
LAZY, CHEAT, THIEF = "larry", "mallory", "theo"
CURATOR, VANDAL = "dora", "gary"
FOUNDER = "dora"

SPENT = 100 * ETHER  # by each buyer; 600,000 NRN in all at 1,000 NRN per ether
STAKES = {"kate": 80_000 * NRN, "kim": 80_000 * NRN, "kurt": 80_000 * NRN, "larry": 60_000 * NRN}
LOANS = {  # for bonds, of 50 NRN each
    ("tara", "tom"): 200 * NRN,
    ("tara", "tess"): 200 * NRN,
    ("larry", "mallory"): 100 * NRN,
    ("larry", "theo"): 50 * NRN,
}
# Seven times the default windows: a week of data voting spans four blocks, not twenty-eight.
COMMIT, REVEAL, VOTE = 28 * HOUR, 7 * HOUR // 2, 21 * HOUR // 2
PERIOD = COMMIT + REVEAL + VOTE
LAST_BLOCK = 9  # the data changes at the start of block 8
STEPS = 150  # training steps per block
HIDDEN, WIDER = 32, 64
KEEPERS_SHARE = 2_000  # basis points, in the fork
STALL_SECONDS = 90


@dataclass
class Play:
    """The state of the demo: who is there, and which groups live."""

    folder: Path
    company: Company
    tell: Callable[[str], None]
    tick: Callable[[], None]
    addresses: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    genesis: dict[int, int] = field(default_factory=dict)  # group -> its genesis time

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def run(self, name: str, *words: str | Path | int) -> str:
        """One `nrn` command of a person, as its own process."""
        return self.company.run(name, nrn(*words))

    def open_the_sale(self) -> None:
        """Deploy, sell to six buyers, let the sale end, lend money for bonds."""
        self.tell("deploying the protocol")
        detach_from_wall_clock()
        self.addresses = deploy(accounts[0])
        names = dict.fromkeys((*BUYERS, *TRAINERS, LAZY, CHEAT, THIEF, CURATOR, VANDAL))
        self.people = assemble(names, self.folder / "accounts")
        self.tell("six buyers in the sale")
        hold_sale(self.addresses, {self.people[name]: SPENT for name in BUYERS})
        neuron = contract(self.addresses, "Neuron")
        for (lender, borrower), amount in LOANS.items():
            neuron.transfer(
                self.people[borrower].account, amount, {"from": self.people[lender].account}
            )

    def found_the_group(self) -> None:
        """Create group 1 an hour before an epoch begins, stake, and go to its block 1.

        So its first stakes count from block 1 on, and delta period 1 is the first with a vote.
        """
        self.tell("founding group 1: 4,000 images, an untrained network, keepers unpaid")
        digits = content.digits()
        model = self.folder / "model.json"
        model.write_bytes(content.network(HIDDEN).encode())
        data = content.save(self.folder / "data" / "genesis.npz", digits.genesis)
        content.save(self.folder / "data" / "more.npz", digits.addition)
        content.save(self.folder / "data" / "noise.npz", content.noise())
        warp((now() // EPOCH + 2) * EPOCH - HOUR)
        self._create("create", "--model", model, "--data", data, "--keeper-bps", 0)
        self.tell("staking: three keepers with 80,000 NRN each, a lazy one with 60,000")
        for name, amount in STAKES.items():
            self.run(name, "stake", 1, amount // NRN, "--account", self.people[name].keystore)
        warp(self.block_start(1, 1))

    def live(self) -> None:
        """Nine blocks of group 1, with proposals in block 1 and the data vote in block 4."""
        self._start_actors(1, dishonest=True)
        self.tell("dora proposes 600 more images, gary proposes noise")
        self._propose(CURATOR, "more")
        self._propose(VANDAL, "noise")
        self.tell("blocks 1 to 3")
        self._run_until(self.block_start(1, 4))
        self.tell("the keepers vote for dora's data, larry for gary's; blocks 4 to 7")
        for name in STAKES:
            proposal = 2 if name == LAZY else 1
            self.run(name, "delta", "vote", 1, proposal, "--account", self.people[name].keystore)
        self._run_until(self.block_start(1, 8))
        self.tell("the new data is in force; blocks 8 and 9")
        self._run_until(self.block_start(1, LAST_BLOCK + 1))
        self.company.dismiss()
        self.run(CURATOR, "redeem", 1, "--account", self.people[CURATOR].keystore)

    def fork(self) -> None:
        """Fork group 1 to a wider model with paid keepers; the stake moves; one block."""
        self.tell("forking to a wider network; keepers get 20 %")
        model = self.folder / "wider.json"
        model.write_bytes(content.widened(content.network(HIDDEN), WIDER).encode())
        warp((now() // EPOCH + 1) * EPOCH - HOUR)
        self._create("fork", 1, "--model", model, "--keeper-bps", KEEPERS_SHARE)
        for name, amount in STAKES.items():
            self.run(name, "migrate", 1, 2, amount // NRN, "--account", self.people[name].keystore)
        warp(self.block_start(2, 1))
        self._start_actors(2, dishonest=False)
        self.tell("the fork's first block with stake")
        self._run_until(self.block_start(2, 2))
        self.company.dismiss()

    def block_start(self, group_id: int, index: int) -> int:
        """Start of a block in unix seconds."""
        return self.genesis[group_id] + index * PERIOD

    def _create(self, verb: str, *words: str | Path | int) -> None:
        windows = ("--commit-window", COMMIT, "--reveal-window", REVEAL, "--vote-window", VOTE)
        keystore = self.people[FOUNDER].keystore
        self.run(FOUNDER, "group", verb, *words, *windows, "--account", keystore)
        self.genesis[len(self.genesis) + 1] = now()

    def _propose(self, name: str, data: str) -> None:
        keystore = self.people[name].keystore
        state = self.company.state(f"{name}-1")
        self.run(
            name,
            *("delta", "propose", 1, "--add", self.folder / "data" / f"{data}.npz"),
            *("--account", keystore, "--state", state),
        )

    def _start_actors(self, group_id: int, *, dishonest: bool) -> None:
        for name, (seed, rate) in TRAINERS.items():
            self._start(
                name, group_id, "train", "--seed", seed, "--learning-rate", rate, "--steps", STEPS
            )
        for name in KEEPERS:
            self._start(name, group_id, "keep")
        self._start_dishonest(LAZY, group_id, "lazy_keeper")
        if dishonest:
            self._start_dishonest(CHEAT, group_id, "cheat")
            self._start_dishonest(THIEF, group_id, "thief")
