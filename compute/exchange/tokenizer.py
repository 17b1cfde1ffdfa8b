"""A file of byte-pair ranks as Hugging Face `tokenizers` reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from compute.training_set.tokeniser import PATTERN, Tokeniser

_POSSESSIVE = re.compile(r"([?*+]|\{[0-9]+(?:,[0-9]*)?\})\+")


def documents(tokeniser: Tokeniser | None, vocab: int) -> dict[str, Any]:
    """tokenizer.json and its config; without a tokeniser for bytes, if they are the vocabulary,
    else none: what tokens mean is not known then."""
    if tokeniser is None and vocab != 256:
        return {}
    tokens = [bytes([byte]) for byte in range(256)]
    tokens = tokens if tokeniser is None else [tokeniser.decode([k]) for k in range(len(tokeniser))]
    return {
        "tokenizer.json": _tokenizer(tokens, None if tokeniser is None else PATTERN),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"},
    }


def _tokenizer(tokens: Sequence[bytes], pattern: str | None) -> dict[str, Any]:
    ranks = {token: rank for rank, token in enumerate(tokens)}
    letters = _letters()
    shown = ["".join(letters[byte] for byte in token) for token in tokens]
    merges = [
        [shown[ranks[part]] for part in _parts(token, ranks)] for token in tokens if len(token) > 1
    ]
    by_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    split = {
        "type": "Split",
        "pattern": {"Regex": _plain(pattern or r"[\s\S]")},
        "behavior": "Isolated",
        "invert": False,
    }
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [split, {**by_bytes, "use_regex": False}],
        },
        "post_processor": None,
        "decoder": {**by_bytes, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {token: rank for rank, token in enumerate(shown)},
            "merges": [pair for pair in merges if len(pair) == 2],
        },
    }


def _parts(token: bytes, ranks: dict[bytes, int]) -> list[bytes]:
    """The two tokens that the pairs of lower rank leave of this one, which its own rank joins."""
    parts = [token[at : at + 1] for at in range(len(token))]
    while len(parts) > 2:
        pairs = [ranks.get(a + b, len(ranks)) for a, b in pairwise(parts)]
        least = min(pairs)
        if least >= ranks[token]:
            break  # no pairs make it: it is found whole or not at all
        at = pairs.index(least)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
    return parts


def _plain(pattern: str) -> str:
    """The pattern without possessive repetition, which Oniguruma writes in other ways; here it only
    saves time. `\\z`, because `$` would be the end of each line there."""
    return _POSSESSIVE.sub(r"\1", pattern).replace("$", r"\z")


def _letters() -> dict[int, str]:
    """The character that stands for each byte, as GPT-2 has them."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in shown]
    return {**{byte: chr(byte) for byte in shown}, **{b: chr(256 + n) for n, b in enumerate(rest)}}
