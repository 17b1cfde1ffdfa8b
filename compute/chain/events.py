"""Logs in bounded ranges, and a follower that detects reorganisations."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from eth_abi import encode
from eth_utils import to_checksum_address

from compute.chain.agreement import Call
from compute.chain.answers import data_bytes, quantity
from compute.chain.contract import BlockTag, Contract, EventType, decode_values
from compute.chain.errors import AnswerTooLarge, MalformedAnswer, RpcRefused
from compute.chain.records import Head
from compute.chain.rpc import Rpc

RANGE = 5_000  # blocks of one question; public endpoints refuse more than about 10,000
RANGES = 20  # questions in one request
MAX_LOGS = 50_000  # in one answer
CUT = 1_000  # logs, or a multiple: what answers are cut at
Log = Mapping[str, Any]  # an entry as JSON-RPC has it
REMEMBERED = 256  # blocks a follower can go back without starting over


@dataclass(frozen=True)
class Event:
    """One log entry, decoded. `arguments` are those of the contract's event, by name."""

    name: str
    address: str
    arguments: Mapping[str, Any]
    block_number: int
    block_hash: bytes
    log_index: int

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]


def read_events(
    rpc: Rpc, contract: Contract, names: Sequence[str], first: int, last: int, **where: Any
) -> Iterator[Event]:
    """Events of blocks first..last, both included, in chain order.

    Args:
        names: which events.
        where: values that indexed arguments must have, at the same place in all of them; a list
            means any of its values.
    """
    return (event for _, event in read_logs(rpc, contract, names, first, last, **where))


