"""The verification input compiles alone, and to the bytecode that is deployed."""

import json

from tests.scripts.brownie_home import ROOT, Brownie

PREPARE = "from brownie import project; project.load('.', name='Tested')\n"


def test_every_contract_has_its_sources(brownie: Brownie) -> None:
    brownie.python("from scripts import sources; sources.main()")
    for contract in (ROOT / "contracts").glob("*.vy"):
        document = json.loads((ROOT / "reports" / "sources" / f"{contract.stem}.json").read_text())
        assert f"contracts/{contract.name}" in document["sources"]
        assert document["language"] == "Vyper"


def test_a_changed_source_is_noticed(brownie: Brownie) -> None:
    source = """
from scripts import sources
honest = sources.standard_json
def changed(path):
    document = honest(path)
    for file in document["sources"].values():
        file["content"] = file["content"].replace("86_400", "86_401")
    document.pop("integrity")
    return document
sources.standard_json = changed
sources.FOLDER = sources.FOLDER.with_name("changed_sources")
sources.main()
"""
    output = brownie.run("python", "-c", PREPARE + source, check=False)
    assert "compiles to other bytecode" in output
