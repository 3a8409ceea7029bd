// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {ExactTransfers} from "./ExactTransfers.sol";
import {OrbitalBooks, Order} from "./OrbitalBooks.sol";
import {OrbitalMath} from "./OrbitalMath.sol";

/// @title A pool of up to 16 tokens around the point where all prices are equal
/// @notice Tokens and ticks are named by index; amounts are in token units, radii and virtual reserves at 18
/// decimals. Nobody can change anything but through swaps and liquidity. Payouts come from the pool's own books,
/// never from balances: what is sent to it without a call stays there.
contract OrbitalPool is ExactTransfers, OrbitalBooks, ReentrancyGuardTransient {
    uint256 public constant MAX_TOKENS = 16;
    uint256 public constant MAX_TICKS = 32;
    uint256 public constant MAX_FEE_PPM = 100_000;
    /// @notice Between neighbouring planes, so that rounding a level never changes their order.
    uint256 public constant MIN_PLANE_STEP = 1e6;
    uint256 private constant PPM = 1e6;
    /// @dev Of the coarsest token, in the least radius.
    uint256 private constant LEAST_UNITS = 1e6;
    /// @dev Keeps the order of K/r that of the planes, whatever is rounded.
    uint256 private constant LEAST_RADIUS = 1e12;

    uint24 public immutable feePpm;
    /// @notice The least radius of a position and of a change of it: a unit of any token is small beside it.
    uint256 public immutable minRadius;

    event PoolCreated(address[] tokens, uint8[] decimals, uint24 feePpm);
    event TickCreated(uint256 indexed tickId, uint256 plane);
    event FeesCollected(address indexed provider, uint256 indexed tickId, uint256[] amounts);

    /// @notice Numbers of tokens, ticks or the fee are out of range.
    error InvalidConfiguration();
    error InvalidDecimals(address token, uint8 decimals);
    error DuplicateToken(address token);
    /// @notice Out of range, or not above the one before.
    error InvalidPlane(uint256 tickId, uint256 plane);
    error InvalidToken(uint256 token);
    error InvalidTick(uint256 tickId);
    /// @notice Not one bound a token.
    error InvalidBounds(uint256 length);
    error DeadlinePassed(uint256 deadline);
    /// @notice Less than the caller's minimum, or more than his maximum.
    error BoundExceeded(uint256 token, uint256 amount, uint256 bound);

    constructor(address[] memory tokens_, uint256[] memory planes_, uint24 feePpm_)
        OrbitalBooks(tokens_.length, planes_.length)
    {
        uint256 n = tokens_.length;
        uint256 count = planes_.length;
        bool valid = n >= 2 && n <= MAX_TOKENS && count >= 1 && count <= MAX_TICKS && feePpm_ <= MAX_FEE_PPM;
        require(valid, InvalidConfiguration());
        feePpm = feePpm_;
        uint8[] memory decimals_ = new uint8[](n);
        uint256 least = LEAST_RADIUS;
        for (uint256 i = 0; i < n; ++i) {
            decimals_[i] = _register(tokens_, i);
            least = Math.max(least, LEAST_UNITS * _scaleOf(i));
        }
        minRadius = least;
        emit PoolCreated(tokens_, decimals_, feePpm_);
        least = 0;
        for (uint256 id = 0; id < count; ++id) {
            uint256 plane = planes_[id];
            require(plane >= least && OrbitalMath.isPlane(n, plane), InvalidPlane(id, plane));
            _ticks[id].plane = uint64(plane);
            least = plane + MIN_PLANE_STEP;
            emit TickCreated(id, plane);
        }
    }

    /// @notice Takes exactly `amountIn` and pays the greatest amount that leaves the pool in a good state.
    /// @param tokenIn index of the token that comes in
    /// @param tokenOut index of the token that goes out
    /// @param hint where to look for that amount; a bad one costs gas, never money. 0: none
    /// @param deadline unix seconds, inclusive
    function swap(
        uint256 tokenIn,
        uint256 tokenOut,
        uint256 amountIn,
        uint256 minAmountOut,
        uint256 hint,
        address to,
        uint256 deadline
    ) external nonReentrant returns (uint256 amountOut) {
        require(block.timestamp <= deadline, DeadlinePassed(deadline));
        require(tokenIn < _tokenCount, InvalidToken(tokenIn));
        require(tokenOut < _tokenCount && tokenOut != tokenIn, InvalidToken(tokenOut));
        require(amountIn < LIMIT, AmountTooLarge());
        uint256 fee = Math.ceilDiv(amountIn * feePpm, PPM);
        amountOut = _trade(Order(tokenIn, tokenOut, amountIn, fee, hint, to));
        require(amountOut >= minAmountOut, BoundExceeded(tokenOut, amountOut, minAmountOut));
        _pull(_tokens[tokenIn].token, msg.sender, address(this), amountIn);
        _push(_tokens[tokenOut].token, to, amountOut);
    }

    /// @notice Adds radius to the sender's position in a tick and takes what belongs to it, rounded up.
    /// @param maxAmounts the most of each token the sender gives
    function addLiquidity(uint256 tickId, uint256 radius, uint256[] calldata maxAmounts, uint256 deadline)
        external
        nonReentrant
        returns (uint256[] memory amounts)
    {
        _checkChange(tickId, maxAmounts.length, deadline);
        require(radius < LIMIT, AmountTooLarge());
        _grow(tickId, _tokenCount, radius);
        amounts = _enlarge(tickId, radius);
        for (uint256 i = 0; i < amounts.length; ++i) {
            require(amounts[i] <= maxAmounts[i], BoundExceeded(i, amounts[i], maxAmounts[i]));
            _pull(_tokens[i].token, msg.sender, address(this), amounts[i]);
        }
    }

    /// @notice Takes radius out of the sender's position in a tick and pays what belongs to it, rounded down.
    /// Fees stay owed.
    /// @param minAmounts the least of each token the sender accepts
    function removeLiquidity(
        uint256 tickId,
        uint256 radius,
        uint256[] calldata minAmounts,
        address to,
        uint256 deadline
    ) external nonReentrant returns (uint256[] memory amounts) {
        _checkChange(tickId, minAmounts.length, deadline);
        _shrink(tickId, _tokenCount, radius);
        amounts = _reduce(tickId, radius);
        for (uint256 i = 0; i < amounts.length; ++i) {
            require(amounts[i] >= minAmounts[i], BoundExceeded(i, amounts[i], minAmounts[i]));
            if (amounts[i] != 0) _push(_tokens[i].token, to, amounts[i]);
        }
    }

    /// @notice Pays the fees owed to the sender's position in a tick.
    function collectFees(uint256 tickId, address to) external nonReentrant returns (uint256[] memory amounts) {
        require(tickId < _tickCount, InvalidTick(tickId));
        Position storage position = _settle(tickId, _tokenCount);
        amounts = new uint256[](_tokenCount);
        uint256 all = 0;
        for (uint256 i = 0; i < amounts.length; ++i) {
            amounts[i] = position.owed[i];
            all |= amounts[i];
            if (amounts[i] != 0) position.owed[i] = 0;
        }
        require(all != 0, ZeroAmount());
        emit FeesCollected(msg.sender, tickId, amounts);
        for (uint256 i = 0; i < amounts.length; ++i) {
            if (amounts[i] != 0) _push(_tokens[i].token, to, amounts[i]);
        }
    }

    /// @return reserves virtual, at 18 decimals
    /// @return radii of the ticks
    /// @return interior whether each tick is; an empty one is
    function getState()
        external
        view
        returns (uint256[] memory reserves, uint256[] memory radii, bool[] memory interior)
    {
        reserves = new uint256[](_tokenCount);
        for (uint256 i = 0; i < reserves.length; ++i) {
            reserves[i] = _reserves[i].seen;
        }
        radii = new uint256[](_tickCount);
        interior = new bool[](_tickCount);
        for (uint256 id = 0; id < radii.length; ++id) {
            radii[id] = _ticks[id].radius;
            interior[id] = radii[id] == 0 || _earns(id);
        }
    }

    /// @return amounts of each token that belong to the providers, without fees, in token units
    function realReserves() external view returns (uint256[] memory amounts) {
        amounts = new uint256[](_tokenCount);
        for (uint256 i = 0; i < amounts.length; ++i) {
            amounts[i] = _reserves[i].actual;
        }
    }

    function tokens() external view returns (address[] memory found) {
        found = new address[](_tokenCount);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = _tokens[i].token;
        }
    }

    function decimals() external view returns (uint8[] memory found) {
        found = new uint8[](_tokenCount);
        for (uint256 i = 0; i < found.length; ++i) {
            found[i] = _tokens[i].decimals;
        }
    }

    /// @return found sum(x) at each tick's plane per unit of radius, x 10^18, ascending
    function planes() external view returns (uint256[] memory found) {
        found = new uint256[](_tickCount);
        for (uint256 id = 0; id < found.length; ++id) {
            found[id] = _ticks[id].plane;
        }
    }

    /// @return radius of a provider's position
    function positionOf(address provider, uint256 tickId) external view returns (uint256 radius) {
        return _positions[tickId][provider].radius;
    }

    /// @return amounts of each token that `collectFees` would pay
    function feesOf(address provider, uint256 tickId) external view returns (uint256[] memory amounts) {
        amounts = new uint256[](_tokenCount);
        for (uint256 i = 0; i < amounts.length; ++i) {
            amounts[i] = _owed(provider, tickId, i);
        }
    }

    /// @return growth of fees per unit of radius since the beginning, in token units x 2^128, modulo 2^256
    function feeGrowth(uint256 tickId) external view returns (uint256[] memory growth) {
        growth = new uint256[](_tokenCount);
        for (uint256 i = 0; i < growth.length; ++i) {
            growth[i] = _growthOf(tickId, i);
        }
    }

    function _leastRadius() internal view override returns (uint256) {
        return minRadius;
    }

    function _checkChange(uint256 tickId, uint256 bounds, uint256 deadline) private view {
        require(block.timestamp <= deadline, DeadlinePassed(deadline));
        require(tickId < _tickCount, InvalidTick(tickId));
        require(bounds == _tokenCount, InvalidBounds(bounds));
    }

    function _register(address[] memory tokens_, uint256 index) private returns (uint8 decimals_) {
        address token = tokens_[index];
        for (uint256 i = 0; i < index; ++i) {
            require(tokens_[i] != token, DuplicateToken(token));
        }
        require(token.code.length != 0, TokenWithoutCode(token));
        decimals_ = IERC20Metadata(token).decimals();
        require(decimals_ <= 18, InvalidDecimals(token, decimals_));
        _tokens[index] = Token(token, decimals_);
    }
}
