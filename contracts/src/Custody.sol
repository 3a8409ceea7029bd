// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// @title Tokens move by the exact amount or not at all
/// @notice Balances are compared before and after every move, so a token that takes a fee, moves nothing or
/// takes more than it was told to is refused, not mis-booked. A payout that the token refuses is credited to its
/// receiver and can be claimed later.
abstract contract Custody is ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice Payouts that the token refused and that `claim` pays.
    mapping(address account => mapping(address token => uint256)) public credits;

    event PayoutCredited(bytes32 indexed intentId, address indexed account, address token, uint256 amount);
    event PayoutClaimed(address indexed account, address token, uint256 amount);

    error NothingToClaim(address account, address token);
    error NotSelf();
    error TokenWithoutCode(address token);
    /// @notice A token moved another amount than it was told to: balances, not amounts, are given.
    error InexactTransfer(address token, uint256 required, uint256 actual);

    /// @notice Pays what is credited to `account`, to `account`; anyone may call.
    function claim(address account, address token) external nonReentrant {
        uint256 amount = credits[account][token];
        require(amount != 0, NothingToClaim(account, token));
        credits[account][token] = 0;
        _push(token, account, amount);
        emit PayoutClaimed(account, token, amount);
    }

    /// @dev A payout as a call of its own, so that whatever the token does can be undone. Only for itself.
    function pay(address token, address to, uint256 amount) external {
        require(msg.sender == address(this), NotSelf());
        _push(token, to, amount);
    }

    /// @dev Never reverts for what the token does.
    function _payOrCredit(bytes32 id, address token, address to, uint256 amount) internal {
        try this.pay(token, to, amount) {}
        catch {
            credits[to][token] += amount;
            emit PayoutCredited(id, to, token, amount);
        }
    }

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

    /// @dev Exactly `amount` leaves this contract: no payout can touch what belongs to other intents.
    function _push(address token, address to, uint256 amount) private {
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
