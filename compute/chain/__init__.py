"""The protocol on Ethereum: typed reads, and signed transactions that land.

chain = connect("http://127.0.0.1:8545")
group = chain.group(1)
group.voting.current(), group.voting.candidates(7), group.deltas.proposals()
chain.sender(load_account("alice")).stake(group.id, NRN)
"""

from typing import TYPE_CHECKING, Any

from compute.chain.chain import Chain, connect
from compute.chain.deployment import Deployment
from compute.chain.errors import (
    AccountError,
    ChainError,
    InvalidArgument,
    MalformedAnswer,
    NoFunds,
    NoSuchGroup,
    NoSuchProposal,
    NoSuchVersion,
    NotDeployed,
    Reverted,
    RpcRefused,
    RpcUnavailable,
    TooExpensive,
    TooLate,
    TransactionPending,
    TransactionReplaced,
    WrongChain,
)
from compute.chain.group import Group
from compute.chain.records import (
    AcceptedBlock,
    AppendedDelta,
    Candidate,
    Current,
    GroupConfig,
    Incumbent,
    Outcome,
    Proposal,
    RevealedClaim,
    Status,
)
from compute.chain.schedule import Block, Phase
from compute.chain.spending import Spending

if TYPE_CHECKING:
    from compute.chain.sender import Sender

__all__ = [
    "AcceptedBlock",
    "AccountError",
    "AppendedDelta",
    "Block",
    "Candidate",
    "Chain",
    "ChainError",
    "Current",
    "Deployment",
    "Group",
    "GroupConfig",
    "Incumbent",
    "InvalidArgument",
    "MalformedAnswer",
    "NoFunds",
    "NoSuchGroup",
    "NoSuchProposal",
    "NoSuchVersion",
    "NotDeployed",
    "Outcome",
    "Phase",
    "Proposal",
    "RevealedClaim",
    "Reverted",
    "RpcRefused",
    "RpcUnavailable",
    "Sender",
    "Spending",
    "Status",
    "TooExpensive",
    "TooLate",
    "TransactionPending",
    "TransactionReplaced",
    "WrongChain",
    "connect",
]


def __getattr__(name: str) -> Any:
    """Import the Sender on first use: signing is slow to import, and reading needs none of it."""
    if name == "Sender":
        from compute.chain.sender import Sender

        return Sender
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
