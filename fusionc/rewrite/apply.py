"""`apply`: the rewrites of a target, one after the other, each taken where it does not raise the work."""

from __future__ import annotations

from fusionc.network.count import multiply_adds, naive_multiply_adds
from fusionc.network.ir import Network
from fusionc.network.model import Rewritten, Search
from fusionc.rewrite import rewrites_for


def apply(network: Network, search: Search) -> tuple[Network, tuple[Rewritten, ...]]:
    """The network that is planned, and what was saved on the way to it, from its naive cost on: each step starts where
    the one before it ended, and none costs anything.
    """
    model = search.model
    log = [Rewritten("order", 0, naive_multiply_adds(network, model), multiply_adds(network, model))]
    for rewrite in rewrites_for(model.target):
        found, before = rewrite(network, search), log[-1].after
        after, removed = multiply_adds(found, model), len(network.vertices) - len(found.vertices)
        if after <= before:
            log.append(Rewritten(rewrite.__name__, removed, before, after))
            network = found
    return network, tuple(log)
