// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {IMailbox, IMessageRecipient} from "./IMailbox.sol";
import {Signatures} from "./Signatures.sol";

/// @title A mailbox for local chains
/// @notice The interface, events and message format (version 3) of a Hyperlane mailbox, with the simplest
/// security module: one validator's EIP-191 signature over the message id. A message is
/// `version uint8 | nonce uint32 | origin uint32 | sender bytes32 | destination uint32 | recipient bytes32 | body`
/// packed, its id the keccak256 of that. A `process` that reverts leaves the message deliverable.
contract LocalMailbox is IMailbox {
    uint8 public constant VERSION = 3;
    uint256 private constant HEADER_BYTES = 77;

    uint32 public immutable localDomain;
    address public immutable validator;
    /// @notice What every dispatch costs, in wei.
    uint256 public immutable fee;

    /// @notice Number of the next dispatched message.
    uint32 public nonce;
    mapping(bytes32 messageId => bool) public delivered;

    event Dispatch(
        address indexed sender, uint32 indexed destination, bytes32 indexed recipient, bytes message
    );
    event DispatchId(bytes32 indexed messageId);
    event Process(uint32 indexed origin, bytes32 indexed sender, address indexed recipient);
    event ProcessId(bytes32 indexed messageId);

    /// @notice The value sent with `dispatch` is below the fee.
    error InsufficientFee(uint256 required, uint256 given);
    /// @notice Shorter than a header, of another version, or for a recipient that is no address.
    error InvalidMessage();
    /// @notice The message is for another domain.
    error WrongDestination(uint32 destination);
    error AlreadyDelivered(bytes32 messageId);
    /// @notice `metadata` is not the validator's signature over the message id.
    error InvalidValidatorSignature();
    /// @notice The validator did not accept the collected fees.
    error FeeTransferFailed();

    constructor(uint32 localDomain_, address validator_, uint256 fee_) {
        localDomain = localDomain_;
        validator = validator_;
        fee = fee_;
    }

    function quoteDispatch(uint32, bytes32, bytes calldata) external view returns (uint256) {
        return fee;
    }

    /// @notice Announces a message; what is paid above the fee is kept as fee.
    function dispatch(uint32 destination, bytes32 recipient, bytes calldata body)
        external
        payable
        returns (bytes32 messageId)
    {
        require(msg.value >= fee, InsufficientFee(fee, msg.value));
        bytes memory message = abi.encodePacked(
            VERSION, nonce, localDomain, bytes32(uint256(uint160(msg.sender))), destination, recipient, body
        );
        nonce += 1;
        messageId = keccak256(message);
        emit Dispatch(msg.sender, destination, recipient, message);
        emit DispatchId(messageId);
    }

    /// @notice Delivers a message once; reverts with the recipient's error if the recipient refuses it.
    /// @param metadata the validator's 65-byte signature.
    function process(bytes calldata metadata, bytes calldata message) external payable {
        require(message.length >= HEADER_BYTES && uint8(message[0]) == VERSION, InvalidMessage());
        uint32 destination = uint32(bytes4(message[41:45]));
        require(destination == localDomain, WrongDestination(destination));
        uint256 recipient = uint256(bytes32(message[45:77]));
        require(recipient <= type(uint160).max, InvalidMessage());

        bytes32 messageId = keccak256(message);
        require(!delivered[messageId], AlreadyDelivered(messageId));
        address signer = Signatures.recover(MessageHashUtils.toEthSignedMessageHash(messageId), metadata);
        require(signer != address(0) && signer == validator, InvalidValidatorSignature());

        delivered[messageId] = true;
        uint32 origin = uint32(bytes4(message[5:9]));
        bytes32 sender = bytes32(message[9:41]);
        emit Process(origin, sender, address(uint160(recipient)));
        emit ProcessId(messageId);
        IMessageRecipient(address(uint160(recipient))).handle{value: msg.value}(origin, sender, message[77:]);
    }

    /// @notice Pays the collected fees to the validator; anyone may call.
    function collectFees() external {
        (bool ok,) = validator.call{value: address(this).balance}("");
        require(ok, FeeTransferFailed());
    }
}
