"""Where the engine cannot be had, tests of the economy are skipped aloud."""

import importlib.util
import warnings

collect_ignore_glob: list[str] = []

if importlib.util.find_spec("pyrevm") is None:
    warnings.warn(
        "THE ECONOMY IS NOT TESTED: pyrevm has no build for this Python; use 3.11 or 3.12",
        stacklevel=1,
    )
    collect_ignore_glob = ["test_*.py"]
