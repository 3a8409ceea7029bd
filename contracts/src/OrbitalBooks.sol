// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {OrbitalFees} from "./OrbitalFees.sol";
import {Change, OrbitalLiquidity} from "./OrbitalLiquidity.sol";
import {Curve, OrbitalMath, Tick} from "./OrbitalMath.sol";
import {OrbitalTrade, Trade} from "./OrbitalTrade.sol";

/// @notice A swap as it was asked for. A hint of 0 is none.
struct Order {
    uint256 tokenIn;
    uint256 tokenOut;
    uint256 amountIn;
    uint256 fee; // part of amountIn
    uint256 hint;
    address to;
}

/// @title The books of an Orbital pool: reserves, ticks and curve, and how trades and liquidity change them
/// @notice No token moves here. TickCrossed follows the event of the call that caused it.
abstract contract OrbitalBooks is OrbitalFees {
    using OrbitalMath for Curve;

    /// @notice One token: what is in the pool, and what the curve sees: that, plus what nobody brings.
    struct Reserve {
        uint120 actual; // token units
        uint128 seen; // 18 decimals
    }

    struct Token {
        address token;
        uint8 decimals;
    }

    /// @dev The `Curve` in three words.
    struct Packed {
        uint128 sum;
        uint120 radius;
        uint8 passed;
        uint128 level;
        uint128 chord;
        uint256 squares;
    }

    uint256 internal constant LIMIT = 1 << 120; // of reserves and of the sum of all radii

    uint256 internal immutable _tokenCount;
    uint256 internal immutable _tickCount;

    mapping(uint256 token => Token) internal _tokens;
    mapping(uint256 token => Reserve) internal _reserves;
    mapping(uint256 tickId => Tick) internal _ticks;
    Packed private _packed;

    event TickCrossed(uint256 indexed tickId, bool interior);
    event LiquidityAdded(address indexed provider, uint256 indexed tickId, uint256 radius, uint256[] amounts);
    event LiquidityRemoved(address indexed provider, uint256 indexed tickId, uint256 radius, uint256[] amounts);
    event Swap(
        address indexed trader,
        uint256 tokenIn,
        uint256 tokenOut,
        uint256 amountIn,
        uint256 amountOut,
        uint256 fee,
        address to
    );

    /// @notice Nothing would go in or come out.
    error ZeroAmount();
    /// @notice Reserves and radii stay below 2^120.
    error AmountTooLarge();
    /// @notice The new state is not good, or another tick would change its side.
    error StateRefused();

    constructor(uint256 tokenCount, uint256 tickCount) {
        (_tokenCount, _tickCount) = (tokenCount, tickCount);
    }

    /// @dev Books a swap: the input without the fee comes into the reserves, the fee belongs to the ticks that
    /// were interior before it. Returns the amount out.
    function _trade(Order memory order) internal returns (uint256 amountOut) {
        Curve memory curve = _load();
        uint256 before = curve.passed;
        uint256 net = order.amountIn - order.fee;
        require(net != 0, ZeroAmount());
        if (order.fee != 0) _spread(order.tokenIn, order.fee, curve);
        (Trade memory trade, uint256 grown) = _opened(curve, order, net);
        amountOut = OrbitalTrade.greatest(trade, curve, _ticks, order.hint);
        require(amountOut != 0, ZeroAmount());
        Reserve storage input = _reserves[order.tokenIn];
        Reserve storage output = _reserves[order.tokenOut];
        (input.seen, input.actual) = (uint128(grown), input.actual + uint120(net));
        output.seen = uint128(trade.reserve - amountOut * trade.scale);
        output.actual -= uint120(amountOut);
        emit Swap(msg.sender, order.tokenIn, order.tokenOut, order.amountIn, amountOut, order.fee, order.to);
        _store(curve, before);
    }

    /// @return trade with its input in
    /// @return grown reserve of the input token
    function _opened(Curve memory curve, Order memory order, uint256 net)
        private
        view
        returns (Trade memory trade, uint256 grown)
    {
        uint256 seen = _reserves[order.tokenIn].seen;
        uint256 added = net * _scaleOf(order.tokenIn);
        grown = seen + added;
        require(grown < LIMIT, AmountTooLarge());
        trade.n = _tokenCount;
        trade.count = _tickCount;
        trade.sum = curve.sum + added;
        (trade.reserve, trade.most) = (_reserves[order.tokenOut].seen, _reserves[order.tokenOut].actual);
        trade.squares = curve.squares + grown * grown - seen * seen - trade.reserve * trade.reserve;
        trade.scale = _scaleOf(order.tokenOut);
        trade.par = added / trade.scale;
    }

    /// @dev Fees go to the interior ticks, or to the boundary ones if there is no other.
    function _spread(uint256 token, uint256 fee, Curve memory curve) private {
        if (curve.radius != 0) return _credit(token, fee, curve.radius);
        uint256 radius = _totalRadius();
        for (uint256 id = 0; id < curve.passed; ++id) {
            if (_ticks[id].radius != 0) _creditResting(id, token, fee, radius);
        }
    }

    /// @dev Books more radius in a tick and returns what is to be brought.
    function _enlarge(uint256 tickId, uint256 radius) internal returns (uint256[] memory amounts) {
        Curve memory curve = _load();
        uint256 all = _totalRadius();
        require(all + radius < LIMIT, AmountTooLarge());
        bool wasEmpty = _ticks[tickId].radius == 0;
        Change memory change = _resize(tickId, _ticks[tickId].radius + radius, curve);
        if (all != 0) require(curve.radius != 0, OrbitalTrade.InsufficientLiquidity());
        change.boundary =
            wasEmpty ? all != 0 && !curve.isInterior(radius, _ticks[tickId].level) : tickId < curve.passed;
        amounts = all == 0 ? _first(change) : _shares(curve, change);
        _apply(curve, change, amounts);
        if (wasEmpty && !change.boundary) _setEarning(tickId, _tokenCount, true);
        emit LiquidityAdded(msg.sender, tickId, radius, amounts);
        if (wasEmpty && change.boundary) emit TickCrossed(tickId, false);
        uint256 passed = change.boundary && tickId >= curve.passed ? tickId + 1 : curve.passed;
        curve.passed = passed;
        curve.place(_ticks, _tickCount);
        bool good = curve.passed == passed && !curve.isDeep(_tokenCount) && curve.isOnCurve(_tokenCount);
        require(good && (change.boundary || tickId >= passed), StateRefused());
        _store(curve, passed);
    }

    /// @dev Books less radius in a tick and returns what is to be paid. The last radius takes everything. Never
    /// refused for the state that it leaves: what is paid is a share rounded down, and what stays may be more
    /// than the ticks that stay can describe, as when no interior one is left; the next trade has to end well.
    function _reduce(uint256 tickId, uint256 radius) internal returns (uint256[] memory amounts) {
        Curve memory curve = _load();
        uint256 before = curve.passed;
        uint256 left = _ticks[tickId].radius - radius;
        bool isLast = _totalRadius() == radius;
        Change memory change = _resize(tickId, left, curve);
        change.boundary = tickId < before;
        amounts = isLast ? _everything() : _shares(curve, change);
        _apply(curve, change, amounts);
        if (left == 0 && !change.boundary) _setEarning(tickId, _tokenCount, false);
        emit LiquidityRemoved(msg.sender, tickId, radius, amounts);
        if (left == 0 && change.boundary) emit TickCrossed(tickId, true);
        curve.place(_ticks, _tickCount);
        _store(curve, before);
    }

    /// @dev Writes the tick's new size; `curve` is that of before.
    function _resize(uint256 tickId, uint256 radius, Curve memory curve) private returns (Change memory change) {
        Tick storage tick = _ticks[tickId];
        uint256 n = _tokenCount;
        uint256 level = OrbitalMath.levelOf(radius, tick.plane);
        uint256 chord = radius == 0 ? 0 : OrbitalMath.chordOf(n, radius, level);
        change.floorBefore = tick.floor;
        change.floorAfter = radius == 0 ? 0 : OrbitalMath.floorOf(n, radius, level);
        change.added = radius > tick.radius;
        change.radius = _distance(radius, tick.radius);
        change.level = _distance(level, tick.level);
        change.chord = _distance(chord, tick.chord);
        change.width = Math.sqrt(curve.spread(n), Math.Rounding.Ceil);
        (tick.radius, tick.level) = (uint120(radius), uint128(level));
        (tick.chord, tick.floor) = (uint128(chord), uint120(change.floorAfter));
    }

    function _first(Change memory change) private view returns (uint256[] memory amounts) {
        amounts = new uint256[](_tokenCount);
        for (uint256 i = 0; i < amounts.length; ++i) {
            amounts[i] = OrbitalLiquidity.first(_tokenCount, change.radius, change.floorAfter, _scaleOf(i));
        }
    }

    function _shares(Curve memory curve, Change memory change) private view returns (uint256[] memory amounts) {
        uint256 n = _tokenCount;
        amounts = new uint256[](n);
        for (uint256 i = 0; i < n; ++i) {
            (uint256 seen, uint256 actual, uint256 scale) = (_reserves[i].seen, _reserves[i].actual, _scaleOf(i));
            amounts[i] = change.added
                ? OrbitalLiquidity.brought(curve, change, n, seen, scale)
                : OrbitalLiquidity.paid(curve, change, n, seen, scale, actual);
        }
    }

    function _everything() private view returns (uint256[] memory amounts) {
        amounts = new uint256[](_tokenCount);
        for (uint256 i = 0; i < amounts.length; ++i) {
            amounts[i] = _reserves[i].actual;
        }
    }

    /// @dev Moves the reserves and the curve's sums by the amounts and the tick's new size.
    function _apply(Curve memory curve, Change memory change, uint256[] memory amounts) private {
        uint256 sum = 0;
        uint256 squares = 0;
        for (uint256 i = 0; i < amounts.length; ++i) {
            Reserve storage reserve = _reserves[i];
            uint256 scale = _scaleOf(i);
            require(amounts[i] < LIMIT, AmountTooLarge());
            (uint256 actual, uint256 seen) = (reserve.actual, reserve.seen);
            uint256 nobodys = seen - actual * scale + change.floorAfter - change.floorBefore;
            actual = change.added ? actual + amounts[i] : actual - amounts[i];
            seen = actual * scale + nobodys;
            require(seen < LIMIT, AmountTooLarge());
            (reserve.actual, reserve.seen) = (uint120(actual), uint128(seen));
            sum += seen;
            squares += seen * seen;
        }
        (curve.sum, curve.squares) = (sum, squares);
        if (!change.boundary) {
            curve.radius = _moved(curve.radius, change.radius, change.added);
        } else {
            curve.level = _moved(curve.level, change.level, change.added);
            curve.chord = _moved(curve.chord, change.chord, change.added);
        }
    }

    function _load() internal view returns (Curve memory) {
        Packed storage packed = _packed;
        return Curve(packed.sum, packed.squares, packed.level, packed.chord, packed.radius, packed.passed);
    }

    /// @dev Writes the curve; the ticks between `before` and its border have crossed.
    function _store(Curve memory curve, uint256 before) private {
        uint256 passed = curve.passed;
        for (uint256 id = before; id < passed; ++id) {
            _cross(id, false);
        }
        for (uint256 id = before; id > passed; --id) {
            _cross(id - 1, true);
        }
        Packed storage packed = _packed;
        (packed.sum, packed.radius, packed.passed) = (uint128(curve.sum), uint120(curve.radius), uint8(passed));
        (packed.level, packed.chord, packed.squares) = (uint128(curve.level), uint128(curve.chord), curve.squares);
    }

    function _cross(uint256 tickId, bool interior) private {
        if (_ticks[tickId].radius == 0) return;
        _setEarning(tickId, _tokenCount, interior);
        emit TickCrossed(tickId, interior);
    }

    function _earns(uint256 tickId) internal view override returns (bool) {
        return tickId >= _packed.passed && _ticks[tickId].radius != 0;
    }

    function _totalRadius() internal view returns (uint256 radius) {
        for (uint256 id = 0; id < _tickCount; ++id) {
            radius += _ticks[id].radius;
        }
    }

    function _scaleOf(uint256 token) internal view returns (uint256) {
        return 10 ** (18 - _tokens[token].decimals);
    }

    function _distance(uint256 a, uint256 b) private pure returns (uint256) {
        return a > b ? a - b : b - a;
    }

    function _moved(uint256 value, uint256 step, bool up) private pure returns (uint256) {
        return up ? value + step : value - step;
    }
}
