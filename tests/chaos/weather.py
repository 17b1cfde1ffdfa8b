"""Which faults befall whom, how likely, and how often they did; drawn from a seed."""

import random
import threading
from collections import Counter, defaultdict

# Of one request to the chain, as (fault, likelihood). What one provider or another does on a bad
# day, and what a liar might do.
OF_THE_CHAIN: dict[str, dict[str, float]] = {
    "slow": {"delay": 0.3},
    "drops": {"drop_before": 0.1, "drop_after": 0.1},
    "busy": {"status_5xx": 0.2},
    "haste": {"status_429": 0.1, "error_429": 0.1},
    "torn": {"truncate": 0.1},
    "malformed": {"no_result": 0.05, "wrong_id": 0.05},
    "stale": {"stale": 0.5},
    "hollow": {"no_logs": 0.4},
    "elsewhere": {"other_chain": 0.03},
    "skewed": {"skew": 0.3},
    "narrow": {"log_limit": 1.0},
    "pruned": {"no_final_state": 0.05},
    "single": {"no_batch": 0.5},
    "lost": {"swallow": 0.4},
    "contrary": {"nonce_low": 0.3, "sent_and_refused": 0.3},
    "blind": {"no_receipt": 0.5},
    "denied": {"failed_receipt": 0.2},
    "misjudged": {"half_the_gas": 0.2},
    "greedy": {"dear": 1.0},
}
# Of one request to the store.
OF_THE_STORE: dict[str, dict[str, float]] = {
    "lame store": {"hang": 0.03},
    "broken store": {"store_drop": 0.1, "store_5xx": 0.1},
    "lying store": {"other_bytes": 0.1, "not_there": 0.2},
}
# Of the chain itself and of the machines.
OF_THE_WORLD = ("reorganised", "mempool lost", "dear blocks", "rising fees", "killed", "full disk")
ALL = (*OF_THE_CHAIN, *OF_THE_STORE, *OF_THE_WORLD)


def faults_of(scenario: str) -> tuple[str, ...]:
    """The faults that a scenario is made of."""
    return tuple({**OF_THE_CHAIN, **OF_THE_STORE}.get(scenario, {scenario: 1.0}))


class Weather:
    """The likelihood of each fault for each actor now; every fault that happens is counted."""

    def __init__(self, seed: int) -> None:
        self.seen: Counter[str] = Counter()
        self._odds: dict[str, dict[str, float]] = defaultdict(dict)
        self._dice: dict[str, random.Random] = {}
        self._seed = seed
        self._lock = threading.Lock()

    def clear(self) -> None:
        self._odds.clear()

    def bring(self, actor: str, odds: dict[str, float]) -> None:
        self._odds[actor] = {**self._odds[actor], **odds}

    def strikes(self, actor: str, fault: str) -> bool:
        """Whether the fault befalls this actor's request; the dice of each are its own."""
        odds = self._odds[actor].get(fault, 0.0)
        if not odds:
            return False
        with self._lock:
            dice = self._dice.setdefault(
                f"{actor} {fault}", random.Random(f"{self._seed} {actor} {fault}")
            )
            struck = dice.random() < odds
            self.seen[fault] += struck
        return struck

    def happened(self, fault: str) -> None:
        with self._lock:
            self.seen[fault] += 1
