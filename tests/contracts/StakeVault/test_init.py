from typing import Any

import brownie
import pytest

from tests.contracts.terms import ZERO


def test_keeps_its_partners(protocol: Any) -> None:
    vault = protocol.vault
    assert (vault.NRN(), vault.REGISTRY()) == (protocol.nrn, protocol.registry)


@pytest.mark.parametrize("missing", [0, 1])
def test_refuses_a_zero_address(StakeVault: Any, people: Any, missing: int) -> None:
    partners = [people.alice, people.bob]
    partners[missing] = ZERO
    with brownie.reverts("vault: zero address"):
        StakeVault.deploy(*partners, {"from": people.deployer})
