// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Curve, OrbitalMath, Tick} from "./OrbitalMath.sol";

/// @notice A swap whose input is in: what the sums are before anything is taken out.
struct Trade {
    uint256 n;
    uint256 count; // of ticks
    uint256 sum; // with the input
    uint256 squares; // with the input, without the output token
    uint256 reserve; // virtual reserve of the output token
    uint256 scale; // 10^(18 - decimals) of the output token
    uint256 most; // real reserve of the output token, in its own units
    uint256 par; // what the input is at price 1, in the output token's own units
}

/// @title The greatest amount out of a swap
/// @notice The answer does not depend on where the search starts. Amounts are in the output token's own units.
library OrbitalTrade {
    using OrbitalMath for Curve;

    /// @dev Steps of Newton before halving takes over; from a bad start it takes about six.
    uint256 private constant STEPS = 24;

    /// @notice The trade leaves the pool without an interior tick, or beyond what it can price.
    error InsufficientLiquidity();

    /// @notice Searches the greatest amount whose end state is good and leaves the curve there.
    /// @dev Where the input's own price falls to 0 or below, small amounts fail too: a hint down there finds
    /// nothing, and the search starts again at par.
    /// @param hint where to look first, 0 for none
    function greatest(
        Trade memory trade,
        Curve memory curve,
        mapping(uint256 => Tick) storage ticks,
        uint256 hint
    ) internal view returns (uint256 amount) {
        bool found = false;
        if (hint != 0) (found, amount) = _reach(trade, curve, ticks, hint);
        if (!found) (found, amount) = _reach(trade, curve, ticks, trade.par);
        require(found, InsufficientLiquidity());
        while (true) {
            _take(trade, curve, ticks, amount);
            require(!curve.isDeep(trade.n), InsufficientLiquidity());
            if (curve.isOnCurve(trade.n)) return amount;
            require(amount != 0, InsufficientLiquidity());
            unchecked {
                --amount;
            }
        }
    }

    /// @dev The greatest amount that the real inequality allows. `low` passes, `high` does not; both are known
    /// by index only once they were tried, `low` starts as one below 0.
    function _reach(
        Trade memory trade,
        Curve memory curve,
        mapping(uint256 => Tick) storage ticks,
        uint256 amount
    ) private view returns (bool, uint256) {
        if (amount > trade.most) amount = trade.most;
        unchecked {
            uint256 next = 0; // the least amount not known to pass
            uint256 high = trade.most + 1;
            for (uint256 step = 0;; ++step) {
                _take(trade, curve, ticks, amount);
                bool reached = curve.isReached(trade.n);
                if (reached) next = amount + 1;
                else high = amount;
                if (next == high) break;
                if (step == 0 && reached) amount = next;
                else if (step < STEPS) amount = _improve(trade, curve, amount, next, high);
                else amount = next + (high - next) / 2;
                if (amount < next) amount = next;
                if (amount >= high) amount = high - 1;
            }
            return next == 0 ? (false, 0) : (true, next - 1);
        }
    }

    /// @dev Puts the curve where `amount` is taken out.
    function _take(Trade memory trade, Curve memory curve, mapping(uint256 => Tick) storage ticks, uint256 amount)
        private
        view
    {
        unchecked {
            uint256 taken = amount * trade.scale;
            uint256 rest = trade.reserve - taken;
            curve.sum = trade.sum - taken;
            curve.squares = trade.squares + rest * rest;
        }
        curve.place(ticks, trade.count);
    }

    /// @dev A better amount, near the root for the ticks that are boundary at this one; any value is safe.
    function _improve(Trade memory trade, Curve memory curve, uint256 amount, uint256 next, uint256 high)
        private
        pure
        returns (uint256)
    {
        (bool found, uint256 better) = curve.chord == 0
            ? _onSphere(trade, curve)
            : _alongTangent(trade, curve, amount);
        unchecked {
            return found ? better : next + (high - next) / 2;
        }
    }

    /// @dev Without a boundary tick the surface is a sphere: y = r - sqrt(r^2 - sum of (r - x)^2 over the others).
    function _onSphere(Trade memory trade, Curve memory curve) private pure returns (bool found, uint256 amount) {
        unchecked {
            uint256 radius = curve.radius;
            uint256 others = trade.sum - trade.reserve;
            uint256 plus = radius * (radius + 2 * others);
            uint256 minus = (trade.n - 1) * radius * radius + trade.squares;
            if (radius == 0 || plus < minus) return (false, 0);
            uint256 root = Math.sqrt(plus - minus);
            uint256 rest = radius > root ? radius - root : 0;
            return (true, trade.reserve > rest ? (trade.reserve - rest) / trade.scale : 0);
        }
    }

    /// @dev One step of Newton on f(y) = S_b + R - W, which is concave in the reserve y of the output token:
    /// f' = (n*r_int - A)/R - (n*y - sum)/W. From outside it never overshoots.
    function _alongTangent(Trade memory trade, Curve memory curve, uint256 amount)
        private
        pure
        returns (bool, uint256)
    {
        if (curve.isDeep(trade.n)) return (false, 0);
        (bool outside, uint256 section) = curve.sectionOf(trade.n);
        if (outside) return (false, 0);
        unchecked {
            uint256 reach = Math.sqrt(section);
            uint256 wide = Math.sqrt(curve.spread(trade.n));
            uint256 rise = (trade.n * curve.radius - (curve.sum - curve.level)) * wide + curve.sum * reach;
            uint256 fall = trade.n * (trade.reserve - amount * trade.scale) * reach;
            if (rise <= fall) return (false, 0);
            bool reached = wide <= curve.chord + reach;
            uint256 miss = reached ? curve.chord + reach - wide : wide - curve.chord - reach;
            if (miss >= rise - fall) return (false, 0);
            uint256 move = Math.mulDiv(reach * wide, miss, rise - fall);
            if (reached) return (true, amount + move / trade.scale);
            move = move / trade.scale + 1;
            return (true, amount > move ? amount - move : 0);
        }
    }
}
