"""Brownie forgets compiled contracts when an import changes; compiling changes no filters."""

import warnings
from pathlib import Path

import pytest
from vyper.cli import vyper_json

from brownie_hooks import forget_stale_builds

IMPORTS = {"contracts/_modules/clock.vy": {"content": "DAY: constant(uint256) = 86400"}}


@pytest.mark.parametrize("content, kept", [("DAY: constant(uint256) = 86400", True), ("", False)])
def test_contracts_are_forgotten_when_an_import_changes(
    tmp_path: Path, content: str, kept: bool
) -> None:
    build = tmp_path / "build"
    forget_stale_builds(build, IMPORTS)
    compiled = build / "contracts" / "Clock.json"
    compiled.parent.mkdir()
    compiled.write_text("{}")
    forget_stale_builds(build, {"contracts/_modules/clock.vy": {"content": content}})
    assert compiled.exists() == kept


def test_compiling_leaves_the_filters_of_warnings() -> None:
    """Vyper lets all through; what a first run has to say must not drown in Brownie's own."""
    source = "@external\ndef nothing():\n    pass\n"
    asked = {
        "language": "Vyper",
        "sources": {"nothing.vy": {"content": source}},
        "settings": {"outputSelection": {"*": {"*": ["evm.deployedBytecode.sourceMap"]}}},
    }
    before = list(warnings.filters)
    assert vyper_json.compile_json(asked)["contracts"]["nothing.vy"]
    assert warnings.filters == before
