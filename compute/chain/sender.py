"""Every state-changing function of the protocol, as one account calls it.

All methods wait until the transaction is in a block, return its Receipt and raise what
`Transactor.transact` raises: above all `Reverted`, with the contract's own reason.
"""

from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from compute.chain.claims import Claim
from compute.chain.contract import Contract
from compute.chain.records import GroupConfig
from compute.chain.schedule import Phase
from compute.chain.shared import Shared
from compute.chain.terms import Terms
from compute.chain.transactions import Receipt, Transactor

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

# What anyone may do at any time: votes and claims take its place when it is stuck.
HOUSEKEEPING = frozenset(
    {
        "NeuronSale.release",
        "DeltaRegistry.finalize",
        "DeltaRegistry.redeem",
        "CheckpointVoting.settle",
        "CheckpointVoting.redeem",
        "CheckpointVoting.release_bond",
        "CheckpointVoting.withdraw_credit",
        "CheckpointVoting.open_root",
        "CheckpointVoting.claim_keeper",
        "Sponsorship.draw",
        "Sponsorship.draw_keeper",
        "Sponsorship.withdraw",
        "Sponsorship.refund",
        "Referee.timeout",
        "Referee.close",
        "Referee.withdraw",
    }
)


class Sender:
    """Acts for one account. NRN amounts in units of 1e-18, ETH in wei."""

    def __init__(self, chain: Shared, account: "LocalAccount", *, timeout: float = 180.0) -> None:
        self.chain = chain
        self.account = account
        self.address: str = account.address
        self._token = chain.neuron.contract
        self._sale = chain.sale.contract
        self._vault = chain.vault.contract
        self._registry = chain.registry.contract
        self._sponsorship = chain.sponsorship.contract
        self._referee = chain.referee.contract
        singletons = [
            self._token,
            self._sale,
            self._vault,
            self._registry,
            self._sponsorship,
            self._referee,
            chain.coinbase.contract,
        ]
        self._transactor = Transactor(
            chain.rpc, chain.chain_id, account, singletons, chain.spending, timeout=timeout
        )

    @property
    def balance(self) -> int:
        """Wei of the account when it last sent something; 0 before."""
        return self._transactor.balance

    def _transact(
        self, contract: Contract, name: str, *arguments: Any, value: int = 0, before: int = 0
    ) -> Receipt:
        yields = f"{contract.kind}.{name}" in HOUSEKEEPING
        return self._transactor.transact(
            contract, name, *arguments, value=value, before=before, yields=yields
        )

    # Token and sale

    def approve(self, spender: str, amount: int) -> Receipt:
        """Let `spender` take up to `amount` NRN."""
        return self._transact(self._token, "approve", spender, amount)

    def transfer(self, to: str, amount: int) -> Receipt:
        """Send NRN."""
        return self._transact(self._token, "transfer", to, amount)

    def buy(self, value: int, receiver: str | None = None) -> Receipt:
        """Buy NRN for `value` wei while the sale runs."""
        return self._transact(self._sale, "buy", receiver or self.address, value=value)

    def release(self) -> Receipt:
        """Send the vested proceeds of the sale to their beneficiary; anyone may."""
        return self._transact(self._sale, "release")

    # Stake

    def stake(self, group_id: int, amount: int) -> Receipt:
        """Stake NRN in a group, approving it first where needed. Counts from the next epoch."""
        self._allow(self._token, self._vault, amount)
        return self._transact(self._vault, "stake", group_id, amount)

    def request_exit(self, group_id: int, amount: int) -> Receipt:
        """Give up stake. The event ExitRequested names the epoch of `withdraw`."""
        return self._transact(self._vault, "request_exit", group_id, amount)

    def withdraw(self, release_epoch: int) -> Receipt:
        """Take back stake whose release epoch has come."""
        return self._transact(self._vault, "withdraw", release_epoch)

    def migrate(self, from_id: int, to_id: int, amount: int) -> Receipt:
        """Move stake from a group to a direct fork of it."""
        return self._transact(self._vault, "migrate", from_id, to_id, amount)

    def set_operator(self, operator: str) -> Receipt:
        """Let another key vote, and do nothing else, for this account."""
        return self._transact(self._vault, "set_operator", operator)

    # Groups

    def create_group(self, config: GroupConfig) -> Receipt:
        """Create a group; the event GroupCreated holds its `group_id`."""
        return self._transact(self._registry, "create_group", astuple(config))

    def fork_group(self, parent_id: int, height: int, version: int, config: GroupConfig) -> Receipt:
        """Create a group that goes on from a parent's checkpoint and training-set version."""
        return self._transact(
            self._registry, "fork_group", parent_id, height, version, astuple(config)
        )

    # Training set

    def propose(
        self, group: Terms, parent_tip: bytes, delta_hash: bytes, rebased_from: int = 0
    ) -> Receipt:
        """Propose a delta on top of `parent_tip`; the event Proposed holds its `proposal_id`."""
        return self._transact(
            group.deltas_contract, "propose", parent_tip, delta_hash, rebased_from
        )

    def vote_delta(self, group: Terms, proposal_id: int, staker: str | None = None) -> Receipt:
        """Approve a proposal; 0 is "no change". As operator, name the staker."""
        return self._transact(group.deltas_contract, "vote", proposal_id, staker or self.address)

    def vote_period_length(self, group: Terms, length: int, staker: str | None = None) -> Receipt:
        """Ask for delta periods of `length` seconds (whole days, 1 to 56)."""
        return self._transact(
            group.deltas_contract, "vote_period_length", length, staker or self.address
        )

    def finalize(self, group: Terms) -> Receipt:
        """Write down the result of a delta period that is over."""
        return self._transact(group.deltas_contract, "finalize")

    def redeem_delta(self, group: Terms, version: int) -> Receipt:
        """Pay the proposer of a version; anyone may."""
        return self._transact(group.deltas_contract, "redeem", version)

    # Checkpoints

    def commit(self, group: Terms, commitment: bytes) -> Receipt:
        """Commit to a claim, see `claims.commitment`; the event Committed holds its `seq`."""
        return self._transact(
            group.voting_contract, "commit", commitment, before=_end(group, Phase.COMMIT)
        )

    def reveal(self, group: Terms, claim: Claim, salt: bytes, signature: bytes) -> Receipt:
        """Reveal a claim, own or another's, and pay its bond, approving it first where needed. A
        claim that is entered again has its bond."""
        _, bond = group.voting_contract.call("terms")
        *_, block, posted = group.voting_contract.call("candidate", claim.checkpoint_hash)
        if not posted or block == claim.block_index + 1:  # new, or it displaces a later one
            self._allow(self._token, group.voting_contract, bond)
        return self._transact(
            group.voting_contract,
            "reveal",
            claim.trainer,
            claim.checkpoint_hash,
            claim.loss,
            claim.baseline_loss,
            claim.eval_root_hash,
            salt,
            signature,
            before=_end(group, Phase.REVEAL),
        )

    def vote(
        self,
        group: Terms,
        ballot: bytes,
        staker: str | None = None,
    ) -> Receipt:
        """Cast a ballot, see `claims.ballot`: final. As operator, name the staker."""
        return self._transact(
            group.voting_contract,
            "vote",
            ballot,
            staker or self.address,
            before=_end(group, Phase.VOTE),
        )

    def settle(self, group: Terms) -> Receipt:
        """Write down the outcome of a block that is over."""
        return self._transact(group.voting_contract, "settle")

    def redeem(self, group: Terms, block_index: int) -> Receipt:
        """Pay the trainer of an accepted block; anyone may."""
        return self._transact(group.voting_contract, "redeem", block_index)

    def release_bond(self, group: Terms, checkpoint_hash: bytes) -> Receipt:
        """Refund or burn the bond of a judged claim; anyone may."""
        return self._transact(group.voting_contract, "release_bond", checkpoint_hash)

    def withdraw_credit(self, group: Terms, payer: str | None = None) -> Receipt:
        """Give back the bonds of claims that earlier commitments displaced, to who paid them."""
        return self._transact(group.voting_contract, "withdraw_credit", payer or self.address)

    def open_root(self, group: Terms, block_index: int, root: bytes) -> Receipt:
        """Publish the evaluation root of an accepted block, so that its keepers can be paid."""
        return self._transact(group.voting_contract, "open_root", block_index, root)

    def claim_keeper(
        self, group: Terms, block_index: int, ballot: bytes, staker: str | None = None
    ) -> Receipt:
        """Pay a keeper its share of a redeemed block whose root is open, for its ballot there."""
        return self._transact(
            group.voting_contract, "claim_keeper", block_index, ballot, staker or self.address
        )

    # Sponsorship

    def sponsor(self, group_id: int, token: str, amount: int, n_blocks: int, until: int) -> Receipt:
        """Put `amount` of any ERC-20 behind a group's next accepted blocks, approving it first
        where needed; the event Sponsored holds the `sponsorship_id` and what arrived."""
        contract = Contract(self.chain.rpc, "Neuron", token)
        self._allow(contract, self._sponsorship, amount)
        return self._transact(
            self._sponsorship, "sponsor", group_id, token, amount, n_blocks, until
        )

    def draw(self, sponsorship_id: int, height: int) -> Receipt:
        """Credit trainer and proposer of an accepted block with their shares; anyone may."""
        return self._transact(self._sponsorship, "draw", sponsorship_id, height)

    def draw_keeper(self, sponsorship_id: int, height: int) -> Receipt:
        """Credit this keeper, whom the group has paid for the block, with its share."""
        return self._transact(self._sponsorship, "draw_keeper", sponsorship_id, height)

    def withdraw_drawn(self, token: str) -> Receipt:
        """Pay out what was credited to this account in a token."""
        return self._transact(self._sponsorship, "withdraw", token)

    def refund(self, sponsorship_id: int) -> Receipt:
        """Give what was not drawn back to its sponsor; anyone may, two epochs after the end."""
        return self._transact(self._sponsorship, "refund", sponsorship_id)

    # Disputes

    def challenge(self, group: Terms, checkpoint_hash: bytes) -> Receipt:
        """Challenge a claim, with the referee's bond; the event Challenged holds the `game`."""
        bond = self.chain.referee.bond()
        voting = group.voting_contract.address
        return self._transact(self._referee, "challenge", voting, checkpoint_hash, value=bond)

    def move(self, function: str, game: int, arguments: tuple[Any, ...], value: int = 0) -> Receipt:
        """Make a move in a game, see `compute.dispute`; a lane is brought with the bond."""
        return self._transact(self._referee, function, game, *arguments, value=value)

    def timeout(self, game: int) -> Receipt:
        """End a game whose side to move is late; anyone may."""
        return self._transact(self._referee, "timeout", game)

    def close(self, game: int) -> Receipt:
        """Give back the bonds of a game that another has decided; anyone may."""
        return self._transact(self._referee, "close", game)

    def withdraw_bond(self, game: int) -> Receipt:
        """Pay out what a game that is over owes; anyone may."""
        return self._transact(self._referee, "withdraw", game)

    def _allow(self, token: Contract, spender: Contract, amount: int) -> None:
        """Exactly what is needed: the contracts are trusted with no more than the step at hand."""
        allowed = token.call("allowance", self.address, spender.address)
        if allowed >= amount:
            return
        if allowed:  # some tokens change an allowance only from or to zero
            self._transact(token, "approve", spender.address, 0)
        self._transact(token, "approve", spender.address, amount)


def _end(group: Terms, phase: Phase) -> int:
    """Return when this phase ends, in chain time; 0 if it is not now, as the contract will say."""
    now = group.head().timestamp
    slot = group.slot_at(now)
    return slot.phase_end(now) if slot.phase(now) == phase else 0
