"""The Python library: what each package offers, with its docstrings."""

import importlib
import inspect
from collections.abc import Iterator
from types import ModuleType

PACKAGES = (
    "compute.exact",
    "compute.models",
    "compute.training_set",
    "compute.checkpoint",
    "compute.storage",
    "compute.chain",
    "compute.facts",
)


def page() -> str:
    """The page as Markdown."""
    lines = ["# The Python library", ""]
    for package in PACKAGES:
        lines += _package(importlib.import_module(package))
    return "\n".join(lines)


def _package(module: ModuleType) -> Iterator[str]:
    yield f"## {module.__name__}\n\n{inspect.getdoc(module) or ''}\n"
    for name in module.__all__:
        value = getattr(module, name)
        yield from _entry(f"{module.__name__}.{name}", value, 3)
        if inspect.isclass(value) and not issubclass(value, Exception):
            for method, function in vars(value).items():
                if not method.startswith("_") and inspect.isfunction(function):
                    yield from _entry(f"{name}.{method}", function, 4)


def _entry(name: str, value: object, level: int) -> Iterator[str]:
    yield f"{'#' * level} {name}\n"
    if callable(value):
        yield f"```text\n{name.rpartition('.')[2]}{_signature(value)}\n```\n"
        yield f"{inspect.getdoc(value) or ''}\n"


def _signature(value: object) -> str:
    try:
        return str(inspect.signature(value))  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return "(…)"
