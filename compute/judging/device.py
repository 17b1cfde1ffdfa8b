"""Admit a device to judge others only if it computes every conformance vector."""

import hashlib
import logging
import os
import platform
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import jax
import jaxlib

from compute import canonical, exact
from compute.durable import replace_file
from compute.exact import conformance
from compute.exact.carriers import default_carrier

logger = logging.getLogger(__name__)

# The packages that compute the exact loss: none of them imports one of ours that is not named.
EVALUATOR = ("compute.exact", "compute.program")


class UnfitDevice(Exception):
    """This device does not compute the numbers that the group agrees on."""


def ensure_fit(folder: Path, check: Callable[[], None] = lambda: None) -> None:
    """Run the conformance vectors, unless `folder`, which all roles share, says that this program
    passed them on this device. `check`, called now and then, may raise. Raises UnfitDevice, at
    once under a flag that makes arithmetic inexact."""
    if flags := conformance.unsafe_flags():
        raise UnfitDevice(
            f"This process runs with {' and '.join(flags)}, which may change results. "
            "Nothing was sent. Remove it from XLA_FLAGS or the environment."
        )
    passed = canonical.encode({"passed": fingerprint()})
    record = folder / f"conformance-{fingerprint()[:16]}.json"
    if record.exists() and record.read_bytes() == passed:
        return
    logger.info("checking that this device computes exactly")
    report = conformance.check(before=check)
    if not report.ok:
        some = ", ".join(report.failures[:3]) + (", …" if len(report.failures) > 3 else "")
        raise UnfitDevice(
            f"This device ({report.device}, carrier {report.carrier}) does not compute exactly: "
            f"{len(report.failures)} of {report.vectors} conformance vectors differ ({some}). "
            "Nothing was sent. Unset XLA_FLAGS, try another JAX version or device, and run "
            "`nrn exact check` until it passes."
        )
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(record, passed)


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """A digest of all that the numbers could depend on: our sources and vectors, JAX's versions and
    flags, the machine and its device."""
    here = jax.local_devices()[0]
    about = {
        "evaluator": exact.VERSION,
        "sources": sources(EVALUATOR).hex(),
        "jax": f"{jax.__version__} {jaxlib.__version__}",
        "platform": here.client.platform_version,
        "device": f"{here.platform} {here.device_kind}",
        "machine": f"{platform.node()} {platform.machine()}",
        "carrier": default_carrier(),
        "flags": os.environ.get("XLA_FLAGS", ""),
    }
    return canonical.digest(canonical.encode(about)).hex()


def sources(packages: Iterable[str]) -> bytes:
    """SHA-256 over the path and content of every file of these packages, those in their folders
    too. Raises ModuleNotFoundError for a package that is not there."""
    digest = hashlib.sha256()
    for package in packages:
        folder = Path(str(files(package)))
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = f"{package}/{path.relative_to(folder).as_posix()}"
                digest.update(hashlib.sha256(name.encode()).digest())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()
