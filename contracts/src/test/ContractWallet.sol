// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title An account with code: one owner key, ERC-1271, calls by anyone, and it refuses plain coin
/// @notice A signature it accepts is 1 byte of kind and then the owner's 65 bytes; so the plain signature of the
/// owner alone is none. It can also be told to answer too short, too long, or to revert.
contract ContractWallet {
    enum Mood {
        Honest,
        Short,
        Long,
        Reverting
    }

    address public immutable owner;
    Mood public mood;

    constructor(address owner_) {
        owner = owner_;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function execute(address target, bytes calldata data) external payable returns (bytes memory) {
        (bool ok, bytes memory answer) = target.call{value: msg.value}(data);
        if (ok) return answer;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        require(mood != Mood.Reverting, "reverting");
        bool valid = signature.length == 66 && signature[0] == 0x01
            && ecrecover(
                digest, uint8(signature[65]), bytes32(signature[1:33]), bytes32(signature[33:65])
            ) == owner;
        bytes4 magic = valid ? this.isValidSignature.selector : bytes4(0xffffffff);
        if (mood == Mood.Short) {
            assembly ("memory-safe") {
                mstore(0x00, magic)
                return(0x00, 0x04)
            }
        }
        if (mood == Mood.Long) {
            assembly {
                mstore(0x00, magic)
                return(0x00, 100000)
            }
        }
        return magic;
    }
}
