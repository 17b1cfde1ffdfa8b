"""Storage layout and size of every contract.

brownie run layout          print it
brownie run layout check    fail if anything differs from layout.snapshot
brownie run layout update   write layout.snapshot

Deployed code may have 24,576 bytes (EIP-170), creation code 49,152 (EIP-3860). Immutables are part
of the deployed code; the slots of modules stand under the module's name.
"""

from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

from vyper.cli.vyper_compile import compile_files
from vyper.compiler.settings import Settings

from scripts.deploy import ROOT
from scripts.sources import EVM_VERSION, LIBRARIES

SNAPSHOT = ROOT / "layout.snapshot"
DEPLOYED_LIMIT = 24_576
CREATION_LIMIT = 49_152
WORDS = {
    "storage_layout": ("slot", "slot"),
    "transient_storage_layout": ("transient", "slot"),
    "code_layout": ("code", "offset"),
}


class LayoutChanged(Exception):
    """Layout or size differ from layout.snapshot; the message lists how."""


def main() -> None:
    """Print layouts and sizes."""
    print(layouts(), end="")


def check() -> None:
    """Raise LayoutChanged unless all is as layout.snapshot says."""
    known, found = SNAPSHOT.read_text(), layouts()
    if known != found:
        changes = unified_diff(known.splitlines(), found.splitlines(), n=0, lineterm="")
        raise LayoutChanged(
            "Layout or size differ from layout.snapshot. If that is meant, run `brownie run layout "
            "update` and commit the file with the change:\n" + "\n".join(list(changes)[2:])
        )
    print("layout: as layout.snapshot says.")


def update() -> None:
    """Write layout.snapshot."""
    SNAPSHOT.write_text(layouts())
    print(f"layout: wrote {SNAPSHOT.name}.")


def layouts() -> str:
    """One paragraph for each contract, compiled as `brownie-config.yaml` says."""
    paths = sorted((ROOT / "contracts").glob("*.vy"))
    compiled = compile_files(
        [str(path) for path in paths],
        ["layout", "bytecode", "bytecode_runtime"],
        paths=[str(LIBRARIES), str(ROOT)],
        settings=Settings(evm_version=EVM_VERSION),
    )
    return "\n".join(
        paragraph(path.stem, output) for path, output in zip(paths, compiled.values(), strict=True)
    )


def paragraph(name: str, output: dict[str, Any]) -> str:
    """Sizes and layout of one contract, from what the compiler says."""
    places = [place for kind in WORDS for place in _places(kind, output["layout"].get(kind, {}))]
    immutables = sum(length for word, _, length, _ in places if word == "code")
    deployed = _size(output["bytecode_runtime"]) + immutables
    creation = _size(output["bytecode"])
    lines = [
        name,
        f"  deployed {deployed} bytes, {DEPLOYED_LIMIT - deployed} below the limit",
        f"  creation {creation} bytes, {CREATION_LIMIT - creation} below the limit",
        *(f"  {word} {at}: {what}" for word, at, _, what in places),
    ]
    return "\n".join(lines) + "\n"


def _places(
    kind: str, layout: dict[str, Any], prefix: str = ""
) -> Iterator[tuple[str, int, int, str]]:
    """(kind of place, where, bytes of code, name and type), a module's variables after its name."""
    word, position = WORDS[kind]
    for name, entry in layout.items():
        if position in entry:
            # The compiler names an interface by the path of its file.
            type_ = Path(entry["type"]).stem if "/" in entry["type"] else entry["type"]
            yield word, entry[position], entry.get("length", 0), f"{prefix}{name} {type_}"
        else:
            yield from _places(kind, entry, f"{prefix}{name}.")


def _size(code: str) -> int:
    return len(code.removeprefix("0x")) // 2
