"""What `nrn` compiles is found again at its next start, and what is damaged is made again."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import compute.cli
compute.cli.keep_what_is_compiled()
import jax
import jax.numpy as jnp

jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
jax.monitoring.register_event_listener(lambda name: name.endswith("misses") and print(name))
for power in (2, 3, 5):
    print(float(jax.jit(lambda x: x**power)(jnp.float32(3))))
"""


def run(cache: Path) -> list[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_COMPILATION")}
    environment["XDG_CACHE_HOME"] = str(cache)
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.check_output(command, env=environment, text=True).splitlines()


def test_a_second_start_compiles_nothing_but_what_is_damaged(tmp_path: Path) -> None:
    first = run(tmp_path)
    assert [line for line in first if "misses" not in line] == ["9.0", "27.0", "243.0"]
    assert any("misses" in line for line in first)
    assert run(tmp_path) == ["9.0", "27.0", "243.0"]
    flipped, cut, empty = sorted(tmp_path.rglob("jit__lambda*-cache"))
    data = flipped.read_bytes()
    flipped.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
    cut.write_bytes(cut.read_bytes()[:100])
    empty.write_bytes(b"")
    again = run(tmp_path)
    assert [line for line in again if "misses" not in line] == ["9.0", "27.0", "243.0"]


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = run(tmp_path / "file")
    assert [line for line in found if "misses" not in line] == ["9.0", "27.0", "243.0"]
