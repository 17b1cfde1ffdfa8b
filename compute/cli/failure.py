"""Map an exception to a sentence and an exit code."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.text import Text

from compute.inert import inert

WRONG, USAGE, NO_CHAIN, NO_CONTENT, A_LIE, UNKNOWN_OUTCOME = 1, 2, 3, 4, 5, 6
INTERRUPTED = 130

EXIT_CODES = """Exit codes:
0  done
1  what you asked for is not possible; the message says why
2  wrong usage
3  the chain cannot be reached, or is not the right one
4  content is missing from the store
5  verification failed: a lie was found
6  a transaction was sent, and its outcome is not known yet"""

# By name, so that a command which never touches the chain never imports it.
_CODES = {
    "RpcUnavailable": NO_CHAIN,
    "RpcRefused": NO_CHAIN,
    "MalformedAnswer": NO_CHAIN,
    "WrongChain": NO_CHAIN,
    "NotDeployed": NO_CHAIN,
    "TooExpensive": WRONG,
    "TooLate": WRONG,
    "TransactionReplaced": WRONG,
    "TransactionPending": UNKNOWN_OUTCOME,
    "ChainError": WRONG,
    "StorageError": NO_CONTENT,
    "InvalidCheckpoint": A_LIE,
    "ModelError": WRONG,
    "SchemaError": WRONG,
    "UnreadableData": WRONG,
    "TokeniserError": WRONG,
    "Inapplicable": WRONG,
    "InvalidGenesis": A_LIE,
    "JournalError": WRONG,
    "CannotEvaluate": WRONG,
    "UnfitDevice": A_LIE,
    "CanonicalError": WRONG,
    "RecipeError": WRONG,
    "Refused": WRONG,
    "Unexportable": WRONG,
}


class Refused(Exception):
    """A request that cannot be met; the message says why and what to do."""


_DISK = {
    errno.ENOSPC: "The disk is full",
    errno.EDQUOT: "The disk quota is used up",
    errno.EROFS: "The disk cannot be written to",
    errno.EFBIG: "The file would be too large for the disk",
    errno.EIO: "The disk fails",
    errno.EACCES: "Its rights do not allow this",
    errno.EPERM: "Its rights do not allow this",
    errno.EEXIST: "A file lies where a folder is due",
    errno.ENOTDIR: "A file lies where a folder is due",
    errno.EMFILE: "Too many files are open",
}


@contextmanager
def sentences() -> Iterator[None]:
    """Turn expected exceptions into one line on standard error and an exit code."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        print_error(sentence_of(error))
        raise typer.Exit(code) from None


def sentence_of(error: Exception) -> str:
    """Return the sentence for a person."""
    if isinstance(error, OSError) and error.errno in _DISK:
        where = f" ({error.filename})" if error.filename else ""
        return f"{_DISK[error.errno]}{where}. Nothing half-written is believed: mend it, try again."
    return str(error)


def exit_code(error: BaseException) -> int | None:
    """The code for an exception of ours, or for a disk that takes nothing; None for a defect."""
    if isinstance(error, OSError) and error.errno in _DISK:
        return WRONG
    for kind in type(error).__mro__:
        if kind.__module__.startswith("compute.") and kind.__name__ in _CODES:
            return _CODES[kind.__name__]
    return None


def print_error(sentence: str) -> None:
    """One line on standard error."""
    text = Text.assemble(("Error:", "red"), " ", inert(sentence))
    Console(file=sys.stderr, highlight=False).print(text, soft_wrap=True)
