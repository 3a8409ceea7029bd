// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {ExactTransfers} from "./ExactTransfers.sol";

/// @title Payouts that a token cannot block
/// @notice A payout that the token refuses is credited to its receiver and can be claimed later.
abstract contract Custody is ExactTransfers, ReentrancyGuardTransient {
    /// @notice Payouts that the token refused and that `claim` pays.
    mapping(address account => mapping(address token => uint256)) public credits;

    event PayoutCredited(bytes32 indexed intentId, address indexed account, address token, uint256 amount);
    event PayoutClaimed(address indexed account, address token, uint256 amount);

    error NothingToClaim(address account, address token);
    error NotSelf();

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
}
