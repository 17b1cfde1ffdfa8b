"""Make strangers' text harmless: it cannot steer a terminal, hide, or pass for another text.

Everything printed that others wrote goes through here, on the terminal and on pages (which escape
markup besides).
"""

import unicodedata

MAX_CHARACTERS = 2_000
MAX_MARKS = 2  # accents on one letter; more of them paint over the lines above
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# controls, formats (bidirectional marks, zero width, tags), surrogates, private, unassigned, breaks
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# letters and signs that look like nothing
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\U0001d159")
# of every category of marks: those of class 0 are stacked as well
_MARKS = frozenset({"Mn", "Me"})


def inert(text: str, limit: int = MAX_CHARACTERS) -> str:
    """`text` up to `limit` characters, U+FFFD for each that cannot be seen; lines stay lines."""
    shown, marks, before = [], 0, ""
    for character in text[:limit]:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        hides = marks > MAX_MARKS or (_varies(character) and not _is_sign(before))
        shown.append(REPLACEMENT if hides else _seen(character))
        before = character
    return "".join(shown) + ("…" if len(text) > limit else "")


def inert_name(text: str, limit: int = 80) -> str:
    """A name on one line; in a word of several alphabets, what is not Latin is shown as its code.

    A word wholly of another alphabet stays: identity is a number or a hash, never a name.
    """
    line = " ".join(inert(text, limit).split())
    return " ".join(_one_alphabet(word) for word in line.split(" "))


def _varies(character: str) -> bool:
    """A variation selector: it is not seen, and says how a sign before it is drawn."""
    return "VARIATION SELECTOR" in unicodedata.name(character, "")


def _is_sign(character: str) -> bool:
    return character != "" and unicodedata.category(character) == "So"


def _seen(character: str) -> str:
    if character in " \n":
        return character
    kind = unicodedata.category(character)
    if kind in _UNSEEN or character in _BLANK:
        return REPLACEMENT
    return " " if kind == "Zs" else character


def _one_alphabet(word: str) -> str:
    letters = [character for character in word if character.isalpha()]
    if len({_alphabet(letter) for letter in letters}) <= 1:
        return word
    return "".join(
        f"\\u{{{ord(c):x}}}" if c.isalpha() and _alphabet(c) != "LATIN" else c for c in word
    )


def _alphabet(letter: str) -> str:
    return unicodedata.name(letter, "?").split(" ")[0]
