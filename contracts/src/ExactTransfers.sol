// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Tokens move by the exact amount or not at all
/// @notice Balances are compared before and after every move, so a token that takes a fee, moves nothing or
/// takes more than it was told to is refused, not mis-booked.
abstract contract ExactTransfers {
    using SafeERC20 for IERC20;

    error TokenWithoutCode(address token);
    /// @notice A token moved another amount than it was told to: balances, not amounts, are given.
    error InexactTransfer(address token, uint256 required, uint256 actual);

    /// @dev The receiver gets exactly `amount`; one who pays himself keeps exactly what he has. A sum that
    /// wraps is no balance of an honest token, so the comparison refuses it.
    function _pull(address token, address from, address to, uint256 amount) internal {
        require(token.code.length != 0, TokenWithoutCode(token));
        uint256 required = IERC20(token).balanceOf(to);
        unchecked {
            if (from != to) required += amount;
        }
        IERC20(token).safeTransferFrom(from, to, amount);
        _checkBalance(token, to, required);
    }

    /// @dev Exactly `amount` leaves this contract: no payout can touch what belongs to others.
    function _push(address token, address to, uint256 amount) internal {
        uint256 required = IERC20(token).balanceOf(address(this));
        unchecked {
            required -= amount;
        }
        IERC20(token).safeTransfer(to, amount);
        _checkBalance(token, address(this), required);
    }

    function _checkBalance(address token, address account, uint256 required) private view {
        uint256 actual = IERC20(token).balanceOf(account);
        require(actual == required, InexactTransfer(token, required, actual));
    }
}
