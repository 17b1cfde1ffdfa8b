"""The contracts ask of an EVM only what every network of networks.yaml has."""

from pathlib import Path

import pytest
import snekmate.utils
import yaml
from vyper.cli.vyper_compile import compile_files
from vyper.compiler.settings import Settings

ROOT = Path(__file__).parents[1]
LIBRARIES = Path(next(iter(snekmate.utils.__path__))).parents[1]
# Of cancun, but not on Rootstock (the first three) or not on a rollup (the order of blocks is not
# random there).
MISSING = {"BLOBHASH", "BLOBBASEFEE", "DIFFICULTY", "PREVRANDAO"}


@pytest.mark.parametrize("path", sorted((ROOT / "contracts").glob("*.vy")), ids=lambda p: p.stem)
def test_every_network_has_the_opcodes(path: Path) -> None:
    configuration = yaml.safe_load((ROOT / "brownie-config.yaml").read_text())
    assert configuration["compiler"]["evm_version"] == "cancun"
    [output] = compile_files(
        [str(path)], ["asm"], paths=[str(LIBRARIES), str(ROOT)],
        settings=Settings(evm_version="cancun"),
    ).values()  # fmt: skip
    assert "MCOPY" in output["asm"].split()  # these are opcodes indeed
    assert not MISSING & set(output["asm"].split())
