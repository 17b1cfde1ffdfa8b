"""The demo's claims, checked one by one against the chain."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from brownie import web3

from compute.chain import Candidate, Chain, Group, Status, connect
from compute.chain.sponsors import sponsorships
from compute.dispute.state import Game
from compute.facts.disputes import disputes
from compute.units import NRN
from scripts.deploy import container
from scripts.stage import play as plot
from scripts.stage.emission import Emission
from scripts.stage.ledger import Ledger, Win
from scripts.stage.money import contract
from scripts.stage.play import Play
from scripts.stage.report import BlockRow, block_rows

GROUPS = (1, 2)
STAKE = sum(plot.STAKES.values())


@dataclass(frozen=True)
class Finding:
    """One claim of the demo, whether it holds, and the figures behind it."""

    claim: str
    holds: bool
    detail: str


class Evidence:
    """Reads the chain once; `findings` judges it."""

    def __init__(self, play: Play, chain: Chain) -> None:
        self._play = play
        self._chain = chain
        self.groups = {number: chain.group(number) for number in GROUPS}
        self.names = {person.address: name for name, person in play.people.items()}
        self._coinbase = contract(play.addresses, "Coinbase")
        self._bond = self.groups[1].config.bond
        minted = self._coinbase.events.get_sequence(0, event_type="BlockCoinbase")
        self.rows: list[BlockRow] = []
        for number, group in self.groups.items():
            paid = {e.args.block_start: e.args.reward for e in minted if e.args.group_id == number}
            self.rows += block_rows(group, paid)
        self.ledger = self._deeds()

    def findings(self, verified: dict[int, str]) -> Iterator[Finding]:
        """Every claim of the demo."""
        yield self._blocks()
        for number, words in verified.items():
            total = sum(row.group_id == number for row in self.rows)
            yield Finding(
                f"`nrn verify {number}` recomputes every accepted loss",
                f"{total} of {total} blocks verified" in words,
                words.strip().splitlines()[-1],
            )
        yield self._emission()
        yield from self._balances()
        yield self._cheat()
        yield self._thief()
        yield self._abstainer()
        yield self._splitter()
        yield self._lazy()
        yield from self._refuted()
        yield self._sponsored()
        yield self._deltas()

    def _blocks(self) -> Finding:
        old = [row for row in self.rows if (row.group_id, row.version) == (1, 0)]
        new = [row for row in self.rows if (row.group_id, row.version) == (1, 1)]
        forked = [row for row in self.rows if row.group_id == 2]
        falls = all(row.loss < row.baseline for row in self.rows)
        return Finding(
            "at least eight blocks, the last on the new data, and two in the fork",
            len(old) + len(new) >= 8 and bool(new) and len(forked) == 2 and falls,
            f"{len(old)} on 4,000 images, {len(new)} on 4,600, {len(forked)} in the fork",
        )

    def _emission(self) -> Finding:
        formula = self._formula()
        wrong = [row for row in self.rows if row.reward != formula.block(row.start, STAKE, STAKE)]
        each = formula.issued // 100_000
        return Finding(
            "each block minted exactly 0.001 % of the tokens sold",
            not wrong and all(row.reward == each for row in self.rows),
            f"{each / NRN} of {formula.issued / NRN:,.0f} NRN",
        )

    def _balances(self) -> Iterator[Finding]:
        ledger = self.ledger
        off = {
            self.names.get(owner, owner): self._chain.neuron.balance_of(owner) - expected
            for owner, expected in ledger.balances.items()
        }
        wrong = {name: difference for name, difference in off.items() if difference}
        yield Finding(
            "every balance is what deeds and formula say, to the wei",
            not wrong,
            f"off by {wrong}" if wrong else f"{len(off)} balances",
        )
        minted, burned = sum(ledger.earned.values()), sum(ledger.burned.values())
        supply = self._formula().issued + minted - burned
        found = self._chain.neuron.total_supply()
        yield Finding(
            "the supply is what was sold and minted, less what was burned",
            found == supply == sum(ledger.balances.values()),
            f"{found / NRN:,.4f} NRN: {minted / NRN} minted, {burned / NRN:.0f} burned",
        )

    def _deeds(self) -> Ledger:
        """All deeds of the demo, in a ledger of its own."""
        play, ledger = self._play, Ledger()
        address = {name: person.address for name, person in play.people.items()}
        ledger.balances.update(dict.fromkeys(address.values(), 0))
        rate = contract(play.addresses, "NeuronSale").RATE()
        for name in plot.BUYERS:
            ledger.buy(address[name], plot.SPENT, rate)
        for (lender, borrower), amount in plot.LOANS.items():
            ledger.move(address[lender], address[borrower], amount)
        for name, amount in plot.STAKES.items():
            ledger.move(address[name], play.addresses["StakeVault"], amount)
        ledger.burn(address[plot.CHEAT], self._bond * len(self._burned_whole()))
        for group in self.groups.values():
            for event in self._events(group, "Refuted"):
                half = event.args.amount // 2
                ledger.move(event.args.payer, event.args.challenger, half)
                ledger.burn(event.args.payer, event.args.amount - half)
        pool = play.addresses["Sponsorship"]
        ledger.move(address[plot.SPONSOR], pool, plot.GIFT)
        for row in self.rows:
            if row.group_id == 1:
                ledger.draw(pool, self._gift(row, address[plot.CURATOR]))
        formula = self._formula()
        for group in self.groups.values():
            ledger.win_blocks(
                formula,
                [self._win(group, row) for row in self.rows if row.group_id == group.id],
                stake=STAKE,
                keeper_bps=group.config.keeper_bps,
                voting=group.voting.address,
            )
            for claim in _held(group):
                ledger.move(claim.payer, group.voting.address, claim.bond)
        # The vote that won was held in delta period 1 of group 1.
        length = self.groups[1].config.delta_period
        start = self.groups[1].genesis_time + length
        ledger.mint(address[plot.CURATOR], formula.delta(start, length, STAKE, STAKE))
        return ledger

    def _gift(self, row: BlockRow, proposer: str) -> Counter[str]:
        """Shares of the sponsor's gift for one block of group 1: a delta to a block as one to ten,
        where somebody proposed the data; keepers get nothing in this group."""
        each = plot.GIFT // plot.GIFT_BLOCKS
        to_proposer = each // 11 if row.version else 0
        shares = Counter({row.trainer: each - to_proposer})
        shares[proposer] += to_proposer
        return shares

    def _win(self, group: Group, row: BlockRow) -> Win:
        paid = {}
        if group.config.keeper_bps:
            winner = next(
                block.checkpoint_hash
                for block in group.history.accepted_blocks()
                if block.block_index == row.index
            )
            voters = {
                event.args.staker
                for event in self._events(group, "Voted")
                if bytes(event.args.checkpoint_hash) == winner
            }
            honest = {self._play.people[name].address: plot.STAKES[name] for name in plot.KEEPERS}
            paid = {keeper: power for keeper, power in honest.items() if keeper in voters}
        return Win(row.start, row.trainer, row.votes, paid)

    def _cheat(self) -> Finding:
        cheat = self._play.people[plot.CHEAT].address
        lent = plot.LOANS["larry", plot.CHEAT]
        left, lies = self._chain.neuron.balance_of(cheat), self._lies()
        refuted = [e.args.payer for e in self._events(self.groups[1], "Refuted")].count(cheat)
        lost = refuted + len(self._burned_whole())
        won = any(row.trainer == cheat for row in self.rows)
        return Finding(
            "the cheat got nothing and lost its bonds",
            lies > 0 and lost == lies and not won and left == lent - lies * self._bond,
            f"{lies} lies, {lost} bonds of {self._bond / NRN:.0f} NRN lost, {left} left; "
            f"{refuted} refuted by keepers, which got half of these",
        )

    def _burned_whole(self) -> list[Any]:
        """Bonds of group 1 that were burned by a vote."""
        released = self._events(self.groups[1], "BondReleased")
        return [event for event in released if event.args.burned]

    def _refuted(self) -> Iterator[Finding]:
        """What became of the lie that a majority accepted, and of the group."""
        group, liar = self.groups[2], self._play.people[plot.LIAR].address
        watcher = self._play.people[plot.WATCHER].address
        (event,) = self._events(group, "Refuted")
        digest, index = bytes(event.args.checkpoint_hash), event.args.block_index
        votes, outcome = self._voted(group, digest), group.voting.outcome(index)
        moves = sum(len(self._chain.referee.said(game.number)) for game in self._games(digest))
        yield Finding(
            "one keeper refuted a false loss that most of the stake had accepted",
            2 * votes > STAKE
            and outcome.status is Status.REFUTED
            and event.args.challenger == watcher
            and self._accepted_first(digest),
            f"accepted by {votes / STAKE:.0%} of the stake; refuted by {self.names[watcher]} "
            f"with {plot.STAKES[plot.WATCHER] / STAKE:.0%} of it, in {moves} moves",
        )
        refused = self._refusals(f"{plot.LIAR}-2", "redeem")
        left = self._chain.neuron.balance_of(liar)
        yield Finding(
            "the false reward was never paid, the liar's bond went half to who refuted it",
            len(refused) == 2 and None not in refused and left == 0
            and event.args.amount == self._bond
            and not any(game.owes(watcher) for game in self._games(digest)),
            f"redeeming refused with '{'; '.join(map(str, refused))}'; "
            f"{event.args.amount // 2 / NRN:.0f} NRN to {self.names[watcher]}, the rest burned",
        )  # fmt: skip
        first, last = (row for row in self.rows if row.group_id == 2)
        known = {group.voting.accepted(n) for n in (1, 3)}
        yield Finding(
            "the incumbent before it stood again, and the group went on from there",
            len(known) == 1 and last.index > index and last.loss < first.loss,
            f"heights 1 and 3 are one checkpoint; block {last.index}: "
            f"{last.baseline:.4f} to {last.loss:.4f} nats",
        )

    def _games(self, digest: bytes) -> list[Game]:
        """The games about a claim."""
        found = [one.game for one in disputes(self.groups[2])]
        return [game for game in found if game.checkpoint_hash == digest and not game.main]

    def _voted(self, group: Group, digest: bytes) -> int:
        """The stake that voted for a checkpoint; of one that is refuted the chain forgets it."""
        votes = (event.args for event in self._events(group, "Voted"))
        return sum(vote.power for vote in votes if bytes(vote.checkpoint_hash) == digest)

    def _accepted_first(self, digest: bytes) -> bool:
        """Return whether it was the incumbent before it was refuted."""
        return self.groups[2].voting.accepted(2) == digest

    def _thief(self) -> Finding:
        thief = self._play.people[plot.THIEF].address
        reasons = self._refusals(f"{plot.THIEF}-1", "reveal")
        expected = {"cv: no commitment", "cv: hash already used", "cv: no improvement"}
        same = self._chain.neuron.balance_of(thief) == plot.LOANS["larry", plot.THIEF]
        won = any(row.trainer == thief for row in self.rows)
        return Finding(
            "the thief got nothing",
            expected <= set(reasons) and None not in reasons and same and not won,
            f"{len(reasons)} reveals refused: {', '.join(sorted(expected))}",
        )

    def _abstainer(self) -> Finding:
        """In block 1 nobody voted; in block 2 its claims came back, and a copy beside them."""
        abel, voting = self._play.people[plot.ABSTAINER].address, self.groups[1].voting
        first = {claim.checkpoint_hash: claim.seq for claim in voting.candidates(1)}
        second = voting.candidates(2)
        again = [c for c in second if first.get(c.checkpoint_hash) == c.seq]
        copies = [claim for claim in second if claim.trainer == abel]
        status, winner = voting.outcome(1).status, voting.accepted(1)
        left = self._chain.neuron.balance_of(abel)
        lent = plot.LOANS["larry", plot.ABSTAINER] - plot.STAKES[plot.ABSTAINER]
        return Finding(
            "what found no quorum kept its rank and won; who abstained got nothing for its copy",
            status is Status.NO_QUORUM
            and len(again) == len({claim.trainer for claim in again}) == len(plot.TRAINERS)
            and len(copies) == 1
            and winner in {claim.checkpoint_hash for claim in again}
            and left == lent,
            f"block 1: {status.name.lower()}; block 2: {len(again)} claims entered again, "
            f"{len(copies)} copy",
        )

    def _splitter(self) -> Finding:
        tess = self._play.people[plot.SPLITTER].address
        claims = Counter(
            event.args.block_index
            for event in self._events(self.groups[1], "Revealed")
            if event.args.trainer == tess
        )
        split = {index for index, count in claims.items() if count == 2}
        rows = [row for row in self.rows if row.group_id == 1 and row.index in split]
        honest = sum(plot.STAKES[name] for name in plot.KEEPERS)
        return Finding(
            "two true claims of the same split no votes: all honest keepers approve the winner",
            bool(rows) and all(row.votes >= honest for row in rows),
            f"{len(rows)} blocks with twins, at least "
            f"{min((row.votes for row in rows), default=0) / NRN:,.0f} NRN for the winner",
        )

    def _sponsored(self) -> Finding:
        (one,) = sponsorships(self.groups[1])
        blocks = sum(row.group_id == 1 for row in self.rows)
        drawn = sum(self.ledger.drawn.values())
        return Finding(
            "the sponsor's gift is drawn by those who won blocks, a tenth for each",
            one.left == plot.GIFT - drawn and drawn == blocks * plot.GIFT // plot.GIFT_BLOCKS,
            f"{drawn / NRN:,.0f} NRN for {blocks} blocks, {one.left / NRN:,.0f} left",
        )

    def _lazy(self) -> Finding:
        votes = sum(len(self._refusals(f"{plot.LAZY}-{group}", "vote")) for group in GROUPS)
        refusals = self._refusals(f"{plot.LAZY}-2", "claim")
        honest = [e.args.amount for e in self._events(self.groups[2], "KeeperPaid")]
        blocks = sum(row.group_id == 2 for row in self.rows)
        return Finding(
            "the lazy keeper got nothing, the honest ones their share of the fork's blocks",
            set(refusals) == {"cv: attestation"} and len(honest) == len(plot.KEEPERS) * blocks,
            f"{votes} votes cast, its claim refused with '{'; '.join(map(str, refusals))}'; "
            f"{len(honest)} keepers paid {sum(honest) / NRN} NRN",
        )

    def _deltas(self) -> Finding:
        group = self.groups[1]
        version, _ = group.deltas.tip_at(self._chain.now())
        _, records = group.deltas.lineage(version)
        proposers = [self.names[record.proposer] for record in records]
        vandal = self._chain.neuron.balance_of(self._play.people[plot.VANDAL].address)
        registry = container("DeltaRegistry").at(group.deltas.address)
        votes = [0, 0]
        for event in registry.events.get_sequence(0, event_type="Voted"):
            votes[event.args.proposal_id - 1] += event.args.power
        return Finding(
            "the useful delta was appended and paid, the garbage delta got nothing",
            proposers == [plot.CURATOR] and vandal == 0 and group.deltas.due(1) is None,
            f"version 1 is of {', '.join(proposers)}: {votes[0] / NRN:,.0f} NRN voted for it, "
            f"{votes[1] / NRN:,.0f} for the garbage; its proposer got "
            f"{self.ledger.earned[self._play.people[plot.CURATOR].address] / NRN} NRN",
        )

    def _lies(self) -> int:
        cheat = self._play.people[plot.CHEAT].address
        return sum(e.args.trainer == cheat for e in self._events(self.groups[1], "Revealed"))

    def _refusals(self, actor: str, verb: str) -> list[str | None]:
        """Why the contracts refused what a dishonest actor tried, None where they did not."""
        lines = (self._play.company.state(actor) / "attempts.jsonl").read_text().splitlines()
        attempts = [json.loads(line) for line in lines]
        return [a["refused"] for a in attempts if a["what"].startswith(verb)]

    def _events(self, group: Group, name: str) -> list[Any]:
        voting = container("CheckpointVoting").at(group.voting.address)
        return voting.events.get_sequence(0, event_type=name)

    def _formula(self) -> Emission:
        sale = contract(self._play.addresses, "NeuronSale")
        return Emission(issued=plot.SPENT * len(plot.BUYERS) * sale.RATE(), sale_end=sale.END())


def gather(play: Play) -> Evidence:
    """Connect like any client and read what happened."""
    chain = connect(web3.provider.endpoint_uri, deployment=play.deployment)
    return Evidence(play, chain)


def _held(group: Group) -> list[Candidate]:
    """Claims whose bonds are still there: for three days after its block each may be challenged."""
    events = group.events(group.voting.contract, ["Revealed"], group.head().number)
    claims = group.voting.revealed(list(dict.fromkeys(e["checkpoint_hash"] for e in events)))
    return [claim for claim in claims if claim.bond]
