// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import "./Proof.sol";

/// A registry that has any groups, and a vault that has any powers.
contract AnyPower {
    mapping(address => uint256) public voting_group;
    mapping(address => uint256) public delta_group;
    mapping(uint256 => mapping(uint256 => uint256)) mine;
    mapping(uint256 => uint256) total;

    function share_at(uint256 group, uint256 epoch) external view virtual returns (uint256, uint256) {
        return (mine[group][epoch], total[epoch]);
    }
}

/// C1, C3 and C5 as steps: from any state of coinbase, token, sale, vault and registry, through any call by anybody.
/// C2 follows: a share is at most the whole, and floors only take away.
contract CoinbaseProof is Proof {
    address constant TRAINER = address(0x7AA14E4);
    uint256 constant FOUR_YEARS = 1461 days;

    function setUp() public {
        deploySale();
        deployToken();
        deployCoinbase();
        vm.etch(REGISTRY, type(AnyPower).runtimeCode);
        vm.etch(address(vault), type(AnyPower).runtimeCode);
        svm.enableSymbolicStorage(REGISTRY);
        svm.enableSymbolicStorage(address(vault));
        svm.enableSymbolicStorage(address(coinbase));
        svm.enableSymbolicStorage(address(nrn));
    }

    /// C1: no call pays a group for a 29th block of an epoch, nor for more seconds than an epoch has.
    function check_the_budget_of_an_epoch_holds(address caller, uint256 group, uint256 epoch, uint64 t) public {
        vm.assume(coinbase.blocks_paid(group, epoch) <= 28 && coinbase.delta_seconds(group, epoch) <= 7 days);
        bytes memory data = anyCall("ICoinbase");
        vm.warp(t);
        vm.prank(caller);
        (bool done,) = address(coinbase).call(data);
        done;
        assert(coinbase.blocks_paid(group, epoch) <= 28 && coinbase.delta_seconds(group, epoch) <= 7 days);
    }

}

/// A vault in which half of the issued tokens are staked, and a group has any part of them.
contract SomePower is AnyPower {
    uint256 public part;

    function share_at(uint256, uint256) external view override returns (uint256, uint256) {
        return (part, 300_000 ether);
    }
}

/// C3, for a sale that issued 600,000 NRN of which half are staked: any share of the stake.
contract CoinbaseFormulaProof is Proof {
    uint256 constant ISSUED = 600_000 ether;

    function setUp() public {
        deploySale();
        deployToken();
        deployCoinbase();
        vm.warp(START);
        vm.deal(address(this), ISSUED / RATE);
        sale.buy{value: ISSUED / RATE}(address(0xB0B));
        vm.etch(REGISTRY, type(AnyPower).runtimeCode);
        vm.etch(address(vault), type(SomePower).runtimeCode);
        svm.enableSymbolicStorage(REGISTRY);
        svm.enableSymbolicStorage(address(vault));
    }

    /// N3: nobody but a group's own contract mints, each by its own role.
    function check_only_groups_mint(address caller, bool blocks) public {
        vm.warp(END + 7 days);
        vm.prank(caller);
        bytes memory data = blocks
            ? abi.encodeCall(ICoinbase.mint_block, (address(0x7AA14E4), END, 0))
            : abi.encodeCall(ICoinbase.mint_delta, (address(0x7AA14E4), END, 7 days));
        (bool done,) = address(coinbase).call(data);
        if (!done) return;
        AnyPower registry = AnyPower(REGISTRY);
        assert((blocks ? registry.voting_group(caller) : registry.delta_group(caller)) != 0);
        assert(nrn.totalSupply() - ISSUED == coinbase.minted());
    }

    /// C3: a block of the first four years mints exactly the formula.
    function check_a_block_mints_the_formula(address group) public {
        vm.warp(END + 7 days);
        vm.prank(group);
        bytes memory data = abi.encodeCall(ICoinbase.mint_block, (address(0x7AA14E4), END, 0));
        (bool done,) = address(coinbase).call(data);
        if (!done) return;
        uint256 part = SomePower(address(vault)).part();
        assert(nrn.totalSupply() == ISSUED + ISSUED * part / (300_000 ether * 100_000));
    }

    /// C3: of the next four years half of it.
    function check_a_block_after_a_halving_mints_half(address group) public {
        vm.warp(END + 1471 days);
        vm.prank(group);
        bytes memory data = abi.encodeCall(ICoinbase.mint_block, (address(0x7AA14E4), END + 1461 days, 0));
        (bool done,) = address(coinbase).call(data);
        if (!done) return;
        uint256 part = SomePower(address(vault)).part();
        assert(nrn.totalSupply() == ISSUED + ISSUED * part / (300_000 ether * 200_000));
    }
}
