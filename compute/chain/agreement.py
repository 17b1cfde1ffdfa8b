"""Agreement of two endpoints on a block, on which decisions about money rest."""

from collections.abc import Sequence
from typing import Any

Call = tuple[str, Sequence[Any]]

_OF_LOG = ("address", "topics", "data", "blockHash", "logIndex")
_OF_BLOCK = ("number", "hash", "timestamp")


def is_settled(calls: Sequence[Call]) -> bool:
    """Return whether all ask about blocks by number, so that every endpoint answers the same."""
    return all(_names_its_block(method, params) for method, params in calls)


def essence(call: Call, answer: Any) -> Any:
    """Return the part of an answer that must be equal; nodes add fields of their own, and write
    letters as they like."""
    method = call[0]
    if method == "eth_getLogs" and isinstance(answer, list):
        return [_parts(log, _OF_LOG) for log in answer]
    if method == "eth_getBlockByNumber":
        return _parts(answer, _OF_BLOCK)
    return _lower(answer)


def _names_its_block(method: str, params: Sequence[Any]) -> bool:
    if method == "eth_getLogs":
        return True
    place = {"eth_call": 1, "eth_getBlockByNumber": 0}.get(method)
    return place is not None and str(params[place]).startswith("0x")


def _parts(answer: Any, names: Sequence[str]) -> Any:
    return [_lower(answer.get(name)) for name in names] if isinstance(answer, dict) else answer


def _lower(value: Any) -> Any:
    if isinstance(value, list):
        return [_lower(part) for part in value]
    return value.lower() if isinstance(value, str) else value
