"""Compile and deploy what our gas is measured against: snekmate's and OpenZeppelin's contracts, and
a registry that makes its groups of proxies."""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import snekmate.utils
from brownie import accounts, web3
from vyper.cli.vyper_compile import compile_files

HERE = Path(__file__).resolve().parent
MODULES = HERE.parents[1] / "node_modules"
LIBRARIES = Path(next(iter(snekmate.utils.__path__))).parents[1]


def snekmate_token() -> Any:
    """snekmate's erc20, compiled with our compiler settings, owned by accounts[0]."""
    return _deploy(*_vyper("token"))


def proxied_groups() -> tuple[Any, Any]:
    """What makes groups of minimal proxies, and half a group behind them."""
    half = _deploy(*_vyper("proxied_group"))
    return _deploy(*_vyper("proxied_registry"), half.address), half


def openzeppelin() -> tuple[Any, Any, Any]:
    """OpenZeppelin's token, voting token, and governor over it; solc's optimizer at 200 runs."""
    compiled = _solidity(HERE / "Anchors.sol")
    plain, voting = (_deploy(*compiled[name]) for name in ("PlainToken", "VotingToken"))
    return plain, voting, _deploy(*compiled["PlainGovernor"], voting.address)


def available() -> bool:
    """Whether solc and OpenZeppelin's sources are installed."""
    return (MODULES / "solc").is_dir() and (MODULES / "@openzeppelin" / "contracts").is_dir()


def _vyper(name: str) -> tuple[Any, str]:
    """ABI and creation code of a contract beside this file."""
    path = HERE / f"{name}.vy"
    [output] = compile_files([str(path)], ["abi", "bytecode"], paths=[str(LIBRARIES)]).values()
    return output["abi"], output["bytecode"]


def _solidity(path: Path) -> dict[str, tuple[Any, str]]:
    """ABI and creation code of each contract in a file."""
    library = MODULES / "@openzeppelin" / "contracts"
    sources = {str(file.relative_to(MODULES)): file for file in library.rglob("*.sol")}
    request = {
        "language": "Solidity",
        "sources": {
            name: {"content": file.read_text()}
            for name, file in {path.name: path, **sources}.items()
        },
        "settings": {
            "optimizer": {"enabled": True, "runs": 200},
            "evmVersion": "prague",
            "outputSelection": {path.name: {"*": ["abi", "evm.bytecode.object"]}},
        },
    }
    # solcjs neither waits for a pipe to fill nor for one to be emptied.
    with tempfile.TemporaryFile("w+") as question, tempfile.TemporaryFile("w+") as answer:
        json.dump(request, question)
        question.seek(0)
        command = [str(MODULES / ".bin" / "solcjs"), "--standard-json"]
        subprocess.run(command, stdin=question, stdout=answer, check=True)
        answer.seek(0)
        text = answer.read()
    output = json.loads(text[text.index("{") :])
    return {
        name: (contract["abi"], contract["evm"]["bytecode"]["object"])
        for name, contract in output["contracts"][path.name].items()
    }


def _deploy(abi: Any, code: str, *arguments: Any) -> Any:
    factory = web3.eth.contract(abi=abi, bytecode=code)
    sender = {"from": accounts[0].address}
    receipt = web3.eth.wait_for_transaction_receipt(
        factory.constructor(*arguments).transact(sender)
    )
    return web3.eth.contract(receipt["contractAddress"], abi=abi)
