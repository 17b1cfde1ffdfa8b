"""What people see when something is wrong: one sentence, and a code that programs understand."""

import errno
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from compute.cli import failure, trailing
from scripts.ports import free_port
from tests.compute.chain.rogue import rogue
from tests.compute.cli.conftest import Result
from tests.integration.devnet import Devnet
from tests.support.patience import PATIENCE

Nrn = Callable[..., Result]


def test_usage_is_code_2(nrn: Nrn) -> None:
    for words in (("stake",), ("stake", 1, "much"), ("stake", 0, 1), ("nonsense",),
                  ("group", "create"), ("evaluate", 1, "xyz"), ("exit", 1, "-3")):  # fmt: skip
        nrn(*words, code=2)


def test_an_amount_is_explained(nrn: Nrn) -> None:
    assert "Write it like 12.5" in nrn("stake", 1, "much", code=2).err


def test_nobody_acts_without_a_name(nrn: Nrn) -> None:
    assert "--account NAME, or set NRN_ACCOUNT" in nrn("stake", 1, 5, code=1).err


def test_the_account_may_come_from_the_environment(
    nrn: Nrn, devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NRN_ACCOUNT", str(devnet.keystore("tara")))
    nrn("stake", 1, 5)
    assert devnet.chain().vault.stake_of(1, devnet.accounts["tara"].address) == 5 * 10**18


def test_a_wrong_password(nrn: Nrn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("guess")
    failed = nrn("stake", 1, 5, "--password-file", tmp_path / "password", account="alice", code=1)
    assert "password" in failed.err and "is wrong" in failed.err
    monkeypatch.setenv("NRN_PASSWORD", "guess")
    assert "is wrong" in nrn("stake", 1, 5, account="alice", code=1).err


def test_a_password_is_never_an_argument(nrn: Nrn) -> None:
    nrn("stake", 1, 5, "--password", "secret", account="alice", code=2)


def test_an_account_without_ether(nrn: Nrn, devnet: Devnet) -> None:
    devnet.new_account("pauper")
    failed = nrn("stake", 1, 5, account="pauper", code=1)
    assert "has 0 ETH" in failed.err and "Send it some ETH" in failed.err


def test_the_contract_refuses(nrn: Nrn) -> None:
    failed = nrn("exit", 1, 1_000, account="alice", code=1)
    assert "vault: exceeds stake" in failed.err


def test_no_such_group(nrn: Nrn) -> None:
    for words in (("group", "show", 9), ("status", 9), ("verify", 9), ("delta", "log", 9)):
        assert "There is no group 9" in nrn(*words, code=1).err


def test_the_chain_is_down(nrn: Nrn) -> None:
    failed = nrn("status", "--rpc", f"http://127.0.0.1:{free_port()}", code=3)
    assert "nothing listens there" in failed.err


def test_another_chain(nrn: Nrn, devnet: Devnet, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(devnet.deployment_file.read_text().replace("31337", "1"))
    assert "is for chain 1" in nrn("status", "--deployment", other, code=3).err


def test_no_protocol_there(nrn: Nrn, devnet: Devnet, tmp_path: Path) -> None:
    missing = nrn("status", "--deployment", tmp_path / "none.json", code=3)
    assert "no deployment file" in missing.err
    empty = tmp_path / "empty.json"
    token = devnet.chain().deployment.contracts["Neuron"]
    empty.write_text(devnet.deployment_file.read_text().replace(token, "0x" + "11" * 20))
    assert "There is no Neuron" in nrn("status", "--deployment", empty, code=3).err


def test_not_a_node(nrn: Nrn) -> None:
    with rogue(lambda *_: b"<html>") as url:
        assert "does not speak JSON-RPC" in nrn("status", "--rpc", url, code=3).err


def test_content_that_nobody_has(nrn: Nrn) -> None:
    """Group 1 of the devnet names content that was never stored."""
    for words in (("verify", 1), ("evaluate", 1), ("delta", "checkout", 1, "/dev/null")):
        assert nrn(*words, code=4).err.startswith("Error:")


def run(*words: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    nrn = Path(sys.executable).with_name("nrn")
    return subprocess.run(
        [nrn, *words], env={"HOME": str(home), "PATH": "/usr/bin:/bin", **environment},
        capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_installed_program_in_an_empty_home(devnet: Devnet, tmp_path: Path) -> None:
    assert "Exit codes" in run("--help", home=tmp_path).stdout
    answered = run(
        "status", "--json", home=tmp_path, NRN_RPC=devnet.url,
        NRN_DEPLOYMENT=str(devnet.deployment_file),
    )  # fmt: skip
    assert answered.returncode == 0 and '"chain": 31337' in answered.stdout
    locked = run(
        "stake", "1", "5", "--account", str(devnet.keystore("alice")), home=tmp_path,
        NRN_RPC=devnet.url, NRN_DEPLOYMENT=str(devnet.deployment_file),
    )  # fmt: skip
    assert locked.returncode == 1 and "needs its password" in locked.stderr
    assert shutil.which("nrn", path=str(Path(sys.executable).parent))


SLOW = ("jax", "flax", "optax", "orbax", "web3", "eth_account", "numpy")


@pytest.mark.parametrize("words", [["--help"], ["group", "--help"], ["status"]])
def test_looking_imports_nothing_slow(words: list[str], devnet: Devnet) -> None:
    program = (
        "import sys\n"
        "from compute.cli import app\n"
        f"try: app({words!r})\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"print('slow:', *[name for name in {SLOW!r} if name in sys.modules])"
    )
    environment = {"NRN_RPC": devnet.url, "NRN_DEPLOYMENT": str(devnet.deployment_file)}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert result.stdout.splitlines()[-1] == "slow:", result


def test_common_options_may_come_first(devnet: Devnet, tmp_path: Path) -> None:
    answered = run(
        "--json", "--rpc", devnet.url, f"--deployment={devnet.deployment_file}", "group", "list",
        home=tmp_path,
    )  # fmt: skip
    assert answered.returncode == 0 and json.loads(answered.stdout)[0]["group"] == 1
    assert trailing(["--rpc", "x", "status", "1"]) == ["status", "1", "--rpc", "x"]
    assert trailing(["--help"]) == ["--help"] and trailing(["--rpc"]) == ["--rpc"]


def test_numbers_beyond_reason(nrn: Nrn) -> None:
    huge = 2**256
    for words in (("withdraw", huge), ("migrate", huge, 1, 1), ("exit", huge, 1),
                  ("delta", "vote", 1, huge), ("operator", "0x12")):  # fmt: skip
        assert nrn(*words, account="alice", code=1).err.startswith("Error:")
    for words in (("group", "show", huge), ("delta", "show", 1, huge), ("delta", "show", 1, 5),
                  ("delta", "checkout", 1, "x.npz", "--version", huge)):  # fmt: skip
        assert nrn(*words, code=1).err.startswith("Error:")


def test_a_hanging_node_is_given_up(nrn: Nrn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The patience of a request is 20 s; here less, through the same path."""
    import compute.chain.chain as chain

    patient = chain.Rpc
    monkeypatch.setattr(chain, "Rpc", lambda url, **_: patient(url, timeout=0.3, attempts=2))
    over = threading.Event()
    with rogue(lambda *_: over.wait(PATIENCE) and None) as url:
        assert "took too long" in nrn("status", "--rpc", url, code=3).err
        over.set()


def test_an_amount_below_zero_is_no_option(nrn: Nrn) -> None:
    assert "below zero (-5" in nrn("stake", 1, "-5", code=2).err
    assert "No such option" in nrn("stake", 1, 5, "--nonsense", code=2).err


def test_an_option_wins_over_the_environment(
    nrn: Nrn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPFS_API", "/ip4/127.0.0.1/tcp/1")
    assert "in one place" in nrn("store", "status", code=1).err  # NRN_STORE is there as well
    nrn("store", "status", "--store", tmp_path / "mine")
    assert (tmp_path / "mine").is_dir()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_takes_nothing_is_a_sentence(
    nrn: Nrn, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(number, "no", str(tmp_path / "key.json"))

    monkeypatch.setattr("compute.chain.accounts.create_account", full)
    told = nrn("key", "new", "alice", code=1).err
    assert told.startswith("Error: The disk") and "key.json" in told and "Traceback" not in told


@pytest.mark.parametrize("role", ["keep", "watch", "curate"])
@pytest.mark.parametrize("state", ["file", "file/state"])
def test_a_state_that_is_no_folder_is_a_sentence(
    nrn: Nrn, role: str, state: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    told = nrn(role, 1, "--state", tmp_path / state, account="alice", code=1).err
    assert told.startswith("Error: A file lies where a folder is due") and state in told


def test_a_key_is_made_and_used(nrn: Nrn) -> None:
    made = nrn("key", "new", "alice", "--json").json
    seen = nrn("status", "--account", "alice", "--json").json
    assert seen["account"]["address"] == made["address"]
    assert "--relay" in seen["groups"][0]["next"]  # it has no ETH


def test_a_full_disk_is_told_in_a_sentence() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/x")
    assert failure.exit_code(full) == failure.WRONG
    assert failure.sentence_of(full).startswith("The disk is full (/x).")
    assert failure.exit_code(OSError(errno.ENOENT, "No such file", "/x")) is None
