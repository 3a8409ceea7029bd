// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Curve, OrbitalMath} from "./OrbitalMath.sol";

/// @notice A change of one tick's radius, as differences without sign.
struct Change {
    bool added;
    bool boundary;
    uint256 radius;
    uint256 level;
    uint256 chord;
    uint256 floorBefore; // the tick's least reserve
    uint256 floorAfter;
    uint256 width; // sqrt(n*sum(x^2) - sum(x)^2) of the pool, rounded up
}

/// @title What a provider brings and gets
/// @notice Radius stands for its share of the virtual reserves, less the growth of the least reserve. Shares
/// round for the pool: what comes by one wad more, for a state that is not good is refused; what goes, which is
/// never refused, by `KEPT`.
library OrbitalLiquidity {
    using OrbitalMath for Curve;

    /// @dev Of a share that leaves, in wads: the roundings of level, chords, width and section together.
    uint256 private constant KEPT = 4;

    /// @return What the first provider brings of a token, at par: r*(1 - 1/sqrt(n)) less the least reserve.
    function first(uint256 n, uint256 radius, uint256 floor, uint256 scale) internal pure returns (uint256) {
        uint256 par = radius - Math.sqrt(radius * radius / n);
        uint256 amount = par > floor ? Math.ceilDiv(par - floor, scale) : 0;
        return amount == 0 ? 1 : amount;
    }

    /// @return amount to bring of a token whose virtual reserve is `reserve`; at least 1
    function brought(Curve memory curve, Change memory change, uint256 n, uint256 reserve, uint256 scale)
        internal
        pure
        returns (uint256 amount)
    {
        uint256 need = _share(curve, change, n, reserve, Math.Rounding.Ceil) + 1 + change.floorBefore;
        if (need > change.floorAfter) amount = Math.ceilDiv(need - change.floorAfter, scale);
        if (amount == 0) amount = 1;
    }

    /// @return amount to pay of a token, not more than the pool really has
    function paid(
        Curve memory curve,
        Change memory change,
        uint256 n,
        uint256 reserve,
        uint256 scale,
        uint256 actual
    ) internal pure returns (uint256 amount) {
        uint256 share = _share(curve, change, n, reserve, Math.Rounding.Floor);
        uint256 given = (share > KEPT ? share - KEPT : 0) + change.floorAfter;
        if (given > change.floorBefore) amount = (given - change.floorBefore) / scale;
        if (amount > actual) amount = actual;
    }

    /// @dev The bounds are those of OrbitalMath: width < 2^124, so every product here is < 2^250.
    function _share(Curve memory curve, Change memory change, uint256 n, uint256 reserve, Math.Rounding rounding)
        private
        pure
        returns (uint256)
    {
        uint256 width = change.width;
        if (change.boundary) {
            uint256 own = change.level * width + change.chord * n * reserve;
            uint256 others = change.chord * curve.sum;
            return own > others ? Math.mulDiv(own - others, 1, n * width, rounding) : 0;
        }
        if (curve.level == 0) return Math.mulDiv(change.radius, reserve, curve.radius, rounding);
        uint256 plus = n * width * reserve + curve.chord * curve.sum;
        uint256 minus = width * curve.level + curve.chord * n * reserve;
        return plus > minus ? Math.mulDiv(change.radius, plus - minus, n * width * curve.radius, rounding) : 0;
    }
}
