"""Mutants for `scripts/mutate.py`: every single change of a line or a statement of the contracts.

A comparison flipped, a statement dropped, a constant one larger, a sign changed, `min` and `max`
swapped; and bugs that this protocol had or nearly had.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eth_utils import keccak

ROOT = Path(__file__).resolve().parent.parent

# The files that do steps of programs: they keep no state, and have tests of their own.
STEP = re.compile(r"Steps|_modules/(f24|step_)")

# What a line may be changed into: pattern, replacement. Spaces keep types and shifts out.
CHANGES = [
    (r" >= ", " > "), (r" <= ", " < "), (r" < ", " <= "), (r" > ", " >= "),
    (r" == ", " != "), (r" != ", " == "), (r" and ", " or "), (r" or ", " and "), (r"\bnot ", ""),
    (r" \+ ", " - "), (r" - ", " + "), (r" // ", " * "), (r" \* ", " // "),
    (r" \+= ", " -= "), (r" -= ", " += "), (r"\bmin\(", "max("), (r"\bmax\(", "min("),
    (r"\bunsafe_add\(", "unsafe_sub("), (r"\bunsafe_sub\(", "unsafe_add("),
    (r"\bunsafe_mul\(", "unsafe_div("), (r"\bunsafe_div\(", "unsafe_mul("),
    (r"\bTrue\b", "False"), (r"\bFalse\b", "True"),
    (r"(?<![\w.*\"])(\d[\d_]*)(?![\w\"\]])", None),  # a number: one more
]  # fmt: skip

# Statements that can be dropped: checks, events, calls for their effect, writes of state.
DROPPED = re.compile(r"^\s+(assert |log |extcall |return$|self\.\S+ [-+|^]?= |[a-z_]+\.\w+\()")

# Bugs found by running earlier versions, and by review: correct text, wrong text.
PLANTED = {
    "A21: an attestation is not bound to its candidate": (
        "if extract32(approvals, at) == winner:", "if True:",
    ),
    "A21: a ballot is not what was cast": (
        "if self.ballot[block_index][staker] != ballot:", "if False:",
    ),
    "A22: the zero address may be a trainer": (
        "if trainer == empty(address) or checkpoint_hash", "if checkpoint_hash",
    ),
    "settle order: a new round forgets the last one": (
        "    if round.settled == 0:\n        self._settle(round)\n", "",
    ),
    "delta credit: the epoch's seconds are never used up": (
        "params.EPOCH - credited)", "params.EPOCH)",
    ),
    "nearly as good and later wins": ("standing.seq < first and", "True and"),
    "the first commitment of a block holds off what is better": (
        "improvement if standing.again == 1 else 1", "improvement",
    ),
    "a copy of an open claim overtakes by any difference": (
        "improvement if standing.again == 1 else 1", "1",
    ),
    "half of the votes cast is enough": (
        "> round & checkpoint_words.VOTES", ">= round & checkpoint_words.VOTES",
    ),
    "the winner needs no quorum of its own": (
        "round.cast if best == empty(bytes32) else candidates._standing_of(best).votes",
        "round.cast",
    ),
    "a full shortlist turns a leader away": (
        "            place = i\n            break\n", "            pass\n",
    ),
    "a ballot names a candidate twice": (
        "<= convert(last, uint256)", "< convert(last, uint256)",
    ),
    "votes of an earlier block count": (
        "if (standing >> 152) & checkpoint_words.BLOCK_MASK != block_1:", "if False:",
    ),
    "what ranks behind the winner burns": (
        "        if not (better or earlier):",
        "        if False:",
    ),
    "a minority's no burns": (
        "return self._is_quorum(against, standing.block_1 - 1)",
        "return True",
    ),
    "an open claim is entered by another": (
        "claim.trainer != trainer or not self._is_open",
        "not self._is_open",
    ),
    "a judged claim is entered again": (
        "outcome.status != _ACCEPTED and not self._is_refuted(claim, standing, outcome)",
        "outcome.status != _ACCEPTED",
    ),
    "an open claim loses its rank": ("        seq = old.seq\n", ""),
    "an open claim changes its payer": (
        "        claim.loss = convert(loss, uint256)\n",
        "        claim.loss = convert(loss, uint256)\n"
        "        claim.marks = convert(msg.sender != trainer, uint256)\n",
    ),
    "an open bond returns at once": (
        "if block.timestamp // params.EPOCH < lapsed:", "if False:",
    ),
    "commitments without power": ("if self._power_in(block_index) == 0:", "if False:"),
    "the improvement never falls": (
        "return unsafe_sub(level, min(level, unsafe_mul(_FALL, blocks)))", "return level",
    ),
    "the improvement climbs beyond its bound": (
        "return level if self._improvement(level, least, most) == most else level + _RAISE",
        "return level + _RAISE",
    ),
    "the bond ignores the group's share": (
        "max(unsafe_div(unsafe_mul(mine, candidates.WHOLE), total), _LEAST_PART)",
        "candidates.WHOLE",
    ),
    "an ancestor's winner is paid again": (
        "used = self._has_won_above(checkpoint_hash)", "used = False",
    ),
    "a last-second vote gets no answer": (
        "clock.extensions += self._extension(before, clock)",
        "pass",
    ),
    "an extension for a change of the leader alone": (
        "if self._decision(before) == decision:", "if before.leader == after.leader:",
    ),
    "who uses up the extensions has the last word": (
        "    if decision != 0:\n        refusal._because(refusal.TOO_LATE)\n", "",
    ),
    "extensions are forgotten by the version": (
        "delta_words._lasts(origin.length_days, origin.extensions)",
        "delta_words._lasts(origin.length_days, 0)",
    ),
    "a sponsorship is drawn twice": (
        "    self.drawn[sponsorship_id][height][who] = True\n",
        "    pass\n",
    ),
    "a sponsorship pays for what was there": ("height > terms.base_height and ", ""),
    "a sponsorship is drawn while the block may be challenged": (
        'assert block.timestamp >= challenged_until, "sp: may be challenged"',
        "pass",
    ),
    "a refund leaves the books as they were": (
        "    self._money[sponsorship_id] = 0\n", "    pass\n",
    ),
    "a sponsor is credited what was sent, not what arrived": (
        "- before\n    per_block", "- before + 1\n    per_block",
    ),
    "keepers draw without having evaluated": (
        '== _PAID, "sp: not paid"',
        '!= empty(bytes32), "sp: not paid"',
    ),
    "stake counts at once": (
        "epoch: uint256 = self._epoch() + 1", "epoch: uint256 = self._epoch()",
    ),
    "tallies carry over to the next period": (
        "power if standing.index != clock.index else standing.votes + power",
        "standing.votes + power",
    ),
    "power in long periods is not sustained": (
        "if sustained and start_epoch != now_epoch:", "if False:",
    ),
    "the stake floor is missing": (
        "total = max(total, issued * params.STAKE_FLOOR_BPS // params.BPS)", "pass",
    ),
    "a bond is released twice": (
        "    self._claim[checkpoint_hash] ^= claim.part << 224\n", "",
    ),
    "a bond or a reward leaves while games run": (
        "if claim.marks >= checkpoint_words.HELD:", "if False:",
    ),
    "a bond leaves before challenges end": (
        "if block.timestamp < self._challengeable_until(standing.block_1):", "if False:",
    ),
    "challenges never end": (
        "if block.timestamp >= self._challengeable_until(block_1):", "if False:",
    ),
    "a refuted winner stays the incumbent": (
        "        self._fall_back(checkpoint_hash)\n", "",
    ),
    "what stands again is refuted too": (
        "if candidates._standing[before] & checkpoint_words.REFUTED == 0:", "if True:",
    ),
    "the loss of a refuted incumbent is to be beaten": ("    baseline.known = 0\n", ""),
    "a refuted candidate keeps its votes": (
        "(standing | checkpoint_words.REFUTED) & ~checkpoint_words.VOTES",
        "standing | checkpoint_words.REFUTED",
    ),
    "the bond of a refuted claim is paid and burned": (
        "self._pay(challenger, amount // 2)", "self._pay(challenger, amount)",
    ),
    "a defence that stands gets the whole bond": (
        "_finish(over, chess_clock.DEFENDER, 0 if main > 0 else won)",
        "_finish(over, chess_clock.DEFENDER, _WHOLE)",
    ),
    "a challenger gets back what it has lost": (
        "    if won == 0:\n", "    if True:\n",
    ),
    "a lane that falls keeps its bond": (
        "self._end(n, chess_clock.CHALLENGER, _HALF)", "self._end(n, chess_clock.DEFENDER, _WHOLE)",
    ),
    "a bond is paid twice": ("    self._end(n, clock.turn, 0)\n", "    pass\n"),
    "who is paid is the other side": (
        "if clock.turn == chess_clock.DEFENDER else self._challenger(n)",
        "if clock.turn == chess_clock.CHALLENGER else self._challenger(n)",
    ),
    "a move counts after its time": (
        'assert block.timestamp <= chess_clock._deadline(clock), "rf: too late"', "pass",
    ),
    "a move counts out of turn": ('assert clock.turn == turn, "rf: not your turn"', "pass"),
    "a move counts in any phase": ('assert clock.phase == phase, "rf: phase"', "pass"),
    "a side is late before its time": (
        'assert block.timestamp > chess_clock._deadline(clock), "rf: time left"', "pass",
    ),
    "the other side is late": (
        "    if clock.turn == chess_clock.DEFENDER:\n        self._fall(n, _LATE)",
        "    if clock.turn == chess_clock.CHALLENGER:\n        self._fall(n, _LATE)",
    ),
    "anybody picks and proves": (
        'assert msg.sender == self._challenger(n), "rf: not the challenger"', "pass",
    ),
    "anybody commits to partial results": (
        'assert msg.sender == self._games[n].defender, "rf: not the defender"', "pass",
    ),
    "a trace ends in another loss": (
        'assert dispute_trees._climb(loss, rows - 1, path) == trace, "rf: another loss"', "pass",
    ),
    "partial results end in another element": (
        'assert word == self._games[n].word and word != _NONE, "rf: another element"', "pass",
    ),
    "a right step is wrong": (
        'assert found != self._games[n].word or found == _NONE, "rf: the step is right"', "pass",
    ),
    "a right chunk is wrong": (
        'assert keccak256(abi_encode(state)) != self._games[n].node, "rf: the step is right"',
        "pass",
    ),
    "padding of zeros is wrong": (
        'assert word != empty(bytes32), "rf: the step is right"', "pass",
    ),
    "what is opened is not the node": (
        'assert dispute_trees._fold(children) == self._games[n].node, "rf: not the node"', "pass",
    ),
    "a defence falls though lanes run": (
        "    if self._lanes(n) > 0:\n        self._set_clock(n, _LANES)\n        return\n",
        "",
    ),
    "a claim falls with its first lane": (
        "== _LANES and self._lanes(main) == 0:", "== _LANES:",
    ),
    "a lane's end leaves its game running": (
        "self._finish(over, chess_clock.DEFENDER,", "self._finish(n, chess_clock.DEFENDER,",
    ),
    "a game is closed undecided": ('assert self._is_refuted(n), "rf: undecided"', "pass"),
    "a claim is let go with its first game": (
        "    if self._leave(n, payee, halves) == 0:\n",
        "    if self._leave(n, payee, halves) >= 0:\n",
    ),
    "a claim is refuted twice": ("    if not already:\n", "    if True:\n"),
    "thinking costs no time": ("clock.defender -= min(spent, clock.defender)", "pass"),
    "true of earlier data, and the bond is lost": ("if version == newest:", "if True:"),
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One altered file; `what` describes the change."""

    name: str  # of the file below contracts/, without suffix
    line: int
    what: str
    source: str

    @property
    def key(self) -> str:
        """The same as long as the file is."""
        return keccak(text=f"{self.name} {self.source}").hex()[:16]


