"""The reasons that our contracts give, read in their sources."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "contracts").rglob("*.vy"))
# Modules in which reasons are numbers.
REFUSALS = [path for path in SOURCES if path.stem.endswith("_refusal")]
_LITERAL = re.compile(r'"([a-z0-9]+: [a-z0-9 ]+)"')
_NUMBER = re.compile(r"^(\w+): constant\(bytes32\) = 0x(?:00)*([0-9a-f]+)$", re.MULTILINE)


def reasons() -> set[str]:
    """Every reason a contract of ours gives."""
    literals = {reason for path in SOURCES for reason in _LITERAL.findall(path.read_text())}
    numbers = {
        prefix + words for prefix, found in map(numbered, REFUSALS) for words in found.values()
    }
    return literals | numbers


def numbered(module: Path) -> tuple[str, dict[str, str]]:
    """Of a module in which reasons are numbers: the prefix, and the words by constant."""
    found = _NUMBER.findall(module.read_text())
    words = {name: bytes.fromhex(number).decode() for name, number in found}
    return words.pop("_PREFIX"), words
