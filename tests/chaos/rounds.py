"""Rounds of random faults: python -m tests.chaos.rounds --faults 1000 --seed 1 --out FOLDER

With --soak HOURS rounds without faults, so many hours of chain time long.

The seed says which faults befall whom and when; how the processes run between them is the
machine's. A round lasts one block of the group.
"""

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.daemon import ACTOR as STORE
from tests.chaos.invariants import broken, lost, misbehaved, tell
from tests.chaos.weather import ALL, OF_THE_CHAIN, OF_THE_STORE, faults_of
from tests.chaos.world import ACTORS, BLOCK_SECONDS, BRAKED_SECONDS, CALM, DEAR, World
from tests.integration.devnet import Devnet

LONGEST_PHASE = 150.0  # seconds of ours; then the chain goes on without them, and it is said
BRAKED = 100.0  # seconds of ours for which its second half is slow: a busy machine is no fault
KEPT_STATES = 500  # of past blocks, in memory; all of them would fill the disk
MOST_AT_ONCE = 4  # scenarios
DEAR_SECONDS = 4.0
# On average, between the world's faults of one kind. A start is the machine's work, and between
# dear blocks there are others, or nothing could be sent for what a node may spend.
EVERY_SECONDS = {"killed": 8.0, "dear blocks": 3 * DEAR_SECONDS}
ELSE_SECONDS = 3.0


@dataclass
class Round:
    """What a round brought: faults by kind, and what was broken."""

    number: int
    scenarios: list[str]
    seconds: float = 0.0
    faults: dict[str, int] = field(default_factory=dict)
    commits: int = 0
    reveals: int = 0
    votes: int = 0
    reverted: int = 0
    waited_for: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    usage: dict[str, dict[str, int]] = field(default_factory=dict)  # by process
    chain_time: int = 0


