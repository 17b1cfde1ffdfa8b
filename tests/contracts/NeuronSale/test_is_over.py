from typing import Any

from tests.contracts.NeuronSale.conftest import Sale


def test_turns_true_at_the_end(sale: Sale, clock: Any) -> None:
    clock.to(sale.end - 1)
    assert not sale.contract.is_over()
    clock.to(sale.end)
    assert sale.contract.is_over()
