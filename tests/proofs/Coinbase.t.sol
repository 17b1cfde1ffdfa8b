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

    /// N3: only a group's own contract mints, each by its own role; the supply grows by what `minted` counts.
    function check_only_groups_mint(address caller, uint64 t) public {
        uint256 supply = nrn.totalSupply();
        uint256 minted = coinbase.minted();
        vm.assume(supply < 2 ** 97 && minted <= supply);
        AnyPower registry = AnyPower(REGISTRY);
        bytes memory data = anyCall("ICoinbase");
        vm.warp(t);
        vm.prank(caller);
        (bool done,) = address(coinbase).call(data);
        done;
        assert(nrn.totalSupply() - supply == coinbase.minted() - minted);
        bool blocks = bytes4(data) == ICoinbase.mint_block.selector && registry.voting_group(caller) != 0;
        bool deltas = bytes4(data) == ICoinbase.mint_delta.selector && registry.delta_group(caller) != 0;
        assert(nrn.totalSupply() == supply || blocks || deltas);
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

    /// A block mints exactly the formula: in the first four years, and half of it in the next.
    function check_a_block_mints_the_formula(address group, bool later, uint64 t) public {
        uint256 part = SomePower(address(vault)).part();
        vm.assume(part < 2 ** 97);
        vm.warp(t);
        vm.prank(group);
        uint256 start = later ? END + 1461 days : END;
        try coinbase.mint_block(address(0x7AA14E4), start, 0) returns (uint256) {} catch { return; }
        uint256 minted = nrn.totalSupply() - ISSUED;
        assert(minted == ISSUED * part / (300_000 ether * (later ? 200_000 : 100_000)));
    }
}
