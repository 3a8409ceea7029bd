// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Bonds of solvers, in the native coin of the registry's home chain
/// @notice A bond counts until its withdrawal is requested. Bond in withdrawal does not count, but stays
/// slashable until it is withdrawn. The guardian can move bonds to the treasury and nowhere else; guardian,
/// treasury and delay never change.
contract SolverRegistry {
    struct Bond {
        uint256 bond; // wei that counts
        uint256 inWithdrawal; // wei that is leaving: slashable, does not count
        uint64 withdrawableAt; // unix seconds; meaningful while inWithdrawal != 0
        bool registered;
    }

    address public immutable guardian;
    address public immutable treasury;
    /// @notice Seconds between the request and the withdrawal.
    uint256 public immutable withdrawalDelay;

    mapping(address solver => Bond) private _bonds;

    event SolverRegistered(address indexed solver, uint256 bond);
    event BondChanged(address indexed solver, uint256 bond, uint256 inWithdrawal);
    event SolverSlashed(address indexed solver, uint256 amount, bytes32 indexed intentId);

    error AlreadyRegistered(address solver);
    error NotRegistered(address solver);
    /// @notice Guardian or treasury is 0, or the delay does not fit.
    error InvalidConfiguration();
    error ZeroAmount();
    /// @notice More than there is: of counting bond to withdraw, of all bond to slash.
    error InsufficientBond(uint256 available, uint256 requested);
    error NothingToWithdraw();
    error WithdrawalTooEarly(uint256 withdrawableAt);
    error NotGuardian();
    /// @notice The receiver did not accept the coin.
    error TransferFailed(address to);

    constructor(address guardian_, address treasury_, uint256 withdrawalDelay_) {
        bool valid = guardian_ != address(0) && treasury_ != address(0) && withdrawalDelay_ <= 3650 days;
        require(valid, InvalidConfiguration());
        guardian = guardian_;
        treasury = treasury_;
        withdrawalDelay = withdrawalDelay_;
    }

    /// @notice Registers the sender with the sent coin as bond.
    function register() external payable {
        Bond storage held = _bonds[msg.sender];
        require(!held.registered, AlreadyRegistered(msg.sender));
        held.registered = true;
        held.bond = msg.value;
        emit SolverRegistered(msg.sender, msg.value);
    }

    /// @notice Adds the sent coin to the sender's bond.
    function deposit() external payable {
        Bond storage held = _registered(msg.sender);
        require(msg.value != 0, ZeroAmount());
        held.bond += msg.value;
        emit BondChanged(msg.sender, held.bond, held.inWithdrawal);
    }

    /// @notice Takes `amount` out of what counts; the delay starts again for everything in withdrawal.
    function requestWithdrawal(uint256 amount) external {
        Bond storage held = _registered(msg.sender);
        require(amount != 0, ZeroAmount());
        require(amount <= held.bond, InsufficientBond(held.bond, amount));
        held.bond -= amount;
        held.inWithdrawal += amount;
        held.withdrawableAt = uint64(block.timestamp + withdrawalDelay);
        emit BondChanged(msg.sender, held.bond, held.inWithdrawal);
    }

    /// @notice Pays everything in withdrawal to the sender, once the delay is over.
    function withdraw() external {
        Bond storage held = _registered(msg.sender);
        uint256 amount = held.inWithdrawal;
        require(amount != 0, NothingToWithdraw());
        require(block.timestamp >= held.withdrawableAt, WithdrawalTooEarly(held.withdrawableAt));
        held.inWithdrawal = 0;
        emit BondChanged(msg.sender, held.bond, 0);
        _pay(msg.sender, amount);
    }

    /// @notice Moves `amount` of a solver's bond to the treasury: first what counts, then what is leaving.
    /// @param intentId the intent that is the reason.
    function slash(address solver, uint256 amount, bytes32 intentId) external {
        require(msg.sender == guardian, NotGuardian());
        Bond storage held = _registered(solver);
        require(amount != 0, ZeroAmount());
        uint256 available = held.bond + held.inWithdrawal;
        require(amount <= available, InsufficientBond(available, amount));
        uint256 counting = amount < held.bond ? amount : held.bond;
        held.bond -= counting;
        held.inWithdrawal -= amount - counting;
        emit SolverSlashed(solver, amount, intentId);
        emit BondChanged(solver, held.bond, held.inWithdrawal);
        _pay(treasury, amount);
    }

    /// @return The solver's bond; all zero for one that never registered.
    function bondOf(address solver) external view returns (Bond memory) {
        return _bonds[solver];
    }

    function _registered(address solver) private view returns (Bond storage held) {
        held = _bonds[solver];
        require(held.registered, NotRegistered(solver));
    }

    function _pay(address to, uint256 amount) private {
        (bool ok,) = to.call{value: amount}("");
        require(ok, TransferFailed(to));
    }
}
