"""Read a decoded document field by field; the first fault raises a ModelError that names it."""

import re
from typing import Any

from compute.models.errors import ModelError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_HASH = re.compile(r"[0-9a-f]{64}")


class Reader:
    """A JSON object with exactly the space-separated `keys`."""

    def __init__(self, document: Any, what: str, keys: str) -> None:
        if not isinstance(document, dict) or document.keys() != set(keys.split()):
            raise ModelError(f"the {what} is not an object with exactly the keys {keys}")
        self._document = document
        self._what = what

    def __getitem__(self, key: str) -> Any:
        return self._document[key]

    def text(self, key: str) -> str:
        value = self[key]
        return value if isinstance(value, str) and 0 < len(value) <= 64 else self._fail(key)

    def name(self, key: str) -> str:
        value = self.text(key)
        return value if _NAME.fullmatch(value) else self._fail(key)

    def hash(self, key: str) -> bytes:
        value = self.text(key)
        return bytes.fromhex(value) if _HASH.fullmatch(value) else self._fail(key)

    def hashes(self, key: str, shortest: int, longest: int) -> list[bytes]:
        values = self.items(key, shortest, longest)
        good = all(isinstance(value, str) and _HASH.fullmatch(value) for value in values)
        return [bytes.fromhex(value) for value in values] if good else self._fail(key)

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        if not isinstance(self[key], str) or self[key] not in allowed:
            raise ModelError(f"the {self._what}'s {key} is not one of {', '.join(allowed)}")
        return self[key]

    def flag(self, key: str) -> bool:
        value = self[key]
        return value if isinstance(value, bool) else self._fail(key)

    def integer(self, key: str, low: int, high: int) -> int:
        return self._bounded(key, self[key], low, high)

    def items(self, key: str, shortest: int, longest: int) -> list[Any]:
        value = self[key]
        if not isinstance(value, list) or not shortest <= len(value) <= longest:
            raise ModelError(f"the {self._what}'s {key} is not a list of {shortest} to {longest}")
        return value

    def integers(
        self, key: str, shortest: int, longest: int, low: int, high: int
    ) -> tuple[int, ...]:
        values = self.items(key, shortest, longest)
        return tuple(self._bounded(key, value, low, high) for value in values)

    def _bounded(self, key: str, value: Any, low: int, high: int) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ModelError(f"the {self._what}'s {key} is not an integer in [{low}, {high}]")
        return value

    def _fail(self, key: str) -> Any:
        raise ModelError(f"the {self._what}'s {key} is not valid")
