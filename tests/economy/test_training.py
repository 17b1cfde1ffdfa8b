"""The curve: it fits what was recorded, and knows its own inverse."""

import numpy as np
import pytest

from economy.training import Curve, fit, recorded


def test_the_curve_fits_the_recorded_demo() -> None:
    losses = recorded()
    curve = fit(losses)
    assert np.allclose([curve.loss(n) for n in range(len(losses))], losses, atol=0.02)


def test_a_known_law_is_found_again() -> None:
    law = Curve(0.0, 2.0, 0.5, 0.1)
    curve = fit(np.array([law.loss(n) for n in range(8)]))
    assert (curve.scale, curve.exponent) == pytest.approx((2.0, 0.5))


def test_work_undoes_loss() -> None:
    curve = fit(recorded())
    for work in (0.0, 1.0, 50.0):
        assert curve.work(curve.loss(work)) == pytest.approx(work)
    assert curve.work(curve.floor) == float("inf")
