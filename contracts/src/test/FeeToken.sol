// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token that keeps a fee of every transfer
/// @notice The fee comes out of the amount, or on top of it out of the sender's balance.
contract FeeToken is ERC20("Fee Token", "FEE") {
    uint256 public feeBps;
    bool public onTop;

    function setFee(uint256 feeBps_, bool onTop_) external {
        feeBps = feeBps_;
        onTop = onTop_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        uint256 fee = from == address(0) ? 0 : amount * feeBps / 10_000;
        if (fee != 0) super._update(from, address(0), fee);
        super._update(from, to, onTop ? amount : amount - fee);
    }
}
