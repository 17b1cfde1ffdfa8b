"""Several processes as one trainer: all run the same program, process 0 alone decides.

Programs over a mesh of several hosts work only if every process starts the same ones in the same
order. Whatever depends on the clock, the chain or a person is therefore decided by process 0 and
told to the others by `agreed`; everything else follows from data that all of them have.
"""

from collections.abc import Callable

import jax
import numpy as np
from jax.experimental import multihost_utils

from compute.training import Leave
from compute.training.recipe import RecipeError

_LEAVE, _ABANDON = -1, -2


class Abandoned(Exception):
    """Process 0 met an error and left; the others follow."""


def join(where: str) -> None:
    """Become one of several processes, before anything else is done with JAX.

    `where` is "auto" under Slurm, Kubernetes, Open MPI or on a TPU pod, where JAX finds the others
    by itself, or ADDRESS:PORT,COUNT,INDEX with the address of process 0. Raises RecipeError.
    """
    if where == "auto":
        jax.distributed.initialize()
        return
    address, _, rest = where.partition(",")
    count, _, index = rest.partition(",")
    if not (":" in address and count.isdecimal() and index.isdecimal() and int(index) < int(count)):
        raise RecipeError(
            f"{where!r} does not say where the other processes are: write auto, or "
            "ADDRESS:PORT,COUNT,INDEX as in 10.0.0.1:8476,2,0."
        )
    jax.distributed.initialize(address, int(count), int(index))


def leads() -> bool:
    """Return whether this is process 0, the one that decides and that others see."""
    return jax.process_index() == 0


def agreed(decide: Callable[[], int]) -> int:
    """Share what `decide` gives in process 0, where alone it is called: an integer in 0…2**31 - 1.

    If it raises there, so does this; the others raise Leave for a Leave, and Abandoned for
    anything else.
    """
    if jax.process_count() == 1:
        return decide()
    value, failure = 0, None
    if leads():
        try:
            value = decide()
        except BaseException as error:  # whatever it is, the others must not wait for ever
            value, failure = (_LEAVE if isinstance(error, Leave) else _ABANDON), error
    value = int(multihost_utils.broadcast_one_to_all(np.int32(value)))
    if failure is not None:
        raise failure
    if value == _LEAVE:
        raise Leave
    if value == _ABANDON:
        raise Abandoned
    return value


def gathered(value: jax.Array) -> np.ndarray:
    """A copy of the whole of an array that lies on many devices, in the memory of every process."""
    if value.is_fully_addressable:
        return np.array(value)  # on a CPU, asarray would show a buffer that is soon donated
    return np.asarray(multihost_utils.process_allgather(value, tiled=True))
