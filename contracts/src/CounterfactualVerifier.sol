// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title Whether an account that may not be deployed yet signed a digest (ERC-6492)
/// @notice Never deployed: run by eth_call as a deployment, whose result is not code but one word, 1 for yes. What the
/// factory does is undone with the call.
contract CounterfactualVerifier {
    /// @param wrapped the signature without the magic suffix: abi.encode(factory, factoryCall, signature).
    constructor(address signer, bytes32 digest, bytes memory wrapped) {
        (address factory, bytes memory factoryCall, bytes memory signature) =
            abi.decode(wrapped, (address, bytes, bytes));
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bool isValid = _asks(signer, question);
        if (!isValid) {
            _call(factory, factoryCall);
            isValid = _asks(signer, question);
        }
        assembly ("memory-safe") {
            mstore(0x00, isValid)
            return(0x00, 0x20)
        }
    }

    /// @dev A factory that fails has deployed nothing, which the question then shows.
    function _call(address factory, bytes memory data) private {
        assembly ("memory-safe") {
            pop(call(gas(), factory, 0, add(data, 0x20), mload(data), 0x00, 0x00))
        }
    }

    /// @dev Copies one word of the answer only.
    function _asks(address signer, bytes memory question) private view returns (bool) {
        if (signer.code.length == 0) return false;
        bool ok;
        bytes32 answer;
        assembly ("memory-safe") {
            ok := staticcall(gas(), signer, add(question, 0x20), mload(question), 0x00, 0x20)
            ok := and(ok, gt(returndatasize(), 0x1f))
            answer := mload(0x00)
        }
        return ok && answer == bytes32(IERC1271.isValidSignature.selector);
    }
}
