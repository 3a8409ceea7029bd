// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMailbox} from "./IMailbox.sol";

/// @title The settlers of the other chains and the way to them
/// @notice Settlers must know each other's addresses, so the deployer configures each one once after all are
/// deployed. Before that nothing works; after it nobody can change anything.
abstract contract Peers {
    /// @notice A settler as its deployer names it: chain id, address there, domain in the mailbox's numbering.
    struct PeerConfig {
        uint256 chainId;
        address settler;
        uint32 domain;
    }

    struct Peer {
        address settler;
        uint32 domain;
    }

    address public immutable deployer;
    IMailbox public mailbox;
    mapping(uint256 chainId => Peer) public peerOf;
    /// @notice The settler of a mailbox domain as the mailbox writes senders: the address left-padded with 0.
    mapping(uint32 domain => bytes32) public senderOf;

    error NotDeployer();
    error AlreadyConfigured();
    error NotConfigured();
    /// @notice The mailbox has no code.
    error InvalidMailbox();
    /// @notice No address, this chain or its domain, or a chain or domain that was named before; or no peer.
    error InvalidPeer(uint256 chainId);
    /// @notice No settler is known on this chain.
    error UnknownChain(uint256 chainId);

    modifier whenConfigured() {
        require(address(mailbox) != address(0), NotConfigured());
        _;
    }

    constructor() {
        deployer = msg.sender;
    }

    /// @notice Sets mailbox and peers, once and for ever.
    function configure(IMailbox mailbox_, PeerConfig[] calldata peers) external {
        require(msg.sender == deployer, NotDeployer());
        require(address(mailbox) == address(0), AlreadyConfigured());
        require(address(mailbox_).code.length != 0, InvalidMailbox());
        require(peers.length != 0, InvalidPeer(0));
        mailbox = mailbox_;
        uint32 localDomain = mailbox_.localDomain();
        for (uint256 i = 0; i < peers.length; i++) {
            PeerConfig calldata peer = peers[i];
            bool valid = peer.settler != address(0) && peer.chainId != block.chainid && peer.domain != localDomain
                && peerOf[peer.chainId].settler == address(0) && senderOf[peer.domain] == 0;
            require(valid, InvalidPeer(peer.chainId));
            peerOf[peer.chainId] = Peer(peer.settler, peer.domain);
            senderOf[peer.domain] = bytes32(uint256(uint160(peer.settler)));
        }
    }

    function _peer(uint256 chainId) internal view returns (Peer memory peer) {
        peer = peerOf[chainId];
        require(peer.settler != address(0), UnknownChain(chainId));
    }
}
