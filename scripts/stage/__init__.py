"""The stage of `devnet` and `demo`: people, money, content, processes, clock."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO

# Brownie's `chain` warns its callers about what it does itself.
warnings.filterwarnings("ignore", r"rpc\.\w+ should not be called directly", FutureWarning)


@contextmanager
def quiet() -> Iterator[None]:
    """No line per transaction: Brownie has no other switch for calls of contracts."""
    with redirect_stdout(StringIO()):
        yield
