"""Brownie forgets compiled contracts when an import of theirs changes, and only then."""

from pathlib import Path

import pytest

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
