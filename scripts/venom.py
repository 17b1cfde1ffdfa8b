"""Measure what Venom, the experimental backend, would save: `python -m scripts.venom [NAME …]`.

For information: nothing that it compiled is deployed, and nothing fails here.
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from scripts.bytecode import compiled

ROOT = Path(__file__).resolve().parent.parent


def told(name: str) -> str:
    """Bytes of creation code by the backend that is deployed, and by Venom."""
    now = _size(name, venom=False)
    try:
        then = _size(name, venom=True)
    except Exception as error:  # a compiler that breaks may raise anything
        return f"venom: {name} {now} bytes, which it cannot compile ({type(error).__name__})"
    return f"venom: {name} {now} -> {then} bytes of creation code ({then / now - 1:+.0%})"


def _size(name: str, venom: bool) -> int:
    return len(compiled(name, venom=venom)["bytecode"]) // 2 - 1


def main() -> None:
    names = sys.argv[1:] or sorted(path.stem for path in (ROOT / "contracts").glob("*.vy"))
    with ProcessPoolExecutor(2) as pool:
        for line in pool.map(told, names):
            print(line, flush=True)


if __name__ == "__main__":
    main()
