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

    /// S2, S4: before the end nothing is released; from the end on nothing is issued.
    function check_nothing_leaves_early_nothing_is_issued_late(uint96 a, uint96 b, address r, uint64 when) public {
        buy(a, r, START);
        uint256 issued = sale.issued();
        vm.warp(when);
        try sale.release() {
            assert(when >= END);
        } catch {}
        try sale.buy{value: b}(r) {
            assert(when < END);
        } catch {}
        assert(when < END ? address(sale).balance >= sale.raised() : sale.issued() == issued);
    }

    /// S3, S5: two releases at any times pay at most what was raised, and what is left covers the rest.
    function check_releases_never_exceed(uint96 a, uint40 first, uint40 second) public {
        buy(a, address(this), START);
        vm.assume(first >= END && second >= first);
        vm.warp(first);
        try sale.release() {} catch {}
        vm.warp(second);
        try sale.release() {} catch {}
        assert(sale.released() <= sale.raised());
        assert(address(sale).balance == sale.raised() - sale.released());
        assert(second < END + VESTING || sale.released() == sale.raised() || sale.released() == 0);
    }
}
