// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Emits what SpokePools of Across V3 emit, in the current and in the older form, as it is told
contract AcrossEmitter {
    struct Relay {
        bytes32 depositor;
        bytes32 recipient;
        bytes32 exclusiveRelayer;
        bytes32 inputToken;
        bytes32 outputToken;
        uint256 inputAmount;
        uint256 outputAmount;
        uint256 originChainId;
        uint256 depositId;
        uint32 fillDeadline;
        uint32 exclusivityDeadline;
        bytes message;
    }

    struct RelayWithHash {
        bytes32 depositor;
        bytes32 recipient;
        bytes32 exclusiveRelayer;
        bytes32 inputToken;
        bytes32 outputToken;
        uint256 inputAmount;
        uint256 outputAmount;
        uint256 originChainId;
        uint256 depositId;
        uint32 fillDeadline;
        uint32 exclusivityDeadline;
        bytes32 messageHash;
    }

    struct RelayExecutionEventInfo {
        bytes32 updatedRecipient;
        bytes32 updatedMessageHash;
        uint256 updatedOutputAmount;
        uint8 fillType;
    }

    struct LegacyExecutionEventInfo {
        address updatedRecipient;
        bytes updatedMessage;
        uint256 updatedOutputAmount;
        uint8 fillType;
    }

    // What is not indexed of each event: `emit` can't take so many values from the stack.

    struct DepositData {
        bytes32 inputToken;
        bytes32 outputToken;
        uint256 inputAmount;
        uint256 outputAmount;
        uint32 quoteTimestamp;
        uint32 fillDeadline;
        uint32 exclusivityDeadline;
        bytes32 recipient;
        bytes32 exclusiveRelayer;
        bytes message;
    }

    struct FillData {
        bytes32 inputToken;
        bytes32 outputToken;
        uint256 inputAmount;
        uint256 outputAmount;
        uint256 repaymentChainId;
        uint32 fillDeadline;
        uint32 exclusivityDeadline;
        bytes32 exclusiveRelayer;
        bytes32 depositor;
        bytes32 recipient;
        bytes32 messageHash;
        RelayExecutionEventInfo relayExecutionInfo;
    }

    struct LegacyDepositData {
        address inputToken;
        address outputToken;
        uint256 inputAmount;
        uint256 outputAmount;
        uint32 quoteTimestamp;
        uint32 fillDeadline;
        uint32 exclusivityDeadline;
        address recipient;
        address exclusiveRelayer;
        bytes message;
    }

    struct LegacyFillData {
        address inputToken;
        address outputToken;
        uint256 inputAmount;
        uint256 outputAmount;
        uint256 repaymentChainId;
        uint32 fillDeadline;
        uint32 exclusivityDeadline;
        address exclusiveRelayer;
        address depositor;
        address recipient;
        bytes message;
        LegacyExecutionEventInfo relayExecutionInfo;
    }

    event FundsDeposited(
        bytes32 inputToken,
        bytes32 outputToken,
        uint256 inputAmount,
        uint256 outputAmount,
        uint256 indexed destinationChainId,
        uint256 indexed depositId,
        uint32 quoteTimestamp,
        uint32 fillDeadline,
        uint32 exclusivityDeadline,
        bytes32 indexed depositor,
        bytes32 recipient,
        bytes32 exclusiveRelayer,
        bytes message
    );
    event FilledRelay(
        bytes32 inputToken,
        bytes32 outputToken,
        uint256 inputAmount,
        uint256 outputAmount,
        uint256 repaymentChainId,
        uint256 indexed originChainId,
        uint256 indexed depositId,
        uint32 fillDeadline,
        uint32 exclusivityDeadline,
        bytes32 exclusiveRelayer,
        bytes32 indexed relayer,
        bytes32 depositor,
        bytes32 recipient,
        bytes32 messageHash,
        RelayExecutionEventInfo relayExecutionInfo
    );
    event V3FundsDeposited(
        address inputToken,
        address outputToken,
        uint256 inputAmount,
        uint256 outputAmount,
        uint256 indexed destinationChainId,
        uint32 indexed depositId,
        uint32 quoteTimestamp,
        uint32 fillDeadline,
        uint32 exclusivityDeadline,
        address indexed depositor,
        address recipient,
        address exclusiveRelayer,
        bytes message
    );
    event FilledV3Relay(
        address inputToken,
        address outputToken,
        uint256 inputAmount,
        uint256 outputAmount,
        uint256 repaymentChainId,
        uint256 indexed originChainId,
        uint32 indexed depositId,
        uint32 fillDeadline,
        uint32 exclusivityDeadline,
        address exclusiveRelayer,
        address indexed relayer,
        address depositor,
        address recipient,
        bytes message,
        LegacyExecutionEventInfo relayExecutionInfo
    );

    function deposit(Relay calldata r, uint256 destinationChainId) external {
        DepositData memory data;
        data.inputToken = r.inputToken;
        data.outputToken = r.outputToken;
        data.inputAmount = r.inputAmount;
        data.outputAmount = r.outputAmount;
        data.quoteTimestamp = uint32(block.timestamp);
        data.fillDeadline = r.fillDeadline;
        data.exclusivityDeadline = r.exclusivityDeadline;
        data.recipient = r.recipient;
        data.exclusiveRelayer = r.exclusiveRelayer;
        data.message = r.message;
        bytes32 id = bytes32(r.depositId);
        log(FundsDeposited.selector, bytes32(destinationChainId), id, r.depositor, abi.encode(data), 32);
    }

    function fill(Relay calldata r, bytes32 relayer, bytes32 recipient, uint256 amount, uint8 fillType) external {
        FillData memory data;
        data.inputToken = r.inputToken;
        data.outputToken = r.outputToken;
        data.inputAmount = r.inputAmount;
        data.outputAmount = r.outputAmount;
        data.repaymentChainId = block.chainid;
        data.fillDeadline = r.fillDeadline;
        data.exclusivityDeadline = r.exclusivityDeadline;
        data.exclusiveRelayer = r.exclusiveRelayer;
        data.depositor = r.depositor;
        data.recipient = r.recipient;
        data.messageHash = hashMessage(r.message);
        data.relayExecutionInfo = RelayExecutionEventInfo(recipient, hashMessage(r.message), amount, fillType);
        bytes32 id = bytes32(r.depositId);
        log(FilledRelay.selector, bytes32(r.originChainId), id, relayer, abi.encode(data), 0);
    }

    function depositLegacy(Relay calldata r, uint256 destinationChainId) external {
        LegacyDepositData memory data;
        data.inputToken = toAddress(r.inputToken);
        data.outputToken = toAddress(r.outputToken);
        data.inputAmount = r.inputAmount;
        data.outputAmount = r.outputAmount;
        data.quoteTimestamp = uint32(block.timestamp);
        data.fillDeadline = r.fillDeadline;
        data.exclusivityDeadline = r.exclusivityDeadline;
        data.recipient = toAddress(r.recipient);
        data.exclusiveRelayer = toAddress(r.exclusiveRelayer);
        data.message = r.message;
        bytes32 id = bytes32(uint256(uint32(r.depositId)));
        log(V3FundsDeposited.selector, bytes32(destinationChainId), id, r.depositor, abi.encode(data), 32);
    }

    function fillLegacy(Relay calldata r, bytes32 relayer, bytes32 recipient, uint256 amount, uint8 fillType) external {
        LegacyFillData memory data;
        data.inputToken = toAddress(r.inputToken);
        data.outputToken = toAddress(r.outputToken);
        data.inputAmount = r.inputAmount;
        data.outputAmount = r.outputAmount;
        data.repaymentChainId = block.chainid;
        data.fillDeadline = r.fillDeadline;
        data.exclusivityDeadline = r.exclusivityDeadline;
        data.exclusiveRelayer = toAddress(r.exclusiveRelayer);
        data.depositor = toAddress(r.depositor);
        data.recipient = toAddress(r.recipient);
        data.message = r.message;
        data.relayExecutionInfo = LegacyExecutionEventInfo(toAddress(recipient), r.message, amount, fillType);
        bytes32 id = bytes32(uint256(uint32(r.depositId)));
        log(FilledV3Relay.selector, bytes32(r.originChainId), id, relayer, abi.encode(data), 32);
    }

    /// @notice A log with these topics and data, whatever they mean
    function emitRaw(bytes32 topic0, bytes32 topic1, bytes32 topic2, bytes32 topic3, bytes calldata data) external {
        log(topic0, topic1, topic2, topic3, data, 0);
    }

    /// @notice The id that the indexer gives these terms
    function relayId(Relay calldata r, uint256 destinationChainId) external pure returns (bytes32) {
        RelayWithHash memory hashed;
        hashed.depositor = r.depositor;
        hashed.recipient = r.recipient;
        hashed.exclusiveRelayer = r.exclusiveRelayer;
        hashed.inputToken = r.inputToken;
        hashed.outputToken = r.outputToken;
        hashed.inputAmount = r.inputAmount;
        hashed.outputAmount = r.outputAmount;
        hashed.originChainId = r.originChainId;
        hashed.depositId = r.depositId;
        hashed.fillDeadline = r.fillDeadline;
        hashed.exclusivityDeadline = r.exclusivityDeadline;
        hashed.messageHash = hashMessage(r.message);
        return keccak256(abi.encode(hashed, destinationChainId));
    }

    // A struct with dynamic parts is encoded with its own offset before it, which the values of an event don't have.
    function log(bytes32 topic0, bytes32 topic1, bytes32 topic2, bytes32 topic3, bytes memory data, uint256 skip)
        private
    {
        assembly {
            log4(add(add(data, 32), skip), sub(mload(data), skip), topic0, topic1, topic2, topic3)
        }
    }

    function hashMessage(bytes calldata message) private pure returns (bytes32) {
        return message.length == 0 ? bytes32(0) : keccak256(message);
    }

    function toAddress(bytes32 account) private pure returns (address) {
        return address(uint160(uint256(account)));
    }
}
