"""Advise when a device's memory is too small, before or after the attempt."""

import contextlib
from collections.abc import Iterator

import jax

from compute.training.recipe import Recipe, RecipeError


class OutOfMemory(RecipeError):
    """The model, batch and mesh do not fit the device."""

    def __init__(self, recipe: Recipe, cause: str) -> None:
        ways = [
            f"a larger accumulation than {recipe.accumulation} (the same batch in smaller parts)",
            f"a smaller batch_size than {recipe.batch_size}",
        ]
        if not recipe.remat:
            ways.append("remat = true (activations computed again)")
        if recipe.precision != "bfloat16":
            ways.append('precision = "bfloat16"')
        ways.append("a mesh with more fsdp (parameters and optimizer state split over devices)")
        super().__init__(
            f"This does not fit the memory of the device ({cause}). Try, in this order: "
            f"{'; '.join(ways)}."
        )


@contextlib.contextmanager
def explained(recipe: Recipe) -> Iterator[None]:
    """Raise OutOfMemory where a device refuses an allocation."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        cause = str(error).partition("\n")[0]
        if "RESOURCE_EXHAUSTED" not in cause and "out of memory" not in cause.lower():
            raise
        raise OutOfMemory(recipe, cause[:200]) from error


def check(recipe: Recipe, needed: int, device: jax.Device) -> None:
    """Raise OutOfMemory if a program needs more bytes than the device says it has."""
    limit = (device.memory_stats() or {}).get("bytes_limit")
    if limit is not None and needed > limit:
        raise OutOfMemory(
            recipe, f"a step needs {needed / 2**30:.1f} GiB, it has {limit / 2**30:.1f} GiB"
        )
