"""How a demo begins, on a new chain and in an empty folder, and ends: with all true, or failed."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from brownie import chain, web3

from scripts.stage.findings import Finding


class DemoFailed(Exception):
    """Something that the demo claims is not so."""


def opened(folder: Path) -> tuple[Path, dict[str, str]]:
    """Empty `folder` for a demo; its deployment file, and the environment of its actors. Raises
    DemoFailed on a chain that has a past."""
    if chain.height:
        raise DemoFailed(
            f"A chain already runs at {web3.provider.endpoint_uri}: stop it, "
            "the demo needs a new one."
        )
    shutil.rmtree(folder, ignore_errors=True)
    deployment = folder / "deployments" / f"{chain.id}.json"
    environment = {
        "NRN_RPC": web3.provider.endpoint_uri,
        "NRN_DEPLOYMENT": str(deployment),
        "XDG_DATA_HOME": str(folder / "data-home"),
    }
    return deployment, environment


def judged(findings: Sequence[Finding]) -> None:
    """Raise DemoFailed if a claim does not hold."""
    failed = [finding.claim for finding in findings if not finding.holds]
    if failed:
        raise DemoFailed("Not so: " + "; ".join(failed))
