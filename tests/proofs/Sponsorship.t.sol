// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import "./Proof.sol";

/// Registry, voting, deltas and vault in one, with any answers.
contract AnyGroup {
    mapping(uint256 => bytes32) public accepted;
    address trainer;
    address proposer;
    uint256 block_1;
    uint256 powerOf;
    uint256 status;
    uint256 height;
    bool disputed;
    mapping(bytes32 => uint256) public votes;
    mapping(uint256 => mapping(address => bytes32)) public ballot;
    uint256 public constant GENESIS_TIME = 1_800_000_000;
    uint256 public constant PERIOD = 6 hours;
    uint256 public constant KEEPER_BPS = 2_000;

    function voting_of(uint256) external view returns (address) {
        return address(this);
    }

    function DELTAS() external view returns (address) {
        return address(this);
    }

    function candidate(bytes32) external view returns (address, uint256, address, uint256, uint256, uint256) {
        return (trainer, 0, address(0), 0, block_1, 0);
    }

    function outcome(uint256) external view returns (uint256, uint256, uint256, bool, uint256) {
        return (status, 0, height, true, 0);
    }

    function is_disputed(bytes32) external view returns (bool) {
        return disputed;
    }

    function tip_at(uint256) external pure returns (uint256, bytes32) {
        return (1, bytes32(uint256(1)));
    }

    function due(uint256) external view returns (address, uint256, uint256) {
        return (proposer, 0, 0);
    }

    function power_at(uint256, address, uint256) external view returns (uint256) {
        return powerOf;
    }

    function people() external view returns (address, address) {
        return (trainer, proposer);
    }
}

/// Sponsorship conserves, as steps: from any state of its books and of the groups.
contract SponsorshipProof is Proof {
    ISponsorship constant books = ISponsorship(address(0x590450));
    address constant GROUP = address(0x64009);

    function setUp() public {
        vm.warp(T0);
        place(address(books), abi.encodePacked(codeSponsorship(), abi.encode(GROUP, GROUP)));
        deployToken();
        vm.etch(GROUP, type(AnyGroup).runtimeCode);
        svm.enableSymbolicStorage(GROUP);
        svm.enableSymbolicStorage(address(books));
        svm.enableSymbolicStorage(address(nrn));
    }

    /// A draw credits exactly what the sponsorship loses, at most a block's part, and only once.
    function check_a_draw_conserves(uint256 id, uint256 height, uint64 t) public {
        vm.warp(t);
        (,, address token, uint256 left, uint256 part,,) = books.sponsorship(id);
        (address trainer, address proposer) = AnyGroup(GROUP).people();
        uint256 ours = books.credit(token, trainer);
        uint256 theirs = books.credit(token, proposer);
        vm.assume(ours < 2 ** 128 && theirs < 2 ** 128 && trainer != proposer);
        try books.draw(id, height) {} catch { return; }
        (,,, uint256 rest,,,) = books.sponsorship(id);
        uint256 credited = books.credit(token, trainer) - ours + books.credit(token, proposer) - theirs;
        assert(left - rest == credited && credited <= part);
        try books.draw(id, height) { assert(false); } catch {}
    }

    /// A withdrawal pays what was credited, to whom it was credited, and once.
    function check_a_withdrawal_pays_the_credit(address caller, address account) public {
        vm.assume(account != address(books) && caller != address(books));
        uint256 credit = books.credit(address(nrn), account);
        uint256 held = nrn.balanceOf(address(books));
        uint256 had = nrn.balanceOf(account);
        vm.assume(held < 2 ** 97 && had < 2 ** 97);
        vm.prank(caller);
        try books.withdraw(address(nrn), account) {} catch { return; }
        assert(nrn.balanceOf(account) == had + credit && nrn.balanceOf(address(books)) == held - credit);
        assert(books.credit(address(nrn), account) == 0);
    }

    /// A refund pays what is left, to the sponsor, after the grace.
    function check_a_refund_pays_what_is_left(address caller, uint256 id, uint64 t) public {
        vm.warp(t);
        (, address sponsor, address token, uint256 left,,, uint256 until) = books.sponsorship(id);
        uint256 had = nrn.balanceOf(sponsor);
        vm.assume(token == address(nrn) && had < 2 ** 97 && sponsor != address(books));
        vm.assume(nrn.balanceOf(address(books)) < 2 ** 97);
        vm.prank(caller);
        try books.refund(id) {} catch { return; }
        (,,, uint256 rest,,,) = books.sponsorship(id);
        assert(rest == 0 && t >= until + 14 days && nrn.balanceOf(sponsor) == had + left);
    }
}
