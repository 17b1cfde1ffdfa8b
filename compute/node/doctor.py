"""Check all that a node needs, and say how to mend what is missing."""

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from compute.chain import Chain, ChainError, Group
from compute.chain.answers import quantity
from compute.chain.prices import price, question
from compute.chain.rpc import LAG, Rpc
from compute.chain.sight import look
from compute.durable import replace_file
from compute.home import cache_folder
from compute.inert import inert
from compute.judging.device import UnfitDevice, ensure_fit
from compute.node.seat import LEAST_FREE
from compute.storage import FolderStore, StorageError, Store
from compute.units import ETHER
from compute.values import Amount, Size, Span

OLD_HEAD = 300  # seconds of the wall clock
FEW_TRANSACTIONS = 20  # of a vote's cost, that an account should be able to pay
GAS = 400_000  # of a ballot, about
PROBE_BYTES = 1 << 12


class Unwell(Exception):
    """A fault, and how to mend it."""


@dataclass(frozen=True)
class Finding:
    """`says` what is so, or what is wrong and what to do."""

    name: str
    well: bool
    says: str


@dataclass(frozen=True)
class Patient:
    """The parts to check; a part that is None is not checked. `chain` and `store` may raise
    ChainError and StorageError when they are opened, which is a finding too. `unlock` opens the
    key."""

    urls: Sequence[str]
    chain: Callable[[], Chain]
    store: Callable[[], Store]
    state: Path
    address: str | None = None
    unlock: Callable[[], object] | None = None
    group_id: int | None = None


def examine(patient: Patient) -> Iterator[Finding]:
    """The findings one by one, as they are made: endpoints, chain, clock, key, balances, store,
    peers, disk, device and vectors."""
    checks: list[tuple[str, Callable[[Patient], str]]] = [
        *((f"endpoint {n}", lambda p, n=n: _endpoint(p, n)) for n in range(len(patient.urls))),
        ("chain", _chain), ("clock", _clock), ("key", _key), ("ETH", _ether), ("NRN", _neurons),
        ("store", _store), ("peers", _peers), ("disk", _disk), ("device", _device),
        ("vectors", _vectors),
    ]  # fmt: skip
    for name, check in checks:
        try:
            yield Finding(name, True, check(patient))
        except (Unwell, ChainError, StorageError, UnfitDevice, OSError) as error:
            yield Finding(name, False, str(error))


def _endpoint(patient: Patient, number: int) -> str:
    rpc = Rpc(patient.urls[number], timeout=10.0, attempts=1)
    began = time.monotonic()
    served, answer = rpc.batch([("eth_chainId", ()), ("eth_getBlockByNumber", ("latest", False))])
    seconds = time.monotonic() - began
    newest = quantity(answer.get("number") if isinstance(answer, dict) else None)
    text = f"{rpc.name}: chain {quantity(served)}, block {newest}, {1000 * seconds:.0f} ms"
    with suppress(ChainError):  # which the next finding tells
        _compare(patient.chain(), quantity(served), newest)
    return text if rpc.batches else f"{text}; takes no batches, so it is asked more often"


def _compare(chain: Chain, served: int, newest: int) -> None:
    """Raise Unwell for an endpoint that is of no use beside the others."""
    if served != chain.chain_id:
        raise Unwell(f"It serves chain {served}, not chain {chain.chain_id}. Take it out of --rpc.")
    behind = chain.head().number - newest
    if behind > LAG:
        raise Unwell(f"It is {behind} blocks behind another. Wait until it has caught up.")


def _chain(patient: Patient) -> str:
    chain = patient.chain()
    lag = chain.finality_lag()
    text = f"chain {chain.chain_id}; a block is final after {Span(lag)}"
    if patient.group_id is not None:
        group = chain.group(patient.group_id)
        if lag >= group.config.reveal_window:
            raise Unwell(
                f"A block is final after {Span(lag)}, and the reveal window of group {group.id} "
                f"is {Span(group.config.reveal_window)}: claims come too late. Use another group."
            )
    return text


