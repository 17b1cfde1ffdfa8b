"""Gas of every function on each of its paths, to the unit.

brownie run gas          print the table
brownie run gas check    fail if anything differs from gas.snapshot
brownie run gas update   write gas.snapshot
"""

from rich.console import Console
from rich.table import Table

from scripts.deploy import ROOT
from scripts.stage import quiet
from scripts.stage.gas_scenario import Scenario

SNAPSHOT = ROOT / "gas.snapshot"


class GasChanged(Exception):
    """The gas differs from gas.snapshot; the message lists how."""


def main() -> None:
    """Print the gas of every case and how it differs from the snapshot."""
    known = _read()
    table = Table(title="gas", title_justify="left")
    table.add_column("function and path")
    table.add_column("gas", justify="right")
    table.add_column("change", justify="right")
    for case, gas in measure().items():
        change = gas - known.get(case, gas)
        table.add_row(case, f"{gas:,}", f"{change:+,}" if change else "")
    Console().print(table)


def check() -> None:
    """Raise GasChanged unless every case costs exactly what gas.snapshot says."""
    measured = measure()
    if changes := differences(_read(), measured):
        raise GasChanged(
            "The gas differs from gas.snapshot. If that is meant, run `brownie run gas update` "
            "and commit the file with the change:\n  " + "\n  ".join(changes)
        )
    print(f"gas: {len(measured)} cases cost what gas.snapshot says.")


def differences(known: dict[str, int], measured: dict[str, int]) -> list[str]:
    """One line for each case that is new, gone or costs something else."""
    return [
        f"{case}: {known.get(case, 'new')} -> {measured.get(case, 'gone')}"
        for case in {**known, **measured}
        if known.get(case) != measured.get(case)
    ]


def update() -> None:
    """Write gas.snapshot."""
    measured = measure()
    SNAPSHOT.write_text("".join(f"{case}: {gas}\n" for case, gas in measured.items()))
    print(f"gas: wrote {len(measured)} cases to {SNAPSHOT.name}.")


def measure() -> dict[str, int]:
    """Gas by "Contract.function path", on a fresh development chain."""
    with quiet():
        return Scenario().run()


def _read() -> dict[str, int]:
    if not SNAPSHOT.exists():
        return {}
    pairs = (line.rsplit(": ", 1) for line in SNAPSHOT.read_text().splitlines())
    return {case: int(gas) for case, gas in pairs}
