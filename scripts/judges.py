"""Judges mutants: collects tests once, then forks a process for every mutant.

What the tests import, compile and trace is there before the first mutant; its process compiles the
contracts that the mutant is part of, and meets the tests that killed its neighbours first.
"""

import gc
import json
import multiprocessing
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scripts.mutants import Mutant, users

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 900  # seconds until a mutant is given up without a verdict
NEIGHBOURS = 8  # tests that killed other mutants of the file are asked first, so many of them
NO_VERDICT = ("out of time", "unknown")
Record = dict[str, Any]
Codes = dict[str, str]  # contract -> creation code


@dataclass(frozen=True)
class Kill:
    """Where a test has killed a mutant."""

    name: str
    line: int
    test: str


@dataclass
class Child:
    """A process that judges one mutant."""

    mutant: Mutant
    began: float
    answer: int  # file descriptor of the pipe it writes its record to


class Judge:
    """Runs collected tests once per mutant, as a plugin of one pytest session."""

    options: tuple[str, ...] = ("-q", "-p", "no:timeout", "-p", "no:cacheprovider")

    def __init__(
        self, todo: Sequence[Mutant], jobs: int, note: Callable[[Mutant, Record], None],
        kills: Sequence[Kill] = (),
    ) -> None:  # fmt: skip
        self.todo, self.jobs, self.note, self.kills = todo, jobs, note, list(kills)
        self.failure: BaseException | None = None  # in a child: of its last failed test

    def run(self, *arguments: str) -> None:
        """One session in a process of its own, for two kinds do not fit into one."""
        if not self.todo:
            return
        session = multiprocessing.get_context("fork").Process(
            target=self._session, args=arguments, daemon=True
        )
        session.start()
        session.join()
        if session.exitcode:
            raise SystemExit("mutate: stopped; the next run goes on")

    def _session(self, *arguments: str) -> None:
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("stopped", returncode=1))
        sys.exit(pytest.main([*self.options, *arguments], [self]))

    def prepare(self) -> None:
        """What is the same for all mutants."""

    def codes(self, mutant: Mutant) -> Codes | str:
        """What a mutant compiles to, or the verdict without a test."""
        return altered(mutant)

    def install(self, mutant: Mutant, codes: Codes, number: int) -> None:
        """In a child: the contracts become the mutant."""

    def chosen(self, items: list[pytest.Item], mutant: Mutant, codes: Codes) -> list[pytest.Item]:
        """The tests that a mutant meets, in order."""
        return items

    def pytest_exception_interact(self, call: pytest.CallInfo[Any]) -> None:
        if call.excinfo:
            self.failure = call.excinfo.value

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of one run of all tests: one run for every mutant, until the first failure."""
        self.prepare()
        gc.collect()
        gc.freeze()  # children share it
        running: dict[int, Child] = {}
        todo = list(enumerate(self.todo))[::-1]
        try:
            while todo or running:
                while todo and len(running) < self.jobs:
                    number, mutant = todo.pop()
                    pid, child = self._fork(session, mutant, number)
                    running[pid] = child
                self._reap(running)
        finally:
            for pid in running:
                _kill(pid)
        return True

    def _fork(self, session: pytest.Session, mutant: Mutant, number: int) -> tuple[int, Child]:
        answer, say = os.pipe()
        pid = os.fork()
        if pid:
            os.close(say)
            return pid, Child(mutant, time.monotonic(), answer)
        os.setsid()  # with its Anvil, so that both can be ended
        quiet = os.open(os.devnull, os.O_WRONLY)
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        session.config.pluginmanager.unregister(reporter)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        verdict: Record = {"verdict": "unknown"}
        try:
            verdict = self._judge(session, mutant, number)
        except BaseException as error:
            verdict["error"] = repr(error)
        os.write(say, json.dumps(verdict).encode())
        os._exit(0)

    def _judge(self, session: pytest.Session, mutant: Mutant, number: int) -> Record:
        from hypothesis.errors import DeadlineExceeded
        from vyper.exceptions import VyperException

        codes = self.codes(mutant)
        if isinstance(codes, str):
            return {"verdict": codes}
        self.install(mutant, codes, number)
        nearest = self._nearest(mutant)
        items = sorted(
            self.chosen(session.items, mutant, codes),
            key=lambda item: nearest.get(item.nodeid, NEIGHBOURS),
        )
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            why = repr(self.failure)[:200]
            if isinstance(self.failure, OSError | DeadlineExceeded):  # no Anvil; a slow machine
                return {"verdict": "unknown", "why": why}
            if isinstance(self.failure, VyperException):
                return {"verdict": "does not compile"}
            if session.testsfailed:
                return {"verdict": "killed", "by": item.nodeid, "why": why}
        return {"verdict": "survived"} if items else {"verdict": "unknown"}

    def _nearest(self, mutant: Mutant) -> dict[str, int]:
        """Tests that killed mutants of the same file -> their rank by lines away."""
        near = sorted(
            (kill for kill in self.kills if kill.name == mutant.name),
            key=lambda kill: abs(kill.line - mutant.line),
        )
        tests = list(dict.fromkeys(kill.test for kill in near))
        return {test: rank for rank, test in enumerate(tests[:NEIGHBOURS])}

    def _reap(self, running: dict[int, Child]) -> None:
        """Wait for the next answer, or for who has run out of time."""
        pipes = {child.answer: pid for pid, child in running.items()}
        ready, _, _ = select.select(list(pipes), [], [], 5)
        late = [p for p, c in running.items() if time.monotonic() - c.began > PATIENCE]
        for pid in {pipes[answer] for answer in ready} | set(late):
            child = running.pop(pid)
            said = os.read(child.answer, 65_536) if child.answer in ready else b""
            os.close(child.answer)
            _kill(pid)
            record = json.loads(said) if said else {"verdict": NO_VERDICT[pid not in late]}
            if record["verdict"] == "killed":
                self.kills.append(Kill(child.mutant.name, child.mutant.line, record["by"]))
            seconds = round(time.monotonic() - child.began, 1)
            self.note(child.mutant, record | {"seconds": seconds})


class OnAnvil(Judge):
    """Runs Brownie's tests; every mutant has a chain of its own."""

    def __init__(self, *arguments: Any, port: int) -> None:
        super().__init__(*arguments)
        self.port = port

    def pytest_configure(self) -> None:
        self._listen(self.port)

    def _listen(self, port: int) -> None:
        from brownie._config import CONFIG

        CONFIG.networks["development"]["cmd_settings"]["port"] = port

    def prepare(self) -> None:
        import brownie

        brownie.network.disconnect()  # a connection cannot be shared; each child makes its own
        for container in brownie.project.get_loaded_projects()[0]:
            creation_code(container._name)

    def install(self, mutant: Mutant, codes: Codes, number: int) -> None:
        import brownie

        [project] = brownie.project.get_loaded_projects()
        for name, code in codes.items():
            container = project[name]
            container.bytecode = container._build["bytecode"] = code.removeprefix("0x")
        self._listen(self.port + 1 + number % 64)
        brownie.network.connect("development")

    def chosen(self, items: list[pytest.Item], mutant: Mutant, codes: Codes) -> list[pytest.Item]:
        """All, those of the mutant's contracts first."""
        return sorted(items, key=lambda i: not any(f"/{name}/" in i.nodeid for name in codes))


