"""Goldens: committed programs with the integers that every machine computes of them.

    python -m tests.support.goldens [FAMILY ...]     # trace and write, with this Python's JAX

`tests/goldens/NAME.program` is the document; `goldens.json` holds, by name, the loss of every
example (Q32.32), their floored mean, the top of the transcript and the program's root.  Parameters,
inputs and targets follow from the name by the rule of `draws`, with integers alone.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from compute.program.codec import decode, encode, program_root
from compute.program.program import Program
from compute.program.types import DType, Type

FOLDER = Path(__file__).parents[1] / "goldens"
INTEGERS = FOLDER / "goldens.json"
EXAMPLES = 3
BUILT_IN = ("mlp", "resnet", "bottleneck", "vit", "grouped", "untied")


class Golden(NamedTuple):
    """A program and its examples; `bound` is what targets and integer inputs stay below."""

    program: Program
    loss: str
    bound: int
    target: Type

    def parameters(self, name: str) -> dict[str, np.ndarray]:
        """Near 1 where a name says that it scales, else of variance about 1 / fan-in."""
        return {
            key: _parameter(f"{name} {key}", key, kind) for key, kind in self.program.parameters
        }

    def inputs(self, name: str) -> dict[str, np.ndarray]:
        """[EXAMPLES, ...] each."""
        return {
            key: _input(f"{name} {key}", Type(kind.dtype, (EXAMPLES, *kind.shape)), self.bound)
            for key, kind in self.program.inputs
        }

    def targets(self, name: str) -> np.ndarray:
        """Of all kinds that the loss takes."""
        kind = Type(self.target.dtype, (EXAMPLES, *self.target.shape))
        bound = 2 if self.loss == "binary_cross_entropy" else self.bound
        return _input(f"{name} target", kind, bound)


def draws(name: str, count: int) -> np.ndarray:
    """int64 in [-2**15, 2**15): 16-bit words of SHA-256 of the name and a counter."""
    words = b"".join(
        hashlib.sha256(f"{name} {block}".encode()).digest() for block in range(-(-count // 16))
    )
    return np.frombuffer(words, "<i2")[:count].astype(np.int64)


def _parameter(seed: str, key: str, kind: Type) -> np.ndarray:
    spread = 1.0 if len(kind.shape) < 2 else 2.0 ** -(math.prod(kind.shape[:-1]).bit_length() // 2)
    noise = draws(seed, kind.size).reshape(kind.shape) * np.float64(2.0**-14 * spread)
    if "scale" in key or "var" in key:
        return (1 + np.abs(noise) / 16).astype(np.float32)
    return noise.astype(np.float32)


def _input(seed: str, kind: Type, bound: int) -> np.ndarray:
    numbers = draws(seed, kind.size).reshape(kind.shape)
    if kind.dtype is DType.F24:
        return (numbers * 2.0**-14).astype(np.float32)
    return (numbers % (2 if kind.dtype is DType.BOOL else bound)).astype(kind.dtype.numpy)


def golden(name: str) -> Golden:
    """The committed program of this name."""
    return _described(decode((FOLDER / f"{name}.program").read_bytes()), _entry(name))


def _entry(name: str) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(INTEGERS.read_text())[name]
    return entry


def _described(program: Program, entry: dict[str, Any]) -> Golden:
    target = Type(DType[entry["target"]["dtype"]], tuple(entry["target"]["shape"]))
    return Golden(program, entry["loss"], entry["bound"], target)


def names() -> list[str]:
    return sorted(json.loads(INTEGERS.read_text()))


def families() -> dict[str, Any]:
    """All models: name -> (program, loss, bound of integers, type of a target)."""
    from compute.exact.tracing import trace
    from tests.support.exact_families import FAMILIES
    from tests.support.exact_strangers import STRANGERS

    def of_family(make: Any) -> tuple[Program, str, int, Type]:
        family = make()
        loss = family.loss if isinstance(family.loss, str) else "cross_entropy"
        dtype = DType.F24 if family.targets.dtype == np.float32 else DType.I32
        program = trace(family.logits, family.params, family.inputs)
        return program, loss, 5, Type(dtype, family.targets.shape[1:])

    return {
        name: (lambda make=make: of_family(make))
        for name, make in {**FAMILIES, **STRANGERS}.items()
    } | {f"built_in_{name}": (lambda name=name: _built_in(name)) for name in BUILT_IN}


def _built_in(name: str) -> tuple[Program, str, int, Type]:
    from tests.compute.models.families import FAMILIES as MODELS

    spec = MODELS[name].specification
    bound = 256 if spec.inputs == ("tokens",) else spec.output_shape[-1]
    return spec.program, spec.loss, bound, Type(DType.I32, spec.target_shape)


def write(chosen: list[str]) -> None:
    """Trace, evaluate and write."""
    from compute.exact import evaluate

    FOLDER.mkdir(exist_ok=True)
    known = json.loads(INTEGERS.read_text()) if INTEGERS.exists() else {}
    makers = families()
    for name in chosen or list(makers):
        program, loss, bound, target = makers[name]()
        entry: dict[str, Any] = {
            "loss": loss,
            "bound": bound,
            "target": {"dtype": target.dtype.name, "shape": list(target.shape)},
            "root": program_root(program).hex(),
        }
        model = _described(program, entry)
        batch = [(model.inputs(name), model.targets(name))]
        found = evaluate(program, model.parameters(name), batch, loss=loss, total=EXAMPLES)
        if not found.valid:
            raise SystemExit(f"{name}: {found.reason}")
        entry |= {"losses": [int(x) for x in found.transcript], "mean": found.loss}
        entry |= {"top": found.top.hash.hex()}
        known[name] = entry
        (FOLDER / f"{name}.program").write_bytes(encode(program))
        print(name, entry["mean"] / 2**32)
        lines = [f'"{key}":{json.dumps(known[key])}' for key in sorted(known)]
        INTEGERS.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    write(sys.argv[1:])
