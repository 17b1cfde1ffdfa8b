"""The protocol on Ethereum: typed reads, signed transactions, the one place that knows web3.

chain = connect("http://127.0.0.1:8545")
group = chain.group(1)
group.current(), group.incumbent(), group.candidates(7)
chain.sender(load_account("alice")).stake(group.id, 10**18)
"""

from compute.chain.chain import Chain, connect
from compute.chain.deployment import Deployment
from compute.chain.errors import (
    AccountError,
    ChainError,
    MalformedAnswer,
    NoFunds,
    NoSuchGroup,
    NotDeployed,
    Reverted,
    RpcRefused,
    RpcUnavailable,
    TransactionPending,
    WrongChain,
)
from compute.chain.group import Group
from compute.chain.records import (
    AcceptedBlock,
    Candidate,
    Current,
    DeltaRecord,
    GroupConfig,
    Incumbent,
    Outcome,
    Proposal,
    RevealedClaim,
    Status,
)
from compute.chain.schedule import EPOCH, Block, Phase

__all__ = [
    "EPOCH",
    "AcceptedBlock",
    "AccountError",
    "Block",
    "Candidate",
    "Chain",
    "ChainError",
    "Current",
    "DeltaRecord",
    "Deployment",
    "Group",
    "GroupConfig",
    "Incumbent",
    "MalformedAnswer",
    "NoFunds",
    "NoSuchGroup",
    "NotDeployed",
    "Outcome",
    "Phase",
    "Proposal",
    "RevealedClaim",
    "Reverted",
    "RpcRefused",
    "RpcUnavailable",
    "Status",
    "TransactionPending",
    "WrongChain",
    "connect",
]
