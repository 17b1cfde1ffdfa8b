"""The house keeps its shape: layers look only down, and one place replaces files.

Which layers there are stands in pyproject.toml.
"""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_layer_looks_only_down() -> None:
    # in a process of its own: the linter turns off the loggers of all modules imported so far
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def renames_or_syncs(call: ast.AST) -> bool:
    """Whether this is `.fsync(…)`, `.rename(…)`, or `.replace(target)`: a text's takes two."""
    match call:
        case ast.Call(func=ast.Attribute(attr="fsync" | "rename")):
            return True
        case ast.Call(func=ast.Attribute(attr="replace"), args=[_], keywords=[]):
            return True
    return False


def test_one_place_replaces_files() -> None:
    found = {
        str(file.relative_to(ROOT))
        for folder in ("compute", "scripts")
        for file in (ROOT / folder).rglob("*.py")
        if any(renames_or_syncs(node) for node in ast.walk(ast.parse(file.read_text())))
    }
    # FolderStore moves a block aside to delete it, which replaces nothing.
    assert found == {"compute/durable.py", "compute/storage/folder.py"}
