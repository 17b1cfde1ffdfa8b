from typing import Any

import brownie
import pytest

from tests.contracts.terms import ZERO


def test_keeps_its_partners(protocol: Any) -> None:
    coinbase = protocol.coinbase
    partners = (coinbase.NRN(), coinbase.SALE(), coinbase.VAULT(), coinbase.REGISTRY())
    assert partners == (protocol.nrn, protocol.sale, protocol.vault, protocol.registry)
    assert coinbase.EMISSION_START() == protocol.sale.END()


@pytest.mark.parametrize("missing", range(4))
def test_refuses_a_zero_address(Coinbase: Any, protocol: Any, people: Any, missing: int) -> None:
    partners = [protocol.nrn, protocol.sale, protocol.vault, protocol.registry]
    partners[missing] = ZERO
    with brownie.reverts("coinbase: zero address"):
        Coinbase.deploy(*partners, {"from": people.deployer})
