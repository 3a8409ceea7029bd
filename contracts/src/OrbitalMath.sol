// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice One tick. `level` is sum(x) at its plane, `chord` sqrt(n) times the radius of the sphere inside the
/// plane, `floor` the reserve of each token that nobody brings; all at 18 decimals, rounded down.
struct Tick {
    uint120 radius;
    uint128 level;
    uint128 chord;
    uint120 floor;
    uint64 plane; // level per unit of radius, x 10^18; fixed
}

/// @notice The pool as its curve sees it: sum(x), sum(x^2), and the sums over the boundary ticks (`level`,
/// `chord`) and over the interior ticks (`radius`). Ticks below index `passed` are boundary.
struct Curve {
    uint256 sum;
    uint256 squares;
    uint256 level;
    uint256 chord;
    uint256 radius;
    uint256 passed;
}

/// @title The torus of an Orbital pool, in integers
/// @notice Bounds that make `unchecked` safe: n <= 16 = 2^4; every reserve and the sum of all radii < 2^120.
/// Hence sum, level and n * radius < 2^124; chord < 2^122, as a tick's is at most sqrt(n - 1) * radius;
/// n * squares, sum^2 and n * radius^2 < 2^248.
library OrbitalMath {
    uint256 internal constant ONE = 1e18;

    /// @return sum(x) at the plane of a tick of this radius; < 2^124, as a plane is at most n - 1.
    function levelOf(uint256 radius, uint256 plane) internal pure returns (uint256) {
        unchecked {
            return radius * plane / ONE;
        }
    }

    /// @return floor(sqrt(n*r^2 - (K - n*r)^2)), 0 for an empty tick.
    function chordOf(uint256 n, uint256 radius, uint256 level) internal pure returns (uint256) {
        unchecked {
            uint256 depth = n * radius - level;
            return Math.sqrt(n * radius * radius - depth * depth);
        }
    }

    /// @return The least reserve of a token inside the tick, rounded down:
    /// r - (c + sqrt((n - 1)*(n*r^2 - c^2)))/n with c = n*r - K, and not less than 0.
    function floorOf(uint256 n, uint256 radius, uint256 level) internal pure returns (uint256) {
        unchecked {
            uint256 depth = n * radius - level;
            uint256 root = Math.sqrt((n - 1) * (n * radius * radius - depth * depth), Math.Rounding.Ceil);
            uint256 below = Math.ceilDiv(depth + root, n);
            return radius > below ? radius - below : 0;
        }
    }

    /// @notice Whether a plane leaves a tick between the depeg price 0.9999 and the last plane that keeps all
    /// reserves positive, n - 1. Exact: with c = n - plane and p = 0.9999, c^2 * (p^2 + n - 1) <= (p + n - 1)^2.
    function isPlane(uint256 n, uint256 plane) internal pure returns (bool) {
        if (plane >= n * ONE) return false;
        unchecked {
            uint256 depth = n * ONE - plane;
            uint256 par = 9999 + (n - 1) * 1e4;
            return depth >= ONE && depth * depth * (9999 ** 2 + (n - 1) * 1e8) <= ONE * ONE * par * par;
        }
    }

    /// @notice Whether a tick is interior, given the sums over the others or over all: the tick's own share
    /// adds the same to both sides. (sum - K_b)*r_t < K_t*r_int, without the subtraction.
    function isInterior(Curve memory curve, uint256 radius, uint256 level) internal pure returns (bool) {
        unchecked {
            return curve.sum * radius < level * curve.radius + curve.level * radius;
        }
    }

    /// @notice Moves ticks across until every tick is on its side of its plane. Planes ascend, so only the two
    /// neighbours of the border are looked at; empty ticks are passed over.
    function place(Curve memory curve, mapping(uint256 => Tick) storage ticks, uint256 count) internal view {
        if (!_advance(curve, ticks, count)) _retreat(curve, ticks);
    }

    function _advance(Curve memory curve, mapping(uint256 => Tick) storage ticks, uint256 count)
        private
        view
        returns (bool moved)
    {
        unchecked {
            for (uint256 id = curve.passed; id < count; ++id) {
                Tick storage tick = ticks[id];
                (uint256 radius, uint256 level) = (tick.radius, tick.level);
                if (radius == 0) continue;
                if (isInterior(curve, radius, level)) break;
                curve.radius -= radius;
                curve.level += level;
                curve.chord += tick.chord;
                curve.passed = id + 1;
                moved = true;
            }
        }
    }

    function _retreat(Curve memory curve, mapping(uint256 => Tick) storage ticks) private view {
        unchecked {
            for (uint256 id = curve.passed; id != 0; --id) {
                Tick storage tick = ticks[id - 1];
                (uint256 radius, uint256 level) = (tick.radius, tick.level);
                if (radius != 0) {
                    if (!isInterior(curve, radius, level)) break;
                    curve.radius += radius;
                    curve.level -= level;
                    curve.chord -= tick.chord;
                }
                curve.passed = id - 1;
            }
        }
    }

    /// @return n*sum(x^2) - sum(x)^2, the square of what the page calls W before rounding.
    function spread(Curve memory curve, uint256 n) internal pure returns (uint256) {
        unchecked {
            return n * curve.squares - curve.sum * curve.sum;
        }
    }

    /// @return Whether the state is so far from the surface that the torus says nothing about it: no interior
    /// tick, beyond the middle of the sphere, or inside the hole (W < S_b). More can then be paid out.
    function isDeep(Curve memory curve, uint256 n) internal pure returns (bool) {
        unchecked {
            if (curve.radius == 0 || curve.sum - curve.level >= n * curve.radius) return true;
            uint256 hole = curve.chord;
            return hole != 0 && spread(curve, n) <= (hole - 1) * (hole - 1);
        }
    }

    /// @return outside whether the state is below all that the interior sphere can reach
    /// @return section n*r_int^2 - (n*r_int - (sum - K_b))^2, the square of what the interior ticks can spread
    function sectionOf(Curve memory curve, uint256 n) internal pure returns (bool outside, uint256 section) {
        unchecked {
            uint256 gap = n * curve.radius - (curve.sum - curve.level);
            uint256 ball = n * curve.radius * curve.radius;
            (outside, section) = gap * gap > ball ? (true, 0) : (false, ball - gap * gap);
        }
    }

    /// @notice The inequality in real numbers, sqrt(V) <= S_b + sqrt(T), decided exactly: along a swap it holds
    /// up to one amount and fails above, which the rounded one does not when the output is 18 decimals fine.
    /// @dev V - S^2 - T <= 2*S*sqrt(T), squared at 512 bits.
    function isReached(Curve memory curve, uint256 n) internal pure returns (bool) {
        if (isDeep(curve, n)) return true;
        (bool outside, uint256 section) = sectionOf(curve, n);
        if (outside) return false;
        unchecked {
            uint256 hole = curve.chord * curve.chord;
            uint256 wide = spread(curve, n);
            if (wide <= hole + section) return true;
            uint256 excess = wide - hole - section;
            (uint256 high, uint256 low) = Math.mul512(excess, excess);
            (uint256 highBound, uint256 lowBound) = Math.mul512(4 * hole, section);
            return high < highBound || (high == highBound && low <= lowBound);
        }
    }

    /// @notice Whether a placed state, not deep, is good: W <= S_b + floor(sqrt(T)), with W rounded up. All real
    /// reserves being >= 0 is the caller's to know.
    function isOnCurve(Curve memory curve, uint256 n) internal pure returns (bool) {
        (bool outside, uint256 section) = sectionOf(curve, n);
        if (outside) return false;
        unchecked {
            uint256 reach = curve.chord + Math.sqrt(section);
            return spread(curve, n) <= reach * reach;
        }
    }
}
