"""How much memory an evaluation may take here, and whether a program takes more."""

from __future__ import annotations

import os

import jax

from compute.program.cost import block_cost
from compute.program.program import Program

SPARE = 0.8  # of the memory, that an evaluation may take


def usable() -> int:
    """Bytes of a device that an evaluation may take; of the machine, if that is the device."""
    told = jax.local_devices()[0].memory_stats() or {}
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(SPARE * told.get("bytes_limit", machine))


def require_memory(program: Program) -> None:
    """Raises MemoryError if one example takes more than there is."""
    needed, there = block_cost(program.main).scratch_bytes, usable()
    if needed > there:
        raise MemoryError(
            f"one example takes {needed:,} bytes, and an evaluation may take {there:,} here"
        )
