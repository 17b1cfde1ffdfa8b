"""The least gas a transaction's lasting effects cost, whatever code brings them about.

Counted: the base fee of a transaction and its calldata; one cold access for each storage word and
each other contract touched; the net change of each word; logs; ether sent on; signature recovery;
for a contract created its code, and reading, hashing and paying for its creation code once.
Left out: computation, memory, and everything done twice.
"""

from collections.abc import Iterator
from typing import Any

from brownie import web3

TRANSACTION = 21_000
COLD_WORD, COLD_CONTRACT = 2_100, 2_600
SET, CHANGE, REFUND = 20_000, 2_900, 4_800  # beside the cold access
LOG, LOG_TOPIC, LOG_BYTE = 375, 375, 8
RECOVER = 3_000
SEND = 2_600 + 9_000 - 2_300  # ether to a cold account that does not use its stipend
CREATE, CODE_BYTE = 32_000, 200
CREATION_WORD = 3 + 6 + 2  # copied from the blueprint, hashed for the address, EIP-3860
RECOVERY_PRECOMPILE = "0x" + "1".zfill(40)


def floor(transaction: str) -> int:
    """The floor of a mined transaction."""
    receipt = web3.eth.get_transaction_receipt(transaction)
    gas = TRANSACTION
    gas += sum(16 if byte else 4 for byte in bytes(web3.eth.get_transaction(transaction)["input"]))
    for log in receipt["logs"]:
        gas += LOG + LOG_TOPIC * len(log["topics"]) + LOG_BYTE * len(bytes(log["data"]))
    created = set()
    for call in _inner(_trace(transaction, {"tracer": "callTracer"})):
        if call["type"] == "CREATE2":
            created.add(call["to"])
            gas += CREATE + CODE_BYTE * _size(call["output"])
            gas += CREATION_WORD * -(-_size(call["input"]) // 32)
        gas += RECOVER * (call.get("to") == RECOVERY_PRECOMPILE)
        gas += SEND * (int(call.get("value", "0x0"), 16) > 0)
    touched = _trace(transaction, {"tracer": "prestateTracer"})
    changes = _trace(transaction, {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}})
    contracts = {address for address, account in touched.items() if account.get("code")}
    gas += COLD_CONTRACT * len(contracts - {receipt["to"].lower()})
    for address in contracts | created:
        words = touched.get(address, {}).get("storage", {})
        old, new = (changes[side].get(address, {}).get("storage", {}) for side in ("pre", "post"))
        gas += COLD_WORD * len({**words, **new})
        for slot in {**old, **new}:
            gas += _net(int(old.get(slot, "0x0"), 16), int(new.get(slot, "0x0"), 16))
    return gas


def _net(before: int, after: int) -> int:
    """Cost of a word's change from one value to another, beside its cold access."""
    if before == after:
        return 0
    if before == 0:
        return SET
    return CHANGE - REFUND if after == 0 else CHANGE


def _size(code: str) -> int:
    """Bytes of code in hexadecimal after 0x."""
    return len(code) // 2 - 1


def _inner(call: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All calls below a call."""
    for inner in call.get("calls", ()):
        yield inner
        yield from _inner(inner)


def _trace(transaction: str, options: dict[str, Any]) -> dict[str, Any]:
    answer = web3.provider.make_request("debug_traceTransaction", [transaction, options])
    if "error" in answer:
        raise RuntimeError(f"Anvil cannot trace {transaction}: {answer['error']}")
    return answer["result"]