def _clock(patient: Patient) -> str:
    behind = int(time.time()) - patient.chain().now()
    if abs(behind) > OLD_HEAD:
        where = "older" if behind > 0 else "newer"
        raise Unwell(
            f"The latest block is {Span(abs(behind))} {where} than this machine's clock. Set the "
            "clock (NTP), or wait until the node has caught up; a development chain has its own."
        )
    return f"the latest block is {max(0, behind)} s old"


def _key(patient: Patient) -> str:
    if patient.address is None or patient.unlock is None:
        raise Unwell("No account is named: --account NAME, or NRN_ACCOUNT.")
    patient.unlock()
    return f"{patient.address} opens"


def _ether(patient: Patient) -> str:
    if patient.address is None:
        raise Unwell("No account is named, so that no balance can be read.")
    rpc = patient.chain().rpc
    sight = look(rpc, patient.address)
    method, arguments = question(sight.base_fee)
    cost = GAS * price(sight.base_fee, rpc.request(method, *arguments)).floor
    enough = sight.balance // max(1, cost)
    if enough < FEW_TRANSACTIONS:
        raise Unwell(
            f"{Amount(sight.balance)} ETH pay for about {enough} ballots at today's price. Send "
            f"{patient.address} {max(0.001, FEW_TRANSACTIONS * cost / ETHER):.3g} ETH or more."
        )
    return f"{Amount(sight.balance)} ETH, for about {enough} ballots at today's price"


def _neurons(patient: Patient) -> str:
    if patient.address is None:
        raise Unwell("No account is named, so that no balance can be read.")
    chain = patient.chain()
    text = f"{Amount(chain.neuron.balance_of(patient.address))} NRN"
    if patient.group_id is None:
        return text
    return f"{text}; {_place(chain.group(patient.group_id), patient.address)}"


def _place(group: Group, address: str) -> str:
    """What the account can do in a group. Raises Unwell if that is nothing."""
    bond, held = group.voting.asked().bond, group.chain.neuron.balance_of(address)
    power = group.chain.vault.power_at(group.id, address, group.chain.epoch())
    if held < max(1, bond) and not power:
        raise Unwell(
            f"{Amount(held)} NRN are less than a bond ({Amount(bond)}), and no stake votes in "
            f"group {group.id}: neither claim nor vote is possible. Get NRN, or stake."
        )
    return f"a bond is {Amount(bond)}; {Amount(power)} vote in group {group.id} now"


def _store(patient: Patient) -> str:
    store, probe = patient.store(), secrets.token_bytes(PROBE_BYTES)
    began = time.monotonic()
    if store.get(store.put(probe)) != probe:
        raise Unwell("The store gave other bytes than it was given. Use another.")
    return f"a block went in and came back in {1000 * (time.monotonic() - began):.0f} ms"


def _peers(patient: Patient) -> str:
    store = patient.store()
    if isinstance(store, FolderStore):
        return "a folder has none; others must see the same one"
    peers = len(getattr(store, "peers", list)())
    if not peers:
        raise Unwell(
            "The daemon has no peers: nobody can fetch your content. Open its port (4001), or "
            "ipfs swarm connect."
        )
    return f"{peers} connected"


def _disk(patient: Patient) -> str:
    try:
        patient.state.mkdir(parents=True, exist_ok=True)
        replace_file(patient.state / "probe", bytes(PROBE_BYTES))
        (patient.state / "probe").unlink()
    except OSError as error:
        raise Unwell(
            f"{patient.state} cannot be written ({error.strerror}). Make room, mend its rights, or "
            "name another place in XDG_DATA_HOME."
        ) from None
    usage = shutil.disk_usage(patient.state)
    if usage.free < LEAST_FREE:
        raise Unwell(f"{Size(usage.free)} are left at {patient.state}. Make room.")
    return f"{Size(usage.free)} free at {patient.state}"


def _device(patient: Patient) -> str:
    import jax

    try:
        devices = jax.devices()
    except RuntimeError as error:
        raise Unwell(
            f"JAX finds no device ({inert(str(error))[:200]}). Mend its driver, or set "
            "JAX_PLATFORMS=cpu."
        ) from None
    kinds = sorted({device.device_kind for device in devices})
    return f"{len(devices)} x {', '.join(kinds)} ({devices[0].platform})"


def _vectors(patient: Patient) -> str:
    ensure_fit(cache_folder())
    return "this device computes every conformance vector"
