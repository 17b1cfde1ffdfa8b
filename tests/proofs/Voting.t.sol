// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import "./Proof.sol";

/// A vault in which anybody has any power, and the group at least as much.
contract AnyVault {
    mapping(address => uint256) public power;
    uint256 public group;
    uint256 public total;

    function ballot_power(uint256, address staker, address caller, uint256, bool) external view returns (uint256) {
        require(caller == staker);
        return power[staker];
    }

    function group_power_at(uint256, uint256) external view returns (uint256) {
        return group;
    }

    function share_at(uint256, uint256) external view returns (uint256, uint256) {
        return (group, total);
    }
}

/// K5 as steps: from any state of the group's records, through any ballot by anybody.
contract VotingProof is Proof {
    ICheckpointVoting constant voting = ICheckpointVoting(address(0x7073));
    uint256 constant CAST = 2 ** 104 - 1;

    function setUp() public {
        vm.warp(T0);
        IGroupRegistry.S_config memory config = IGroupRegistry.S_config({
            model_hash: keccak256("model"),
            genesis_checkpoint: keccak256("genesis"),
            genesis_tip: keccak256("data"),
            commit_window: 4 hours,
            reveal_window: 30 minutes,
            vote_window: 90 minutes,
            checkpoint_quorum_bps: 3_334,
            delta_quorum_bps: 2_000,
            delta_period: 7 days,
            bond: MIN_BOND,
            min_improvement: 1,
            max_improvement: 2 ** 30,
            keeper_bps: 2_000
        });
        place(
            address(voting),
            abi.encodePacked(
                codeCheckpointVoting(),
                abi.encode(1, nrn, vault, coinbase, address(0xDE17A), address(0), keccak256("genesis"), config)
            )
        );
        vm.etch(address(vault), type(AnyVault).runtimeCode);
        svm.enableSymbolicStorage(address(vault));
        svm.enableSymbolicStorage(address(voting));
    }

    function cast() internal returns (uint256) {
        return uint256(vm.load(address(voting), bytes32(slot_CheckpointVoting_round))) & CAST;
    }

    function vote(address keeper, bytes memory approvals) internal returns (bool) {
        vm.prank(keeper);
        try voting.vote(approvals) {
            return true;
        } catch {
            return false;
        }
    }

    /// K5: a staker's second ballot of a block is refused, whatever it says.
    function check_one_ballot_a_block(address keeper, bytes32 a, bytes32 b, bytes32 w, uint64 t) public {
        vm.assume(t >= T0);
        vm.warp(t);
        if (!vote(keeper, abi.encodePacked(a, w))) return;
        assert(!vote(keeper, abi.encodePacked(b, w)));
        assert(!vote(keeper, ""));
    }

    /// K5: a ballot adds exactly its power to the votes cast, and as much to whom it approves: approvals <= cast stays.
    function check_approvals_stay_below_the_votes_cast(address keeper, bytes32 a, bytes32 other, bytes32 w, uint64 t)
        public
    {
        vm.assume(t >= T0);
        vm.warp(t);
        uint256 power = AnyVault(address(vault)).power(keeper);
        uint256 before = cast();
        uint256 votes = voting.votes(other);
        vm.assume(power < 2 ** 97 && before < 2 ** 97 && votes <= before);
        if (!vote(keeper, abi.encodePacked(a, w))) return;
        assert(cast() == before + power);
        assert(voting.votes(other) == (other == a ? votes + power : votes));
    }
}
