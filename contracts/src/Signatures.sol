// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Who signed a digest
/// @notice Accounts with code are asked by ERC-1271 first; if they don't say yes, the plain signature of the
/// same address counts too, because an account delegated by EIP-7702 has code and a key. Plain signatures are
/// 65 bytes (r, s, v) with low s and v in {0, 1, 27, 28}; everything else is refused, so that a digest has one
/// valid signature per key and nonce.
library Signatures {
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;

    /// @return whether `signature` binds `signer` to `digest`; never reverts.
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        if (signer.code.length != 0 && _isValidByContract(signer, digest, signature)) return true;
        return signer != address(0) && recover(digest, signature) == signer;
    }

    /// @return signer the address whose key made `signature`, or 0 if it is not an acceptable signature.
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address signer) {
        if (signature.length != 65) return address(0);
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        uint8 v = uint8(signature[64]);
        if (v < 2) v += 27;
        if (uint256(s) > HALF_ORDER || (v != 27 && v != 28)) return address(0);
        return ecrecover(digest, v, r, s);
    }

    /// @dev Copies one word of the answer only: a huge answer can't burn the caller's gas.
    function _isValidByContract(address signer, bytes32 digest, bytes calldata signature)
        private
        view
        returns (bool)
    {
        bytes memory data = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bool ok;
        bytes32 answer;
        assembly ("memory-safe") {
            ok := staticcall(gas(), signer, add(data, 0x20), mload(data), 0x00, 0x20)
            ok := and(ok, gt(returndatasize(), 0x1f))
            answer := mload(0x00)
        }
        return ok && answer == bytes32(IERC1271.isValidSignature.selector);
    }
}
