"""Lies that `scripts/prove.py` plants in the contracts, each with the proof that must refute it."""

from collections.abc import Iterator
from dataclasses import dataclass

from scripts.mutants import Mutant, planted

# What is wrong: (the proof that must notice, correct text, wrong text).
LIES: dict[str, tuple[str, str, str]] = {
    "more ether is noted than was paid": (
        "SaleProof.check_issued_is_rate_times_raised",
        "self.raised += msg.value", "self.raised += msg.value + 1",
    ),
    "the sale goes on after its end": (
        "SaleProof.check_nothing_leaves_early_nothing_is_issued_late",
        'assert block.timestamp < END, "sale: ended"', "pass",
    ),
    "a release forgets the ones before": (
        "SaleProof.check_releases_never_exceed",
        "amount: uint256 = vested - self.released", "amount: uint256 = vested",
    ),
    "anybody mints": (
        "TokenProof.check_only_minters_raise_the_supply",
        'assert msg.sender == SALE or msg.sender == COINBASE, "neuron: not minter"', "pass",
    ),
    "an allowance is not asked for": (
        "TokenProof.check_nobody_takes_anothers_tokens",
        'assert allowance >= amount, "neuron: allowance"', "pass",
    ),
    "a transfer moves less than it says": (
        "TokenProof.check_a_transfer_moves_exactly",
        "erc20._transfer(owner, to, amount)", "erc20._transfer(owner, to, amount // 2)",
    ),
    "an operator names the staker": (
        "VaultProof.check_nobody_moves_anothers_stake",
        "self.operator_of[msg.sender] = operator", "self.operator_of[operator] = msg.sender",
    ),
    "what leaves is not counted": (
        "VaultProof.check_what_is_owed_is_held",
        "self.total_exiting += amount", "self.total_exiting += 1",
    ),
    "stake goes to any group": (
        "VaultProof.check_no_stake_without_a_group",
        'assert group_id != 0 and group_id <= staticcall REGISTRY.n_groups(), "vault: no group"',
        "pass",
    ),
    "stake counts at once": (
        "VaultHistoryProof.check_the_past_stays",
        "epoch: uint256 = self._epoch() + 1", "epoch: uint256 = self._epoch()",
    ),
    "a 29th block is paid": (
        "CoinbaseProof.check_the_budget_of_an_epoch_holds",
        "if paid >= params.BLOCKS_PER_EPOCH:", "if paid > params.BLOCKS_PER_EPOCH:",
    ),
    "anybody is a group": (
        "CoinbaseFormulaProof.check_only_groups_mint",
        'assert group_id != 0, "coinbase: not a group"', "pass",
    ),
    "the first four years pay double": (
        "CoinbaseFormulaProof.check_a_block_mints_the_formula",
        "(divisor << halvings)", "(divisor >> 1 << halvings)",
    ),
    "halvings do not halve": (
        "CoinbaseFormulaProof.check_a_block_after_a_halving_mints_half",
        "(divisor << halvings)", "divisor",
    ),
    "a second ballot is taken": (
        "VotingProof.check_one_ballot_a_block",
        "if self.ballot[block_index][staker] != empty(bytes32):", "if False:",
    ),
    "a ballot counts as one vote": (
        "VotingProof.check_approvals_stay_below_the_votes_cast",
        "round = unsafe_add(round, power)", "round = unsafe_add(round, 1)",
    ),
    "anybody judges claims": (
        "HookProof.check_only_the_referee_judges",
        "if msg.sender != REFEREE:", "if False:",
    ),
    "a reward leaves while games run": (
        "HookProof.check_a_held_claim_pays_nothing",
        "self._outcome[block_index] |= checkpoint_words.REDEEMED\n"
        "    winner: bytes32 = self.accepted[outcome.height]\n"
        "    claim: checkpoint_words.Claim = candidates._claim_of(winner)\n"
        "    if claim.marks >= checkpoint_words.HELD:",
        "self._outcome[block_index] |= checkpoint_words.REDEEMED\n"
        "    winner: bytes32 = self.accepted[outcome.height]\n"
        "    claim: checkpoint_words.Claim = candidates._claim_of(winner)\n"
        "    if False:",
    ),
    "what was held forgets who paid": (
        "HookProof.check_a_hold_releases",
        "(claim.marks & checkpoint_words.RELAYED) | (checkpoint_words.HELD if held else 0)",
        "checkpoint_words.HELD if held else 0",
    ),
    "a refuted block stays accepted": (
        "HookProof.check_a_refuted_claim_earns_nothing",
        "        outcome.status = _REFUTED\n", "",
    ),
    "a height is drawn twice": (
        "SponsorshipProof.check_a_draw_conserves",
        "self._mark(sponsorship_id, height, empty(address))", "pass",
    ),
    "a credit is paid twice": (
        "SponsorshipProof.check_a_withdrawal_pays_the_credit",
        "self.credit[token][account] = 0", "pass",
    ),
    "there is no grace": (
        "SponsorshipProof.check_a_refund_pays_what_is_left",
        "block.timestamp >= terms.until + _GRACE", "block.timestamp >= terms.until",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Lie:
    """A contract that breaks a statement, and the proof of that statement."""

    proof: str
    mutant: Mutant


def lies() -> Iterator[Lie]:
    """Every planted lie."""
    texts = {what: (right, wrong) for what, (_, right, wrong) in LIES.items()}
    for mutant in planted(texts):
        yield Lie(LIES[mutant.what][0], mutant)
