"""Errors between us and a chain. Every message says what to do next."""

from compute.chain.refusals import in_words


class ChainError(Exception):
    """Base of everything this package raises."""


class RpcUnavailable(ChainError):
    """No usable answer from the RPC within the time allowed."""


class RpcRefused(ChainError):
    """The RPC answered with a JSON-RPC error that is not a revert."""

    def __init__(self, message: str, code: int = 0, data: bytes = b"") -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class MalformedAnswer(ChainError):
    """The RPC answered something that cannot be true: wrong type, wrong size, wrong encoding."""


class AnswerTooLarge(MalformedAnswer):
    """The RPC answered more than is read of one answer."""


class WrongChain(ChainError):
    """The RPC serves another chain than the one asked for."""


class NotDeployed(ChainError):
    """There is no deployment description, or no protocol at its addresses."""


class NoSuchGroup(ChainError):
    """The registry has no group with this number."""


class NoSuchProposal(ChainError):
    """The group has no proposal with this number."""


class NoSuchVersion(ChainError):
    """The training set of the group has not reached this version."""


class NoSuchToken(ChainError):
    """No ERC-20 answers at this address."""


class InvalidArgument(ChainError):
    """A contract's function cannot take this value."""


class Reverted(ChainError):
    """A contract refused. `reason` is its own string, such as "cv: not the window"."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The contract refused: {in_words(reason)}.")
        self.reason = reason


class NoFunds(ChainError):
    """The account cannot pay for the transaction."""


class TransactionPending(ChainError):
    """A transaction was sent and is not in a block yet. Sending it again could do it twice."""

    def __init__(self, message: str, transaction_hash: str) -> None:
        super().__init__(message)
        self.transaction_hash = transaction_hash


class TransactionReplaced(ChainError):
    """Another transaction of the account took this one's place: it had no effect and never will."""


class TooLate(ChainError):
    """The transaction could not reach a block in the time in which the contract accepts it."""


class TooExpensive(ChainError):
    """The transaction would cost more than the user allows."""


class AccountError(ChainError):
    """The keystore file is missing or malformed, or the password is wrong."""
