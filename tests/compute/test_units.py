"""Units cost nothing to import, and say what the contracts say."""

import re
import subprocess
import sys
from pathlib import Path

from compute import units

PARAMS = Path(__file__).parents[2] / "contracts" / "_modules" / "params.vy"


def test_they_are_the_contracts_own() -> None:
    constants = dict(re.findall(r"^(\w+): constant\(uint256\) = (.+)$", PARAMS.read_text(), re.M))
    for name in ("EPOCH", "BPS"):
        value = eval(constants[name].split("#")[0].replace("DAY", str(units.DAY)))
        assert getattr(units, name) == value


def test_nothing_is_imported_with_them() -> None:
    program = "import sys; before = set(sys.modules); import compute.units, compute.durable;"
    program += "print(*sorted({m.split('.')[0] for m in set(sys.modules) - before}))"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name for name in found if name not in sys.stdlib_module_names} == {"compute"}


def test_a_loss_in_nats() -> None:
    assert units.nats(3 * units.NAT + units.NAT // 4) == 3.25
