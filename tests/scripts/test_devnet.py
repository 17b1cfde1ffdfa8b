"""`run("devnet")` leaves a session in which tables and `nrn` have something to say."""

from pathlib import Path

from tests.scripts.brownie_home import Brownie, clone_into

SESSION = """
import os, subprocess, sys
from pathlib import Path
from brownie import accounts, run, web3
run("devnet")
from scripts.console import advance, block, groups, me, period
groups()
block(1)
period(1)
me(accounts[10])
advance(1)
os.environ.update(NRN_RPC=web3.provider.endpoint_uri, NRN_STORE={store!r})
nrn = str(Path(sys.executable).with_name("nrn"))
subprocess.run([nrn, "verify", "1"], check=True)
subprocess.run([nrn, "stake", "1", "10", "--account", {keystore!r}], check=True)
"""


def test_session(brownie: Brownie, tmp_path: Path) -> None:
    """In a clone of its own: somebody may play with this one's devnet meanwhile."""
    clone = clone_into(tmp_path / "clone")
    devnet = clone / "reports" / "devnet"
    source = SESSION.format(
        store=str(devnet / "store"), keystore=str(devnet / "accounts" / "kim.json")
    )
    output = brownie.python(source, clone=clone, COLUMNS="120", PYTHONPATH=str(clone))
    assert "Warning" not in output
    assert "1,800.00" in output  # staked in the only group: three tenths of 6,000 NRN
    assert "reveals in 4 h 0 min, votes in 4 h 30 min" in output  # the beginning of a block
    assert "reveals in 0 h 0 min, votes in 0 h 30 min" in output  # advanced to its second window
    assert "delta period 0" in output
    assert "400.00" in output  # kate bought 1,000 NRN and staked 600
    assert "0 of 0 blocks verified" in output
    assert "Staked 10 NRN in group 1" in output
