"""The demo's plot: who buys, founds, trains, keeps, cheats, and when the clock moves."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from brownie import accounts

from compute.chain.voting import CHALLENGE_SECONDS
from compute.units import EPOCH, ETHER, NRN
from scripts.deploy import container, deploy
from scripts.stage import content
from scripts.stage.cast import Person, assemble
from scripts.stage.clock import detach_from_wall_clock, run_until
from scripts.stage.money import contract, hold_sale, now, warp
from scripts.stage.processes import Company, Status, nrn

HOUR = 3_600

BUYERS = ("kate", "kim", "kurt", "larry", "tara", "dora", "sam")
TRAINERS = {"tara": (1, 1.5e-3), "tom": (2, 2e-3), "tess": (3, 3e-3)}  # seed, learning rate
KEEPERS = ("kate", "kim", "kurt")
LAZY, CHEAT, THIEF, ABSTAINER = "larry", "mallory", "theo", "abel"
SPLITTER = "tess"  # of the trainers
SPONSOR = "sam"
NEWCOMER = "verifier"
CURATOR, VANDAL = "dora", "gary"
LIAR, WATCHER = "iago", "kate"
FOUNDER = "dora"
POOL = ("kim", "kurt", LAZY)  # of the keepers, by its stake a majority

PARTS = {
    **dict.fromkeys(TRAINERS, "trains"),
    SPLITTER: "trains, and claims twice",
    **dict.fromkeys(KEEPERS, "keeps wisdom"),
    LAZY: "votes without evaluating",
    CHEAT: "claims false losses",
    THIEF: "copies checkpoints",
    ABSTAINER: "does not vote, then copies",
    SPONSOR: "pays for blocks",
    CURATOR: "proposes useful data",
    VANDAL: "proposes garbage",
    LIAR: "owns a pool's evaluator, and lies",
}

SPENT = 100 * ETHER  # by each buyer; 700,000 NRN in all at 1,000 NRN per ether
STAKES = {
    "kate": 80_000 * NRN,
    "kim": 80_000 * NRN,
    "kurt": 80_000 * NRN,
    "larry": 60_000 * NRN,
    "abel": 20_000 * NRN,
}
GIFT, GIFT_BLOCKS = 1_000 * NRN, 10  # of the sponsor, for accepted blocks of group 1
LOANS = {  # for bonds, of 50 NRN each
    ("tara", "tom"): 200 * NRN,
    ("tara", "tess"): 400 * NRN,  # two claims a block
    ("larry", "abel"): 20_050 * NRN,
    ("larry", "mallory"): 100 * NRN,
    ("larry", "theo"): 50 * NRN,
    ("larry", "iago"): 50 * NRN,
}
# Seven times the default windows: a week of data voting spans four blocks, not twenty-eight.
COMMIT, REVEAL, VOTE = 28 * HOUR, 7 * HOUR // 2, 21 * HOUR // 2
PERIOD = COMMIT + REVEAL + VOTE
LAST_BLOCK = 9  # the data changes at the start of block 8
STEPS = 150  # training steps per block
HIDDEN, WIDER = 32, 64
KEEPERS_SHARE = 2_000  # basis points, in the fork
POLL_SECONDS = 0.25


@dataclass
class Play:
    """The state of the demo: who is there, and which groups live."""

    folder: Path
    deployment: Path
    company: Company
    tell: Callable[[str], None]  # a new act
    show: Callable[[str], None]  # what happens right now
    addresses: dict[str, str] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    genesis: dict[int, int] = field(default_factory=dict)  # group -> its genesis time
    stall_seconds: float = 240

    def open_the_sale(self) -> None:
        """Deploy, sell to six buyers, let the sale end, lend money for bonds."""
        self.tell("deploying the protocol")
        detach_from_wall_clock()
        self.addresses = deploy(accounts[0], folder=self.deployment.parent)
        self.people = assemble(PARTS, self.folder / "accounts")
        self.tell("seven buyers in the sale")
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
        model.write_bytes(content.network(HIDDEN).design())
        data = content.save(self.folder / "data" / "genesis.npz", digits.genesis)
        content.save(self.folder / "data" / "more.npz", digits.addition)
        content.save(self.folder / "data" / "noise.npz", content.noise())
        warp((now() // EPOCH + 2) * EPOCH - HOUR)
        self._create("create", "--specification", model, "--data", data, "--keeper-bps", 0)
        self.tell("staking: three keepers with 80,000 NRN each, three others less; sam sponsors")
        self._run({name: ("stake", 1, amount // NRN) for name, amount in STAKES.items()})
        spread = ("--blocks", GIFT_BLOCKS, "--until", "365d", "--yes")
        self._run({SPONSOR: ("sponsor", 1, GIFT // NRN, *spread)})
        warp(self.block_start(1, 1))

    def live(self) -> None:
        """Nine blocks of group 1, with proposals in block 1 and the data vote in block 4. In block
        1 nobody votes."""
        self.tell("three trainers and an abstainer start; the keepers are late")
        self._start_trainers(1)
        self._start_dishonest(ABSTAINER, 1, "abstainer")
        self._nrn(CURATOR, 1, "curate")
        self.tell("dora proposes 600 more images, gary proposes noise")
        self._propose(CURATOR, "more")  # first, so that it is proposal 1
        self._propose(VANDAL, "noise")
        self._run_until(self.block_start(1, 2))
        self.tell("three keepers, a lazy one, a cheat and a thief start; blocks 2 and 3")
        self._start_keepers(1)
        self._start_dishonest(CHEAT, 1, "cheat")
        self._start_dishonest(THIEF, 1, "thief")
        self._run_until(self.block_start(1, 4))
        self.tell("the keepers vote for dora's data, larry for gary's; blocks 4 to 7")
        voters = (*KEEPERS, LAZY)
        self._run({name: ("delta", "vote", 1, 2 if name == LAZY else 1) for name in voters})
        self._run_until(self.block_start(1, 8))
        self.tell("the new data is in force; blocks 8 and 9")
        self._run_until(self.block_start(1, LAST_BLOCK + 1))
        self.company.dismiss()
        self.tell("three days later nobody can challenge: who was sponsored draws its shares")
        warp(now() + CHALLENGE_SECONDS)
        for name in (*TRAINERS, CURATOR):
            self._run({name: ("redeem", 1)})

    def fork(self) -> None:
        """Fork group 1 to a wider model with paid keepers; the stake moves; one block."""
        self.tell("forking to a wider network; keepers get 20 % of each reward")
        model = self.folder / "wider.json"
        model.write_bytes(content.widened(content.network(HIDDEN), WIDER).design())
        warp((now() // EPOCH + 1) * EPOCH - HOUR)
        self._create("fork", 1, "--specification", model, "--keeper-bps", KEEPERS_SHARE)
        self._run({name: ("migrate", 1, 2, amount // NRN) for name, amount in STAKES.items()})
        warp(self.block_start(2, 1))
        self.tell("the fork's first block with stake")
        self._start_trainers(2)
        self._start_keepers(2)
        self._run_until(self.block_start(2, 2))
        self.company.dismiss()

    def lie(self) -> None:
        """Block 2 of the fork: a pool with most of the stake accepts half of a loss. One keeper
        refutes it; block 3 goes on from what stood before."""
        self.tell("kim, kurt and larry now follow one evaluator; its owner iago halves a loss")
        evaluator = self.folder / "evaluator.json"
        for name in POOL:
            self._start_dishonest(name, 2, "pooled", "--evaluator", evaluator)
        self._start_dishonest(LIAR, 2, "liar", "--evaluator", evaluator)
        self._nrn(WATCHER, 2, "keep")
        self._run_until(self.block_start(2, 2) + COMMIT + REVEAL + 1)
        self.tell("kate votes against it and challenges it; the pool's votes accept it")
        self._run_until(self.block_start(2, 3))
        self.tell("move by move the two agree on all but one step, which the chain computes")
        self.company.dismiss()
        self.tell("the lie is refuted; the fork's next block begins where it stood before")
        self._start_trainers(2)
        self._start_keepers(2)
        self._run_until(self.block_start(2, 4))
        self.company.dismiss()

    def verify(self) -> dict[int, str]:
        """What `nrn verify` says about each group; raises ProcessFailed if it finds a lie."""
        commands = {f"{NEWCOMER}-{group_id}": nrn("verify", group_id) for group_id in self.genesis}
        return dict(zip(self.genesis, self.company.run(commands).values(), strict=True))

    def block_start(self, group_id: int, index: int) -> int:
        """Start of a block in unix seconds."""
        return self.genesis[group_id] + index * PERIOD

    def _run(self, deeds: Mapping[str, Sequence[str | Path | int]]) -> None:
        """One `nrn` command of each person named, side by side."""
        self.company.run(
            {
                name: nrn(*words, "--account", self.people[name].keystore)
                for name, words in deeds.items()
            }
        )

    def _create(self, verb: str, *words: str | Path | int) -> None:
        windows = {"commit": COMMIT, "reveal": REVEAL, "vote": VOTE}
        options = [word for name, span in windows.items() for word in (f"--{name}-window", span)]
        self._run({FOUNDER: ("group", verb, *words, *options)})
        group_id = len(self.genesis) + 1
        registry = contract(self.addresses, "GroupRegistry")
        voting = container("CheckpointVoting").at(registry.voting_of(group_id))
        self.genesis[group_id] = voting.GENESIS_TIME()

    def _propose(self, name: str, data: str) -> None:
        columns, state = self.folder / "data" / f"{data}.npz", self.company.state(f"{name}-1")
        self._run({name: ("delta", "propose", 1, "--add", columns, "--state", state)})

    def _start_trainers(self, group_id: int) -> None:
        for name, (seed, rate) in TRAINERS.items():
            recipe = ("--seed", seed, "--learning-rate", rate, "--steps", STEPS)
            if name == SPLITTER:
                self._start_dishonest(name, group_id, "splitter", *recipe)
            else:
                self._nrn(name, group_id, "train", *recipe)

    def _start_keepers(self, group_id: int) -> None:
        for name in KEEPERS:
            self._nrn(name, group_id, "keep")
        self._start_dishonest(LAZY, group_id, "lazy_keeper")

    def _nrn(self, name: str, group_id: int, role: str, *options: str | float | Path) -> None:
        """Start `nrn <role> <group>` as a long-running process."""
        actor = f"{name}-{group_id}"
        place = ("--account", self.people[name].keystore, "--state", self.company.state(actor))
        self.company.start(actor, nrn(role, group_id, *options, *place, "--poll", POLL_SECONDS))

    def _start_dishonest(
        self, name: str, group_id: int, module: str, *options: str | float | Path
    ) -> None:
        actor = f"{name}-{group_id}"
        self.company.start(
            actor,
            [
                *(sys.executable, "-m", f"scripts.actors.{module}", "--group", str(group_id)),
                *("--account", self.people[name].keystore, "--state", self.company.state(actor)),
                *map(str, options),
            ],
        )

    def _run_until(self, time: int) -> None:
        run_until(time, self.company, self._show, self.stall_seconds)

    def _show(self, statuses: Mapping[str, Status | None]) -> None:
        group_id = len(self.genesis)
        index, offset = divmod(now() - self.genesis[group_id], PERIOD)
        phase = "vote" if offset >= COMMIT + REVEAL else "reveal" if offset >= COMMIT else "commit"
        busy = [
            name.split("-")[0]
            for name, status in statuses.items()
            if status is None or status.waiting_until <= status.now
        ]
        working = f"at work: {', '.join(busy)}" if busy else "all wait"
        self.show(f"group {group_id}, block {index}, {phase} · {working}")
