// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import "./Code.sol";

interface Vm {
    function assume(bool) external;
    function warp(uint256) external;
    function prank(address) external;
    function deal(address, uint256) external;
    function etch(address, bytes calldata) external;
    function load(address, bytes32) external returns (bytes32);
}

interface Svm {
    function createAddress(string memory) external returns (address);
    function createUint256(string memory) external returns (uint256);
    function createBytes32(string memory) external returns (bytes32);
    function createCalldata(string memory contractName) external returns (bytes memory);
    function enableSymbolicStorage(address) external;
}

/// The singletons as they are deployed, each at an address known beforehand.
abstract contract Proof {
    Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
    Svm constant svm = Svm(0xF3993A62377BCd56AE39D773740A5390411E8BC9);

    address constant BENEFICIARY = address(0xBE4EF1C1A4);
    uint256 constant T0 = 1_800_000_000;
    uint256 constant START = T0 + 1 days;
    uint256 constant END = START + 30 days;
    uint256 constant VESTING = 730 days;
    uint256 constant RATE = 1000;
    uint256 constant MIN_BOND = 50 ether;

    INeuron constant nrn = INeuron(address(0x4e524e));
    INeuronSale constant sale = INeuronSale(address(0x5A1E));
    IStakeVault constant vault = IStakeVault(address(0x7A017));
    ICoinbase constant coinbase = ICoinbase(address(0xC014BA5E));
    address constant REGISTRY = address(0x4E6157);

    /// Run creation code and put what it deploys at a fixed address.
    function place(address where, bytes memory code) internal {
        address made;
        assembly { made := create(0, add(code, 32), mload(code)) }
        require(made != address(0), "create");
        vm.etch(where, made.code);
    }

    function deploySale() internal {
        vm.warp(T0);
        place(address(sale), abi.encodePacked(codeNeuronSale(), abi.encode(nrn, START, END, RATE, BENEFICIARY, VESTING)));
    }

    function deployToken() internal {
        place(address(nrn), abi.encodePacked(codeNeuron(), abi.encode(sale, coinbase)));
    }

    function deployVault() internal {
        place(address(vault), abi.encodePacked(codeStakeVault(), abi.encode(nrn, REGISTRY)));
    }

    function deployCoinbase() internal {
        place(address(coinbase), abi.encodePacked(codeCoinbase(), abi.encode(nrn, sale, vault, REGISTRY)));
    }

    /// Any function that changes state, with any arguments. halmos' own call of an unknown selector is left out: the
    /// dispatcher looks selectors up in a table in the code, which it cannot follow.
    function anyCall(string memory contractName) internal returns (bytes memory data) {
        data = svm.createCalldata(contractName);
        vm.assume(data.length >= 4 && data.length != 4 + 1024);
    }

    /// An argument of a call, as a word.
    function argument(bytes memory data, uint256 position) internal pure returns (uint256 word) {
        assembly { word := mload(add(add(data, 36), mul(position, 32))) }
    }
}
