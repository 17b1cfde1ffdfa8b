"""The deployment: written once, confirmed, resumed after a cut, refused where it cannot go on."""

import json
from pathlib import Path

import pytest

from tests.scripts.brownie_home import Brownie, anvil, free_port

# `Stop` stands for a machine that goes away just before one contract is sent.
DEPLOY = """
from pathlib import Path
from brownie import accounts, chain
from scripts import deploy as script
folder = Path({folder!r})
deployer = accounts[{account}]
class Stop(Exception): pass
send = script._deploy_one
def sent(deployer, nonce, name, *rest):
    if name == {stop_before!r}: raise Stop
    print("SENT", name)
    send(deployer, nonce, name, *rest)
script._deploy_one = sent
if {waste_nonce}:
    deployer.transfer(accounts[9], 1)
try:
    script.deploy(deployer, folder=folder)
except Stop:
    print("STOPPED")
except script.DeploymentError as error:
    print("REFUSED", error)
"""


def deploy(
    brownie: Brownie,
    folder: Path,
    *,
    stop_before: str | None = None,
    waste_nonce: bool = False,
    account: int = 0,
) -> list[str]:
    """Run one deployment; the marked lines of its output."""
    source = DEPLOY.format(
        folder=str(folder), stop_before=stop_before, waste_nonce=waste_nonce, account=account
    )
    lines = brownie.python(source).splitlines()
    return [line for line in lines if line.startswith(("SENT", "STOPPED", "REFUSED", "deploy:"))]


@pytest.fixture
def chain(brownie: Brownie):
    """An Anvil that outlives Brownie, at the port of Brownie's development network."""
    with anvil(brownie.port) as address:
        yield address


def test_a_second_run_changes_nothing(brownie: Brownie, chain: str, tmp_path: Path) -> None:
    first = deploy(brownie, tmp_path)
    record = tmp_path / "31337.json"
    written = record.read_bytes()
    assert sum(line.startswith("SENT") for line in first) == 7
    assert json.loads(written)["chain_id"] == 31337
    assert deploy(brownie, tmp_path) == ["deploy: 31337.json is intact; nothing to do."]
    assert record.read_bytes() == written


def test_a_cut_deployment_goes_on(brownie: Brownie, chain: str, tmp_path: Path) -> None:
    cut = deploy(brownie, tmp_path, stop_before="Coinbase")
    assert cut[-1] == "STOPPED"
    assert not (tmp_path / "31337.json").exists()
    sent = [line for line in deploy(brownie, tmp_path) if line.startswith("SENT")]
    assert sent == ["SENT Coinbase", "SENT GroupRegistry", "SENT Neuron"]
    assert [file.name for file in tmp_path.iterdir()] == ["31337.json"]


def test_a_lost_nonce_is_refused(brownie: Brownie, chain: str, tmp_path: Path) -> None:
    deploy(brownie, tmp_path, stop_before="Coinbase")
    [*_, refusal] = deploy(brownie, tmp_path, waste_nonce=True)
    assert refusal.startswith("REFUSED Coinbase needs nonce 4")
    assert "Remove" in refusal


def test_another_account_cannot_go_on(brownie: Brownie, chain: str, tmp_path: Path) -> None:
    deploy(brownie, tmp_path, stop_before="Coinbase")
    [refusal] = deploy(brownie, tmp_path, account=1)
    assert "go on with that account" in refusal


def test_foreign_code_is_refused(brownie: Brownie, chain: str, tmp_path: Path) -> None:
    deploy(brownie, tmp_path)
    record = tmp_path / "31337.json"
    document = json.loads(record.read_text())
    contracts = document["contracts"]
    contracts["StakeVault"] = contracts["Coinbase"]
    record.write_text(json.dumps(document))
    [refusal] = deploy(brownie, tmp_path)
    assert "does not hold this project's StakeVault" in refusal


def test_a_restarted_chain_is_deployed_anew(brownie: Brownie, tmp_path: Path) -> None:
    for _ in range(2):
        with anvil(brownie.port):
            lines = deploy(brownie, tmp_path)
            assert sum(line.startswith("SENT") for line in lines) == 7


def test_rehearsal_on_a_fork(brownie: Brownie) -> None:
    """The origin stays as it was, and the addresses are those of the real deployment."""
    origin_port = free_port()
    deployer = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    with anvil(origin_port, "--chain-id", "4321") as origin:
        output = brownie.run(
            *("brownie", "run", "fork", "--network", "rehearsal", "--silent"),
            FORK_RPC=origin,
            NRN_DEPLOYER_ADDRESS=deployer,
        )
        code = brownie.run(
            "python",
            "-c",
            "import sys; from web3 import Web3\n"
            f"chain = Web3(Web3.HTTPProvider({origin!r}))\n"
            f"print(chain.eth.get_transaction_count({deployer!r}), chain.eth.block_number)",
        )
    assert code.split() == ["0", "0"]
    assert "fork of chain 4321" in output
    # The first contract of a fresh account: keccak(rlp(address, nonce 0)).
    assert "0x8464135c8F25Da09e49BC8782676a84730C318bC" in output
