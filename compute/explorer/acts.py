"""Acts of a visitor with a wallet: each says where it goes, what it asks and what it does.

The page's script fills the fields in, lets the contract try it, says what it will do, and hands it
to the wallet. No key ever comes here.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compute.chain import Chain, Group, Proposal
from compute.facts import DueFacts


@dataclass(frozen=True)
class Field:
    """A field of a form. `kind` says how it is read: "ether" (1e18 units), "days", "number" or
    "address"; with `choices`, (value, label) each, one of them is taken."""

    name: str
    label: str
    kind: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Act:
    """One transaction. `arguments` of the Solidity-style fragment `call` are texts, or names of
    fields behind a "$"; so are `value` (ether to pay) and `allows` (NRN that the contract takes).
    `says` is a sentence with {fields}; `effect` what follows from it."""

    key: str
    title: str
    to: str
    call: str
    arguments: tuple[str, ...]
    says: str
    effect: str = ""
    fields: tuple[Field, ...] = ()
    value: str = ""
    allows: str = ""

    @property
    def data(self) -> str:
        """For the page's script, as JSON."""
        names = "to", "call", "arguments", "says", "effect", "value", "allows"
        return json.dumps({name: getattr(self, name) for name in names})


def buying(chain: Chain, now: int) -> Iterator[Act]:
    """While the sale runs: buy NRN."""
    terms = chain.sale.terms()
    if terms.start <= now < terms.end:
        yield Act(
            "buy", "Buy NRN", chain.sale.contract.address, "buy() payable", (),
            says="Pay {ether} ETH for NRN.",
            effect=f"You get {terms.rate:,} NRN for each ETH at once.",
            fields=(Field("ether", "ETH", "ether"),), value="$ether",
        )  # fmt: skip


def staking(chain: Chain, group: Group, children: Sequence[int]) -> Iterator[Act]:
    """Stake in a group, ask it back, follow a fork."""
    vault, number = chain.vault.contract.address, str(group.id)
    amount = Field("amount", "NRN", "ether")
    yield Act(
        "stake", "Stake", vault, "stake(uint256 group_id, uint256 amount)", (number, "$amount"),
        says=f"Stake {{amount}} NRN in group {number}.",
        effect="It votes on blocks from next Thursday on, and on data one week later.",
        fields=(amount,), allows="$amount",
    )  # fmt: skip
    yield Act(
        "exit", "Ask stake back", vault, "request_exit(uint256 group_id, uint256 amount)",
        (number, "$amount"),
        says=f"Take {{amount}} NRN out of group {number}.",
        effect="It votes until Thursday, and can be withdrawn two weeks after that.",
        fields=(amount,),
    )  # fmt: skip
    if children:
        choices = tuple((str(child), f"group {child}") for child in children)
        yield Act(
            "migrate", "Follow a fork", vault,
            "migrate(uint256 from_id, uint256 to_id, uint256 amount)", (number, "$to", "$amount"),
            says=f"Move {{amount}} NRN from group {number} to {{to}}.",
            effect="It votes there from next Thursday on, and cannot come back by the same way.",
            fields=(Field("to", "Fork", "number", choices), amount),
        )  # fmt: skip


def voting(group: Group, proposals: Sequence[Proposal], now: int, review: int) -> Iterator[Act]:
    """Vote on the data of a group and on how long its periods last."""
    deltas = group.deltas.contract.address
    ready = [p for p in proposals if now >= p.proposed_at + review]
    choices = (*((str(p.id), f"proposal {p.id}") for p in ready), ("0", "no change"))
    yield Act(
        "vote", "Vote on the data", deltas, "vote(uint256 proposal_id)", ("$proposal",),
        says=f"Vote for {{proposal}} in group {group.id} with all of your stake there.",
        effect="It counts in this period and cannot be taken back; you may vote for others too.",
        fields=(Field("proposal", "For", "number", choices),),
    )  # fmt: skip
    yield Act(
        "length", "Vote on the period", deltas, "vote_period_length(uint256 length)", ("$days",),
        says=f"Ask for periods of {{days}} days in group {group.id}.",
        effect="A majority of the stake decides; the change begins with the period after next.",
        fields=(Field("days", "Days, 1 to 56", "days"),),
    )  # fmt: skip


def holding(chain: Chain, exits: Sequence[int]) -> Iterator[Act]:
    """Withdraw what was asked back, name an operator."""
    vault = chain.vault.contract.address
    for epoch in exits:
        yield Act(
            f"withdraw-{epoch}", "Withdraw", vault, "withdraw(uint256 release_epoch)",
            (str(epoch),), says="Withdraw the stake that you asked back.",
        )  # fmt: skip
    yield Act(
        "operator", "Name an operator", vault, "set_operator(address operator)", ("$operator",),
        says="Let {operator} vote for you.",
        effect="It can vote with your stake in every group, and do nothing else.",
        fields=(Field("operator", "Address", "address"),),
    )  # fmt: skip


def collecting(group: Group, dues: Sequence[DueFacts], credit: str) -> Iterator[Act]:
    """Collect what a group owes; `credit` is the account whose displaced bonds wait, or ""."""
    contracts = {
        "voting": group.voting.contract.address, "deltas": group.deltas.contract.address,
    }  # fmt: skip
    for due in dues:
        key = f"{due.call.partition('(')[0]}-{group.id}-{due.contract}-{due.arguments[0]}"
        yield Act(
            key, f"Collect the {due.what}", contracts[due.contract], due.call, due.arguments,
            says=f"Collect the {due.what} of group {group.id}.",
            effect="It goes to whom it is owed, whoever sends this.",
        )  # fmt: skip
    if credit:
        yield Act(
            f"credit-{group.id}", "Collect the bonds of displaced claims", contracts["voting"],
            "withdraw_credit(address payer)", (credit,),
            says=f"Collect the bonds of claims that were displaced in group {group.id}.",
        )  # fmt: skip
