"""What `devnet` and `demo` set up: people, money, content, processes, clock."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from brownie._config import CONFIG

# Brownie's `chain` warns its callers about what it does itself.
warnings.filterwarnings("ignore", r"rpc\.\w+ should not be called directly", FutureWarning)


@contextmanager
def quiet() -> Iterator[None]:
    """No line per transaction."""
    before = CONFIG.argv["silent"]
    CONFIG.argv["silent"] = True
    try:
        yield
    finally:
        CONFIG.argv["silent"] = before
