// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Who put how much radius into which tick, and the fees of it
/// @notice Fees are counted per unit of radius, in token units x 2^128, rounded down, modulo 2^256. A tick that
/// earns has `total of the token + its offset`, one that rests has its offset alone; so a swap writes one word
/// and a crossing one a token.
abstract contract OrbitalFees {
    uint256 internal constant UNIT = 1 << 128;

    struct Position {
        uint256 radius;
        mapping(uint256 token => uint256) growth; // of the tick when the position was settled
        mapping(uint256 token => uint256) owed; // token units
    }

    mapping(uint256 token => uint256) private _totals;
    mapping(uint256 tickId => mapping(uint256 token => uint256)) private _offsets;
    mapping(uint256 tickId => mapping(address provider => Position)) internal _positions;

    error RadiusTooSmall(uint256 radius);
    /// @notice More radius than the position has.
    error InsufficientRadius(uint256 available, uint256 requested);

    /// @dev Whether swaps pay this tick: it is interior and not empty.
    function _earns(uint256 tickId) internal view virtual returns (bool);

    function _growthOf(uint256 tickId, uint256 token) internal view returns (uint256 growth) {
        growth = _offsets[tickId][token];
        unchecked {
            if (_earns(tickId)) growth += _totals[token];
        }
    }

    /// @dev Fee of a token for all ticks that earn, `radius` of them together.
    function _credit(uint256 token, uint256 fee, uint256 radius) internal {
        unchecked {
            _totals[token] += fee * UNIT / radius;
        }
    }

    /// @dev Fee of a token for one tick that rests; `radius` is that of all that share it.
    function _creditResting(uint256 tickId, uint256 token, uint256 fee, uint256 radius) internal {
        unchecked {
            _offsets[tickId][token] += fee * UNIT / radius;
        }
    }

    /// @dev To be called when a tick begins or ceases to earn; its growth stays what it was.
    function _setEarning(uint256 tickId, uint256 tokenCount, bool earning) internal {
        unchecked {
            for (uint256 token = 0; token < tokenCount; ++token) {
                uint256 total = _totals[token];
                if (total == 0) continue;
                if (earning) _offsets[tickId][token] -= total;
                else _offsets[tickId][token] += total;
            }
        }
    }

    /// @dev The least radius of a position and of a change of it.
    function _leastRadius() internal view virtual returns (uint256);

    /// @dev Changes the sender's radius in a tick; what it earned until now is owed first.
    function _grow(uint256 tickId, uint256 tokenCount, uint256 radius) internal {
        require(radius >= _leastRadius(), RadiusTooSmall(radius));
        Position storage position = _settle(tickId, tokenCount);
        position.radius += radius;
    }

    function _shrink(uint256 tickId, uint256 tokenCount, uint256 radius) internal {
        require(radius >= _leastRadius(), RadiusTooSmall(radius));
        Position storage position = _settle(tickId, tokenCount);
        uint256 held = position.radius;
        require(radius <= held, InsufficientRadius(held, radius));
        uint256 left = held - radius;
        require(left == 0 || left >= _leastRadius(), RadiusTooSmall(left));
        position.radius = left;
    }

    /// @dev Writes down what the sender's position is owed.
    function _settle(uint256 tickId, uint256 tokenCount) internal returns (Position storage position) {
        position = _positions[tickId][msg.sender];
        uint256 radius = position.radius;
        for (uint256 token = 0; token < tokenCount; ++token) {
            uint256 growth = _growthOf(tickId, token);
            uint256 known = position.growth[token];
            if (growth == known) continue;
            if (radius != 0) position.owed[token] += _earned(radius, growth, known);
            position.growth[token] = growth;
        }
    }

    function _owed(address provider, uint256 tickId, uint256 token) internal view returns (uint256) {
        Position storage position = _positions[tickId][provider];
        uint256 radius = position.radius;
        if (radius == 0) return position.owed[token];
        return position.owed[token] + _earned(radius, _growthOf(tickId, token), position.growth[token]);
    }

    /// @dev Growth counts modulo 2^256: the difference is right whatever the two are.
    function _earned(uint256 radius, uint256 growth, uint256 known) private pure returns (uint256) {
        unchecked {
            return Math.mulDiv(radius, growth - known, UNIT);
        }
    }
}
