// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Custody} from "./Custody.sol";
import {IMailbox} from "./IMailbox.sol";
import {Peers} from "./Peers.sol";
import {Signatures} from "./Signatures.sol";
import {Award, Intent, Signed} from "./Signed.sol";

/// @title Escrow on the origin chain and delivery on the destination chain, in one contract
/// @notice What holds:
/// - An escrow pays once: to the `repayTo` of the fill, or back to its user. Amounts come from the record of
///   the intent, never from a balance.
/// - On the destination an intent is filled once or expired once, never both; so one of the two messages
///   exists, and `resend` repeats exactly it.
/// - `refund` is the fallback for a bridge that stays silent. A fill message that arrives after it finds the
///   escrow closed: it is accepted, so that the bridge shows it as delivered, pays nothing and leaves
///   `MessageIgnored` in the log.
/// - A payout that the token refuses is credited and can be claimed later; it never blocks a message.
/// - Deadlines are inclusive and compared as uint256.
contract IntentSettler is Peers, Custody {
    using Signed for Intent;
    using Signed for Award;

    enum EscrowStatus {
        None,
        Held,
        Settled,
        Refunded
    }

    enum OutcomeStatus {
        None,
        Filled,
        Expired
    }

    /// @notice The origin's record of an opened intent. It stays after the payout.
    struct Escrow {
        uint256 inputAmount;
        address inputToken;
        uint32 destinationDomain;
        EscrowStatus status;
        address user;
        uint64 fillDeadline;
    }

    /// @notice The destination's record of an intent: filled (by whom, repaid to whom, how much) or expired.
    struct Outcome {
        address solver;
        uint32 originDomain;
        OutcomeStatus status;
        address repayTo;
        uint256 outputAmount;
    }

    uint256 public constant MAX_DURATION = 30 days;
    uint8 private constant KIND_FILLED = 1;
    uint8 private constant KIND_EXPIRED = 2;

    /// @notice Seconds after `fillDeadline` from which the origin refunds without a message.
    uint256 public immutable refundDelay;

    mapping(address user => mapping(uint256 nonce => bool)) public nonceUsed;
    mapping(bytes32 intentId => Escrow) private _escrows;
    mapping(bytes32 intentId => Outcome) private _outcomes;

    event IntentOpened(
        bytes32 indexed intentId, address indexed user, address indexed solver, Intent intent, uint256 outputAmount
    );
    event IntentFilled(
        bytes32 indexed intentId,
        address indexed solver,
        address indexed recipient,
        address outputToken,
        uint256 outputAmount,
        uint256 originChainId,
        address repayTo
    );
    event IntentSettled(
        bytes32 indexed intentId, address indexed solver, address repayTo, address inputToken, uint256 inputAmount
    );
    event IntentExpired(bytes32 indexed intentId, uint256 originChainId);
    event IntentRefunded(bytes32 indexed intentId, address indexed user, address inputToken, uint256 inputAmount);
    event NonceInvalidated(address indexed user, uint256 nonce);
    /// @notice A message for an escrow that was paid before: nothing was moved.
    event MessageIgnored(bytes32 indexed intentId, uint8 kind, EscrowStatus status);

    /// @notice The call belongs on another chain.
    error WrongChain(uint256 required, uint256 actual);
    error SameChain();
    error NotUser();
    /// @notice The sender is not the solver of the award.
    error NotAwarded(address solver);
    /// @notice The recipient is 0 or a settler.
    error InvalidRecipient();
    /// @notice `repayTo` is 0 or the settler of the origin chain.
    error InvalidRepayTo();
    error NonceAlreadyUsed(address user, uint256 nonce);
    error OpenDeadlinePassed(uint256 openDeadline);
    /// @notice Not `openDeadline <= fillDeadline <= now + 30 days`.
    error InvalidDeadlines();
    error OpenByPassed(uint256 openBy);
    error FillByPassed(uint256 fillBy);
    error FillDeadlinePassed(uint256 fillDeadline);
    /// @notice `expire` before the fill deadline has passed.
    error FillDeadlineNotPassed(uint256 fillDeadline);
    error InvalidUserSignature();
    error InvalidAwardSignature();
    /// @notice The award is for another intent.
    error WrongAward(bytes32 intentId);
    error OutputBelowMinimum(uint256 outputAmount, uint256 minOutputAmount);
    error AlreadyFilled(bytes32 intentId);
    error AlreadyExpired(bytes32 intentId);
    /// @notice `resend` of an intent that is neither filled nor expired here.
    error NoOutcome(bytes32 intentId);
    /// @notice The value sent does not cover the mailbox's fee.
    error InsufficientFee(uint256 required, uint256 given);
    /// @notice The sender did not accept what was paid above the fee.
    error ExcessNotAccepted();
    error NotMailbox();
    /// @notice The message is not from the settler of the intent's destination chain.
    error NotPeer(uint32 domain, bytes32 sender);
    error UnknownMessage(uint8 kind);
    /// @notice Nothing is, or ever was, in escrow for this intent.
    error NoEscrow(bytes32 intentId);
    /// @notice The escrow was settled or refunded before.
    error EscrowClosed(bytes32 intentId);
    error RefundTooEarly(uint256 refundableAfter);

    constructor(uint256 refundDelay_) {
        refundDelay = refundDelay_;
    }

    // ------------------------------------------------------------------ origin

    /// @notice The user escrows the input himself; who fills is decided later.
    function open(Intent calldata intent) external whenConfigured nonReentrant {
        bytes32 id = intent.digestOf(_originSeparator(intent));
        require(msg.sender == intent.user, NotUser());
        _open(intent, id, address(0), intent.minOutputAmount);
    }

    /// @notice The awarded solver escrows the user's input by the user's signature and allowance.
    function openFor(
        Intent calldata intent,
        bytes calldata userSignature,
        Award calldata award,
        bytes calldata awardSignature
    ) external whenConfigured nonReentrant {
        bytes32 separator = _originSeparator(intent);
        bytes32 id = intent.digestOf(separator);
        _checkAward(intent, id, separator, award, awardSignature);
        require(block.timestamp <= uint256(award.openBy), OpenByPassed(award.openBy));
        require(Signatures.isValid(intent.user, id, userSignature), InvalidUserSignature());
        _open(intent, id, award.solver, award.outputAmount);
    }

    /// @notice Cancels on chain what the sender signed with this nonce and nobody opened yet.
    function invalidateNonce(uint256 nonce) external whenConfigured {
        _useNonce(msg.sender, nonce);
        emit NonceInvalidated(msg.sender, nonce);
    }

    /// @notice Pays an escrow back to its user when no message came until `fillDeadline + refundDelay`.
    function refund(Intent calldata intent) external nonReentrant {
        bytes32 id = intentId(intent);
        Escrow storage escrow = _escrows[id];
        require(escrow.status != EscrowStatus.None, NoEscrow(id));
        require(escrow.status == EscrowStatus.Held, EscrowClosed(id));
        uint256 refundableAfter = uint256(escrow.fillDeadline) + refundDelay;
        require(block.timestamp > refundableAfter, RefundTooEarly(refundableAfter));
        _refund(id, escrow);
    }

    /// @notice Takes the outcome that the destination's settler sent. Reverts while no escrow exists, so that
    /// a message that overtook the open, or whose open a reorg removed, stays deliverable.
    function handle(uint32 domain, bytes32 sender, bytes calldata body) external nonReentrant {
        require(msg.sender == address(mailbox), NotMailbox());
        require(sender != 0 && sender == senderOf[domain], NotPeer(domain, sender));
        (uint8 kind, bytes32 id, address solver, address repayTo,) =
            abi.decode(body, (uint8, bytes32, address, address, uint256));
        require(kind == KIND_FILLED || kind == KIND_EXPIRED, UnknownMessage(kind));
        Escrow storage escrow = _escrows[id];
        require(escrow.status != EscrowStatus.None, NoEscrow(id));
        require(escrow.destinationDomain == domain, NotPeer(domain, sender));

        if (escrow.status != EscrowStatus.Held) emit MessageIgnored(id, kind, escrow.status);
        else if (kind == KIND_FILLED) _settle(id, escrow, solver, repayTo);
        else _refund(id, escrow);
    }

    // ------------------------------------------------------------- destination

    /// @notice The awarded solver delivers the output to the recipient; the sent value pays the mailbox and
    /// what is above its fee returns.
    /// @param repayTo who gets the input on the origin chain.
    function fill(Intent calldata intent, Award calldata award, bytes calldata awardSignature, address repayTo)
        external
        payable
        whenConfigured
        nonReentrant
    {
        (bytes32 id, bytes32 separator) = _checkDestination(intent);
        _checkAward(intent, id, separator, award, awardSignature);
        address originSettler = peerOf[intent.originChainId].settler;
        require(repayTo != address(0) && repayTo != originSettler, InvalidRepayTo());
        require(block.timestamp <= uint256(award.fillBy), FillByPassed(award.fillBy));
        require(block.timestamp <= uint256(intent.fillDeadline), FillDeadlinePassed(intent.fillDeadline));

        Outcome memory outcome = Outcome({
            solver: award.solver,
            originDomain: peerOf[intent.originChainId].domain,
            status: OutcomeStatus.Filled,
            repayTo: repayTo,
            outputAmount: award.outputAmount
        });
        _outcomes[id] = outcome;
        _pull(intent.outputToken, award.solver, intent.recipient, award.outputAmount);
        emit IntentFilled(
            id,
            award.solver,
            intent.recipient,
            intent.outputToken,
            award.outputAmount,
            intent.originChainId,
            repayTo
        );
        _send(id, outcome);
    }

    /// @notice Makes an unfilled intent unfillable after its fill deadline and sends the refund message.
    function expire(Intent calldata intent) external payable whenConfigured nonReentrant {
        (bytes32 id,) = _checkDestination(intent);
        bool passed = block.timestamp > uint256(intent.fillDeadline);
        require(passed, FillDeadlineNotPassed(intent.fillDeadline));
        Outcome memory outcome;
        outcome.originDomain = peerOf[intent.originChainId].domain;
        outcome.status = OutcomeStatus.Expired;
        _outcomes[id] = outcome;
        emit IntentExpired(id, intent.originChainId);
        _send(id, outcome);
    }

    /// @notice Sends the stored outcome again, for a message that got lost; anyone may pay for it.
    function resend(bytes32 id) external payable nonReentrant {
        Outcome memory outcome = _outcomes[id];
        require(outcome.status != OutcomeStatus.None, NoOutcome(id));
        _send(id, outcome);
    }

    // ------------------------------------------------------------------- views

    /// @notice The EIP-712 digest of the intent; its origin is this chain or a peer.
    function intentId(Intent calldata intent) public view returns (bytes32) {
        return intent.digestOf(_separator(intent.originChainId));
    }

    function escrowOf(bytes32 id) external view returns (Escrow memory) {
        return _escrows[id];
    }

    function filledBy(bytes32 id) external view returns (Outcome memory) {
        return _outcomes[id];
    }

    // ----------------------------------------------------------------- private

    function _open(Intent calldata intent, bytes32 id, address solver, uint256 outputAmount) private {
        require(intent.destinationChainId != block.chainid, SameChain());
        Peer memory peer = _peer(intent.destinationChainId);
        bool reachable = intent.recipient != address(0) && intent.recipient != peer.settler
            && intent.recipient != address(this);
        require(reachable, InvalidRecipient());
        uint256 openDeadline = intent.openDeadline;
        uint256 fillDeadline = intent.fillDeadline;
        require(block.timestamp <= openDeadline, OpenDeadlinePassed(openDeadline));
        bool ordered = openDeadline <= fillDeadline && fillDeadline <= block.timestamp + MAX_DURATION;
        require(ordered, InvalidDeadlines());

        _useNonce(intent.user, intent.nonce);
        _escrows[id] = Escrow({
            inputAmount: intent.inputAmount,
            inputToken: intent.inputToken,
            destinationDomain: peer.domain,
            status: EscrowStatus.Held,
            user: intent.user,
            fillDeadline: intent.fillDeadline
        });
        _pull(intent.inputToken, intent.user, address(this), intent.inputAmount);
        emit IntentOpened(id, intent.user, solver, intent, outputAmount);
    }

    function _useNonce(address user, uint256 nonce) private {
        require(!nonceUsed[user][nonce], NonceAlreadyUsed(user, nonce));
        nonceUsed[user][nonce] = true;
    }

    /// @dev Without an auctioneer nobody signs awards: the solver names himself, with an empty signature.
    function _checkAward(
        Intent calldata intent,
        bytes32 id,
        bytes32 separator,
        Award calldata award,
        bytes calldata awardSignature
    ) private view {
        require(award.intentId == id, WrongAward(award.intentId));
        require(msg.sender == award.solver, NotAwarded(award.solver));
        bool enough = award.outputAmount >= intent.minOutputAmount;
        require(enough, OutputBelowMinimum(award.outputAmount, intent.minOutputAmount));
        bool signed = intent.auctioneer == address(0)
            ? awardSignature.length == 0
            : Signatures.isValid(intent.auctioneer, award.digestOf(separator), awardSignature);
        require(signed, InvalidAwardSignature());
    }

    function _checkDestination(Intent calldata intent) private view returns (bytes32 id, bytes32 separator) {
        bool here = block.chainid == intent.destinationChainId;
        require(here, WrongChain(intent.destinationChainId, block.chainid));
        require(intent.originChainId != block.chainid, SameChain());
        separator = _separator(intent.originChainId);
        id = intent.digestOf(separator);
        OutcomeStatus status = _outcomes[id].status;
        require(status != OutcomeStatus.Filled, AlreadyFilled(id));
        require(status != OutcomeStatus.Expired, AlreadyExpired(id));
    }

    function _originSeparator(Intent calldata intent) private view returns (bytes32) {
        bool here = block.chainid == intent.originChainId;
        require(here, WrongChain(intent.originChainId, block.chainid));
        return Signed.domainSeparator(block.chainid, address(this));
    }

    function _separator(uint256 originChainId) private view returns (bytes32) {
        bool here = originChainId == block.chainid;
        return Signed.domainSeparator(originChainId, here ? address(this) : _peer(originChainId).settler);
    }

    function _settle(bytes32 id, Escrow storage escrow, address solver, address repayTo) private {
        escrow.status = EscrowStatus.Settled;
        emit IntentSettled(id, solver, repayTo, escrow.inputToken, escrow.inputAmount);
        _payOrCredit(id, escrow.inputToken, repayTo, escrow.inputAmount);
    }

    function _refund(bytes32 id, Escrow storage escrow) private {
        escrow.status = EscrowStatus.Refunded;
        emit IntentRefunded(id, escrow.user, escrow.inputToken, escrow.inputAmount);
        _payOrCredit(id, escrow.inputToken, escrow.user, escrow.inputAmount);
    }

    function _send(bytes32 id, Outcome memory outcome) private {
        uint8 kind = outcome.status == OutcomeStatus.Filled ? KIND_FILLED : KIND_EXPIRED;
        bytes memory body = abi.encode(kind, id, outcome.solver, outcome.repayTo, outcome.outputAmount);
        bytes32 peer = senderOf[outcome.originDomain];
        uint256 fee = mailbox.quoteDispatch(outcome.originDomain, peer, body);
        require(msg.value >= fee, InsufficientFee(fee, msg.value));
        mailbox.dispatch{value: fee}(outcome.originDomain, peer, body);
        if (msg.value == fee) return;
        (bool ok,) = msg.sender.call{value: msg.value - fee}("");
        require(ok, ExcessNotAccepted());
    }
}
