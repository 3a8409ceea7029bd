// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The part of a Hyperlane mailbox that Orbital uses.
interface IMailbox {
    function localDomain() external view returns (uint32);

    function delivered(bytes32 messageId) external view returns (bool);

    function quoteDispatch(uint32 destination, bytes32 recipient, bytes calldata body)
        external
        view
        returns (uint256 fee);

    function dispatch(uint32 destination, bytes32 recipient, bytes calldata body)
        external
        payable
        returns (bytes32 messageId);

    function process(bytes calldata metadata, bytes calldata message) external payable;
}

/// @notice What a mailbox calls on the receiver of a message.
interface IMessageRecipient {
    function handle(uint32 origin, bytes32 sender, bytes calldata body) external payable;
}
