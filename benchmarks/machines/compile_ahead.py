"""A worker of aot.py: compiles items one by one for a machine that is described, not there.

    python compile_ahead.py TARGET CARRIER DUMP LIMIT CASES PROGRAMS ITEM...

Prints a line of JSON when an item begins and one when it ends.  A compilation that takes longer
than LIMIT seconds ends the process.  Needs the environment of requirements.lock beside this file.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

TARGET, CARRIER, DUMP, LIMIT, CASES, PROGRAMS = sys.argv[1:7]
os.environ |= {"JAX_PLATFORMS": "cpu", "TPU_SKIP_MDS_QUERY": "1"}
os.environ |= {"TPU_WORKER_HOSTNAMES": "localhost", "TPU_ACCELERATOR_TYPE": "v5litepod-4"}
if TARGET == "h100":  # what the GPU's compiler makes is read from its dumps
    os.environ["XLA_FLAGS"] = f"--xla_dump_to={DUMP}"

import jax  # noqa: E402
import numpy as np  # noqa: E402
from jax.experimental import topologies  # noqa: E402
from jax.sharding import SingleDeviceSharding  # noqa: E402

from benchmarks.machines.code_rules import forbidden_in_hlo, forbidden_in_ptx  # noqa: E402
from compute.exact import conformance  # noqa: E402
from compute.exact.carriers import CARRIERS  # noqa: E402
from compute.exact.evaluation import COMPILER_OPTIONS  # noqa: E402
from compute.exact.losses import LOSSES  # noqa: E402
from compute.exact.stages import Stages  # noqa: E402
from compute.program.codec import decode  # noqa: E402

MIB = 2.0**20


def topology() -> Any:
    if TARGET != "h100":
        return topologies.get_topology_desc(platform="tpu", topology_name=f"{TARGET}:2x2")
    described = Path(__file__).with_name("h100.txtpb").read_text()
    return topologies.get_topology_desc(
        platform="cuda", topology_name="1x1x1", target_config=described, topology="1x1x1"
    )


def operation(name: str) -> tuple[Any, Any]:
    """(function, arguments): the programs of its first vectors, with one example each.

    Those with inputs, for a compiler computes what is made of constants alone, and on floats.
    """

    def says_little(case: conformance.Case) -> tuple[bool, bool]:
        main = case.program.main
        read = [n for s in main.steps if s.operation.name == name for n in s.operands]
        return not case.inputs, not any(main.types[n].dtype.is_float for n in read)

    cases = sorted(conformance.read(name), key=says_little)[: int(CASES)]
    stages = [Stages(case.program, CARRIERS[CARRIER]) for case in cases]

    def run(given: Any) -> Any:
        return [s.second(s.first(p), x) for s, (p, x) in zip(stages, given, strict=True)]

    given = [(list(c.parameters.values()), [x[None] for x in c.inputs.values()]) for c in cases]
    return run, given


def size(name: str) -> tuple[Any, Any]:
    """(function, arguments): both stages of a built-in size and its loss, with one example."""
    program = decode((Path(PROGRAMS) / f"{name}.program").read_bytes())
    stages = Stages(program, CARRIERS[CARRIER])

    def run(params: Any, inputs: Any, targets: Any) -> Any:
        outputs, saturated = stages.second(stages.first(params), inputs)
        one = jax.vmap(lambda y, t: LOSSES["cross_entropy"](y, t, CARRIERS[CARRIER]))
        return one(outputs[0], targets), saturated

    def shape(kind: Any, *batch: int) -> Any:
        return jax.ShapeDtypeStruct((*batch, *kind.shape), kind.dtype.numpy)

    output = program.main.types[program.main.results[0]]
    given = (
        [shape(kind) for _, kind in program.parameters],
        [shape(kind, 1) for _, kind in program.inputs],
        jax.ShapeDtypeStruct((1, *output.shape[:-1]), np.int32),
    )
    return run, given


def compiled(item: str, device: Any) -> dict[str, Any]:
    """The row of an item."""
    run, given = size(item[5:]) if item.startswith("size ") else operation(item)
    given = given if isinstance(given, tuple) else (given,)
    sharding = SingleDeviceSharding(device)
    arguments = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding), given
    )
    platform = "cuda" if TARGET == "h100" else "tpu"
    start, busy = time.perf_counter(), sum(os.times()[:4])
    # what has no arguments is compiled where its results are to be, else here
    jitted = jax.jit(run, out_shardings=sharding, compiler_options=COMPILER_OPTIONS)
    found = jitted.trace(*arguments).lower(lowering_platforms=(platform,)).compile()
    memory, cost = found.memory_analysis(), found.cost_analysis()
    text = found.as_text() or ""
    # CUDA's compiler does not say
    work = (
        {}
        if cost is None
        else {
            "flops": float(cost.get("flops", 0)),
            "bytes": float(cost.get("bytes accessed", 0)),
        }
    )
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": sum(os.times()[:4]) - busy,
        "temp_MiB": memory.temp_size_in_bytes / MIB,
        "code_MiB": memory.generated_code_size_in_bytes / MIB,
        **work,
        "forbidden": forbidden_in_hlo(text, CARRIER) + forbidden_in_ptx(_dumped()),
    }


def _dumped() -> str:
    """The PTX of what was just compiled, which is removed."""
    found = []
    for file in Path(DUMP).rglob("*.ptx"):
        found.append(file.read_text())
        file.unlink()
    return "\n".join(found)


def main() -> None:
    device = topology().devices[0]
    with jax.enable_x64(True):
        for item in sys.argv[7:]:
            print(json.dumps({"started": item}), flush=True)
            faulthandler.dump_traceback_later(int(LIMIT), exit=True)
            try:
                row = compiled(item, device)
            except Exception as error:  # a compiler fails in any way it likes
                row = {"error": f"{type(error).__name__}: {error}"[:1000]}
            faulthandler.cancel_dump_traceback_later()
            print(json.dumps({"item": item, **row}), flush=True)


if __name__ == "__main__":
    main()