class Planted(Mutant):
    """A known bug, which meets the machines alone: its verdicts are others than a mutant's."""

    @property
    def key(self) -> str:
        return f"planted {super().key}"


def names() -> list[str]:
    """All contracts and modules, below `contracts/` and without suffix."""
    folder = ROOT / "contracts"
    return sorted(str(path.relative_to(folder).with_suffix("")) for path in folder.rglob("*.vy"))


def users(name: str) -> list[str]:
    """The contracts that a file becomes part of: itself, or those that import the module."""
    importers = [
        other
        for other in names()
        if re.search(
            rf"import {name.removeprefix('_modules/')}( as \w+)?\n", text := _source(other)
        )
        and "from contracts._modules" in text
    ]
    found = {name} if "/" not in name else set()
    return sorted(found.union(*map(users, importers)))


def mutants(name: str) -> Iterator[Mutant]:
    """Every single change of one file, code only."""
    lines = _source(name).split("\n")
    for number in _code_lines(lines):
        code = lines[number].partition("  #")[0]
        for pattern, replacement in CHANGES:
            for match in re.finditer(pattern, code):
                new = replacement
                if new is None:
                    new = str(int(match.group(1).replace("_", "")) + 1)
                changed = code[: match.start()] + new + code[match.end() :]
                yield _mutant(name, lines, number, number + 1, changed)
    for number, line in enumerate(lines):
        if DROPPED.match(line):
            end = _end(lines, number)
            indent = line[: len(line) - len(line.lstrip())]
            yield _mutant(name, lines, number, end, f"{indent}pass")


