"""The protocol on one chain: `connect`, and its groups."""

from pathlib import Path
from typing import TYPE_CHECKING

from compute.chain.answers import quantity
from compute.chain.deployment import Deployment
from compute.chain.errors import MalformedAnswer, NoSuchGroup, WrongChain
from compute.chain.group import Group
from compute.chain.rpc import Rpc
from compute.chain.shared import Shared
from compute.chain.spending import Spending

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

    from compute.chain.sender import Sender

MAX_ANCESTORS = 100  # forks of forks; each costs a reader three requests


def connect(
    rpc: str,
    *,
    deployment: Path | str | None = None,
    chain_id: int | None = None,
    timeout: float = 20.0,
    agree: int = 1,
    spending: Spending | None = None,
    index: Path | None = None,
) -> "Chain":
    """Open the protocol behind an RPC address.

    Args:
        rpc: such as http://127.0.0.1:8545; several, separated by commas, stand in for each other.
        deployment: the file that says where the contracts are; by default what the package
            knows of this chain.
        chain_id: what the RPC must serve; by default what the deployment file says.
        timeout: seconds allowed for one request.
        agree: how many addresses must tell the same of a block that is asked for by number.
        spending: how transactions are sent; by default as `Spending` says.
        index: folder of what is kept of the chain's past, which may be deleted at any time; by
            default nothing is kept.

    Raises RpcUnavailable, WrongChain or NotDeployed.
    """
    transport = Rpc(rpc, timeout=timeout, agree=agree)
    found = None if deployment is None else Deployment.load(deployment)
    expected = chain_id if chain_id is not None else found and found.chain_id
    served = expected or quantity(transport.request("eth_chainId"))
    try:
        transport.expect(served)
    except WrongChain as error:
        if chain_id is not None or found is None:
            raise
        raise WrongChain(
            f"{error} Or use the deployment file of that chain: the deployment file is for chain "
            f"{served}."
        ) from None
    found = found or Deployment.known(served)
    if found.chain_id != served:
        raise WrongChain(
            f"You ask for chain {served}, but the deployment file is for chain {found.chain_id}. "
            "Use the deployment file of that chain."
        )
    chain = Chain(transport, found, spending, index)
    chain.check_code()
    return chain


class Chain(Shared):
    """Typed reads of what groups share, and of the groups."""

    def __init__(
        self,
        rpc: Rpc,
        deployment: Deployment,
        spending: Spending | None = None,
        index: Path | None = None,
    ) -> None:
        super().__init__(rpc, deployment, spending, index)
        self._groups: dict[int, Group] = {}

    def group(self, group_id: int) -> Group:
        """One group. Raises NoSuchGroup."""
        if group_id not in self._groups:
            count = self.registry.n_groups()
            if not 0 < group_id <= count:
                raise NoSuchGroup(
                    f"There is no group {group_id}: there are {count}. See `nrn group list`."
                )
            self._open(self._ancestry(group_id))
        return self._groups[group_id]

    def _ancestry(self, group_id: int) -> dict[int, int]:
        """The parent, or 0, of the group and of all that it descends from, these first."""
        line, child = dict[int, int](), group_id
        while child:
            line[child] = self.registry.parent_of(child)
            if line[child] >= child or len(line) > MAX_ANCESTORS:
                raise MalformedAnswer(f"The RPC describes a group {child} that cannot be.")
            child = line[child]
        return dict(sorted(line.items()))

    def groups(self) -> list[Group]:
        """All groups, in order of creation."""
        numbers = range(1, self.registry.n_groups() + 1)
        parents = dict(zip(numbers, self.registry.parents_of(numbers), strict=True))
        if any(parent >= number for number, parent in parents.items()):
            raise MalformedAnswer("The RPC describes a group that descends from a later one.")
        self._open(parents)
        return [self._groups[number] for number in numbers]

    def forget_groups(self) -> None:
        """Read the groups anew the next time: the chain has taken back what was read."""
        self._groups.clear()

    def _open(self, parents: dict[int, int]) -> None:
        """Read groups that are not known yet, parents first."""
        new = {number: parent for number, parent in parents.items() if number not in self._groups}
        Group.read(self, new, self._groups)

    def sender(self, account: "LocalAccount") -> "Sender":
        """Transactions signed by this account."""
        from compute.chain.sender import Sender  # signing is slow to import; reading needs none

        return Sender(self, account)
