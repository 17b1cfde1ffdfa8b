"""Brownie's hook file: the bridge that lets Brownie compile Vyper 0.4.

Brownie imports this file before it compiles. Brownie 1.22 loads `.vy` files only and
expects the compiler's `sourceMap` to be a string; Vyper 0.4 projects also consist of
`.vyi` interfaces, modules and installed libraries, and the source map became an object.
Wrapping the one compiler entry point that Brownie calls closes both gaps. And Brownie
compiles a contract again when its own file changes, not when one of its imports does, so
a change of those makes it forget what it has compiled.
"""

import hashlib
import json
from functools import wraps
from pathlib import Path
from typing import Any

import snekmate.utils
from vyper.cli import vyper_json

ROOT = Path(__file__).parent
LIBRARY = Path(next(iter(snekmate.utils.__path__))).parent  # namespace package: no __file__


def _imported_sources() -> dict[str, dict[str, str]]:
    """Everything a contract may import that Brownie does not load by itself."""
    ours = [*ROOT.glob("interfaces/*.vyi"), *ROOT.glob("contracts/_modules/*.vy")]
    theirs = [path for path in LIBRARY.rglob("*.vy*") if "mocks" not in path.parts]
    files = {path.relative_to(ROOT).as_posix(): path for path in ours}
    files |= {path.relative_to(LIBRARY.parent).as_posix(): path for path in theirs}
    return {name: {"content": path.read_text()} for name, path in files.items()}


def forget_stale_builds(build: Path, sources: dict[str, dict[str, str]]) -> None:
    """Delete the compiled contracts in `build` unless they were compiled with these imports."""
    mark = build / "imports.sha256"
    digest = hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()
    if mark.exists() and mark.read_text() == digest:
        return
    for compiled in build.glob("contracts/*.json"):
        compiled.unlink()
    build.mkdir(exist_ok=True)
    mark.write_text(digest)


def _with_imports(compile_json: Any) -> Any:
    """Wrap `compile_json`: add the imports, keep them out of the output, flatten source maps."""

    @wraps(compile_json)
    def wrapped(input_json: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        contracts = input_json["sources"]
        selection = input_json["settings"]["outputSelection"]
        wanted = [output for outputs in selection["*"].values() for output in outputs]
        output = compile_json(
            input_json
            | {
                "sources": _imported_sources() | contracts,
                "settings": input_json["settings"]
                | {"outputSelection": {name: {"*": wanted} for name in contracts}},
            },
            *args,
            **kwargs,
        )
        for compiled in output.get("contracts", {}).values():
            for contract in compiled.values():
                deployed = contract["evm"]["deployedBytecode"]
                deployed["sourceMap"] = deployed["sourceMap"]["pc_pos_map_compressed"]
        return output

    return wrapped


forget_stale_builds(ROOT / "build", _imported_sources())
if not hasattr(vyper_json.compile_json, "__wrapped__"):  # Brownie may import us twice
    vyper_json.compile_json = _with_imports(vyper_json.compile_json)
