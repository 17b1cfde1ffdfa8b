"""Whole games on the bytecode: whoever is honest and has the bytes wins, on either side.

NRN_DISPUTES=all plays a lie at the first, the last and a random element of every row.
"""

import os
import random
from hashlib import sha256

import pytest

from compute.dispute.belief import Headers
from compute.dispute.moves import Move
from compute.dispute.state import BUDGET, GRACE, Evaluation, Phase, Side
from tests.attacks.scene import Scene, refused
from tests.stateful.claims import Claim
from tests.stateful.court import ALICE, BOB, CAROL, HALF, Court, Table, accepted, outcome, stands
from tests.stateful.world import (
    CHALLENGE,
    CHALLENGE_BOND,
    EPOCH,
    NRN,
    Reverted,
    ether_of,
    rehearsal,
)
from tests.support.disputes import Honest, Problem, lie_about, mlp

ALL = os.environ.get("NRN_DISPUTES") == "all"


@pytest.fixture(scope="module")
def problem() -> Problem:
    return mlp(count=18)


@pytest.fixture(scope="module")
def honest(problem: Problem) -> Honest:
    return Honest(problem)


def rows() -> int:
    return len(mlp().rows.rows)


@pytest.mark.parametrize("row", range(24))
def test_a_lie_in_any_row_is_refuted(scene: Scene, honest: Honest, row: int) -> None:
    """R1: at the first and at the last element, by one challenger, whatever the majority said; and
    the same lie, told by a challenger, does not hurt an honest claim."""
    size = honest.rows.rows[row].elements
    elements = {0, size - 1, random.Random(row).randrange(size)} if ALL else {size - 1}
    for element in elements:
        liar = lie_about(honest, 17, row, element)
        liar.lie.cut = row
        with rehearsal():
            court = accepted(scene, liar)
            table = Table(court, court.challenge(), liar, honest)
            table.play()
            assert outcome(court) == 4
            assert scene.group.voting.is_refuted(court.claim.checkpoint_hash)
            assert court.owed(BOB) == CHALLENGE_BOND
        with rehearsal():
            court = accepted(scene, honest)
            table = Table(court, court.challenge(), honest, liar)
            with refused("rf: the step is right"):
                table.play()
            stands(court, table.n)


def test_there_are_as_many_rows_as_are_tested() -> None:
    assert rows() == 24


# What a claim says of itself


@pytest.mark.parametrize("changes", [{"count": 0}, {"count": 2**40}, {"total": 1}, {"loss": 5}])
def test_a_loss_that_is_not_the_mean_falls_at_once(
    scene: Scene, honest: Honest, changes: dict[str, int]
) -> None:
    """R2: a count of none or of too many, another total, another loss."""
    said = Evaluation(**{**vars(honest.evaluation), **changes})
    court = Court(scene, said.root, said.loss)
    court.block = court.accept()
    n = court.challenge()
    with refused("rf: another evaluation"):
        court.referee.state(n, honest.evaluation.words())
    court.referee.state(n, said.words(), sender=scene.people[CAROL])
    assert court.game(n).phase is Phase.OVER and outcome(court) == 4


def test_another_loss_than_that_of_the_evaluation_falls(scene: Scene, honest: Honest) -> None:
    """R2"""
    court = Court(scene, honest.evaluation.root, honest.evaluation.loss - 1)
    court.block = court.accept()
    court.referee.state(court.challenge(), honest.evaluation.words())
    assert outcome(court) == 4


def test_a_root_that_nobody_can_open_falls_by_time(scene: Scene, honest: Honest) -> None:
    """R3"""
    court = Court(scene, b"\7" * 32, 5)
    court.block = court.accept()
    n = court.challenge()
    with refused("rf: time left"):
        court.referee.timeout(n)
    scene.world.now += BUDGET + 1
    with refused("rf: too late"):
        court.referee.state(n, honest.evaluation.words())
    court.referee.timeout(n)
    assert outcome(court) == 4


