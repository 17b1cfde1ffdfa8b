"""Fixtures for more than one package's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kubo_daemon import Daemon, require_kubo


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A Kubo daemon with a repository of its own; the test is skipped where Kubo is not had."""
    require_kubo()
    daemon = Daemon(tmp_path / "kubo")
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.kill()
