"""Write the contracts' ABIs into the package, where `compute.chain` reads them.

python -m scripts.abi           write compute/chain/abi/<Contract>.json
python -m scripts.abi --check   fail if one of them is not current
"""

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "compute" / "chain" / "abi"


def abi_documents() -> dict[str, str]:
    """The ABI of each deployable contract, as the text of its file."""
    from vyper.cli.vyper_compile import compile_files

    sources = sorted((ROOT / "contracts").glob("*.vy"))
    compiled = compile_files(sources, ["abi"], paths=[str(ROOT)])
    return {Path(path).stem: text(output["abi"]) for path, output in compiled.items()}


def text(abi: list[dict[str, Any]]) -> str:
    """The content of an ABI's file."""
    return json.dumps(abi, indent=1, sort_keys=True) + "\n"


def outdated(documents: dict[str, str]) -> list[str]:
    """Names of contracts whose file differs, is missing, or has no contract any more."""
    present = {path.stem: path.read_text() for path in TARGET.glob("*.json")}
    return sorted(
        name for name in documents.keys() | present if documents.get(name) != present.get(name)
    )


def main(arguments: list[str]) -> int:
    documents = abi_documents()
    stale = outdated(documents)
    if arguments == ["--check"]:
        if stale:
            print(f"Not current: {', '.join(stale)}. Run `python -m scripts.abi` and commit.")
        return 1 if stale else 0
    for name in stale:
        path = TARGET / f"{name}.json"
        if name in documents:
            path.write_text(documents[name])
        else:
            path.unlink()
    print(f"{len(documents)} ABIs, {len(stale)} changed.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
