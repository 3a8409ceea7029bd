// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a user signs: an offer of `inputAmount` on the origin chain for at least `minOutputAmount` on
/// the destination chain. Amounts are token base units, deadlines unix seconds and inclusive.
struct Intent {
    address user;
    address recipient;
    uint256 originChainId;
    uint256 destinationChainId;
    address inputToken;
    uint256 inputAmount;
    address outputToken;
    uint256 minOutputAmount;
    uint256 nonce;
    uint64 openDeadline;
    uint64 fillDeadline;
    address auctioneer;
}

/// @notice What the auctioneer signs: `solver` may open until `openBy` and fill until `fillBy`.
struct Award {
    bytes32 intentId;
    address solver;
    uint256 outputAmount;
    uint64 openBy;
    uint64 fillBy;
}

/// @title EIP-712 digests of the signed structs
/// @notice The domain is that of the settler on the intent's origin chain, wherever the digest is computed.
library Signed {
    bytes32 internal constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant NAME_HASH = keccak256("Orbital Intents");
    bytes32 internal constant VERSION_HASH = keccak256("1");
    bytes32 internal constant INTENT_TYPEHASH = keccak256(
        "Intent(address user,address recipient,uint256 originChainId,uint256 destinationChainId,"
        "address inputToken,uint256 inputAmount,address outputToken,uint256 minOutputAmount,uint256 nonce,"
        "uint64 openDeadline,uint64 fillDeadline,address auctioneer)"
    );
    bytes32 internal constant AWARD_TYPEHASH =
        keccak256("Award(bytes32 intentId,address solver,uint256 outputAmount,uint64 openBy,uint64 fillBy)");

    function domainSeparator(uint256 chainId, address settler) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, chainId, settler));
    }

    /// @dev Both structs hold static fields only, so their ABI encoding is the EIP-712 encodeData.
    function digestOf(Intent calldata intent, bytes32 separator) internal pure returns (bytes32) {
        return _typed(separator, keccak256(abi.encode(INTENT_TYPEHASH, intent)));
    }

    function digestOf(Award calldata award, bytes32 separator) internal pure returns (bytes32) {
        return _typed(separator, keccak256(abi.encode(AWARD_TYPEHASH, award)));
    }

    function _typed(bytes32 separator, bytes32 structHash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }
}
