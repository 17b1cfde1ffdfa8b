"""Brownie starts a chain of its own, wherever the clone lies and whoever else runs one."""

import socket
from collections.abc import Iterator
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pytest
from web3 import HTTPProvider, Web3

from brownie_hooks import take_own_ports
from tests.scripts.brownie_home import Brownie, anvil, clone_into

TEST = "tests/contracts/Neuron/test_init.py"


def networks(port: int) -> list[dict]:
    development = {"id": "development", "host": "http://127.0.0.1", "cmd_settings": {"port": port}}
    return [development, {"id": "ethereum", "host": "$ETHEREUM_RPC"}]


def port_of(listed: list[dict]) -> int:
    return listed[0]["cmd_settings"]["port"]


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("mode", ["run", "test"])
def test_what_ends_with_its_chain_takes_any_port(mode: str) -> None:
    mine, theirs = networks(8545), networks(8545)
    take_own_ports(mine, mode)
    take_own_ports(theirs, mode)
    assert len({8545, port_of(mine), port_of(theirs)}) == 3


def test_a_console_keeps_its_port_unless_somebody_has_it(
    busy: int, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = networks(busy)
    take_own_ports(listed, "console")
    assert port_of(listed) != busy
    assert f"export NRN_RPC=http://127.0.0.1:{port_of(listed)}" in capsys.readouterr().out
    kept = port_of(listed)  # nobody listens there
    take_own_ports(listed, "console")
    assert port_of(listed) == kept


def test_somebody_elses_chain_is_left_alone(brownie: Brownie) -> None:
    """Two test runs at once, beside a chain on the port that Brownie is configured for."""
    with anvil(brownie.port) as url:
        chain = Web3(HTTPProvider(url))
        before = chain.eth.get_block("latest")
        with ThreadPool(2) as pool:
            outputs = pool.map(lambda _: brownie.run("brownie", "test", TEST), range(2))
        assert chain.eth.get_block("latest") == before
    for output in outputs:
        assert "passed" in output and "failed" not in output
        assert f"--port {brownie.port} " not in output


def test_scripts_run_where_people_clone(brownie: Brownie, tmp_path: Path) -> None:
    clone = clone_into(tmp_path / "my.projects" / "größe und 大" / "code.v1")
    (clone / "scripts" / "where.py").write_text(
        "from scripts.deploy import ROOT, container\n"
        "def main():\n    print('HERE', ROOT, bool(container('Neuron').bytecode))\n"
    )
    assert f"HERE {clone} True" in brownie.run("brownie", "run", "where", clone=clone)
