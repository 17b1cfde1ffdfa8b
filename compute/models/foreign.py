"""Models that are a stranger's Python: a source with a hash, run only by those who allow the hash.

The source is one Python file that defines

    def network(compute_dtype: str, remat: bool) -> flax.linen.Module

whose result maps {column: array [B, ...]} to outputs [B, ...] and has the parameters, and no other
variables, that the specification lists. It runs with all rights of the process that runs it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from compute.canonical import digest as sha256
from compute.models.errors import ModelError

if TYPE_CHECKING:
    import flax.linen as nn

logger = logging.getLogger(__name__)

MAX_SOURCE_BYTES = 1 << 18

_allowed: set[bytes] = set()
_running: dict[bytes, ModuleType] = {}


class UntrustedCode(ModelError):
    """The model is code that nobody allowed to run; the message says how."""


def allow(digest: bytes) -> None:
    """From now on this process may run the source with this sha256."""
    _allowed.add(digest)


def admit(digest: bytes, fetch: Callable[[bytes], bytes]) -> bool:
    """Fetch, show and run a source if it is allowed, once; whether it runs."""
    if digest in _allowed and digest not in _running:
        source = fetch(digest)
        logger.warning("running the code of this model, sha256 %s:\n%s", digest.hex(), text(source))
        run(source)
    return digest in _running


def run(source: bytes) -> bytes:
    """Run a source, allowed or not, and keep what it defines; its sha256. Raises ModelError."""
    digest = sha256(source)
    module = ModuleType(f"model_{digest.hex()}")
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    try:
        code = compile(text(source), f"<model {digest.hex()[:12]}>", "exec")
        exec(code, module.__dict__)  # noqa: S102 - somebody allowed this hash
    except Exception as error:
        raise ModelError(f"the code of the model fails: {error!r}") from error
    if not callable(getattr(module, "network", None)):
        raise ModelError("the code of the model defines no function network(compute_dtype, remat)")
    _running[digest] = module
    return digest


def network(digest: bytes, compute_dtype: str, remat: bool) -> nn.Module:
    """The network that the source with this sha256 makes. Raises UntrustedCode."""
    module = _running.get(digest)
    if module is None:
        raise UntrustedCode(
            f"This model is a stranger's code, which runs with all your rights. Read it with "
            f"`nrn model code`; if you trust it, add --trust-code {digest.hex()}"
        )
    found: nn.Module = module.network(compute_dtype=compute_dtype, remat=remat)
    return found


def text(source: bytes) -> str:
    """The source as text. Raises ModelError."""
    if len(source) > MAX_SOURCE_BYTES:
        raise ModelError(f"the code of the model has more than {MAX_SOURCE_BYTES} bytes")
    try:
        return source.decode()
    except UnicodeDecodeError:
        raise ModelError("the code of the model is no UTF-8 text") from None
