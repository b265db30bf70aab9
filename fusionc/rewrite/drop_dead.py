"""`drop_dead`: vertices that no output needs are not computed."""

from __future__ import annotations

from fusionc.network.ir import Network
from fusionc.network.live import only_live
from fusionc.network.model import Search


def drop_dead(network: Network, search: Search | None = None) -> Network:
    """Keep what the outputs read, directly or not. Arguments that nothing reads stay in the signature."""
    return only_live(network)