def test_a_leaf_that_is_none_falls_when_it_is_picked(scene: Scene, honest: Honest) -> None:
    """R4: a sum tree over something else than losses of examples."""
    false = Honest(honest.problem)
    losses = [*honest.losses[:-1], 7]
    false.__dict__["losses"] = losses
    total = sum(losses)
    from compute.dispute import sums

    real = sums.leaf
    try:
        sums.leaf = lambda i, x: real(i, x) if x != 7 else sums.Node(b"\1" * 32, x)
        top = sums.node(losses, sums.depth_of(len(losses)), 0)
        words = {**vars(honest.evaluation), "total": total, "loss": total // 18, "top": top.hash}
        false.__dict__["evaluation"] = Evaluation(**words)
        court = accepted(scene, false)
        table = Table(court, court.challenge(), false, honest)
        table.play()
    finally:
        sums.leaf = real
    assert outcome(court) == 4 and table.moves[-1].function == "pick_sum"
    assert table.events[-1].values["reason"] == 6


def test_a_claim_about_other_parameters_is_exposed(scene: Scene, honest: Honest) -> None:
    """R5: the header binds parameters to the checkpoint's hash."""
    from hashlib import sha256

    document = b"\5" * 32
    root = honest.evaluation.params_root
    said = Evaluation(**{**vars(honest.evaluation), "params_root": b"\6" * 32})
    named = sha256(root + document).digest()
    court = Court(scene, said.root, said.loss, checkpoint_hash=named)
    court.block = court.accept()
    n = court.challenge()
    with refused("rf: another evaluation"):
        court.referee.expose(n, said.words(), False, root, document)
    court.referee.state(n, said.words())
    with refused("rf: header"):
        court.referee.expose(n, said.words(), False, root, b"\4" * 32)
    with refused("rf: header"):
        court.referee.expose(n, said.words(), True, root, document)
    court.referee.expose(n, said.words(), False, root, document)
    assert outcome(court) == 4


def test_the_true_header_exposes_nothing(scene: Scene, honest: Honest) -> None:
    """R5"""
    from hashlib import sha256

    root, document = honest.evaluation.params_root, b"\5" * 32
    named = sha256(root + document).digest()
    court = Court(scene, honest.evaluation.root, honest.evaluation.loss, checkpoint_hash=named)
    court.block = court.accept()
    n = court.challenge()
    court.referee.state(n, honest.evaluation.words())
    with refused("rf: the same root"):
        court.referee.expose(n, honest.evaluation.words(), False, root, document)


@pytest.mark.parametrize("adopted", [True, False])
def test_data_must_have_been_adopted(scene: Scene, honest: Honest, adopted: bool) -> None:
    """R6: the defender shows a delta's header with the claim's root and count, or falls."""
    mine = honest.evaluation
    document = b"\3" * 32
    header = mine.data_root + mine.count.to_bytes(32, "big") + document
    delta = sha256(header if adopted else b"another").digest()
    scene.group = scene.world.create_group(genesis_tip=delta)
    for keeper in range(3):
        scene.stake(keeper, 1_000 * NRN, scene.group.id)
    scene.next_epoch()
    scene.next_block()
    court = accepted(scene, honest)
    n = court.challenge()
    referee, bob = court.referee, scene.people[BOB]
    referee.state(n, mine.words())
    table = Table(court, n, honest, honest)
    table.send(table.next())
    with refused("rf: not the challenger"):
        referee.doubt_data(n, sender=scene.people[CAROL])
    referee.doubt_data(n, sender=bob)
    shown = (n, mine.words(), 0, 0, bytes(32), document)
    with refused("rf: later data"):
        referee.show_data(n, mine.words(), 0, 1, bytes(32), document)
    if adopted:
        referee.show_data(*shown)
        assert outcome(court) == 1 and court.owed(ALICE) == HALF
        return
    with refused("rf: not adopted"):
        referee.show_data(*shown)
    scene.world.now += BUDGET + 1
    referee.timeout(n)
    assert outcome(court) == 4


def test_what_is_true_of_earlier_data_costs_no_bond(scene: Scene, honest: Honest) -> None:
    """R6: the first move says which data it is of; true of it, the challenger asks for it by itself
    and gets its bond back; false of it, it falls like any other."""
    document = b"\3" * 32
    mine = honest.evaluation
    header = mine.data_root + mine.count.to_bytes(32, "big") + document
    scene.group = scene.add(genesis_tip=sha256(header).digest())
    for keeper in range(3):
        scene.stake(keeper, 1_000 * NRN, scene.group.id)
    scene.next_epoch()
    scene.next_block()
    assert scene.new_version() == 1
    scene.next_block()
    told = Headers(
        (mine.params_root, document), (mine.rows_root, document), (0, 0, bytes(32), document)
    )
    older = Honest(honest.problem, told)
    with rehearsal():
        court = accepted(scene, older)
        table = Table(court, court.challenge(), older, older)
        table.play()
        assert [move.function for move in table.moves][-2:] == ["doubt_data", "show_data"]
        assert outcome(court) == 1 and not scene.group.voting.is_disputed(court.where()[1])
        assert court.owed(BOB) == CHALLENGE_BOND
        assert court.owed(ALICE) == 0
        with refused("rf: nothing runs"):
            court.referee.close(table.n)
    court = accepted(scene, liar := lie_about(older, 17, 8, 17))
    table = Table(court, court.challenge(), liar, older)
    table.play()
    assert outcome(court) == 4 and "doubt_data" not in {move.function for move in table.moves}


# Who may move what, and when


def test_only_who_may_moves(scene: Scene, honest: Honest) -> None:
    """R7, R8: the challenger picks, the trainer commits, openings are anybody's; nothing else is
    taken, nothing twice, nothing late, nothing in another game."""
    liar = lie_about(honest, 17, 8, 17)
    court = accepted(scene, liar)
    table = Table(court, court.challenge(), liar, honest)
    other = court.challenge(CAROL)
    mallory = scene.mallory
    for _ in range(40):
        game, move = table.game, table.next()
        send = getattr(court.referee, move.function)
        if game.turn is Side.CHALLENGER:
            with refused("rf: not the challenger"):
                send(table.n, *move.arguments, sender=mallory)
        elif move.function in ("bring", "bring_parts"):
            reason = {"bring": "rf: bond", "bring_parts": "rf: not the defender"}
            with refused(reason[move.function]):
                send(table.n, *move.arguments, sender=mallory)
        if move.function not in ("state",):
            with pytest.raises(Reverted):
                send(other, *move.arguments, sender=game.challenger)
        with rehearsal():
            scene.world.now = game.deadline + 1
            with refused("rf: too late"):
                send(table.n, *move.arguments, sender=sender_of(game))
        table.send(move, mallory if move.function.startswith("open") else None)
        with pytest.raises(Reverted):
            send(table.n, *move.arguments, sender=sender_of(game))
        if table.game.phase is Phase.OVER:
            break
    assert outcome(court) == 4


def sender_of(game) -> str:
    return game.defender if game.turn is Side.DEFENDER else game.challenger


def test_a_challenge_has_its_time_and_its_bond(scene: Scene, honest: Honest) -> None:
    """R9: from the vote window until three days after the block, with the bond, against a claim."""
    voting, referee = scene.group.voting, scene.world.referee
    bob = {"sender": scene.people[BOB], "value": CHALLENGE_BOND}
    court = Court(scene, honest.evaluation.root, honest.evaluation.loss)
    where = (voting.address, court.claim.checkpoint_hash)
    with refused("cv: no claim"):
        referee.challenge(*where, **bob)
    scene.commit(court.claim)
    scene.reveal(court.claim)
    with refused("cv: before the vote"):
        referee.challenge(*where, **bob)
    scene.vote(court.claim, 0, 1, 2)
    with refused("rf: bond"):
        referee.challenge(*where, sender=scene.people[BOB], value=CHALLENGE_BOND - 1)
    with refused("rf: no group"):
        referee.challenge(scene.world.vault.address, where[1], **bob)
    with refused("cv: not the referee"):
        voting.hold(where[1], True, sender=scene.mallory)
    with refused("cv: not the referee"):
        voting.refute(where[1], scene.mallory, sender=scene.mallory)
    with rehearsal():
        referee.challenge(*where, **bob)
    end = scene.group.start(scene.block + 1)
    scene.world.now = end + CHALLENGE - 1
    with rehearsal():
        referee.challenge(*where, **bob)
    scene.world.now = end + CHALLENGE
    with refused("cv: challenge ended"):
        referee.challenge(*where, **bob)


def test_a_lost_claim_pays_nothing_more(scene: Scene, honest: Honest) -> None:
    """R10, R11: held while it is challenged; then half of the bond is the challenger's, half is
    burned, nothing is redeemed, no keeper paid, and the one before stands again."""
    voting, nrn = scene.group.voting, scene.world.nrn
    first = scene.claim(2, 10**11)
    scene.play(first)
    liar = lie_about(honest, 3, 10, 2)
    court = Court(scene, liar.evaluation.root, liar.evaluation.loss, baseline_loss=10**11)
    court.block = court.accept()
    bond = voting.candidate(court.claim.checkpoint_hash)[5]
    table = Table(court, court.challenge(), liar, honest)
    other = court.challenge(CAROL)
    for refusal in (lambda: voting.redeem(court.block), lambda: scene.release(court.claim)):
        with rehearsal(), refused("cv: challenged"):
            refusal()
    before, supply = nrn.balanceOf(scene.people[BOB]), nrn.totalSupply()
    table.play()
    assert nrn.balanceOf(scene.people[BOB]) == before + bond // 2
    assert nrn.totalSupply() == supply - (bond - bond // 2)
    with refused("cv: not accepted"):
        voting.redeem(court.block)
    with refused("cv: not accepted"):
        voting.open_root(court.block, court.claim.root)
    with refused("cv: no bond"):
        scene.release(court.claim)
    assert voting.incumbent() == first.checkpoint_hash
    assert voting.baseline()[2:] == (3, False)
    assert not voting.has_won(court.claim.checkpoint_hash) and voting.has_won(first.checkpoint_hash)
    assert voting.is_used(court.claim.checkpoint_hash)
    with refused("cv: refuted"):
        court.challenge(0)
    # the other challenger has lost nothing
    court.referee.close(other)
    assert court.owed(CAROL) == CHALLENGE_BOND
    with refused("rf: nothing runs"):
        court.referee.close(other)
    # and the group goes on
    scene.next_block()
    scene.play(scene.claim(2, 10**10, baseline=10**11 - 5))
    assert voting.baseline()[2:] == (4, True)


def test_keepers_of_a_refuted_block_are_not_paid(scene: Scene, honest: Honest) -> None:
    """R11: also where the reward had left before."""
    voting = scene.group.voting
    liar = lie_about(honest, 3, 10, 2)
    court = accepted(scene, liar)
    voting.redeem(court.block)
    voting.open_root(court.block, court.claim.root)
    Table(court, court.challenge(), liar, honest).play()
    with refused("cv: attestation"):
        voting.claim_keeper(court.block, scene.ballot(court.claim, 0), scene.people[0])


def test_a_candidate_refuted_in_time_does_not_win(scene: Scene, honest: Honest) -> None:
    """R12: the votes that it has are void, and no other can be cast for it."""
    liar = lie_about(honest, 3, 10, 2)
    court = Court(scene, liar.evaluation.root, liar.evaluation.loss)
    worse = scene.claim(2, liar.evaluation.loss + 10)
    scene.commit(court.claim, worse)
    scene.reveal(court.claim, worse)
    scene.vote([court.claim, worse] if court.claim.checkpoint_hash < worse.checkpoint_hash
               else [worse, court.claim], 0)  # fmt: skip
    Table(court, court.challenge(), liar, honest).play()
    with refused("cv: not a candidate"):
        scene.vote(court.claim, 1)
    scene.vote(worse, 1)
    block = scene.settle()
    assert scene.group.voting.outcome(block)[0] == 1
    assert scene.group.voting.incumbent() == worse.checkpoint_hash


def test_other_claims_of_a_refuted_block_are_open_again(scene: Scene, honest: Honest) -> None:
    """R13: the majority that passed an honest claim over has judged nothing."""
    voting = scene.group.voting
    liar = lie_about(honest, 3, 10, 2)
    court = Court(scene, liar.evaluation.root, liar.evaluation.loss)
    other = scene.claim(2, liar.evaluation.loss + 10)
    scene.commit(court.claim, other)
    scene.reveal(court.claim, other)
    scene.vote(court.claim, 0, 1, 2)
    court.block = scene.settle()
    Table(court, court.challenge(), liar, honest).play()
    with refused("cv: not judged"):
        scene.release(other)
    scene.next_block()
    _, tip = scene.tip()
    again = Claim(**{**vars(other), "block_index": scene.block, "tip": tip})
    scene.commit(again)
    scene.reveal(again)
    assert voting.candidate(other.checkpoint_hash)[4] == scene.block + 1
    scene.world.now = (scene.world.epoch + 5) * EPOCH


def test_sponsors_do_not_pay_for_what_was_refuted(scene: Scene, honest: Honest) -> None:
    """R11: neither the refuted height nor the one that the group fell back to."""
    world, voting = scene.world, scene.group.voting
    world.allow(world.sponsorship)
    number = world.sponsorship.sponsor(
        1, world.nrn.address, 100 * NRN, 10, world.now + 30 * EPOCH // 7, sender=scene.people[4]
    )
    scene.next_block()
    first = scene.claim(2, 10**11)
    scene.play(first)
    liar = lie_about(honest, 3, 10, 2)
    court = Court(scene, liar.evaluation.root, liar.evaluation.loss, baseline_loss=10**11)
    court.block = court.accept()
    table = Table(court, court.challenge(), liar, honest)
    with refused("sp: challenged"):
        world.sponsorship.draw(number, 2)
    table.play()
    assert voting.baseline()[2] == 3
    for height in (2, 3):
        with refused("sp: not accepted"):
            world.sponsorship.draw(number, height)
    world.now += CHALLENGE
    world.sponsorship.draw(number, 1)


# Lanes


def absent(table: Table) -> Table:
    """Until the trainer would have to commit to a trace."""
    table.play(until=lambda game: game.phase is Phase.TRACE)
    return table


def test_a_substitute_saves_a_true_claim(scene: Scene, honest: Honest) -> None:
    """R14: its trainer is away, a liar fills a lane as well."""
    liar = lie_about(honest, 17, 10, 3)
    court = accepted(scene, honest)
    table = absent(Table(court, court.challenge(), honest, liar))
    scene.world.now += GRACE
    lane = table.bring(honest, CAROL)
    with refused("rf: the step is right"):
        lane.play()
    scene.world.now = table.game.deadline + 1
    court.referee.timeout(table.n)
    assert table.game.phase is Phase.LANES
    with refused("rf: nothing runs"):
        court.referee.timeout(table.n)
    scene.world.now = lane.game.deadline + 1
    court.referee.timeout(lane.n)
    assert outcome(court) == 1 and table.game.phase is Phase.OVER
    assert court.owed(CAROL) == CHALLENGE_BOND + HALF
    assert court.referee.open_games(*court.where()) == 0


def test_a_claim_falls_with_its_last_lane(scene: Scene, honest: Honest) -> None:
    """R14"""
    liar = lie_about(honest, 17, 10, 3)
    court = accepted(scene, liar)
    table = absent(Table(court, court.challenge(), liar, honest))
    scene.world.now += GRACE
    first, second = (table.bring(liar, who) for who in (CAROL, 0))
    first.play()
    assert court.owed(BOB) == HALF
    second.play(until=lambda game: game.phase is Phase.STEP)
    scene.world.now = table.game.deadline + 1
    court.referee.timeout(table.n)
    assert outcome(court) == 1 and table.game.phase is Phase.LANES
    second.play()
    assert outcome(court) == 4
    assert court.owed(BOB) == 2 * HALF + CHALLENGE_BOND


def test_a_trace_with_another_loss_is_not_taken(scene: Scene, honest: Honest) -> None:
    """R15"""
    liar = lie_about(honest, 17, 10, 3)
    court = accepted(scene, liar)
    table = absent(Table(court, court.challenge(), liar, honest))
    other = Table(court, table.n, honest, honest).defender
    move = other.defend(table.game, table.book(table.defender))
    with refused("rf: another loss"):
        table.send(move)


# Money


def test_no_wei_is_made_or_lost(scene: Scene, honest: Honest) -> None:
    """R16: all that was posted is credited, half of what was lost to nobody; each is paid once."""
    liar = lie_about(honest, 3, 10, 2)
    court = accepted(scene, liar)
    table = absent(Table(court, court.challenge(), liar, honest))
    lane = table.bring(liar, CAROL)
    lane.play()
    scene.world.now = table.game.deadline + 1
    court.referee.timeout(table.n)
    assert ether_of(court.referee.address) == 2 * CHALLENGE_BOND
    assert [court.owed(who) for who in range(7)] == [0] * BOB + [CHALLENGE_BOND + HALF, 0, 0]
    before = ether_of(scene.people[BOB])
    for n, amount in ((table.n, CHALLENGE_BOND), (lane.n, HALF)):
        assert court.referee.withdraw(n) == amount
        with refused("rf: nothing"):
            court.referee.withdraw(n)
    assert ether_of(scene.people[BOB]) == before + CHALLENGE_BOND + HALF
    assert ether_of(court.referee.address) == HALF


def test_a_game_that_runs_owes_nothing(scene: Scene, honest: Honest) -> None:
    """R16: in no phase, whatever its clock says."""
    liar = lie_about(honest, 3, 10, 2)
    court = accepted(scene, liar)
    table = Table(court, court.challenge(), liar, honest)
    while table.game.phase is not Phase.OVER:
        with refused("rf: nothing"):
            court.referee.withdraw(table.n)
        table.send(table.next())
    for n in (0, table.n + 1):
        with refused("rf: nothing"):
            court.referee.withdraw(n)


@pytest.mark.parametrize("seed", range(60 if ALL else 6))
def test_random_moves_break_no_rule(scene: Scene, honest: Honest, seed: int) -> None:
    """R1, R17: several parties, legal and illegal moves, sleepers; an honest side never loses."""
    chance = random.Random(seed)
    row = chance.randrange(24)
    element = chance.randrange(honest.rows.rows[row].elements)
    liar = lie_about(honest, chance.randrange(18), row, element)
    lying = chance.random() < 0.5
    court = accepted(scene, liar if lying else honest)
    began = scene.world.now
    sides = (liar, honest) if lying else (honest, liar)
    table = Table(court, court.challenge(), *sides)
    for _ in range(200):
        if table.game.phase is Phase.OVER:
            break
        game = table.game
        dishonest = (game.turn is Side.DEFENDER) == lying
        sleeps = chance.choice([1, 600, 3_000, GRACE * 4 if dishonest else 3_000])
        scene.world.now += sleeps
        if chance.random() < 0.3:
            noise(court, table, chance)
        if scene.world.now > game.deadline:
            court.referee.timeout(table.n, sender=scene.mallory)
            break
        try:
            table.send(table.next())
        except Reverted as error:
            assert dishonest, f"an honest move was refused: {error}"
            scene.world.now = game.deadline + 1
            court.referee.timeout(table.n)
    assert table.game.phase is Phase.OVER
    assert outcome(court) == (4 if lying else 1)
    moves = len(table.moves) + 1
    assert scene.world.now - began <= 2 * BUDGET + moves * GRACE
    assert scene.group.voting.is_disputed(court.claim.checkpoint_hash) is False


def noise(court: Court, table: Table, chance: random.Random) -> None:
    """A call that must not be taken, by anybody."""
    book: list[Move] = [m for m in table.moves if m.function != "state"]
    if not book:
        return
    move = chance.choice(book)
    with pytest.raises(Reverted):
        getattr(court.referee, move.function)(
            table.n, *move.arguments, sender=chance.choice(court.scene.people)
        )
