"""Decode one JSON-RPC answer: a value of the right kind, or one of our errors."""

import re
from typing import Any

from compute.chain.errors import ChainError, MalformedAnswer, Reverted, RpcRefused

MAX_MESSAGE_CHARACTERS = 300
QUANTITY = re.compile("0x[0-9a-fA-F]{1,64}")

ERROR_SELECTOR = bytes.fromhex("08c379a0")
PANIC_SELECTOR = bytes.fromhex("4e487b71")
REVERT_CODE = 3


def result_of(answer: dict[str, Any]) -> Any:
    """The result in a JSON-RPC answer, or the exception its error stands for."""
    error = answer.get("error")
    if error is None:
        if "result" not in answer:
            raise MalformedAnswer("The RPC gave an answer with neither a result nor an error.")
        return answer["result"]
    raise _exception(error)


def _exception(error: Any) -> ChainError:
    if not isinstance(error, dict):
        return MalformedAnswer("The RPC gave an error without a message.")
    message = str(error.get("message"))[:MAX_MESSAGE_CHARACTERS]
    code = error.get("code") if isinstance(error.get("code"), int) else 0
    data = error.get("data")
    if isinstance(data, dict):  # some nodes wrap the bytes once more
        data = data.get("data")
    try:
        payload = bytes.fromhex(data[2:]) if isinstance(data, str) else b""
    except ValueError:
        payload = b""
    if code == REVERT_CODE or payload or "revert" in message.lower():
        return Reverted(revert_reason(payload, message))
    return RpcRefused(f"The RPC refused: {message}.", code=int(code or 0), data=payload)


def revert_reason(payload: bytes, message: str = "") -> str:
    """The string a contract reverted with, or the best that can be said without one."""
    selector, body = payload[:4], payload[4:]
    if selector == ERROR_SELECTOR and len(body) >= 64:
        length = int.from_bytes(body[32:64], "big")
        if length <= min(len(body) - 64, 1024):
            return body[64 : 64 + length].decode("utf-8", "replace")
    if selector == PANIC_SELECTOR and len(body) == 32:
        return f"panic 0x{int.from_bytes(body, 'big'):02x}"
    _, marker, rest = message.partition("reverted: ")
    return rest.strip() if marker else "no reason given"


def quantity(value: Any) -> int:
    """A JSON-RPC quantity ("0x1a") as an integer below 2**256."""
    if isinstance(value, str) and QUANTITY.fullmatch(value):
        return int(value, 16)
    raise MalformedAnswer(f"The RPC gave {str(value)[:40]!r} where a number was due.")


def data_bytes(value: Any, *, length: int | None = None) -> bytes:
    """JSON-RPC data ("0xdeadbeef") as bytes, of exactly `length` where that is given."""
    if isinstance(value, str) and value.startswith("0x"):
        try:
            data = bytes.fromhex(value[2:])
        except ValueError:
            data = None
        if data is not None and (length is None or len(data) == length):
            return data
    raise MalformedAnswer(f"The RPC gave {str(value)[:40]!r} where bytes were due.")
