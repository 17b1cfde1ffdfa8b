"""The reduced equality matrix: other instructions, devices and carrier, the same integers."""

from benchmarks import exact_equality as matrix


def test_the_reduced_matrix_is_equal():
    settings = {name: matrix.SETTINGS[name] for name in matrix.REDUCED}
    rows = matrix.compare(settings, ["mlp"])
    assert len(rows) == 3
    assert all(row["comparisons"] == 6 and row["exact differs"] == 0 for row in rows)
    # the contrast shows that the settings do reach the arithmetic
    assert any(row["float32 differs"] for row in rows)
