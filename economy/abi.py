"""ABIs: what their functions are called by, take and give."""

from dataclasses import dataclass
from typing import Any

from eth_utils import keccak

Abi = list[dict[str, Any]]


@dataclass(frozen=True)
class Method:
    """One function of an ABI, with the types of its arguments and results."""

    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    reads: bool

    @classmethod
    def parse(cls, entry: dict[str, Any]) -> "Method":
        inputs = tuple(type_of(item) for item in entry["inputs"])
        return cls(
            selector=keccak(text=f"{entry['name']}({','.join(inputs)})")[:4],
            inputs=inputs,
            outputs=tuple(type_of(item) for item in entry["outputs"]),
            reads=entry["stateMutability"] in ("view", "pure"),
        )


def methods_of(abi: Abi) -> dict[tuple[str, int], Method]:
    """Name and number of arguments -> method."""
    return {
        (entry["name"], len(entry["inputs"])): Method.parse(entry)
        for entry in abi
        if entry["type"] == "function"
    }


def type_of(item: dict[str, Any]) -> str:
    """The canonical type of an ABI entry."""
    kind = str(item["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(type_of(part) for part in item['components'])}){kind[5:]}"
