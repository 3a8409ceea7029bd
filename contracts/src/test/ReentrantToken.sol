// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that calls somebody during its next transfer and remembers what came of it
contract ReentrantToken is ERC20("Reentrant Token", "REENTER") {
    address public target;
    bytes public call;
    bool public called;
    bool public succeeded;
    bytes public answer;

    function arm(address target_, bytes calldata call_) external {
        target = target_;
        call = call_;
        called = false;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (target == address(0)) return;
        address armed = target;
        target = address(0);
        called = true;
        (succeeded, answer) = armed.call(call);
    }
}
