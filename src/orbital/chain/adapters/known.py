"""Every adapter there is. One more protocol is one more line here, and a module beside this one."""

import typing

from orbital.chain.adapters import across, orbital
from orbital.chain.adapters.adapter import Adapter
from orbital.domain.types import Protocol

ADAPTERS: typing.Final[tuple[Adapter, ...]] = (orbital.ADAPTER, across.CURRENT, across.LEGACY)


def versions_of(protocol: Protocol) -> dict[str, Adapter]:
    """Adapters of a protocol by version."""
    return {one.version: one for one in ADAPTERS if one.protocol is protocol}
