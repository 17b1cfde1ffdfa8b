"""Byte-pair ranks of your own texts, for `nrn group create --tokeniser`.

    pip install tokenizers
    python examples/tokeniser/train.py 2048 plays/*.txt > plays.tiktoken

Trains with Hugging Face's tokenizers and writes tiktoken's format: a line with the base64 of a
token and its rank, for every byte and then for every merge in the order of its learning.
"""

import base64
import sys

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

# as compute.training_set.tokeniser.PATTERN, without possessive quantifiers, which change no piece
PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s"
)


def main() -> None:
    size, files = int(sys.argv[1]), sys.argv[2:]
    pieces = pre_tokenizers.Split(Regex(PATTERN), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokeniser = Tokenizer(models.BPE())
    tokeniser.pre_tokenizer = pre_tokenizers.Sequence([pieces, byte_level])
    alphabet = byte_level.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, show_progress=False, max_token_length=64
    )
    tokeniser.train(files, trainer)
    vocabulary = tokeniser.get_vocab()
    for token in sorted(vocabulary, key=vocabulary.__getitem__):
        data = bytes(BYTE_OF[character] for character in token)
        print(base64.b64encode(data).decode(), vocabulary[token])


def bytes_of_characters() -> dict[str, int]:
    """ByteLevel writes printable bytes as themselves, and the others as the characters from 256."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}


BYTE_OF = bytes_of_characters()

if __name__ == "__main__":
    main()
