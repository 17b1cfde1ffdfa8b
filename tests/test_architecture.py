"""The house keeps its shape: layers look only down. What that means stands in pyproject.toml."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_every_layer_looks_only_down() -> None:
    assert lint_imports() == EXIT_STATUS_SUCCESS, "run `lint-imports`: it names the import"
