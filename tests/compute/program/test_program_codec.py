"""The binary form: one for each program, refused with a sentence when it is anything else."""

from __future__ import annotations

import os
import random
import struct
import tracemalloc

import pytest

from compute import merkle
from compute.program import codec, limits
from compute.program.builder import Builder
from compute.program.operation import ProgramError
from compute.program.operations import BY_CODE, OPERATIONS
from compute.program.program import Block, Program
from compute.program.types import DType, Type
from tests.support.random_programs import random_case

MUTATIONS = int(os.environ.get("MUTATIONS", "400"))  # 10,000 in a long run


def f24(*shape: int) -> Type:
    return Type(DType.F24, shape)


def small_program(steps: int = 3) -> Program:
    """x -> tanh(... tanh(x + w))."""
    b = Builder([f24(4), f24(4)])
    (y,) = b.step("add", 0, 1)
    for _ in range(steps - 1):
        (y,) = b.step("tanh", y)
    return Program((("w", f24(4)),), (("x", f24(4)),), b.block([y]))


def with_constants(*constants: bytes) -> Program:
    b = Builder([f24(2)])
    made = [b.constant(f24(len(data) // 4), data) for data in constants]
    return Program((), (("x", f24(2)),), b.block([0, *made]))


def ramp(count: int, start: float = 1.0) -> bytes:
    return struct.pack(f"<{count}f", *(start + i for i in range(count)))


@pytest.mark.parametrize("seed", range(60))
def test_a_program_survives_the_round_trip(seed: int) -> None:
    program = random_case(seed).program
    document = codec.encode(program)
    read = codec.decode(document)
    assert read == program
    assert codec.encode(read) == document
    assert codec.program_root(read) == codec.program_root(program)


def test_no_code_and_no_name_stands_twice() -> None:
    assert len(BY_CODE) == len(OPERATIONS) == 100
    assert all(0 < code < 0x100 for code in BY_CODE)


def test_small_constants_stand_in_their_step_and_large_ones_once_by_their_root() -> None:
    small, large = ramp(64), ramp(65)
    document = codec.encode(with_constants(small, large, large, ramp(300, 1e3)))
    assert document.count(large) == 1
    assert document.count(codec.constant_root(large)) == 2
    assert codec.decode(document) == with_constants(small, large, large, ramp(300, 1e3))


def test_constants_in_another_order_are_another_document_and_refused() -> None:
    first, second = ramp(100), ramp(100, 5.0)
    document = codec.encode(with_constants(first, second))
    field = lambda data: struct.pack(">I", len(data)) + data  # noqa: E731
    both = field(first) + field(second)
    assert both in document
    swapped = document.replace(both, field(second) + field(first))
    with pytest.raises(ProgramError, match="not in the one form"):
        codec.decode(swapped)


def test_the_root_opens_a_single_step() -> None:
    """What a contract will check: the header, or a step, and the path to the root."""
    program = small_program(4)
    encoder = codec._Encoder(program)
    leaves, root = [encoder.header(), *encoder.steps], codec.program_root(program)
    for index, data in enumerate(leaves):
        path = merkle.proof(leaves, index)
        assert merkle.verify(root, 5, index, data, path)
        assert not merkle.verify(root, 5, index, data + b"x", path)
    assert codec.encode(program) == codec.MAGIC + leaves[0] + bytes(4) + b"".join(leaves[1:])


def test_every_part_of_a_program_changes_its_root() -> None:
    def named(parameter: str, x: str, last: str) -> bytes:
        b = Builder([f24(4), f24(4)])
        (y,) = b.step("add", 0, 1)
        (z,) = b.step(last, y)
        program = Program(((parameter, f24(4)),), ((x, f24(4)),), b.block([z]))
        return codec.program_root(program)

    roots = {named("w", "x", "tanh"), named("v", "x", "tanh"), named("w", "y", "tanh")}
    roots |= {named("w", "x", "exp"), codec.program_root(small_program(3))}
    b = Builder([f24(4), f24(4)])
    (y,) = b.step("add", 0, 1)
    (z,) = b.step("tanh", y)
    other = Program((("w", f24(4)),), (("x", f24(4)),), b.block([y]))
    roots |= {codec.program_root(other)}
    assert len(roots) == 6
    assert z == 3


def test_blocks_are_written_inner_first_and_each_is_used_once() -> None:
    inner = Builder([f24()])
    (y,) = inner.step("neg", 0)
    body = inner.block([y])
    outer = Builder([f24()])
    (z,) = outer.step("scan", 0, body=body, length=3, constants=0, carries=1, reverse=False)
    nested = outer.block([z])
    main = Builder([Type(DType.BOOL), f24()])
    (r,) = main.step("cond", 0, 1, branches=(nested, Block((f24(),), (), (0,))))
    program = Program((), (("p", Type(DType.BOOL)), ("x", f24())), main.block([r]))
    document = codec.encode(program)
    assert codec.decode(document) == program
    reference = struct.pack(">3I", 2, 1, 2)  # two branches: blocks 1 and 2, for 0 is the body
    assert document.count(reference) == 1
    twice = document.replace(reference, struct.pack(">3I", 2, 1, 1))
    with pytest.raises(ProgramError, match="block 1 is used twice or before it is complete"):
        codec.decode(twice)
    later = document.replace(reference, struct.pack(">3I", 2, 1, 3))
    with pytest.raises(ProgramError, match="block 3 is used twice or before it is complete"):
        codec.decode(later)


def mutate(document: bytes, rng: random.Random) -> bytes:
    data = bytearray(document)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(data))
        match rng.randrange(6):
            case 0:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                data[at] = rng.randrange(256)
            case 2:
                word = rng.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, 65537))
                data[at : at + 4] = word.to_bytes(4, "big")
            case 3:
                del data[at : at + rng.randint(1, 8)]
            case 4:
                data[at:at] = data[at : at + rng.randint(1, 40)]
            case 5:
                other = rng.randrange(len(data))
                data[at : at + 4] = data[other : other + 4]
    return bytes(data) or b"\x00"


def test_mutated_programs_are_refused_or_valid_and_take_little_memory() -> None:
    rng = random.Random(int(os.environ.get("SEED", "20")))
    documents = [codec.encode(random_case(seed).program) for seed in range(40)]
    refused = 0
    tracemalloc.start()
    for _ in range(MUTATIONS):
        document = mutate(rng.choice(documents), rng)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        try:
            assert codec.encode(codec.decode(document)) == document
        except ProgramError as error:
            refused += 1
            assert str(error)
        peak = tracemalloc.get_traced_memory()[1] - before
        assert peak < 200_000 + 60 * len(document), (peak, len(document))
    tracemalloc.stop()
    assert refused > MUTATIONS // 2


def test_a_document_of_counts_takes_no_memory() -> None:
    """Whatever a count says, it is compared with the bytes that are there."""
    huge = struct.pack(">I", 2**32 - 1)
    tracemalloc.start()
    for position in range(0, 60, 4):
        document = codec.encode(small_program())
        cut = len(codec.MAGIC) + position
        with pytest.raises(ProgramError):
            codec.decode(document[:cut] + huge + document[cut + 4 :])
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_too_many_bytes_are_refused_before_they_are_read() -> None:
    with pytest.raises(ProgramError, match="more than a program has"):
        codec.decode(bytes(limits.DOCUMENT_BYTES + 1))
    with pytest.raises(ProgramError, match="does not begin as a program"):
        codec.decode(b"{}")
    with pytest.raises(ProgramError, match="1 bytes follow its end"):
        codec.decode(codec.encode(small_program()) + b"\x00")
