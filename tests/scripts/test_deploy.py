"""The deployment: written once, confirmed, resumed after a cut, refused where it cannot go on."""

import json
from pathlib import Path

from eth_account import Account

from scripts.ports import free_port
from tests.scripts.brownie_home import Brownie, anvil

FIRST_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # Anvil's first
# `Stop` stands for a machine that goes away just before one contract is sent.
OPENING = """
from pathlib import Path
from brownie import accounts
from scripts import deploy as script

class Stop(Exception):
    pass

send = script._deploy_one

def deploy(account=0, stop_before=None):
    def sent(deployer, nonce, name, *rest):
        if name == stop_before:
            raise Stop
        print("SENT", name)
        send(deployer, nonce, name, *rest)

    script._deploy_one = sent
    try:
        script.deploy(accounts[account], folder=folder)
    except Stop:
        print("STOPPED")
    except script.DeploymentError as error:
        print("REFUSED", error)
"""
# What Brownie's threads say while it ends is none of them; a run that fails ends with another code.
MARKS = ("SENT", "STOPPED", "REFUSED", "deploy:")

# What comes after two blueprints, the sale and the vault.
FROM_COINBASE = (
    "Coinbase", "GroupRegistry", "Neuron", "Sponsorship", "StepsNumbers",
    "StepsElementary", "StepsFolds", "StepsLoss", "StepsSources", "StepsJudge", "Referee",
)  # fmt: skip


def run(
    brownie: Brownie, folder: Path, steps: str, network: str = "development", **environment: str
) -> list[str]:
    """Run `steps`, by default on a fresh development chain; the marked lines of what they print."""
    source = f"{OPENING}\nfolder = Path({str(folder)!r})\n{steps}"
    output = brownie.python(source, network, **environment)
    return [line for line in output.splitlines() if line.startswith(MARKS)]


def test_a_second_run_changes_nothing(brownie: Brownie, tmp_path: Path) -> None:
    steps = """
deploy()
written = (folder / "31337.json").read_bytes()
deploy()
assert (folder / "31337.json").read_bytes() == written
"""
    *sent, wrote, confirmed = run(brownie, tmp_path, steps)
    assert len(sent) == 4 + len(FROM_COINBASE)
    assert wrote.startswith("deploy: wrote")
    assert confirmed == "deploy: 31337.json is intact; nothing to do."
    assert json.loads((tmp_path / "31337.json").read_text())["chain_id"] == 31337


def test_a_cut_deployment_goes_on(brownie: Brownie, tmp_path: Path) -> None:
    steps = """
deploy(stop_before="Coinbase")
assert not (folder / "31337.json").exists()
deploy()
"""
    lines = run(brownie, tmp_path, steps)
    later = lines[lines.index("STOPPED") + 1 :]
    assert [line for line in later if line.startswith("SENT")] == [
        f"SENT {name}" for name in FROM_COINBASE
    ]
    assert [file.name for file in tmp_path.iterdir()] == ["31337.json"]


def test_a_lost_nonce_is_refused(brownie: Brownie, tmp_path: Path) -> None:
    steps = """
deploy(stop_before="Coinbase")
accounts[0].transfer(accounts[9], 1)
deploy()
"""
    refusal = run(brownie, tmp_path, steps)[-1]
    assert refusal.startswith("REFUSED Coinbase needs nonce 4")
    assert "Remove" in refusal


def test_another_account_cannot_go_on(brownie: Brownie, tmp_path: Path) -> None:
    refusal = run(brownie, tmp_path, 'deploy(stop_before="Coinbase")\ndeploy(account=1)')[-1]
    assert "go on with that account" in refusal


def test_foreign_code_is_refused(brownie: Brownie, tmp_path: Path) -> None:
    steps = """
import json
deploy()
record = json.loads((folder / "31337.json").read_text())
record["contracts"]["StakeVault"] = record["contracts"]["Coinbase"]
(folder / "31337.json").write_text(json.dumps(record))
deploy()
"""
    assert "does not hold this project's StakeVault" in run(brownie, tmp_path, steps)[-1]


def test_a_restarted_chain_is_deployed_anew(brownie: Brownie, tmp_path: Path) -> None:
    for _ in range(2):
        lines = run(brownie, tmp_path, "deploy()")
        assert sum(line.startswith("SENT") for line in lines) == 4 + len(FROM_COINBASE)


def test_a_live_network(brownie: Brownie, tmp_path: Path) -> None:
    """Refused without a beneficiary; cut off, gone on with, and confirmed in a fresh clone."""
    keystore = tmp_path / "deployer.json"
    account = Account.from_key(FIRST_KEY)
    keystore.write_text(
        json.dumps(Account.encrypt(FIRST_KEY, "secret", kdf="pbkdf2", iterations=1))
    )
    opening = "accounts.clear()\nscript._deployer()\n"
    environment = {"NRN_DEPLOYER": str(keystore), "NRN_PASSWORD": "secret"}
    beneficiary = {"NRN_SALE_BENEFICIARY": account.address}
    with anvil(free_port(), "--chain-id", "4321") as url:
        brownie.add_live_network("tested", url, 4321)
        cut = (
            opening
            + 'deploy()\nimport os\nos.environ |= BENEFICIARY\ndeploy(stop_before="Coinbase")'
        )
        cut = cut.replace("BENEFICIARY", repr(beneficiary))
        lines = run(brownie, tmp_path, cut, "tested", **environment)
        assert lines[0] == "REFUSED Set NRN_SALE_BENEFICIARY: it can never be changed."
        assert lines[-1] == "STOPPED"
        *sent, wrote, intact = run(
            brownie, tmp_path, opening + "deploy()\ndeploy()", "tested", **environment
        )
    assert sent == [
        "deploy: going on with the deployment of nonce 0.",
        *(f"SENT {name}" for name in FROM_COINBASE),
    ]
    assert wrote.startswith("deploy: wrote")
    assert intact == "deploy: 4321.json is intact; nothing to do."


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
            "from web3 import Web3\n"
            f"chain = Web3(Web3.HTTPProvider({origin!r}))\n"
            f"print(chain.eth.get_transaction_count({deployer!r}), chain.eth.block_number)",
        )
    assert code.split() == ["0", "0"]
    assert "fork of chain 4321" in output
    # The first contract of a fresh account: keccak(rlp(address, nonce 0)).
    assert "0x8464135c8F25Da09e49BC8782676a84730C318bC" in output
