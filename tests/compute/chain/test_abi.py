"""The shipped ABIs are those of the contracts in this tree."""

import json
from importlib.resources import files

from compute.chain.contract import load_abi
from compute.chain.sender import HOUSEKEEPING
from scripts.abi import outdated, text
from tests.integration.devnet import ROOT, compiled


def test_the_abis_are_current() -> None:
    contracts = {name: text(output["abi"]) for name, output in compiled().items()}
    assert outdated(contracts) == [], "run `python -m scripts.abi`"
    changed = contracts | {"Neuron": "[]\n"}
    assert outdated(changed) == ["Neuron"]


def test_every_function_of_an_abi_is_told_apart_by_name_and_number_of_arguments() -> None:
    for path in (ROOT / "compute" / "chain" / "abi").glob("*.json"):
        entries = json.loads(files("compute.chain").joinpath(f"abi/{path.name}").read_bytes())
        functions = [entry for entry in entries if entry["type"] == "function"]
        assert len(load_abi(path.stem).functions) == len(functions), path.stem


def test_housekeeping_is_what_the_contracts_have() -> None:
    for call in HOUSEKEEPING:
        contract, name = call.split(".")
        assert name in {function for function, _ in load_abi(contract).functions}, call
