"""The exact loss: any JAX model's loss as an integer that every machine computes to the last bit.

docs/exact.md is the specification of the numbers, F24/2.
"""

from compute.exact.carriers import CARRIERS
from compute.exact.evaluation import Evaluation, evaluate
from compute.exact.interpreter import UnsupportedPrimitive, exact
from compute.exact.transcript import SHARD, merkle_proof, merkle_root, shard_sums, verify_proof

VERSION = "F24/2"

__all__ = [
    "CARRIERS",
    "SHARD",
    "VERSION",
    "Evaluation",
    "UnsupportedPrimitive",
    "evaluate",
    "exact",
    "merkle_proof",
    "merkle_root",
    "shard_sums",
    "verify_proof",
]