def planted(bugs: dict[str, tuple[str, str]] = PLANTED) -> Iterator[Mutant]:
    """The real bugs."""
    sources = {name: _source(name) for name in names()}
    for what, (right, wrong) in bugs.items():
        places = [name for name, source in sources.items() if right in source]
        if len(places) != 1:
            raise SystemExit(f"mutate: '{right}' is in {len(places)} contracts: update '{what}'.")
        source = sources[places[0]]
        line = source[: source.index(right)].count("\n") + 1
        yield Planted(places[0], line, what, source.replace(right, wrong))


def _source(name: str) -> str:
    return (ROOT / "contracts" / f"{name}.vy").read_text()


def _mutant(name: str, lines: list[str], first: int, end: int, changed: str) -> Mutant:
    old = " ".join(line.strip() for line in lines[first:end])
    what = f"{name}:{first + 1}: {old.partition('  #')[0]}  ->  {changed.strip()}"
    return Mutant(name, first + 1, what, "\n".join([*lines[:first], changed, *lines[end:]]))


def _end(lines: list[str], number: int) -> int:
    """One past the last line of the statement that begins at a line."""
    depth = 0
    for end in range(number, len(lines)):
        code = re.sub(r'"[^"]*"|#.*', "", lines[end])
        depth += sum(map(code.count, "([{")) - sum(map(code.count, ")]}"))
        if depth == 0:
            return end + 1
    raise SystemExit(f"mutate: unbalanced brackets from line {number + 1}")


def _code_lines(lines: list[str]) -> Iterator[int]:
    """Lines that say what happens: no comments, docstrings, imports, declarations, events."""
    in_text = False
    log_ends = 0
    for number, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith('"""'):
            in_text = not in_text if bare.count('"""') == 1 else in_text
            continue
        if not in_text and bare.startswith("log "):
            log_ends = _end(lines, number)
        declares = re.match(
            r"^\w+: public|^_\w+: HashMap|^(from|import|struct|@|def|exports|initializes)", line
        )
        # Vyper wants a value for a variable that the next line assigns: no test can tell which.
        declares = declares or re.match(r"^\s+\w+: \w+ = (0|empty\(\w+\))$", line)
        if bare and not in_text and number >= log_ends and bare[0] != "#" and not declares:
            yield number
