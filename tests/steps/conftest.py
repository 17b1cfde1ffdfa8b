"""Contracts in titanoboa's EVM are there before its plugin, which undoes what a test does."""

from tests.steps import contracts


def pytest_collection_finish() -> None:
    if isinstance(contracts.machine(), contracts.SlowMachine):
        for name in (*contracts.BY_NUMBER, "StepsJudge"):
            contracts.address(name)
