"""Training as a random curve, fitted to a recorded demo.

loss(work) = floor + scale * (1 + work) ** -exponent, in nats; `work` in blocks of a trainer of
speed 1. The power law is that of scaling laws (Hestness et al. 2017); floor and exponent are
fitted to the losses that the language demo recorded (docs/curves/demo-lm.json).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scripts.bytecode import ROOT

RECORD = ROOT / "docs" / "curves" / "demo-lm.json"
FLOORS = np.linspace(0.0, 1.0, 101)  # parts of the lowest recorded loss


@dataclass(frozen=True)
class Curve:
    """A power law and the spread of a block's work (standard deviation of its logarithm)."""

    floor: float
    scale: float
    exponent: float
    spread: float

    def loss(self, work: float) -> float:
        """Nats after so much work."""
        return self.floor + self.scale * (1.0 + work) ** -self.exponent

    def work(self, loss: float) -> float:
        """What it takes to reach a loss, in nats; infinite at the floor and below."""
        if loss <= self.floor:
            return float("inf")
        return float(max(0.0, ((loss - self.floor) / self.scale) ** (-1.0 / self.exponent) - 1.0))

    def step(self, speed: float, random: np.random.Generator) -> float:
        """Work that a trainer gets done in a block: lognormal with mean `speed`."""
        return float(speed * random.lognormal(-(self.spread**2) / 2, self.spread))


def recorded(path: Path = RECORD) -> np.ndarray:
    """Losses of the accepted blocks of a demo's first group, in nats."""
    blocks = json.loads(path.read_text())["blocks"]
    return np.array([block["loss"] for block in blocks if block["group_id"] == 1])


def fit(losses: np.ndarray) -> Curve:
    """Least squares on log(loss - floor) against log(blocks), for the best of many floors."""
    blocks = np.log(np.arange(1, len(losses) + 1))
    fits = [_line(blocks, losses, part * losses.min()) for part in FLOORS[:-1]]
    error, floor, scale, exponent = min(fits)
    spread = float(np.sqrt(error / len(losses))) / exponent  # of the work that explains the error
    return Curve(floor, scale, exponent, min(1.0, max(0.1, spread)))


def _line(
    blocks: np.ndarray, losses: np.ndarray, floor: float
) -> tuple[float, float, float, float]:
    logs = np.log(losses - floor)
    slope, offset = np.polyfit(blocks, logs, 1)
    residual = logs - (slope * blocks + offset)
    error = float(((np.exp(logs) - np.exp(logs - residual)) ** 2).sum())
    return error, float(floor), float(np.exp(offset)), float(-slope)