def read_logs(
    rpc: Rpc, contract: Contract, names: Sequence[str], first: int, last: int, **where: Any
) -> Iterator[tuple[Log, Event]]:
    """As `read_events`, with each entry as the endpoint sent it."""
    types = [contract.abi.event(name) for name in names]
    topics: list[Any] = [["0x" + event.topic.hex() for event in types]]
    if where:
        topics += _values_of(types, where)
    filters = {"address": contract.address, "topics": topics}
    start, reach = first, rpc.reach
    while start <= last:
        span, ranges = reach.get("span", RANGE), reach.get("ranges", RANGES)
        spans = [(low, min(low + span - 1, last)) for low in range(start, last + 1, span)[:ranges]]
        calls: list[Call] = [
            ("eth_getLogs", [{**filters, "fromBlock": hex(low), "toBlock": hex(high)}])
            for low, high in spans
        ]
        try:
            *answers, there = rpc.batch(
                [*calls, ("eth_getBlockByNumber", (hex(spans[-1][1]), False))]
            )
        except (RpcRefused, AnswerTooLarge):  # every node words "range too wide" differently
            if ranges == span == 1:
                raise
            reach.update(_narrower(span, ranges))
            continue
        if not isinstance(there, dict):  # it would leave out what it does not have yet
            raise MalformedAnswer(f"The RPC has no block {spans[-1][1]} yet.")
        if span > 1 and any(isinstance(a, list) and a and len(a) % CUT == 0 for a in answers):
            reach.update(span=span // 2)  # some providers end a long answer there without a word
            continue
        for (low, high), answer in zip(spans, answers, strict=True):
            yield from _decode_logs(contract, answer, low, high)
        start = spans[-1][1] + 1


def _values_of(
    types: Sequence[EventType], where: Mapping[str, Any]
) -> list[str | list[str] | None]:
    """The topics after the first. Raises KeyError for what the events do not all have there."""
    places = zip(*(event.indexed for event in types), strict=False)
    shared = [first for first, *others in places if all(other == first for other in others)]
    missing = where.keys() - {name for name, _ in shared}
    if missing:
        raise KeyError(f"{missing} is not indexed at one place in these events")
    return [_topic(kind, where[name]) if name in where else None for name, kind in shared]


def _narrower(span: int, ranges: int) -> dict[str, int]:
    """What to ask for after a refusal: one range alone, then many that are narrower."""
    if ranges > 1:
        return {"span": span, "ranges": 1}
    return {"span": max(1, span // 4), "ranges": RANGES if span > 1 else 1}


def decode_log(contract: Contract, log: Any) -> Event | None:
    """One log entry of the contract; None if the ABI does not know the event."""
    if not isinstance(log, dict) or not isinstance(log.get("topics"), list):
        raise MalformedAnswer("The RPC sent a log that is none.")
    topics = [data_bytes(topic, length=32) for topic in log["topics"][:4]]
    address = "0x" + data_bytes(log.get("address"), length=20).hex()
    if to_checksum_address(address) != contract.address:
        raise MalformedAnswer("The RPC sent a log of another contract.")
    event = contract.abi.events.get(topics[0]) if topics else None
    if event is None:
        return None
    if len(topics) != 1 + len(event.indexed):
        raise MalformedAnswer(f"The RPC sent a {event.name} with the wrong number of topics.")
    values = _named(event.indexed, b"".join(topics[1:]))
    values.update(_named(event.plain, data_bytes(log.get("data"))))
    return Event(
        event.name,
        contract.address,
        MappingProxyType(values),
        quantity(log.get("blockNumber")),
        data_bytes(log.get("blockHash"), length=32),
        quantity(log.get("logIndex")),
    )


def _decode_logs(contract: Contract, answer: Any, first: int, last: int) -> list[tuple[Log, Event]]:
    if not isinstance(answer, list) or len(answer) > MAX_LOGS:
        raise MalformedAnswer("The RPC sent no list of logs, or one without end.")
    told = [(log, event) for log in answer if (event := decode_log(contract, log)) is not None]
    if any(not first <= event.block_number <= last for _, event in told):
        raise MalformedAnswer("The RPC sent logs of blocks it was not asked for.")
    return sorted(told, key=lambda pair: (pair[1].block_number, pair[1].log_index))


def _named(fields: Sequence[tuple[str, str]], data: bytes) -> dict[str, Any]:
    names, kinds = [name for name, _ in fields], [kind for _, kind in fields]
    return dict(zip(names, decode_values(kinds, data), strict=True))


def _topic(kind: str, value: Any) -> str | list[str]:
    if isinstance(value, list | tuple):
        return ["0x" + encode([kind], [item]).hex() for item in value]
    return "0x" + encode([kind], [value]).hex()


class Follower:
    """Hands out every event of a contract once, up to the head one chooses to believe.

    `until` says which head: where it answers `Chain.final`, nothing handed out is ever taken back.
    Where it says "latest", the chain may reorganise: `poll` then returns the events of the new
    branch again from the fork point, and `rewound_to` names the last block that still counts (None
    otherwise).
    """

    def __init__(
        self,
        chain: "HeadReader",
        contract: Contract,
        names: Sequence[str],
        first: int,
        *,
        until: Callable[[], BlockTag],
    ) -> None:
        self._chain = chain
        self._contract = contract
        self._names = names
        self._next = first
        self._until = until
        self._seen: deque[Head] = deque(maxlen=REMEMBERED)
        self.rewound_to: int | None = None

    def poll(self) -> list[Event]:
        """Events since the last call; at most one range of blocks, so call until empty."""
        self.rewound_to = self._rewind()
        head = self._chain.head(self._until())
        last = min(head.number, self._next + RANGE - 1)
        if last < self._next:
            return []
        anchor = head if last == head.number else self._chain.head(last)
        events = list(read_events(self._chain.rpc, self._contract, self._names, self._next, last))
        self._seen.append(anchor)
        self._next = last + 1
        return events

    def _rewind(self) -> int | None:
        moved = False
        while self._seen and not self._chain.is_canonical(self._seen[-1]):
            self._seen.pop()
            moved = True
        if not moved:
            return None
        if not self._seen:
            raise MalformedAnswer(
                "The chain went back further than can be followed. Start again from the beginning."
            )
        self._next = self._seen[-1].number + 1
        return self._seen[-1].number


class HeadReader:
    """Blocks of the chain itself."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc

    def head(self, tag: BlockTag = "latest") -> Head:
        """The block at this number or tag."""
        answer = self.rpc.request(
            "eth_getBlockByNumber", hex(tag) if isinstance(tag, int) else tag, False
        )
        if not isinstance(answer, dict):
            raise MalformedAnswer(f"The RPC has no block '{tag}'. Is it still synchronising?")
        head = Head(
            quantity(answer.get("number")),
            data_bytes(answer.get("hash"), length=32),
            quantity(answer.get("timestamp")),
        )
        if isinstance(tag, int) and head.number != tag:
            raise MalformedAnswer(f"The RPC sent block {head.number} instead of {tag}.")
        return head

    def is_canonical(self, head: Head) -> bool:
        """Return whether this block is (still) part of the chain."""
        answer = self.rpc.request("eth_getBlockByNumber", hex(head.number), False)
        return isinstance(answer, dict) and data_bytes(answer.get("hash"), length=32) == head.hash

    def block_at(self, time: int, first: int, last: int) -> int:
        """The first of blocks first..last not older than `time`; last + 1 if all are.

        By interpolation, as blocks come at nearly even times, and by halves in turn: three to six
        requests, and no more than three times those of halving alone.
        """
        ends = [self.head(number).timestamp for number in (first, last)] if first <= last else []
        if not ends or ends[0] >= time:
            return first
        if ends[1] < time:
            return last + 1
        (low, high), (since, until) = (first, last), ends  # low is older than `time`, high is not
        for by_halves in itertools.cycle((False, False, True)):
            if high - low <= 1:
                return high
            share = (high - low) // 2
            if not by_halves:
                share = (high - low) * (time - since) // max(1, until - since)
            middle = min(max(low + share, low + 1), high - 1)
            found = self.head(middle).timestamp
            if found >= time:
                high, until = middle, found
            else:
                low, since = middle, found
        raise AssertionError
