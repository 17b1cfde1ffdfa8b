"""Finding the protocol, or saying why not."""

import json
import shutil
from pathlib import Path

import pytest

from compute.chain import (
    Deployment,
    MalformedAnswer,
    NoSuchGroup,
    NotDeployed,
    RpcUnavailable,
    WrongChain,
    connect,
)
from compute.chain.deployment import MAX_FILE_BYTES, SINGLETONS
from scripts.ports import free_port
from tests.compute.chain.rogue import results, rogue
from tests.integration.devnet import Devnet

ADDRESS = "0x" + "11" * 20


def written(path: Path, **changes: object) -> Path:
    document = {"chain_id": 31337, "contracts": dict.fromkeys(SINGLETONS, ADDRESS), "block": 0}
    path.write_text(json.dumps(document | changes))
    return path


def test_the_default_deployment_is_what_is_known_of_the_chain(
    devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compute.chain.deployment.KNOWN", tmp_path)
    with pytest.raises(NotDeployed, match=r"on chain 31337 is known here.*--deployment.*brownie"):
        connect(devnet.url)
    shutil.copy(devnet.deployment_file, tmp_path / "31337.json")
    assert connect(devnet.url).registry.n_groups() == 1


def test_the_wrong_chain(devnet: Devnet, tmp_path: Path) -> None:
    with pytest.raises(WrongChain, match="serves chain 31337, not chain 1"):
        connect(devnet.url, deployment=devnet.deployment_file, chain_id=1)
    with pytest.raises(WrongChain, match="the deployment file is for chain 1"):
        connect(devnet.url, deployment=written(tmp_path / "1.json", chain_id=1))


def test_the_rpc_is_down(devnet: Devnet) -> None:
    with pytest.raises(RpcUnavailable, match="nothing listens"):
        connect(f"http://127.0.0.1:{free_port()}", deployment=devnet.deployment_file)


def test_no_contract_at_the_address(devnet: Devnet, tmp_path: Path) -> None:
    with pytest.raises(NotDeployed, match=f"no Neuron at {ADDRESS}"):
        connect(devnet.url, deployment=written(tmp_path / "d.json"))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"chain_id": "31337"}, "chain_id"),
        ({"chain_id": -1}, "chain_id"),
        ({"block": -1}, "block"),
        ({"contracts": []}, "contracts must map"),
        ({"contracts": {"Neuron": "0x12"}}, "contracts.Neuron"),
    ],
)
def test_deployment_files_are_checked(tmp_path: Path, changes: dict, complaint: str) -> None:
    with pytest.raises(NotDeployed, match=complaint):
        Deployment.load(written(tmp_path / "d.json", **changes))


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 50_000, " " * (MAX_FILE_BYTES + 1)])
def test_files_that_are_no_deployment(tmp_path: Path, text: str) -> None:
    path = tmp_path / "d.json"
    path.write_text(text)
    with pytest.raises(NotDeployed):
        Deployment.load(path)


def test_a_group_that_does_not_exist(devnet: Devnet) -> None:
    for number in (0, 2, -1, 2**255):
        with pytest.raises(NoSuchGroup, match="nrn group list"):
            devnet.chain().group(number)


@pytest.mark.parametrize("code", ["0x", None, 7, "0xzz"])
def test_a_node_that_lies_about_code(tmp_path: Path, code: object) -> None:
    with (
        rogue(results({"eth_chainId": "0x7a69", "eth_getCode": code})) as url,
        pytest.raises((NotDeployed, MalformedAnswer)),
    ):
        connect(url, deployment=written(tmp_path / "d.json"))


@pytest.mark.parametrize("answer", ["0x", "0x01", "0x" + "ff" * 64, "0x" + "00" * (1 << 17), None])
def test_a_node_that_lies_about_state(tmp_path: Path, answer: object) -> None:
    """Whatever a call returns, a reader gets one of our exceptions, quickly."""
    lies = {"eth_chainId": "0x7a69", "eth_getCode": "0x60", "eth_call": answer}
    with rogue(results(lies)) as url:
        chain = connect(url, deployment=written(tmp_path / "d.json"))
        with pytest.raises((NotDeployed, MalformedAnswer, NoSuchGroup)):
            chain.group(1)
