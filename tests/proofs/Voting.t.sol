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

/// A token and a coinbase that say yes.
contract YesMoney {
    function transfer(address, uint256) external pure returns (bool) {
        return true;
    }

    function burn(uint256) external pure {}

    function mint_block(address, uint256, uint256) external pure returns (uint256) {
        return 1;
    }
}

/// A group's voting whose records are arbitrary.
abstract contract AnyVoting is Proof {
    ICheckpointVoting constant voting = ICheckpointVoting(address(0x7073));
    address constant REFEREE = address(0x4EFE4EE);

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
                abi.encode(1, nrn, vault, coinbase, address(0xDE17A), REFEREE, address(0), keccak256("genesis"), config)
            )
        );
        vm.etch(address(vault), type(AnyVault).runtimeCode);
        vm.etch(address(nrn), type(YesMoney).runtimeCode);
        vm.etch(address(coinbase), type(YesMoney).runtimeCode);
        svm.enableSymbolicStorage(address(vault));
        svm.enableSymbolicStorage(address(voting));
    }
}

/// K5 as steps: from any state of the group's records, through any ballot by anybody.
contract VotingProof is AnyVoting {
    uint256 constant CAST = 2 ** 104 - 1;

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

/// The referee's hook as steps: from any state of the group's records, at any time.
contract HookProof is AnyVoting {
    /// Whether a call succeeds; by anybody unless it is said by whom.
    function passes(bytes memory data) internal returns (bool done) {
        (done,) = address(voting).call(data);
    }

    function refute(address by, bytes32 claim) internal returns (bool) {
        vm.prank(by);
        return passes(abi.encodeCall(voting.refute, (claim, address(this))));
    }

    function hold(address by, bytes32 claim, bool held) internal returns (bool) {
        vm.prank(by);
        return passes(abi.encodeCall(voting.hold, (claim, held)));
    }

    /// A block that was won by a claim of it, as all winners are; its index.
    function won(bytes32 claim) internal returns (uint256 index) {
        (,,,, uint256 block_1,) = voting.candidate(claim);
        vm.assume(block_1 > 0);
        index = block_1 - 1;
        (uint256 status,, uint256 height,,) = voting.outcome(index);
        vm.assume(status == 1 && voting.accepted(height) == claim);
    }

    function bond(bytes32 claim) internal view returns (uint256 amount) {
        (,,,,, amount) = voting.candidate(claim);
    }

    /// Nobody but the referee holds, lets go or refutes a claim.
    function check_only_the_referee_judges(address caller, bytes32 claim, bool held, uint64 t) public {
        vm.assume(caller != REFEREE && t >= T0);
        vm.warp(t);
        assert(!hold(caller, claim, held));
        assert(!refute(caller, claim));
    }

    /// While games run, neither the reward nor the bond leaves.
    function check_a_held_claim_pays_nothing(bytes32 claim, uint64 t) public {
        vm.assume(t >= T0 && voting.is_disputed(claim));
        vm.warp(t);
        assert(!passes(abi.encodeCall(voting.release_bond, (claim))));
        assert(!passes(abi.encodeCall(voting.redeem, (won(claim)))));
    }

    /// When the last game is over, the claim is what it was.
    function check_a_hold_releases(bytes32 claim, uint64 t) public {
        vm.assume(t >= T0 && !voting.is_disputed(claim));
        vm.warp(t);
        uint256 posted = bond(claim);
        (address trainer, uint256 loss, address payer,,,) = voting.candidate(claim);
        if (!hold(REFEREE, claim, true)) return;
        assert(voting.is_disputed(claim));
        assert(hold(REFEREE, claim, false));
        assert(!voting.is_disputed(claim) && bond(claim) == posted);
        (address trainer2, uint256 loss2, address payer2,,,) = voting.candidate(claim);
        assert(trainer == trainer2 && loss == loss2 && payer == payer2);
    }

    /// A winner that is refuted earns nothing: its block is redeemed by nobody, its keepers' pool stays shut, its bond is gone.
    function check_a_refuted_claim_earns_nothing(bytes32 claim, uint64 t) public {
        (,, uint256 height,) = voting.baseline();
        vm.assume(t >= T0 && height < 7); // the way back to a true incumbent is a loop
        vm.warp(t);
        uint256 index = won(claim);
        if (!refute(REFEREE, claim)) return;
        assert(voting.is_refuted(claim) && bond(claim) == 0);
        assert(!passes(abi.encodeCall(voting.redeem, (index))));
        assert(!passes(abi.encodeCall(voting.open_root, (index, claim))));
        assert(!passes(abi.encodeCall(voting.release_bond, (claim))));
        assert(!hold(REFEREE, claim, true));
    }
}
