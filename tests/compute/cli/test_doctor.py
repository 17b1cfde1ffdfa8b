"""`nrn doctor` on a node that is well, and on one where each thing is missing in its turn."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from compute.judging import device
from compute.node import doctor as examination
from scripts.ports import free_port
from tests.compute.chain.rogue import results, rogue
from tests.compute.cli.conftest import Result
from tests.integration.devnet import Devnet

Nrn = Callable[..., Result]


@pytest.fixture(autouse=True)
def fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vectors have passed, and the chain's time is this machine's."""
    monkeypatch.setattr(examination, "ensure_fit", lambda state: None)
    monkeypatch.setattr(examination, "OLD_HEAD", 10**10)


def findings(result: Result) -> dict[str, Any]:
    return {row["name"]: row for row in result.json}


def test_a_node_that_is_well(nrn: Nrn) -> None:
    found = findings(nrn("doctor", 1, "--json", account="alice"))
    assert all(row["well"] for row in found.values())
    assert set(found) == {"endpoint 0", "chain", "clock", "key", "ETH", "NRN", "store", "peers",
                          "disk", "device", "vectors"}  # fmt: skip
    assert "100 vote in group 1" in found["NRN"]["says"]


def test_what_is_missing_is_said_with_what_to_do(
    nrn: Nrn, devnet: Devnet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def unfit(state: Path) -> None:
        raise device.UnfitDevice("Unset XLA_FLAGS.")

    monkeypatch.setattr(examination, "ensure_fit", unfit)
    monkeypatch.setattr(examination, "OLD_HEAD", 300)
    monkeypatch.setattr(examination, "LEAST_FREE", 1 << 60)
    monkeypatch.setenv("NRN_RPC", f"{devnet.url},http://127.0.0.1:{free_port()}/KEY")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NRN_STORE", str(tmp_path / "file"))
    devnet.new_account("pauper", ether=1)
    result = nrn("doctor", 1, "--json", account="pauper", code=1)
    unwell = {name: row["says"] for name, row in findings(result).items() if not row["well"]}
    assert set(unwell) == {"endpoint 1", "clock", "ETH", "NRN", "store", "peers", "disk", "vectors"}
    advice = {
        "endpoint 1": "nothing listens", "clock": "NTP", "ETH": "Send 0x", "NRN": "or stake",
        "disk": "Make room", "vectors": "Unset",
    }  # fmt: skip
    assert all(words in unwell[name] for name, words in advice.items()), unwell
    assert "KEY" not in result.out


def test_endpoints_that_are_of_no_use_beside_the_first(
    nrn: Nrn, devnet: Devnet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shows(chain: int, block: object) -> Any:
        return results({"eth_chainId": hex(chain), "eth_getBlockByNumber": block})

    devnet.rpc("anvil_mine", hex(10))
    with (
        rogue(shows(1, {"number": "0x1"})) as elsewhere,
        rogue(shows(31337, {"number": "0x1"})) as behind,
        rogue(shows(31337, None)) as empty,
    ):
        monkeypatch.setenv("NRN_RPC", ",".join([devnet.url, elsewhere, behind, empty]))
        found = findings(nrn("doctor", 1, "--json", account="alice", code=1))
    assert found["endpoint 0"]["well"]
    says = [found[f"endpoint {n}"]["says"] for n in (1, 2, 3)]
    assert "Take it out of --rpc" in says[0] and "blocks behind" in says[1]
    assert "where a number was due" in says[2]


def test_a_disk_that_takes_nothing_and_a_device_that_is_none(
    nrn: Nrn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken() -> None:
        raise RuntimeError("Unable to initialize backend 'cuda'")

    monkeypatch.setattr("jax.devices", broken)
    (tmp_path / "full").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "full"))
    found = findings(nrn("doctor", 1, "--json", account="alice", code=1))
    assert "cannot be written (Not a directory). Make room" in found["disk"]["says"]
    assert "JAX_PLATFORMS=cpu" in found["device"]["says"]


def test_finality_that_outlasts_the_reveals(nrn: Nrn, monkeypatch: pytest.MonkeyPatch) -> None:
    from compute.chain import shared

    monkeypatch.setitem(shared.CONFIRMATIONS, 31337, 10**6)
    found = findings(nrn("doctor", 1, "--json", account="alice", code=1))
    assert "claims come too late" in found["chain"]["says"]


def test_no_group_is_founded_whose_reveals_would_be_late(
    nrn: Nrn, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from compute.chain import shared

    monkeypatch.setitem(shared.CONFIRMATIONS, 31337, 10**6)
    terms = ("--specification", files / "model.json", "--data", files / "first.npz")
    refused = nrn("group", "create", *terms, account="alice", code=1)
    assert "--reveal-window" in refused.err
