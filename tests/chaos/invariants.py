"""What must hold after every round, whatever befell: from the chain, the journals and the logs."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from compute.chain import Block
from compute.chain.events import Event, decode_log
from compute.chain.rewards import Kind, Reward, open_bonds, rewards
from compute.chain.voting import CHALLENGE_SECONDS
from tests.chaos.world import ACTORS, World

KEEPERS = ("alice", "bob")
PAYERS = {"tara": "tara", "nora": "tom"}  # trainer -> whose transactions
MORE_FILES, MORE_MEMORY, MORE_DISK = 24, 400 << 20, 64 << 20


@dataclass
class Told:
    """What the chain tells of one block: by account, each with its transaction."""

    commits: Counter[str] = field(default_factory=Counter)
    reveals: dict[str, tuple[int, int, bytes]] = field(default_factory=dict)
    votes: dict[str, dict[str, set[bytes]]] = field(default_factory=lambda: defaultdict(dict))
    burned: list[str] = field(default_factory=list)
    reverted: Counter[str] = field(default_factory=Counter)


def tell(world: World, block: Block) -> Told:
    """What happened in a block of the group: in the chain's blocks between its start and end."""
    told, names = Told(), {a.address: name for name, a in world.net.accounts.items()}
    contract = world.stage.group.voting.contract
    for found in _between(world, block.start, block.end):
        for sent in found["transactions"]:
            receipt = world.net.rpc("eth_getTransactionReceipt", sent["hash"])
            who = names.get(_checksummed(sent["from"]), "?")
            if int(receipt["status"], 16) != 1:
                told.reverted[who] += 1
            for log in receipt["logs"]:
                if _checksummed(log["address"]) == contract.address:
                    event = decode_log(contract, log)
                    if event is not None:
                        _note(told, event, who, sent["hash"], block.index, names)
    return told


def _between(world: World, start: int, end: int) -> list[dict[str, Any]]:
    """The chain's blocks of these times, oldest first."""
    found: list[dict[str, Any]] = []
    number = world.stage.chain.head().number
    while True:
        block = world.net.rpc("eth_getBlockByNumber", hex(number), True)
        at = int(block["timestamp"], 16)
        if at < start:
            return found[::-1]
        if at < end:
            found.append(block)
        number -= 1


def _note(
    told: Told, event: Event, who: str, sent: str, block_index: int, names: dict[str, str]
) -> None:
    if event.name == "BondReleased" and event["burned"]:
        told.burned.append(names[event["payer"]])
    if event.arguments.get("block_index") != block_index:
        return
    if event.name == "Committed":
        told.commits[who] += 1
    elif event.name == "Revealed":
        rank = event["loss"], event["seq"], event["checkpoint_hash"]
        told.reveals[names[event["trainer"]]] = rank
    elif event.name == "Voted":
        ballot = told.votes[names[event["staker"]]].setdefault(sent, set())
        ballot.add(event["checkpoint_hash"])


def broken(told: Told) -> list[str]:
    """The promises to the honest that this block broke."""
    found = [f"{who} committed {n} times" for who, n in told.commits.items() if n > 1]
    found += [f"{who} voted {len(v)} times" for who, v in told.votes.items() if len(v) > 1]
    found += [f"{who}'s bond was burned" for who in told.burned]
    for trainer, payer in PAYERS.items():
        if told.commits[payer] and trainer not in told.reveals:
            found.append(f"{trainer} committed and did not reveal")
    best = min(told.reveals.values(), default=None)
    for keeper in KEEPERS if best else ():
        ballots = told.votes.get(keeper)
        if not ballots:
            found.append(f"{keeper} did not vote")
        elif best and best[2] not in set().union(*ballots.values()):
            found.append(f"{keeper} did not approve the best claim")
    return found


def misbehaved(world: World, first: dict[str, dict[str, int]]) -> list[str]:
    """Processes that grew, ended without a sentence, or broke down in a traceback."""
    found = [f"broke down: {words}" for words in world.broke]
    world.broke.clear()
    for name in ACTORS:
        if "Traceback (most recent call last)" in world.actors[name].words():
            found.append(f"{name} shows a traceback")
        if name in world.down:
            continue
        usage = world.usage(name)
        for what, more in (("files", MORE_FILES), ("memory", MORE_MEMORY), ("disk", MORE_DISK)):
            if usage[what] > first[name][what] + more:
                found.append(f"{name}: {what} grew from {first[name][what]} to {usage[what]}")
    return found


def lost(world: World) -> list[str]:
    """What was earned, or staked as a bond, and nobody collected in a block's time."""
    group, found = world.stage.group, []
    begun = group.slot(world.stage.block.index - 1).start

    def due_at(owed: Reward) -> int:
        challenged = CHALLENGE_SECONDS if owed.kind is Kind.BOND else 0
        return group.slot(owed.number).end + challenged

    for name in ("tara", "nora", "tom", *KEEPERS):
        address = world.net.accounts[name].address
        due = [*rewards(group, address), *open_bonds(group, address)]
        found += [f"{name}: {owed}" for owed in due if due_at(owed) <= begun]
    return found


def _checksummed(address: Any) -> str:
    from eth_utils import to_checksum_address

    return to_checksum_address(address)