class Sources(Judge):
    """Runs tests that compile what they need: those of single modules, the cheapest."""

    options = (*Judge.options, "-p", "no:pytest-brownie", "--confcutdir", "tests")

    def prepare(self) -> None:
        self.scratch = tempfile.TemporaryDirectory()

    def codes(self, mutant: Mutant) -> Codes | str:
        return {}

    def install(self, mutant: Mutant, codes: Codes, number: int) -> None:
        from tests.stateful import world

        scratch = Path(self.scratch.name, str(number))
        for folder in ("contracts", "interfaces"):
            shutil.copytree(ROOT / folder, scratch / folder)
        (scratch / "contracts" / f"{mutant.name}.vy").write_text(mutant.source)
        world.ROOT = scratch


class InProcess(Sources):
    """Runs tests that deploy into an EVM of this process."""

    def prepare(self) -> None:
        from tests.stateful import machine

        super().prepare()
        assert machine.world().referee  # compiled; a child deploys its own
        for name in {name for mutant in self.todo for name in users(mutant.name)}:
            creation_code(name)

    codes = Judge.codes

    def install(self, mutant: Mutant, codes: Codes, number: int) -> None:
        from tests.stateful import machine, world
        from tests.steps import contracts

        super().install(mutant, codes, number)
        compiled = world._compiled

        def altered_one(name: str) -> Any:
            found = compiled(name)
            code = codes.get(name)
            return replace(found, bytecode=bytes.fromhex(code[2:])) if code else found

        def altered_steps(name: str) -> dict[str, str]:
            code = altered_one(name).bytecode.hex()
            return {"bytecode": code, "bytecode_runtime": code}  # nearly: for its size

        vars(world)["_compiled"], vars(contracts)["_compiled"] = altered_one, altered_steps
        world._obey(world.EVM_VERSION)  # an empty one
        for remembered in (machine.world, contracts.machine, contracts.address):
            remembered.cache_clear()
        machine.world()


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def altered(mutant: Mutant) -> dict[str, str] | str:
    """Creation codes of the contracts that a mutant is part of, or the verdict without a test."""
    from vyper.exceptions import VyperException

    try:
        codes = {name: creation_code(name, mutant) for name in users(mutant.name)}
    except VyperException:
        return "does not compile"
    if all(code == creation_code(name) for name, code in codes.items()):
        return "equivalent"
    return codes


def creation_code(name: str, mutant: Mutant | None = None) -> str:
    """Creation code of a contract, with one file replaced by the mutant's."""
    if mutant is None:
        return _creation_code(name, None)
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch, "contracts", f"{mutant.name}.vy")
        file.parent.mkdir(parents=True)
        file.write_text(mutant.source)
        return _creation_code(name, scratch)


@cache
def _creation_code(name: str, first: str | None) -> str:
    import snekmate.utils
    import yaml
    from vyper.compiler import compile_from_file_input
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.settings import Settings

    library = Path(next(iter(snekmate.utils.__path__))).parents[1]
    folders = [library, ROOT, *([Path(first)] if first else [])]  # the last is asked first
    bundle = FilesystemInputBundle(folders)
    options = yaml.safe_load((ROOT / "brownie-config.yaml").read_text())
    return compile_from_file_input(
        bundle.load_file(Path("contracts", f"{name}.vy")),
        input_bundle=bundle,
        settings=Settings(evm_version=options["compiler"]["evm_version"]),
        output_formats=["bytecode"],
        no_bytecode_metadata=True,  # it would tell any two sources apart
    )["bytecode"]
