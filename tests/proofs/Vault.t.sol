// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import "./Proof.sol";

/// A registry that answers anything: the vault's promises hold whatever it says.
contract AnyRegistry {
    uint256 public n_groups;
    mapping(uint256 => uint256) public parent_of;
}

/// V1, V4 and V8 as steps: from any state of vault and token, through any call by anybody, at any time.
contract VaultProof is Proof {
    uint256 constant MOST = 2 ** 97; // supply, G1: ids are counted

    function setUp() public {
        deployVault();
        deployToken();
        vm.etch(REGISTRY, type(AnyRegistry).runtimeCode);
        svm.enableSymbolicStorage(address(vault));
        svm.enableSymbolicStorage(address(nrn));
        svm.enableSymbolicStorage(REGISTRY);
    }

    /// Groups are counted from 1: others have no stake to move (`check_no_stake_without_a_group`).
    function existing(bytes memory data, uint256 position) internal {
        uint256 group = argument(data, position);
        vm.assume(group > 0 && group < 2 ** 64);
    }

    function act(address caller, uint64 t) internal returns (bool done) {
        bytes memory data = anyCall("IStakeVault");
        bytes4 selector = bytes4(data);
        if (selector == IStakeVault.stake.selector || selector == IStakeVault.request_exit.selector) existing(data, 0);
        if (selector == IStakeVault.migrate.selector) {
            existing(data, 0);
            existing(data, 1);
        }
        vm.warp(t);
        vm.prank(caller);
        (done,) = address(vault).call(data);
    }

    /// V8: what another does changes neither a staker's stake nor what it asked back nor its operator.
    function check_nobody_moves_anothers_stake(address caller, address victim, uint256 group, uint256 epoch, uint64 t)
        public
    {
        vm.assume(caller != victim);
        uint256 stake = vault.stake_of(group, victim);
        uint256 leaving = vault.exit_amount(victim, epoch);
        address operator = vault.operator_of(victim);
        act(caller, t);
        assert(vault.stake_of(group, victim) == stake);
        assert(vault.exit_amount(victim, epoch) == leaving);
        assert(vault.operator_of(victim) == operator);
    }

    /// V1: what the vault holds and what it owes change by the same amount.
    function check_what_is_owed_is_held(address caller, uint64 t) public {
        vm.assume(caller != address(vault));
        uint256 held = nrn.balanceOf(address(vault));
        uint256 owed = vault.total_stake() + vault.total_exiting();
        act(caller, t);
        unchecked {
            assert(nrn.balanceOf(address(vault)) - held == vault.total_stake() + vault.total_exiting() - owed);
        }
    }

    /// Nobody gets stake in a group that does not exist, 0 among them.
    function check_no_stake_without_a_group(address caller, address staker, uint256 group, uint64 t) public {
        AnyRegistry registry = AnyRegistry(REGISTRY);
        vm.assume(group == 0 || group > registry.n_groups());
        vm.assume(registry.parent_of(group) == 0 && vault.stake_of(group, staker) == 0);
        act(caller, t);
        assert(vault.stake_of(group, staker) == 0);
    }
}

/// A token that says yes.
contract YesToken {
    function transferFrom(address, address, uint256) external pure returns (bool) {
        return true;
    }
}

/// V2 to V4, from an empty vault: a stake, then any change, at any times.
contract VaultHistoryProof is Proof {
    address constant STAKER = address(0x57A4E4);

    function setUp() public {
        deployVault();
        vm.etch(address(nrn), type(YesToken).runtimeCode);
        vm.etch(REGISTRY, type(AnyRegistry).runtimeCode);
        svm.enableSymbolicStorage(REGISTRY);
    }

    /// V4: no call changes an answer about an epoch that has begun. V2, V3: one staker is its group is all.
    function check_the_past_stays(uint96 a, uint96 b, uint64 t1, uint64 t2, uint256 epoch, bool leave) public {
        vm.assume(t1 <= t2 && epoch <= t2 / 7 days);
        vm.warp(t1);
        vm.prank(STAKER);
        vault.stake(1, a);
        vm.warp(t2);
        uint256 mine = vault.power_at(1, STAKER, epoch);
        vm.prank(STAKER);
        if (leave) vault.request_exit(1, b);
        else vault.stake(1, b);
        assert(vault.power_at(1, STAKER, epoch) == mine);
        assert(vault.group_power_at(1, epoch) == mine);
        assert(vault.total_power_at(epoch) == mine);
    }
}
