"""Models to export, and the libraries of others that read what was exported."""

import importlib
from types import ModuleType

import numpy as np
import pytest

from compute.inference import Model, Origin
from tests.compute.models.families import FAMILIES


def model(family: str) -> Model:
    spec = FAMILIES[family].specification
    parameters = {
        name: value + np.float32(0.01) for name, value in spec.initial_parameters().items()
    }
    origin = Origin(spec.hash, bytes(range(32)), 31337, 4, "0x" + "ab" * 20, 7, 9, "0x" + "cd" * 20)
    return Model(spec, parameters, origin)


def foreign(name: str, extra: str) -> ModuleType:
    """A library that `make setup` does not install, or a skip that says so."""
    try:
        return importlib.import_module(name)
    except ImportError:
        pytest.skip(f"NOT TESTED: {name} is not installed; make exports, or pip install {extra}")


@pytest.fixture(params=[name for name in FAMILIES])
def exported(request: pytest.FixtureRequest) -> Model:
    return model(request.param)
