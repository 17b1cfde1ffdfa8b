"""The exact loss: a program's loss as an integer that every machine computes to the last bit.

docs/exact.md is the specification of the numbers, F24/3.
"""

from compute.exact.carriers import CARRIERS
from compute.exact.evaluation import Evaluation, Evaluator, Invalid, evaluate_program
from compute.exact.face import evaluate, exact
from compute.exact.tracing import UnsupportedPrimitive
from compute.exact.transcript import (
    SHARD,
    Node,
    eval_root,
    merkle_proof,
    merkle_top,
    shard_sums,
    verify_proof,
)

VERSION = "F24/3"

__all__ = [
    "CARRIERS",
    "SHARD",
    "VERSION",
    "Evaluation",
    "Evaluator",
    "Invalid",
    "Node",
    "UnsupportedPrimitive",
    "eval_root",
    "evaluate",
    "evaluate_program",
    "exact",
    "merkle_proof",
    "merkle_top",
    "shard_sums",
    "verify_proof",
]
