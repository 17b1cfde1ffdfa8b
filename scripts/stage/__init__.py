"""The stage of `devnet` and `demo`: people, money, content, processes, clock."""

from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO


@contextmanager
def quiet() -> Iterator[None]:
    """No line per transaction: Brownie has no other switch for calls of contracts."""
    with redirect_stdout(StringIO()):
        yield
