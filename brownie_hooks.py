"""Brownie's hook file: what we need of Brownie 1.22, which imports it before it compiles.

Vyper 0.4. Brownie loads `.vy` files only and expects the compiler's `sourceMap` to be a string;
Vyper 0.4 projects also consist of `.vyi` interfaces, modules and installed libraries, and the
source map became an object. Wrapping the one compiler entry point that Brownie calls closes both
gaps. And Brownie compiles a contract again when its own file changes, not when one of its imports
does, so a change of those makes it forget what it has compiled.

Chains side by side. Brownie attaches to whatever listens on a development network's port, and moves
its clock. Here it starts a chain of its own.

Clones anywhere. Brownie makes module names of a script's whole path, so a dot or the name of a
module in it (`/code`) breaks them.
"""

import hashlib
import json
import socket
import sys
import warnings
from collections.abc import Iterable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import snekmate.utils
from vyper.cli import vyper_json

from scripts.ports import free_port

ROOT = Path(__file__).resolve().parent
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
    """Wrap `compile_json`: add the imports, keep them out of the output, flatten source maps; its
    filter, which lets every warning of the process through, ends with it."""

    @wraps(compile_json)
    def wrapped(input_json: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        contracts = input_json["sources"]
        selection = input_json["settings"]["outputSelection"]
        wanted = [output for outputs in selection["*"].values() for output in outputs]
        with warnings.catch_warnings():
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


def take_own_ports(networks: Iterable[dict[str, Any]], mode: str | None) -> None:
    """Let each development network of Brownie's listen where nobody else does.

    What `run` and `test` start ends with them, so any port does. Others keep the configured one if
    it is free, because `nrn` looks there.
    """
    for network in networks:
        settings = network.get("cmd_settings") or {}
        if "port" not in settings:
            continue
        if mode in ("run", "test"):
            settings["port"] = free_port()
        elif _in_use(settings["port"]):
            taken, settings["port"] = settings["port"], free_port()
            print(
                f"{network['id']}: port {taken} is taken. For nrn beside this chain, should it be"
            )
            print(f"started: export NRN_RPC={network['host']}:{settings['port']}")


def _in_use(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def name_scripts() -> None:
    """Make the folder of scripts known by the name that Brownie will import it by."""
    sys.modules[".".join((*ROOT.parts[1:], "scripts"))] = import_module("scripts")


# Brownie's `chain` warns its callers about what it does itself, when it starts a chain and later.
warnings.filterwarnings("ignore", r"rpc\.\w+ should not be called directly", FutureWarning)
forget_stale_builds(ROOT / "build", _imported_sources())
if not hasattr(vyper_json.compile_json, "__wrapped__"):  # Brownie may import us twice
    vyper_json.compile_json = _with_imports(vyper_json.compile_json)
    name_scripts()
    if brownie := sys.modules.get("brownie"):
        take_own_ports(brownie._config.CONFIG.networks.values(), brownie._config.CONFIG.mode)
