"""Does this device compute the committed vectors, and is one that does not found?"""

import pytest

from compute.exact import conformance
from compute.exact.rules import RULES


@pytest.mark.parametrize(("carrier", "operation"), [("float64", "dot"), ("integer", "tanh")])
def test_this_device_conforms(carrier, operation):
    report = conformance.check(carrier, operations=[operation], each=None)
    assert report.ok, report.failures
    assert (report.carrier, report.vectors) == (carrier, 16)


def test_a_wrong_device_is_found(monkeypatch):
    """A negation that does nothing fails its vectors, and only those."""
    monkeypatch.setitem(RULES, "neg", RULES["stop_gradient"])
    report = conformance.check(operations=["neg", "abs"], each=None)
    assert not report.ok and report.failures
    assert all(failure.startswith("neg:") for failure in report.failures)


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ("", ()),
        ("--xla_cpu_enable_fast_math=false", ()),
        ("--xla_cpu_enable_fast_math", ("xla_cpu_enable_fast_math",)),
        ("--xla_dump_to=/x --xla_gpu_enable_fast_min_max=true", ("xla_gpu_enable_fast_min_max",)),
    ],
)
def test_flags_that_take_liberties_are_refused(monkeypatch, flags, found):
    monkeypatch.setenv("XLA_FLAGS", flags)
    assert conformance.unsafe_flags() == found
    report = conformance.check(operations=[], each=None)
    assert report.flags == found and report.ok == (not found)


@pytest.mark.parametrize(("value", "refused"), [("1", True), ("0", False)])
def test_products_emulated_by_a_library_are_refused(monkeypatch, value, refused):
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.setenv("CUBLAS_EMULATE_DOUBLE_PRECISION", value)
    assert conformance.unsafe_flags() == ("CUBLAS_EMULATE_DOUBLE_PRECISION",) * refused
