"""A founder's own Flax module: a source with a hash, run once to make the program of the model.

The source is one Python file that defines

    def network(compute_dtype: str, remat: bool) -> flax.linen.Module

whose result maps {column: array [B, ...]} to outputs [B, ...] and has parameters and no other
variables. It runs with all rights of the process that runs it: its author's. Everybody else reads
the program; the source is published for people.
"""

from __future__ import annotations

import sys
import traceback
from types import ModuleType
from typing import TYPE_CHECKING

from compute.canonical import digest as sha256
from compute.models.errors import ModelError

if TYPE_CHECKING:
    import flax.linen as nn

MAX_SOURCE_BYTES = 1 << 18
FILE = "<model "  # what a traceback calls a source, before its hash

_running: dict[bytes, ModuleType] = {}


def run(source: bytes) -> bytes:
    """Run a source of one's own, once, and keep what it defines; its sha256. Raises ModelError."""
    digest = sha256(source)
    if digest in _running:
        return digest
    source_text = text(source)
    module = ModuleType(f"model_{digest.hex()}")
    sys.modules[module.__name__] = module  # where dataclasses look their annotations up
    try:
        code = compile(source_text, f"{FILE}{digest.hex()[:12]}>", "exec")
        exec(code, module.__dict__)  # noqa: S102 - its author runs it
    except (Exception, SystemExit) as error:
        raise failed(error) from error
    if not callable(getattr(module, "network", None)):
        raise ModelError("the code of the model defines no function network(compute_dtype, remat)")
    _running[digest] = module
    return digest


def network(digest: bytes, compute_dtype: str, remat: bool) -> nn.Module:
    """The network that the source with this sha256 makes. Raises ModelError if it does not run."""
    module = _running.get(digest)
    if module is None:
        raise ModelError(
            f"the program of this model is made by its code {digest.hex()}, which does not run here"
        )
    try:
        found: nn.Module = module.network(compute_dtype=compute_dtype, remat=remat)
    except (Exception, SystemExit) as error:
        raise failed(error) from error
    return found


def failed(error: BaseException) -> ModelError:
    """What the code raised, in one line, with the last line of the code that was running."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename.startswith(FILE)]
    told = str(error)
    if isinstance(error, SyntaxError):
        lines, told = [error.lineno], error.msg
    where = f" at line {lines[-1]}" if lines else ""
    first, *_ = told.strip().splitlines() or [""]
    return ModelError(f"the code of the model fails{where}: {type(error).__name__}: {first}")


def text(source: bytes) -> str:
    """The source as text. Raises ModelError."""
    if len(source) > MAX_SOURCE_BYTES:
        raise ModelError(f"the code of the model has more than {MAX_SOURCE_BYTES} bytes")
    try:
        return source.decode()
    except UnicodeDecodeError:
        raise ModelError("the code of the model is no UTF-8 text") from None
