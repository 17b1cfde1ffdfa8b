"""One training group: its terms, and views of its two contracts and of its past.

Contracts materialise results late: a block is settled, and a delta appended, by the first
transaction after the deadline. The views are rolled: they say what such a transaction would find,
so what a reader does never depends on whether somebody has already called.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from compute.chain.contract import BlockTag, Contract
from compute.chain.deltas import Deltas
from compute.chain.history import History
from compute.chain.shared import Shared
from compute.chain.terms import Terms
from compute.chain.voting import Voting

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from compute.chain.sender import Sender


@dataclass(frozen=True)
class Group(Terms):
    """group.voting.candidates(7), group.deltas.proposals(), group.history.accepted_blocks()"""

    @cached_property
    def deltas(self) -> Deltas:
        """The training set: its versions, and the proposals that may change it."""
        return Deltas(self, None if self.parent is None else self.parent.deltas)

    @cached_property
    def voting(self) -> Voting:
        """The claims of each block, the votes on them, and the checkpoint to beat."""
        return Voting(self, self.deltas)

    @cached_property
    def history(self) -> History:
        """What was accepted since the group was created."""
        return History(self, self.voting, self.deltas)

    def at(self, tag: BlockTag) -> "Group":
        """The group as it was at a block: everything read of it is read there."""
        number = self.chain.head(tag).number
        rpc = self.chain.rpc.at(number)
        chain = Shared(rpc, self.chain.deployment, self.chain.spending)
        return replace(
            self,
            parent=None if self.parent is None else self.parent.at(number),
            chain=chain,
            voting_contract=Contract(rpc, "CheckpointVoting", self.voting_contract.address),
            deltas_contract=Contract(rpc, "DeltaRegistry", self.deltas_contract.address),
        )

    def sender(self, account: "LocalAccount") -> "Sender":
        """Transactions signed by this account."""
        from compute.chain.sender import Sender  # signing is slow to import; reading needs none

        return Sender(self.chain, account)
