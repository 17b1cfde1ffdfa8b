"""The committed vectors are those of the oracle; one operation's do not depend on another's."""

from __future__ import annotations

import json

import pytest

from compute.program import codec
from compute.program.operations import OPERATIONS
from tests.support import vectors


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_vectors_are_what_the_oracle_gives(name: str) -> None:
    committed = (vectors.DIRECTORY / f"{name}.jsonl").read_text()
    assert committed == vectors.document(name)
    programs = [
        codec.decode(bytes.fromhex(json.loads(t)["program"])) for t in committed.splitlines()
    ]
    assert len(programs) == vectors.CASES
    assert all(any(s.operation.name == name for s in p.main.steps) for p in programs)


def test_every_operation_has_its_file() -> None:
    files = {path.stem for path in vectors.DIRECTORY.glob("*.jsonl")}
    assert files == set(OPERATIONS)