class Chaos:
    """Plays rounds in a world and keeps their table."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._dice = random.Random(f"{seed} rounds")
        self._deeds: dict[str, Callable[[], None]] = {
            "reorganised": world.reorganise,
            "mempool lost": world.lose_mempool,
            "dear blocks": self._make_dear,
            "rising fees": world.raise_fees,
            "killed": world.kill,
            "full disk": world.fill_disk,
        }
        self._cheap_at = 0.0
        self._first: dict[str, dict[str, int]] = {}
        self._todo: list[str] = []
        self.rounds: list[Round] = []

    @property
    def faults(self) -> int:
        return self._world.weather.seen.total()

    def play(self, scenarios: list[str] | None = None) -> Round:
        """One round under these scenarios, by default those that are next."""
        world, chosen = self._world, self._next() if scenarios is None else scenarios
        played = Round(len(self.rounds), chosen)
        before, began = Counter(world.weather.seen), time.monotonic()
        self._bring(chosen)
        block = world.stage.block
        due = {name: began + self._pause(name) for name in chosen if name in self._deeds}
        self._until(block, due, played)
        world.weather.clear()
        world.base_fee = CALM
        world.pace = BRAKED_SECONDS  # while the round is told, the next begins
        told = tell(world, block)
        played.violations = broken(told)
        self._first = self._first or {name: world.usage(name) for name in ACTORS}
        played.violations += misbehaved(world, self._first)
        played.usage = {name: world.usage(name) for name in ACTORS if name not in world.down}
        played.chain_time = world.now()
        played.faults = dict(world.weather.seen - before)
        played.seconds = round(time.monotonic() - began, 1)
        played.commits, played.reveals = told.commits.total(), len(told.reveals)
        played.votes, played.reverted = len(told.votes), told.reverted.total()
        self.rounds.append(played)
        return played

    def settle(self, rounds: int = 2) -> list[str]:
        """Calm rounds in which everybody collects; what is lost for ever then."""
        for _ in range(rounds):
            self.play([])
        return lost(self._world)

    def goes_on(self, faults: int) -> bool:
        """Until so many faults befell somebody, some of every scenario, and none that comes with
        every request counts for more than a tenth."""
        counted = sum(min(count, faults // 10) for count in self._world.weather.seen.values())
        return counted < faults or bool(self.unplayed())

    def unplayed(self) -> list[str]:
        """The scenarios of which no fault has befallen anybody yet."""
        return [
            name for name in ALL if not any(self._world.weather.seen[f] for f in faults_of(name))
        ]

    def _next(self) -> list[str]:
        """Two to four at a time, each as often as any other."""
        if len(self._todo) < MOST_AT_ONCE:
            again = self._dice.sample(ALL, len(ALL))
            self._todo = [name for name in again if name not in self._todo] + self._todo
        return [self._todo.pop() for _ in range(self._dice.randint(2, MOST_AT_ONCE))]

    def _bring(self, scenarios: list[str]) -> None:
        for scenario in scenarios:
            for actor in ACTORS:
                if self._dice.random() < 0.7:
                    self._world.weather.bring(actor, OF_THE_CHAIN.get(scenario, {}))
            self._world.weather.bring(STORE, OF_THE_STORE.get(scenario, {}))

    def _pause(self, name: str) -> float:
        return self._dice.expovariate(1 / EVERY_SECONDS.get(name, ELSE_SECONDS))

    def _make_dear(self) -> None:
        self._world.base_fee = DEAR
        self._cheap_at = time.monotonic() + DEAR_SECONDS
        self._world.weather.happened("dear blocks")

    def _until(self, block: Any, due: dict[str, float], played: Round) -> None:
        """Let the block pass: moved on when all are idle, or have had their time."""
        world = self._world
        phase, since, middle = -1, time.monotonic(), 0
        while (now := world.now()) < block.end:
            world.look_after()
            if time.monotonic() > self._cheap_at:
                world.base_fee = CALM
            for name, at in due.items():
                if time.monotonic() > at:
                    self._deeds[name]()
                    due[name] = time.monotonic() + self._pause(name)
            if block.phase(now) != phase:
                phase, since = int(block.phase(now)), time.monotonic()
                middle = (now + block.phase_end(now)) // 2
            braked = now > middle and time.monotonic() - since < BRAKED
            world.pace = BRAKED_SECONDS if braked else BLOCK_SECONDS
            late = time.monotonic() - since > LONGEST_PHASE
            if late:
                played.waited_for.append(f"phase {phase}: {self._busy()}")
            if late or world.idle():
                waits = [actor.waits_until() for actor in world.actors.values()]
                world.jump(block.phase_end(now) if late else min(*waits, block.phase_end(now)))
                since = time.monotonic()
            time.sleep(0.1)

    def _busy(self) -> str:
        return "; ".join(
            f"{name} {actor.status().get('doing', 'starts')}"
            for name, actor in self._world.actors.items()
        )


def table(rounds: list[Round]) -> str:
    """Faults by kind, and what became of the rounds in which they were."""
    rows = ["| scenario | rounds | faults | commits | reveals | votes | reverted | violations |",
            "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for name in ("calm", *ALL):
        mine = [r for r in rounds if name in r.scenarios or (name == "calm" and not r.scenarios)]
        if mine:
            counts = [sum(r.faults.values()) for r in mine], [r.commits for r in mine]
            more = [r.reveals for r in mine], [r.votes for r in mine], [r.reverted for r in mine]
            sums = " | ".join(str(sum(column)) for column in (*counts, *more))
            bad = sum(len(r.violations) for r in mine)
            rows.append(f"| {name} | {len(mine)} | {sums} | {bad} |")
    return "\n".join(rows)


def growth(rounds: list[Round]) -> str:
    """What each process held after its first, its middle and its last round, and at most."""
    rows = ["| process | memory, MB | open files | disk, KB |", "|---|---|---|---|"]
    for name in ACTORS:
        seen = [one.usage[name] for one in rounds if name in one.usage]
        cells = []
        for what, unit in (("memory", 10**6), ("files", 1), ("disk", 10**3)):
            values = [usage[what] // unit for usage in seen]
            some = " → ".join(str(values[at]) for at in (0, len(values) // 2, -1))
            cells.append(f"{some} (most {max(values)})")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=1_000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=ALL)
    parser.add_argument("--soak", type=float, metavar="HOURS", help="of chain time, without faults")
    parser.add_argument("--out", type=Path, default=Path("reports/chaos"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + 60 * given.minutes
    net = Devnet.start(Path(tempfile.mkdtemp()), "--prune-history", str(KEPT_STATES))
    try:
        net.deploy()
        net.populate()
        with World(net, Path(tempfile.mkdtemp(dir=given.out)), given.seed).living() as world:
            chaos = Chaos(world, given.seed)
            chaos.play([])
            soaked = world.now() + round(3_600 * (given.soak or 0))
            while time.monotonic() < end and (
                world.now() < soaked if given.soak else chaos.goes_on(given.faults)
            ):
                played = chaos.play([] if given.soak else given.only)
                print(json.dumps(asdict(played)), flush=True)
            missing = chaos.settle()
            ended = world.ended
    finally:
        net.stop()
    rounds = [asdict(one) for one in chaos.rounds]
    document = {"seed": given.seed, "rounds": rounds, "lost": missing, "ended": ended}
    (given.out / "rounds.json").write_text(json.dumps(document, indent=1))
    print(table(chaos.rounds), growth(chaos.rounds), sep="\n\n")
    violations = sum(len(one.violations) for one in chaos.rounds)
    print(f"{chaos.faults} faults, {world.kills} of them kills, in {len(rounds)} rounds: "
          f"{violations} violations, {len(missing)} lost, {len(ended)} ended")  # fmt: skip
    raise SystemExit(bool(violations or missing))


if __name__ == "__main__":
    main()
