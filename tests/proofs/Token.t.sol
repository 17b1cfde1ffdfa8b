// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import "./Proof.sol";

/// N2 to N4 as steps: from any state of the token, through any call by anybody.
contract TokenProof is Proof {
    function setUp() public {
        deployToken();
        svm.enableSymbolicStorage(address(nrn));
    }

    /// N1: what two holders have is part of the supply, which the sale and the emission bound.
    function partOfSupply(address one, address other) internal {
        uint256 supply = nrn.totalSupply();
        vm.assume(supply < 2 ** 97 && nrn.balanceOf(one) <= supply);
        vm.assume(one == other || nrn.balanceOf(other) <= supply - nrn.balanceOf(one));
    }

    function act(address caller, address other) internal {
        bytes memory data = anyCall("INeuron");
        partOfSupply(caller, other);
        partOfSupply(address(uint160(argument(data, 0))), other);
        vm.prank(caller);
        (bool done,) = address(nrn).call(data);
        done;
    }

    /// N3, N4: the supply rises only by the hand of the sale or the coinbase.
    function check_only_minters_raise_the_supply(address caller) public {
        vm.assume(caller != address(sale) && caller != address(coinbase));
        uint256 supply = nrn.totalSupply();
        act(caller, caller);
        assert(nrn.totalSupply() <= supply);
    }

    /// Nobody's tokens fall by the act of one to whom it has given no allowance.
    function check_nobody_takes_anothers_tokens(address caller, address victim) public {
        vm.assume(caller != victim && nrn.allowance(victim, caller) == 0);
        uint256 balance = nrn.balanceOf(victim);
        act(caller, victim);
        assert(nrn.balanceOf(victim) >= balance);
    }

    /// N1: a transfer out of an allowance moves exactly its amount.
    function check_a_transfer_moves_exactly(address spender, address from, address to, uint256 amount) public {
        uint256 supply = nrn.totalSupply();
        uint256 giver = nrn.balanceOf(from);
        uint256 taker = nrn.balanceOf(to);
        partOfSupply(from, to);
        vm.prank(spender);
        try nrn.transferFrom(from, to, amount) {} catch { return; }
        assert(nrn.totalSupply() == supply);
        assert(from == to || nrn.balanceOf(from) + amount == giver);
        assert(nrn.balanceOf(to) == (from == to ? taker : taker + amount));
    }
}
