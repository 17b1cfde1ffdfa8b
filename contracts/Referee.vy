# SPDX-License-Identifier: Apache-2.0
# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title  Referee of exact losses
@notice Refutes a false claim, whatever the keepers voted. A loss is an integer program: the two sides of a game narrow
        their disagreement down to one example, one row of the program, one element, one elementary step, which the chain
        computes. The defender opens what the claim commits to, the challenger picks what is wrong in it.
@dev    Openings are bound by hashes, so anyone may send them. The commitments made during a game, a trace and partial
        sums, are the trainer's; if it is away, anybody's with a bond, each in a lane of its own, and the defence falls
        only if all lanes fall. Only its challenger picks, but games against one claim run side by side and one refutes
        it: a bad challenger shields nothing. Half of every lost bond is burned, so playing oneself costs. A game that is over
        says whom it owes what; nothing is paid but by `withdraw`.
"""

from contracts._modules import chess_clock
from contracts._modules import dispute_trees
from interfaces import ICheckpointVoting
from interfaces import IDeltaRegistry
from interfaces import IGroupRegistry
from interfaces import IReferee
from interfaces import ISources
from interfaces import IStepsJudge

implements: IReferee


# What is disputed.
_CLAIM: constant(uint256) = 1  # what the claim is of: the defender shows it
_SUMS: constant(uint256) = 2  # the tree over the examples' losses
_DATA: constant(uint256) = 3  # the training set: the defender shows that the group has adopted it
_TRACE: constant(uint256) = 4  # one example: the defender commits to its trace
_ROWS: constant(uint256) = 5  # the tree over the trace's rows
_ELEMENTS: constant(uint256) = 6  # the tree over one row's elements
_SPLIT: constant(uint256) = 7  # one fold: the defender commits to its partial results
_PARTS: constant(uint256) = 8  # the tree over them
_STEP: constant(uint256) = 9  # one step: the challenger proves it wrong
_LANES: constant(uint256) = 10  # nothing here: lanes run
_OVER: constant(uint256) = 11


# Why a game ended, see `IReferee.Ended`.
_ELSEWHERE: constant(uint256) = 0
_LATE: constant(uint256) = 1
_NOT_MEAN: constant(uint256) = 2
_OTHER_LOSS: constant(uint256) = 3
_OTHER_ROOT: constant(uint256) = 4
_ADOPTED: constant(uint256) = 5
_NO_LEAF: constant(uint256) = 6
_UNREFEREED: constant(uint256) = 7
_OTHER_CONSTANT: constant(uint256) = 8
_WRONG_STEP: constant(uint256) = 9
_NO_LANE: constant(uint256) = 10
_PADDED: constant(uint256) = 11
_EARLIER: constant(uint256) = 12

# Halves of a bond that a game owes.
_HALF: constant(uint256) = 1
_WHOLE: constant(uint256) = 2

_MAX_COUNT: constant(uint256) = 2**40
_MAX_ANCESTORS: constant(uint256) = 32
_ROW: constant(uint256) = 4_096
_OPENING: constant(uint256) = 24_576


# Code of a row whose root the program fixes.
_CONSTANT: constant(uint256) = 1


# The word of what has no value, in no honest trace.
_NONE: constant(uint256) = max_value(uint256)


# In `facts`, see `IReferee.Game`.
_LANES_AT: constant(uint256) = 176
_MAIN_AT: constant(uint256) = 208


# Of a program without rows: its examples are not disputed.
_NOT_REFEREED: constant(uint256) = 2**255

_U32: constant(uint256) = 2**32 - 1
_U40: constant(uint256) = 2**40 - 1
_U64: constant(uint256) = 2**64 - 1

REGISTRY: public(reentrant(immutable(IGroupRegistry)))
JUDGE: public(reentrant(immutable(IStepsJudge)))
SOURCES: public(reentrant(immutable(ISources)))


# Wei that a challenger posts, and who brings a trace in the trainer's place.
BOND: public(reentrant(immutable(uint256)))


# Games so far, lanes among them; their numbers are 1 to this.
n_games: public(reentrant(uint256))


# voting -> checkpoint -> games that run against the claim.
open_games: public(reentrant(HashMap[address, HashMap[bytes32, uint256]]))

_games: HashMap[uint256, IReferee.Game]


@deploy
def __init__(registry: address, judge: address, sources: address, bond: uint256):
    """
    @notice Fix what disputes are about and what decides them.
    @param  registry  The `GroupRegistry`.
    @param  judge     The `StepsJudge`.
    @param  sources   The `StepsSources`.
    @param  bond      Wei, more than 0: half of it pays the other side's gas.
    """
    assert registry != empty(address) and judge != empty(address) and sources != empty(address), "rf: zero address"
    assert bond > 0, "rf: bond"
    REGISTRY = IGroupRegistry(registry)
    JUDGE = IStepsJudge(judge)
    SOURCES = ISources(sources)
    BOND = bond


@external
@payable
def challenge(voting: address, checkpoint_hash: bytes32) -> uint256:
    """
    @notice Begin a game against a claim, from its vote window on until three days after its block.
    @param  voting           The group's `CheckpointVoting`.
    @param  checkpoint_hash  The claim's checkpoint.
    @return Number of the game.
    """
    assert msg.value == BOND, "rf: bond"
    assert staticcall REGISTRY.voting_group(voting) != 0, "rf: no group"
    group: ICheckpointVoting = ICheckpointVoting(voting)
    claim: (address, uint256, address, uint256, uint256, uint256) = staticcall group.candidate(checkpoint_hash)
    n: uint256 = self.n_games + 1
    self.n_games = n
    self.open_games[voting][checkpoint_hash] += 1
    self._games[n].seat = (convert(msg.sender, uint256) << 96) | chess_clock._begin(_CLAIM, chess_clock.DEFENDER)
    self._games[n].defender = claim[0]
    self._games[n].voting = voting
    self._games[n].checkpoint_hash = checkpoint_hash
    self._games[n].evaluation = staticcall group.eval_root_hash(checkpoint_hash)
    self._games[n].facts = claim[1] | (claim[4] << 64)
    log IReferee.Challenged(
        game=n, voting=voting, checkpoint_hash=checkpoint_hash, challenger=msg.sender, trainer=claim[0]
    )
    extcall group.hold(checkpoint_hash, True)
    return n


@external
def state(n: uint256, evaluation: IReferee.Evaluation):
    """
    @notice Show what the claim commits to. A loss that is not the mean of its own sum is refuted at once.
    @param  n           The game.
    @param  evaluation  The preimage of its eval_root.
    """
    clock: chess_clock.Clock = self._turn(n, _CLAIM, chess_clock.DEFENDER)
    root: bytes32 = keccak256(abi_encode(evaluation))
    assert keccak256(root) == self._games[n].evaluation, "rf: another evaluation"
    self._games[n].evaluation = root
    log IReferee.Stated(game=n, evaluation=evaluation)
    count: uint256 = evaluation.count
    if count == 0 or count >= _MAX_COUNT or evaluation.total // count != evaluation.loss:
        self._fall(n, _NOT_MEAN)
        return
    facts: uint256 = self._games[n].facts
    if evaluation.loss != facts & _U64:
        self._fall(n, _OTHER_LOSS)
        return
    if evaluation.rows_root == empty(bytes32):
        facts |= _NOT_REFEREED
    self._games[n].facts = facts | (count << 104)
    self._games[n].node = evaluation.top
    self._games[n].word = evaluation.total
    self._set_clock(n, chess_clock._passed(clock, _SUMS, chess_clock.DEFENDER, dispute_trees._depth(count)))


@external
def expose(n: uint256, evaluation: IReferee.Evaluation, model: bool, root: bytes32, document: bytes32):
    """
    @notice Refute a claim about other parameters, or another program, than it names.
    @param  n           A game whose evaluation is shown.
    @param  evaluation  It.
    @param  model       Whether the header is the group's model's, else the checkpoint's.
    @param  root        The header's root.
    @param  document    The header's other word.
    """
    self._shown(n, evaluation)
    assert self._main(n) == 0, "rf: a lane"
    name: bytes32 = self._games[n].checkpoint_hash
    claimed: bytes32 = evaluation.params_root
    if model:
        name = staticcall ICheckpointVoting(self._games[n].voting).MODEL_HASH()
        claimed = evaluation.rows_root
    assert sha256(concat(root, document)) == name, "rf: header"
    assert root != claimed, "rf: the same root"
    self._refute(n, _OTHER_ROOT)


@external
def doubt_data(n: uint256):
    """
    @notice The challenger asks where the training set comes from, in place of picking a sum.
    @param  n  The game.
    """
    clock: chess_clock.Clock = self._challenger_turn(n, _SUMS)
    self._set_clock(n, chess_clock._passed(clock, _DATA, chess_clock.DEFENDER, 0))
    log IReferee.DataDoubted(game=n)


@external
def show_data(
    n: uint256,
    evaluation: IReferee.Evaluation,
    ancestors: uint256,
    version: uint256,
    before: bytes32,
    document: bytes32,
):
    """
    @notice Show that the group had adopted the training set when the claim's block began. The challenger has lost if it is
            of the version in force; if of an earlier one, keepers decide whether those after it were empty, nobody here.
    @param  n           The game.
    @param  evaluation  The claim's.
    @param  ancestors   How many groups up the delta was adopted: 0 is the claim's own.
    @param  version     The delta's version there.
    @param  before      The tip before it.
    @param  document    The other word of its header.
    """
    self._turn(n, _DATA, chess_clock.DEFENDER)
    self._shown(n, evaluation)
    delta: bytes32 = sha256(concat(evaluation.data_root, convert(evaluation.count, bytes32), document))
    tip: bytes32 = empty(bytes32)
    newest: uint256 = 0
    tip, newest = self._tip(n, ancestors, version)
    assert tip == delta or tip == keccak256(concat(before, delta)), "rf: not adopted"
    if version == newest:
        self._stand(n, _ADOPTED)
    else:
        self._give_back(n, _EARLIER)


@external
def open_sums(n: uint256, sums: DynArray[uint256, dispute_trees.SUMS], hashes: DynArray[bytes32, dispute_trees.SUMS]):
    """
    @notice Show the descendants, four levels down, of the node of the sum tree that is in dispute.
    @param  n       The game.
    @param  sums    Their sums.
    @param  hashes  Their hashes.
    """
    clock: chess_clock.Clock = self._turn(n, _SUMS, chess_clock.DEFENDER)
    assert len(hashes) == self._width_of(n, clock.height) and len(sums) == len(hashes), "rf: children"
    total: uint256 = 0
    node: bytes32 = empty(bytes32)
    total, node = dispute_trees._fold_sums(sums, hashes)
    assert total == self._games[n].word and node == self._games[n].node, "rf: not the node"
    log IReferee.SumsOpened(game=n, sums=sums, hashes=hashes)
    self._set_clock(n, chess_clock._passed(clock, _SUMS, chess_clock.CHALLENGER, clock.height))


@external
def pick_sum(
    n: uint256,
    index: uint256,
    sum: uint256,
    hash: bytes32,
    sums: DynArray[uint256, dispute_trees.SUM_LEVELS],
    hashes: DynArray[bytes32, dispute_trees.SUM_LEVELS],
):
    """
    @notice The challenger says which of them is wrong, and shows that it is one of them.
    @param  n       The game.
    @param  index   Its number among them.
    @param  sum     Its sum.
    @param  hash    Its hash.
    @param  sums    Sums of the siblings that exist on the way up, bottom first.
    @param  hashes  Their hashes.
    """
    clock: chess_clock.Clock = self._challenger_turn(n, _SUMS)
    total: uint256 = 0
    node: bytes32 = empty(bytes32)
    width: uint256 = self._width_of(n, clock.height)
    total, node = dispute_trees._climb_sums(sum, hash, index, width, sums, hashes)
    assert total == self._games[n].word and node == self._games[n].node, "rf: not a child"
    levels: uint256 = min(clock.height, dispute_trees.SUM_LEVELS)
    position: uint256 = (self._games[n].position << levels) | index
    height: uint256 = clock.height - levels
    self._games[n].word = sum
    self._games[n].node = hash
    if height > 0:
        self._games[n].position = position
        self._pass_on(n, clock, _SUMS, height, position)
        return
    self._games[n].position = position << 160
    if sum > _U64 or hash != dispute_trees._sum_leaf(position, sum):
        self._fall(n, _NO_LEAF)
        return
    if self._games[n].facts & _NOT_REFEREED != 0:
        self._stand(n, _UNREFEREED)
        return
    self._pass_on(n, clock, _TRACE, 0, position)


@external
@payable
def bring(
    n: uint256,
    evaluation: IReferee.Evaluation,
    trace: bytes32,
    rows: uint256,
    rows_top: bytes32,
    path: DynArray[bytes32, dispute_trees.PATH],
):
    """
    @notice Commit to the trace of the example; its last row is the example's loss. The trainer does so in the game; anyone
            else with a bond, in a lane of its own, until the trainer does.
    @param  n           The game.
    @param  evaluation  The claim's.
    @param  trace       Root of the tree over the rows' roots.
    @param  rows        Number of the program's rows.
    @param  rows_top    Top of the tree over them.
    @param  path        Of the last row, in the trace.
    """
    clock: chess_clock.Clock = self._turn(n, _TRACE, chess_clock.DEFENDER)
    self._shown(n, evaluation)
    assert keccak256(concat(convert(rows, bytes32), rows_top)) == evaluation.rows_root, "rf: another program"
    assert rows > 0 and rows <= _U32, "rf: rows"
    depth: uint256 = dispute_trees._depth(rows)
    assert len(path) == depth, "rf: path"
    loss: bytes32 = convert(self._games[n].word, bytes32)
    assert dispute_trees._climb(loss, rows - 1, path) == trace, "rf: another loss"
    lane: uint256 = n
    if msg.sender == self._games[n].defender:
        assert msg.value == 0, "rf: bond"
        log IReferee.Brought(game=n, trace=trace)
    else:
        assert msg.value == BOND, "rf: bond"
        lane = self._open_lane(n, trace)
    self._games[lane].trace = trace
    self._games[lane].node = trace
    self._games[lane].row = rows_top
    self._games[lane].facts |= rows << 144
    self._set_clock(lane, chess_clock._passed(clock, _ROWS, chess_clock.DEFENDER, depth))


@external
def open(n: uint256, children: DynArray[bytes32, dispute_trees.CHILDREN]):
    """
    @notice Show the descendants, five levels down, of the node that is in dispute.
    @param  n         The game.
    @param  children  Them.
    """
    clock: chess_clock.Clock = self._turn(n, self._tree(n), chess_clock.DEFENDER)
    assert len(children) == 1 << min(clock.height, dispute_trees.LEVELS), "rf: children"
    assert dispute_trees._fold(children) == self._games[n].node, "rf: not the node"
    log IReferee.Opened(game=n, children=children)
    self._set_clock(n, chess_clock._passed(clock, clock.phase, chess_clock.CHALLENGER, clock.height))


@external
def pick(n: uint256, index: uint256, child: bytes32, siblings: DynArray[bytes32, dispute_trees.PATH]):
    """
    @notice The challenger says which of them is wrong: above the lowest level, or a partial result.
    @param  n         The game.
    @param  index     Its number among them.
    @param  child     It.
    @param  siblings  On the way up, bottom first.
    """
    clock: chess_clock.Clock = self._challenger_turn(n, self._tree(n))
    position: uint256 = 0
    height: uint256 = 0
    position, height = self._descend(n, clock, index, child, siblings)
    if height > 0:
        self._pass_on(n, clock, clock.phase, height, position & _U64)
        return
    assert clock.phase == _PARTS, "rf: show the row"
    if position & _U64 >= position >> 224:
        self._not_zero(n, child)
        return
    self._set_clock(n, chess_clock._passed(clock, _STEP, chess_clock.CHALLENGER, 0))
    log IReferee.Picked(game=n, phase=_STEP, position=position & _U64)


@external
def pick_row(
    n: uint256,
    index: uint256,
    child: bytes32,
    siblings: DynArray[bytes32, dispute_trees.PATH],
    row: Bytes[_ROW],
    path: DynArray[bytes32, dispute_trees.PATH],
):
    """
    @notice The challenger picks the row that is wrong, and shows what the program says there.
    @param  n         The game.
    @param  index     Its number among those shown.
    @param  child     Its root.
    @param  siblings  On the way up in the trace, bottom first.
    @param  row       Its bytes in the program.
    @param  path      Of the row, in the program.
    """
    clock: chess_clock.Clock = self._challenger_turn(n, _ROWS)
    position: uint256 = 0
    height: uint256 = 0
    position, height = self._descend(n, clock, index, child, siblings)
    assert height == 0, "rf: not a row"
    at: uint256 = position & _U64
    rows: uint256 = (self._games[n].facts >> 144) & _U32
    if at >= rows:
        self._not_zero(n, child)
        return
    assert len(path) == dispute_trees._depth(rows), "rf: path"
    name: bytes32 = keccak256(row)
    assert dispute_trees._climb(name, at, path) == self._games[n].row, "rf: another row"
    self._games[n].row = name
    self._games[n].position = (position & ~_U64) | (at << 128)
    if self._word_at(row, 0) == _CONSTANT:
        assert extract32(row, len(row) - 32) != child, "rf: the step is right"
        self._fall(n, _OTHER_CONSTANT)
        return
    shape: IStepsJudge.Shape = staticcall JUDGE.shape(row)
    depth: uint256 = dispute_trees._depth(shape.elements if shape.wide else (shape.elements + 7) // 8)
    if depth > 0:
        self._pass_on(n, clock, _ELEMENTS, depth, at)
    else:
        # One leaf: it is the root, there is nothing to open.
        self._set_clock(n, chess_clock._passed(clock, _ELEMENTS, chess_clock.CHALLENGER, 0))
        log IReferee.Picked(game=n, phase=_ELEMENTS, position=at)


@external
def pick_element(
    n: uint256,
    index: uint256,
    leaf: bytes32,
    siblings: DynArray[bytes32, dispute_trees.PATH],
    row: Bytes[_ROW],
    slot: uint256,
):
    """
    @notice The challenger picks the element that is wrong.
    @param  n         The game.
    @param  index     Number, among those shown, of the leaf that holds it.
    @param  leaf      The leaf.
    @param  siblings  On the way up, bottom first.
    @param  row       The row's bytes.
    @param  slot      Number of the element in its leaf.
    """
    clock: chess_clock.Clock = self._challenger_turn(n, _ELEMENTS)
    self._same_row(n, row)
    position: uint256 = 0
    height: uint256 = 0
    position, height = self._descend(n, clock, index, leaf, siblings)
    assert height == 0, "rf: not a leaf"
    shape: IStepsJudge.Shape = staticcall JUDGE.shape(row)
    element: uint256 = position & _U64
    word: uint256 = convert(leaf, uint256)
    if shape.wide:
        assert slot == 0, "rf: slot"
    else:
        assert slot < 8, "rf: slot"
        element = 8 * element + slot
        word = (word >> (224 - 32 * slot)) & _U32
    if element >= shape.elements:
        self._not_zero(n, convert(word, bytes32))
        return
    self._games[n].word = word
    self._games[n].position = (position >> 128 << 128) | (element << 64)
    if shape.is_fold:
        self._pass_on(n, clock, _SPLIT, 0, element)
    else:
        self._set_clock(n, chess_clock._passed(clock, _STEP, chess_clock.CHALLENGER, 0))
        log IReferee.Picked(game=n, phase=_STEP, position=element)


@external
def bring_parts(
    n: uint256,
    row: Bytes[_ROW],
    parts: bytes32,
    state: uint256[3],
    path: DynArray[bytes32, dispute_trees.PATH],
):
    """
    @notice Commit to the partial results of one fold, chunk by chunk of 16 terms; the last one makes the element.
    @param  n      The game.
    @param  row    The row's bytes.
    @param  parts  Root of the tree over keccak256 of each state.
    @param  state  The last one.
    @param  path   Of it, in the tree.
    """
    clock: chess_clock.Clock = self._turn(n, _SPLIT, chess_clock.DEFENDER)
    assert msg.sender == self._games[n].defender, "rf: not the defender"
    self._same_row(n, row)
    word: uint256 = 0
    chunks: uint256 = 0
    word, chunks = staticcall JUDGE.finish(row, state)
    assert word == self._games[n].word and word != _NONE, "rf: another element"
    depth: uint256 = dispute_trees._depth(chunks)
    assert len(path) == depth and chunks <= _U32, "rf: path"
    assert dispute_trees._climb(keccak256(abi_encode(state)), chunks - 1, path) == parts, "rf: parts"
    self._games[n].node = parts
    # All that is left to know of the element.
    self._games[n].word = convert(parts, uint256)
    self._games[n].position |= chunks << 224
    log IReferee.PartsBrought(game=n, parts=parts)
    if depth > 0:
        self._set_clock(n, chess_clock._passed(clock, _PARTS, chess_clock.DEFENDER, depth))
    else:
        self._set_clock(n, chess_clock._passed(clock, _STEP, chess_clock.CHALLENGER, 0))


@external
def prove(n: uint256, row: Bytes[_ROW], proof: DynArray[bytes32, dispute_trees.PROOF]):
    """
    @notice The challenger shows the operands of the element; the one computed here must be another.
    @param  n      The game.
    @param  row    The row's bytes.
    @param  proof  Openings of the operands, see `StepsJudge`.
    """
    self._challenger_turn(n, _STEP)
    self._same_row(n, row)
    at: IStepsJudge.Place = self._place(n)
    self._decide(n, staticcall JUDGE.element(row, at, proof))


@external
def prove_part(
    n: uint256,
    row: Bytes[_ROW],
    proof: DynArray[bytes32, dispute_trees.PROOF],
    before: uint256[3],
    path: DynArray[bytes32, dispute_trees.PATH],
):
    """
    @notice The challenger shows the partial result before a chunk and the chunk's operands; the one computed here must be
            another.
    @param  n       The game.
    @param  row     The row's bytes.
    @param  proof   Openings of the operands, see `StepsJudge`.
    @param  before  The partial result before; ignored for the first chunk.
    @param  path    Of it, in the tree over them.
    """
    self._challenger_turn(n, _STEP)
    self._same_row(n, row)
    position: uint256 = self._games[n].position
    chunk: uint256 = position & _U64
    if chunk > 0:
        assert len(path) == dispute_trees._depth(position >> 224), "rf: path"
        root: bytes32 = dispute_trees._climb(keccak256(abi_encode(before)), chunk - 1, path)
        assert convert(root, uint256) == self._games[n].word, "rf: parts"
    state: uint256[3] = staticcall JUDGE.part(row, self._place(n), chunk, before, proof)
    assert keccak256(abi_encode(state)) != self._games[n].node, "rf: the step is right"
    self._fall(n, _WRONG_STEP)


@external
def prove_source(n: uint256, evaluation: IReferee.Evaluation, row: Bytes[_ROW], opening: Bytes[_OPENING]):
    """
    @notice The challenger shows that a parameter, or a number of the example, is another.
    @param  n           The game.
    @param  evaluation  The claim's.
    @param  row         The row's bytes.
    @param  opening     Of the parameter or the example, see `StepsSources`.
    """
    self._challenger_turn(n, _STEP)
    self._same_row(n, row)
    self._shown(n, evaluation)
    position: uint256 = self._games[n].position
    self._decide(n, staticcall SOURCES.word(row, (position >> 64) & _U64, position >> 160, evaluation, opening))


@external
def timeout(n: uint256):
    """
    @notice Whose clock has run down loses. Anyone may call it.
    @param  n  The game.
    """
    clock: chess_clock.Clock = chess_clock._unpack(self._games[n].seat)
    assert clock.phase != 0 and clock.phase != _LANES and clock.phase != _OVER, "rf: nothing runs"
    assert block.timestamp > chess_clock._deadline(clock), "rf: time left"
    if clock.turn == chess_clock.DEFENDER:
        self._fall(n, _LATE)
    else:
        self._stand(n, _LATE)


@external
def close(n: uint256):
    """
    @notice Give the bonds of a game back that another one has decided. Anyone may call it.
    @param  n  The game.
    """
    clock: chess_clock.Clock = chess_clock._unpack(self._games[n].seat)
    assert clock.phase != 0 and clock.phase != _OVER, "rf: nothing runs"
    main: uint256 = self._main(n)
    if main == 0:
        assert self._is_refuted(n), "rf: undecided"
        self._give_back(n, _ELSEWHERE)
    else:
        assert self._phase(main) == _OVER, "rf: undecided"
        self._end(n, chess_clock.DEFENDER, _WHOLE)
        log IReferee.Ended(game=n, fell=False, reason=_ELSEWHERE)


@external
def withdraw(n: uint256) -> uint256:
    """
    @notice Pay out what a game that is over owes. Anyone may call it.
    @param  n  The game.
    @return Wei paid.
    """
    clock: chess_clock.Clock = chess_clock._unpack(self._games[n].seat)
    assert clock.phase == _OVER and clock.height > 0, "rf: nothing"
    account: address = self._games[n].defender if clock.turn == chess_clock.DEFENDER else self._challenger(n)
    amount: uint256 = clock.height * BOND // _WHOLE
    self._end(n, clock.turn, 0)
    log IReferee.Withdrawn(game=n, account=account, amount=amount)
    raw_call(account, b"", value=amount)
    return amount


@external
@view
@reentrant
def game(n: uint256) -> IReferee.Game:
    """
    @notice A game; zeros if there is none.
    @param  n  Its number.
    @return It.
    """
    return self._games[n]


@internal
@view
def _turn(n: uint256, phase: uint256, turn: uint256) -> chess_clock.Clock:
    clock: chess_clock.Clock = chess_clock._unpack(self._games[n].seat)
    assert clock.phase == phase, "rf: phase"
    assert clock.turn == turn, "rf: not your turn"
    assert block.timestamp <= chess_clock._deadline(clock), "rf: too late"
    return clock


@internal
@view
def _challenger_turn(n: uint256, phase: uint256) -> chess_clock.Clock:
    """
    @notice The clock, if it is the caller's move as the challenger, in time.
    """
    clock: chess_clock.Clock = self._turn(n, phase, chess_clock.CHALLENGER)
    assert msg.sender == self._challenger(n), "rf: not the challenger"
    return clock


@internal
@view
def _challenger(n: uint256) -> address:
    return convert(self._games[n].seat >> 96, address)


@internal
@view
def _phase(n: uint256) -> uint256:
    return chess_clock._unpack(self._games[n].seat).phase


@internal
def _set_clock(n: uint256, clock: uint256):
    self._games[n].seat = (self._games[n].seat >> 96 << 96) | clock


@internal
def _end(n: uint256, payee: uint256, halves: uint256):
    """
    @notice A game is over and owes one side so many halves of a bond.
    """
    self._set_clock(n, _OVER | (payee << 8) | (halves << 16))


@internal
@view
def _lanes(n: uint256) -> uint256:
    """
    @return How many lanes of a game run.
    """
    return (self._games[n].facts >> _LANES_AT) & _U32


@internal
@view
def _main(n: uint256) -> uint256:
    """
    @return The game that this is a lane of, or 0.
    """
    return (self._games[n].facts >> _MAIN_AT) & _U40


@internal
@view
def _tree(n: uint256) -> uint256:
    """
    @return The phase of a game, one of those in a complete tree.
    """
    phase: uint256 = self._phase(n)
    assert phase == _ROWS or phase == _ELEMENTS or phase == _PARTS, "rf: phase"
    return phase


@internal
@view
def _shown(n: uint256, evaluation: IReferee.Evaluation):
    """
    @dev    Before it is shown, the game holds the hash of the root, which no evaluation hashes to.
    """
    assert keccak256(abi_encode(evaluation)) == self._games[n].evaluation, "rf: another evaluation"
    assert self._phase(n) != _OVER, "rf: nothing runs"


@internal
@view
def _same_row(n: uint256, row: Bytes[_ROW]):
    assert keccak256(row) == self._games[n].row, "rf: another row"


@internal
def _pass_on(n: uint256, clock: chess_clock.Clock, phase: uint256, height: uint256, position: uint256):
    """
    @notice The challenger has picked, the defender moves.
    """
    self._set_clock(n, chess_clock._passed(clock, phase, chess_clock.DEFENDER, height))
    log IReferee.Picked(game=n, phase=phase, position=position)


@internal
def _descend(
    n: uint256,
    clock: chess_clock.Clock,
    index: uint256,
    child: bytes32,
    siblings: DynArray[bytes32, dispute_trees.PATH],
) -> (uint256, uint256):
    """
    @notice Make a child, five levels down, the node in dispute.
    @return The position.
    @return Levels left below.
    """
    levels: uint256 = min(clock.height, dispute_trees.LEVELS)
    assert len(siblings) == levels, "rf: siblings"
    assert dispute_trees._climb(child, index, siblings) == self._games[n].node, "rf: not a child"
    position: uint256 = self._games[n].position
    position = (position & ~_U64) | ((position & _U64) << levels) | index
    self._games[n].position = position
    self._games[n].node = child
    return position, clock.height - levels


@internal
@view
def _width_of(n: uint256, height: uint256) -> uint256:
    """
    @return How many descendants, four levels down, the node of the sum tree has.
    """
    levels: uint256 = min(height, dispute_trees.SUM_LEVELS)
    count: uint256 = (self._games[n].facts >> 104) & _U40
    width: uint256 = dispute_trees._width(count, height - levels, self._games[n].position << levels)
    return min(width, 1 << levels)


@internal
@view
def _tip(n: uint256, ancestors: uint256, version: uint256) -> (bytes32, uint256):
    """
    @notice A version up to the one in force when the claim's block began, of the claim's group or above.
    @return Its tip.
    @return The version in force.
    """
    voting: ICheckpointVoting = ICheckpointVoting(self._games[n].voting)
    block_index: uint256 = ((self._games[n].facts >> 64) & _U40) - 1
    start: uint256 = staticcall voting.GENESIS_TIME() + block_index * staticcall voting.PERIOD()
    deltas: IDeltaRegistry = IDeltaRegistry(staticcall voting.DELTAS())
    newest: uint256 = (staticcall deltas.tip_at(start))[0]
    last: uint256 = newest
    for _: uint256 in range(ancestors, bound=_MAX_ANCESTORS):
        last = staticcall deltas.BASE_VERSION()
        voting = ICheckpointVoting(staticcall voting.PARENT())
        deltas = IDeltaRegistry(staticcall voting.DELTAS())
    assert version <= last, "rf: later data"
    return staticcall deltas.tip_of(version), newest


@internal
@pure
def _word_at(row: Bytes[_ROW], start: uint256) -> uint256:
    return convert(slice(row, start, 4), uint256)


@internal
@view
def _place(n: uint256) -> IStepsJudge.Place:
    """
    @notice The element in dispute, for the judge.
    """
    return IStepsJudge.Place(
        element=(self._games[n].position >> 64) & _U64,
        trace=self._games[n].trace,
        rows=(self._games[n].facts >> 144) & _U32,
    )


@internal
def _decide(n: uint256, found: uint256):
    """
    @notice The challenger has won if the element is another, or none.
    """
    assert found != self._games[n].word or found == _NONE, "rf: the step is right"
    self._fall(n, _WRONG_STEP)


@internal
def _not_zero(n: uint256, word: bytes32):
    """
    @notice Beyond the last row, element or chunk a tree has zeros.
    """
    assert word != empty(bytes32), "rf: the step is right"
    self._fall(n, _PADDED)


@internal
def _open_lane(n: uint256, trace: bytes32) -> uint256:
    """
    @notice A game of its own for a trace that the trainer has not brought.
    """
    lane: uint256 = self.n_games + 1
    self.n_games = lane
    self._games[n].facts += 1 << _LANES_AT
    self._games[lane] = self._games[n]
    self._games[lane].defender = msg.sender
    self._games[lane].facts = (self._games[n].facts & (2**_LANES_AT - 1)) | (n << _MAIN_AT)
    log IReferee.LaneOpened(game=n, lane=lane, defender=msg.sender, trace=trace)
    return lane


@internal
def _fall(n: uint256, reason: uint256):
    """
    @notice This defence has fallen; the claim with it, unless another lane runs.
    """
    main: uint256 = self._main(n)
    if main > 0 and self._phase(main) != _OVER:
        self._end(n, chess_clock.CHALLENGER, _HALF)
        log IReferee.Ended(game=n, fell=True, reason=reason)
        self._games[main].facts -= 1 << _LANES_AT
        if self._phase(main) == _LANES and self._lanes(main) == 0:
            self._refute(main, _NO_LANE)
        return
    assert main == 0, "rf: decided elsewhere"
    if self._lanes(n) > 0:
        self._set_clock(n, _LANES)
        return
    self._refute(n, reason)


@internal
def _stand(n: uint256, reason: uint256):
    """
    @notice This defence stands; the game is over, its claim as good as before.
    """
    main: uint256 = self._main(n)
    over: uint256 = n if main == 0 else main
    assert self._phase(over) != _OVER, "rf: decided elsewhere"
    won: uint256 = 0 if self._is_refuted(n) else _HALF
    log IReferee.Ended(game=n, fell=False, reason=reason)
    if main > 0:
        self._end(n, chess_clock.DEFENDER, _WHOLE + won)
        log IReferee.Ended(game=main, fell=False, reason=reason)
    if won == 0:
        self._finish(over, chess_clock.CHALLENGER, _WHOLE)
    else:
        self._finish(over, chess_clock.DEFENDER, 0 if main > 0 else won)


@internal
def _give_back(n: uint256, reason: uint256):
    """
    @notice Nobody has won a main game: the bond returns, and the claim is as good as before.
    """
    self._finish(n, chess_clock.CHALLENGER, _WHOLE)
    log IReferee.Ended(game=n, fell=False, reason=reason)


@internal
def _refute(n: uint256, reason: uint256):
    """
    @notice The claim of a main game is false. Refuted, it is held no more.
    """
    log IReferee.Ended(game=n, fell=True, reason=reason)
    already: bool = self._is_refuted(n)
    self._leave(n, chess_clock.CHALLENGER, _WHOLE)
    if not already:
        voting: ICheckpointVoting = ICheckpointVoting(self._games[n].voting)
        extcall voting.refute(self._games[n].checkpoint_hash, self._challenger(n))


@internal
def _finish(n: uint256, payee: uint256, halves: uint256):
    """
    @notice End a main game; the last one against a claim lets its reward and bond go.
    """
    if self._leave(n, payee, halves) == 0:
        voting: ICheckpointVoting = ICheckpointVoting(self._games[n].voting)
        extcall voting.hold(self._games[n].checkpoint_hash, False)


@internal
def _leave(n: uint256, payee: uint256, halves: uint256) -> uint256:
    """
    @notice End a main game, which owes one side so many halves of a bond.
    @return How many games run against the claim.
    """
    self._end(n, payee, halves)
    voting: address = self._games[n].voting
    checkpoint_hash: bytes32 = self._games[n].checkpoint_hash
    left: uint256 = self.open_games[voting][checkpoint_hash] - 1
    self.open_games[voting][checkpoint_hash] = left
    return left


@internal
@view
def _is_refuted(n: uint256) -> bool:
    return staticcall ICheckpointVoting(self._games[n].voting).is_refuted(self._games[n].checkpoint_hash)
