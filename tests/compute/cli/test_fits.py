"""`nrn group list --fits`: what this machine can keep, measured, and what that pays."""

from pathlib import Path

import pytest

from compute.judging import fit
from tests.compute.cli.test_work import Nrn, group  # noqa: F401
from tests.integration.devnet import Devnet


def test_a_group_is_measured_on_this_machine(
    nrn: Nrn,
    group: object,  # noqa: F811
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    devnet: Devnet,
) -> None:
    """a group without data | one that fits | memory too small | a window too short"""
    bare, found = nrn("group", "list", "--fits", "--json").json
    assert bare["fits"] is False and "not available" in bare["why_not"]
    assert found["fits"] is True and found["examples"] > 0
    assert 0 < found["evaluation_seconds"] < found["vote_seconds"]
    assert found["blocks_a_day"] == 0 and found["trainers_pay_a_day"] == "0"
    with monkeypatch.context() as patch:
        patch.setattr(fit, "usable", lambda: 1)
        assert "memory" in nrn("group", "list", "--fits", "--json").json[1]["why_not"]
    with monkeypatch.context() as patch:
        patch.setattr(fit, "_seconds", lambda specification, batch: 1e9)
        assert "outlasts" in nrn("group", "list", "--fits", "--json").json[1]["why_not"]
