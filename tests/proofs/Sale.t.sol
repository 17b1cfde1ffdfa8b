// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import "./Proof.sol";

/// S1 to S5, for any purchases and at any time.
contract SaleProof is Proof {
    function setUp() public {
        deploySale();
        deployToken();
        vm.deal(address(this), 2 ** 100);
    }

    function buy(uint256 paid, address receiver, uint256 when) internal {
        vm.warp(when);
        try sale.buy{value: paid}(receiver) {} catch {}
    }

    /// S1: two purchases by anybody for anybody issue exactly what they pay for, below the cap.
    function check_issued_is_rate_times_raised(uint96 a, uint96 b, address r, uint64 t) public {
        buy(a, r, t);
        buy(b, r, t);
        assert(sale.issued() == RATE * sale.raised());
        assert(sale.issued() < 2 ** 96);
        assert(nrn.totalSupply() == sale.issued());
        assert(address(sale).balance == sale.raised());
    }
}
