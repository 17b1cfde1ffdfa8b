"""One fixed life of the protocol in which every function runs on each of its paths."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from brownie import accounts
from eth_utils import keccak

from compute.chain.claims import Claim, Domain, attestation, commitment, eval_root_hash
from compute.chain.voting import CHALLENGE_SECONDS
from compute.units import DAY, EPOCH, ETHER, NAT, NRN
from scripts.deploy import ROOT, Parameters, container, deploy
from scripts.stage.cast import key
from scripts.stage.clock import detach_from_wall_clock
from scripts.stage.money import contract, now, warp
from scripts.stage.permit import permit

BEGIN = 3_500 * EPOCH  # 2037; far enough ahead of any wall clock, so that every run is the same
HOUR = 3_600
COMMIT, REVEAL, VOTE = 4 * HOUR, HOUR // 2, 3 * HOUR // 2
PERIOD = COMMIT + REVEAL + VOTE
BOND = 50 * NRN


@dataclass
class Meter:
    """Gas and transaction of each case, in the order in which the cases happen."""

    gas: dict[str, int] = field(default_factory=dict)
    transactions: dict[str, str] = field(default_factory=dict)

    def __call__(self, case: str, receipt: Any) -> Any:
        assert case not in self.gas, f"{case} is measured twice"
        self.gas[case] = int(receipt.gas_used)
        self.transactions[case] = receipt.txid
        return receipt


class Scenario:
    """Runs on a fresh Anvil; `run` returns the gas of every case."""

    def __init__(self) -> None:
        detach_from_wall_clock()
        warp(BEGIN)
        start = now() + HOUR
        self.parameters = Parameters(
            start=start,
            end=start + 30 * DAY,
            rate=1_000,
            beneficiary=accounts[9].address,
            vesting=730 * DAY,
            min_bond=BOND,
            challenge_bond=ETHER // 10,
        )
        addresses = deploy(accounts[0], self.parameters, folder=ROOT / "reports" / "gas")
        self.neuron = contract(addresses, "Neuron")
        self.sale = contract(addresses, "NeuronSale")
        self.vault = contract(addresses, "StakeVault")
        self.registry = contract(addresses, "GroupRegistry")
        self.sponsorship = contract(addresses, "Sponsorship")
        self.meter = Meter()

    def run(self) -> dict[str, int]:
        """The whole life; gas by "Contract.function path"."""
        self._sell()
        self._transact()
        self._found()
        self._curate()
        self._train()
        self._enter_again()
        self._sponsor()
        self._leave()
        return self.meter.gas

    def _sell(self) -> None:
        warp(self.sale.START())
        self.meter("NeuronSale.buy first of all", self._buy(1))
        self.meter("NeuronSale.buy first of a buyer", self._buy(2))
        self.meter("NeuronSale.buy again", self._buy(1))
        for index in range(3, 9):
            self._buy(index)
        warp(self.sale.END())
        self.meter("NeuronSale.release first", self.sale.release(_by(0)))
        self.meter("NeuronSale.release next", self.sale.release(_by(0)))

    def _buy(self, index: int) -> Any:
        return self.sale.buy({"from": accounts[index], "value": 100 * ETHER})

    def _transact(self) -> None:
        token, meter = self.neuron, self.meter
        meter("Neuron.transfer to a new holder", token.transfer(accounts[9], NRN, _by(1)))
        meter("Neuron.transfer to a holder", token.transfer(accounts[9], NRN, _by(1)))
        meter("Neuron.approve first", token.approve(accounts[2], 5 * NRN, _by(1)))
        meter("Neuron.approve change", token.approve(accounts[2], 6 * NRN, _by(1)))
        receipt = token.transferFrom(accounts[1], accounts[9], NRN, _by(2))
        meter("Neuron.transferFrom", receipt)
        for case in ("first", "next"):
            meter(f"Neuron.permit {case}", self._permit(1, accounts[3].address))
        meter("Neuron.burn", token.burn(NRN, _by(1)))
        for index in range(1, 9):
            token.approve(self.vault, 2**255, _by(index))

    def _permit(self, owner: int, spender: str) -> Any:
        token, holder = self.neuron, accounts[owner].address
        nonce = token.nonces(holder)
        terms = permit(token.eip712Domain(), key(owner), spender, (nonce + 1) * NRN, nonce)
        return token.permit(*terms, _by(0))

    def _found(self) -> None:
        warp((now() // EPOCH + 1) * EPOCH - HOUR)
        receipt = self.registry.create_group(_terms(b"model"), _by(1))
        self.meter("GroupRegistry.create_group", receipt)
        self.deltas = container("DeltaRegistry").at(self.registry.deltas_of(1))
        self.voting = container("CheckpointVoting").at(self.registry.voting_of(1))
        for index in range(1, 9):
            self.neuron.approve(self.voting, 2**255, _by(index))
        stake, meter = self.vault.stake, self.meter
        meter("StakeVault.stake first of all", stake(1, 20_000 * NRN, _by(1)))
        meter("StakeVault.stake first of a staker", stake(1, 20_000 * NRN, _by(2)))
        meter("StakeVault.stake again in an epoch", stake(1, 1_000 * NRN, _by(2)))
        for index in range(3, 9):
            stake(1, 10_000 * NRN, _by(index))
        warp((now() // EPOCH + 1) * EPOCH)
        meter("StakeVault.stake in a later epoch", stake(1, 1_000 * NRN, _by(1)))
        meter("StakeVault.set_operator", self.vault.set_operator(accounts[9], _by(8)))

    def _curate(self) -> None:
        registry, meter = self.deltas, self.meter
        genesis = registry.period()[0]
        tip = registry.tip()
        meter("DeltaRegistry.propose first", registry.propose(tip, _hash("d1"), _by(1)))
        meter("DeltaRegistry.propose next", registry.propose(tip, _hash("d2"), _by(2)))
        warp(genesis + 7 * DAY)
        meter("DeltaRegistry.finalize without votes", registry.finalize(_by(0)))
        meter("DeltaRegistry.vote first in a period", registry.vote(1, _by(1)))
        meter("DeltaRegistry.vote next", registry.vote(1, _by(2)))
        meter("DeltaRegistry.vote first for another", registry.vote(2, _by(3)))
        meter("DeltaRegistry.vote next for another", registry.vote(2, _by(4)))
        meter("DeltaRegistry.vote by an operator", registry.vote(1, accounts[8], _by(9)))
        length = registry.vote_period_length
        meter("DeltaRegistry.vote_period_length first", length(7 * DAY, _by(3)))
        meter("DeltaRegistry.vote_period_length next", length(7 * DAY, _by(4)))
        meter("DeltaRegistry.vote_period_length adopted", length(7 * DAY, _by(1)))
        warp(genesis + 14 * DAY)
        meter("DeltaRegistry.finalize with append", registry.finalize(_by(0)))
        meter("DeltaRegistry.redeem", registry.redeem(1, _by(0)))
        registry.propose(registry.tip(), _hash("d3"), _by(1))
        warp(genesis + 16 * DAY)
        meter("DeltaRegistry.vote first in a later period", registry.vote(3, _by(1)))
        warp(genesis + 21 * DAY)
        tip = registry.sync.call(now())[1]
        receipt = registry.propose(tip, _hash("d4"), _by(2))
        meter("DeltaRegistry.propose with roll and append", receipt)
        warp(genesis + 28 * DAY)
        meter("DeltaRegistry.vote with roll", registry.vote(4, _by(1)))
        warp(genesis + 35 * DAY)
        meter("DeltaRegistry.sync with append", registry.sync(now(), _by(0)))

    def _train(self) -> None:
        voting, meter = self.voting, self.meter
        self.tip = self.deltas.tip()
        first = self._next_block()
        meter("CheckpointVoting.commit first", self._commit(first, 1, "a", 20, 30))
        meter("CheckpointVoting.commit next", self._commit(first, 2, "b", 10, 30))
        self._to(first, COMMIT)
        meter("CheckpointVoting.reveal first of all", self._reveal(first, 1, "a", 20, 30))
        meter("CheckpointVoting.reveal next in a block", self._reveal(first, 2, "b", 10, 30))
        self._to(first, COMMIT + REVEAL)
        meter("CheckpointVoting.vote first in a block", self._vote("a", 1))
        meter("CheckpointVoting.vote next", self._vote("a", 2))
        meter("CheckpointVoting.vote first for another", self._vote("b", 3))
        meter("CheckpointVoting.vote next for another", self._vote("b", 4))
        meter("CheckpointVoting.vote for none", self._vote(None, 5))
        meter("CheckpointVoting.vote by an operator", self._vote("a", 8, sender=9))
        self._to(first, PERIOD)
        meter("CheckpointVoting.settle accepted, first", voting.settle(_by(0)))
        meter("CheckpointVoting.redeem first", voting.redeem(first, _by(0)))
        meter("CheckpointVoting.open_root", voting.open_root(first, _hash("root a"), _by(0)))
        for case, keeper in (("first", 1), ("next", 2)):
            receipt = voting.claim_keeper(first, _ballot(keeper, "a"), accounts[keeper], _by(0))
            meter(f"CheckpointVoting.claim_keeper {case}", receipt)

        second = self._block("c", 15, 20, "CheckpointVoting.reveal first in a block")
        third = self._block("d", 12, 15, "CheckpointVoting.reveal with settle")
        self._to(third, PERIOD)
        meter("CheckpointVoting.settle accepted, next", voting.settle(_by(0)))
        meter("CheckpointVoting.redeem next", voting.redeem(second, _by(0)))

        rejected = self._next_block()
        self._commit(rejected, 3, "e", 2, 12)
        self._to(rejected, COMMIT)
        self._reveal(rejected, 3, "e", 2, 12)
        self._to(rejected, COMMIT + REVEAL)
        for keeper in (1, 2, 3):
            self._vote(None, keeper)
        self._to(rejected, PERIOD)
        meter("CheckpointVoting.settle rejected", voting.settle(_by(0)))

        raced = self._next_block()
        self._commit(raced, 4, "f", 11, 12)
        self._commit(raced, 5, "f", 11, 12)
        self._to(raced, COMMIT)
        self._reveal(raced, 5, "f", 11, 12)
        meter("CheckpointVoting.reveal displacing", self._reveal(raced, 4, "f", 11, 12))
        meter("CheckpointVoting.withdraw_credit", voting.withdraw_credit(_by(5)))
        self._to(raced, PERIOD)
        meter("CheckpointVoting.settle without quorum", voting.settle(_by(0)))

    def _enter_again(self) -> None:
        """The claim that nobody judged once more, beside three others, all of them approved."""
        meter, index = self.meter, self._next_block()
        names = ("f", "g", "h", "i")
        for trainer, name in enumerate(names, start=4):
            self._commit(index, trainer, name, 11, 12)
        self._to(index, COMMIT)
        self._reveal(index, 5, "g", 11, 12)
        meter("CheckpointVoting.reveal again", self._reveal(index, 4, "f", 11, 12))
        for trainer, name in enumerate(names[2:], start=6):
            self._reveal(index, trainer, name, 11, 12)
        self._to(index, COMMIT + REVEAL)
        self._vote(names, 1)
        for keeper, number in ((2, 1), (3, 2), (4, 3), (5, 4)):
            case = f"CheckpointVoting.vote next, for {number} of four"
            meter(case, self._vote(names[:number], keeper))
        self._to(index, PERIOD)
        meter("CheckpointVoting.settle with four on the list", self.voting.settle(_by(0)))

    def _sponsor(self) -> None:
        sponsorship, meter, token = self.sponsorship, self.meter, self.neuron
        for index in (1, 2):
            token.approve(sponsorship, 2**255, _by(index))
        until = now() + 7 * DAY
        for case, index in (("first", 1), ("next", 2)):
            receipt = sponsorship.sponsor(1, token, 100 * NRN, 10, until, _by(index))
            meter(f"Sponsorship.sponsor {case}", receipt)
        height = self.voting.baseline()[2] + 1
        index = self._next_block()
        self._commit(index, 1, "j", 9, 11)
        self._to(index, COMMIT)
        self._reveal(index, 1, "j", 9, 11)
        self._to(index, COMMIT + REVEAL)
        for keeper in (1, 2, 3):
            self._vote("j", keeper)
        self._to(index, PERIOD)
        self.voting.settle(_by(0))
        self.voting.redeem(index, _by(0))
        self.voting.open_root(index, _hash("root j"), _by(0))
        self._to(index, PERIOD + CHALLENGE_SECONDS)
        for case, number in (("first", 1), ("next", 2)):
            meter(f"Sponsorship.draw {case}", sponsorship.draw(number, height, _by(0)))
        self.voting.claim_keeper(index, _ballot(2, "j"), accounts[2], _by(0))
        for case, number in (("first", 1), ("next", 2)):
            receipt = sponsorship.draw_keeper(number, height, accounts[2], _by(0))
            meter(f"Sponsorship.draw_keeper {case}", receipt)
        meter("Sponsorship.withdraw", sponsorship.withdraw(token, accounts[2], _by(0)))
        warp(until + 2 * EPOCH)
        meter("Sponsorship.refund", sponsorship.refund(1, _by(0)))

    def _block(self, name: str, loss: int, baseline: int, reveal_case: str) -> int:
        """A whole block with one accepted claim, left unsettled; its index."""
        index = self._next_block()
        self._commit(index, 1, name, loss, baseline)
        self._to(index, COMMIT)
        self.meter(reveal_case, self._reveal(index, 1, name, loss, baseline))
        self._to(index, COMMIT + REVEAL)
        for keeper in (1, 2, 3):
            self._vote(name, keeper)
        return index

    def _leave(self) -> None:
        vault, voting, meter = self.vault, self.voting, self.meter
        warp((now() // EPOCH + 1) * EPOCH)
        meter("CheckpointVoting.release_bond refunded", voting.release_bond(_hash("a"), _by(0)))
        meter("CheckpointVoting.release_bond burned", voting.release_bond(_hash("b"), _by(0)))
        receipt = self.registry.fork_group(1, 1, 0, _terms(b"wider model"), _by(1))
        meter("GroupRegistry.fork_group", receipt)
        meter("StakeVault.migrate first", vault.migrate(1, 2, 5_000 * NRN, _by(1)))
        meter("StakeVault.migrate next", vault.migrate(1, 2, 5_000 * NRN, _by(2)))
        meter("StakeVault.request_exit first", vault.request_exit(1, NRN, _by(3)))
        meter("StakeVault.request_exit next", vault.request_exit(1, NRN, _by(4)))
        meter("StakeVault.request_exit again", vault.request_exit(1, NRN, _by(3)))
        warp((now() // EPOCH + 3) * EPOCH)
        release = now() // EPOCH
        meter("StakeVault.withdraw", vault.withdraw(release, _by(3)))
        meter("StakeVault.withdraw last", vault.withdraw(release, _by(4)))

    def _next_block(self) -> int:
        """Go to the start of the next block; its index."""
        index = (now() - self.voting.GENESIS_TIME()) // PERIOD + 1
        self._to(index, 0)
        return index

    def _to(self, index: int, offset: int) -> None:
        time = self.voting.GENESIS_TIME() + index * PERIOD + offset
        if time > now():
            warp(time)

    def _claim(self, index: int, trainer: int, name: str, loss: int, baseline: int) -> Claim:
        return Claim(
            trainer=accounts[trainer].address,
            block_index=index,
            model_hash=_hash("model"),
            tip=bytes(self.tip),
            checkpoint_hash=_hash(name),
            loss=loss * NAT,
            baseline_loss=baseline * NAT,
            eval_root_hash=eval_root_hash(_hash(f"root {name}")),
        )

    def _commit(self, index: int, trainer: int, *numbers: Any) -> Any:
        digest = self._claim(index, trainer, *numbers).digest(self._domain())
        return self.voting.commit(commitment(digest, _hash("salt")), _by(trainer))

    def _reveal(self, index: int, trainer: int, *numbers: Any) -> Any:
        claim = self._claim(index, trainer, *numbers)
        return self.voting.reveal(
            claim.trainer,
            claim.checkpoint_hash,
            claim.loss,
            claim.baseline_loss,
            claim.eval_root_hash,
            _hash("salt"),
            claim.sign(self._domain(), key(trainer)),
            _by(trainer),
        )

    def _vote(self, names: Sequence[str] | None, keeper: int, sender: int | None = None) -> Any:
        by = _by(keeper if sender is None else sender)
        return self.voting.vote(_ballot(keeper, *names or ()), accounts[keeper], by)

    def _domain(self) -> Domain:
        return Domain(31337, self.voting.address)


def _ballot(keeper: int, *names: str) -> bytes:
    """The ballot that approves these checkpoints, in rising order of their hashes."""
    staker = accounts[keeper].address
    approvals = (_hash(n) + attestation(_hash(f"root {n}"), staker) for n in names)
    return b"".join(sorted(approvals))


def _terms(model: bytes) -> tuple[Any, ...]:
    hashes = (_hash(model.decode()), _hash("genesis checkpoint"), _hash("genesis tip"))
    return (*hashes, COMMIT, REVEAL, VOTE, 3_334, 2_000, 7 * DAY, BOND, 1, 1, 2_000)


def _hash(name: str) -> bytes:
    return keccak(text=name)


def _by(index: int) -> dict[str, Any]:
    return {"from": accounts[index]}
