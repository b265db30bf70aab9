"""`gradient`: the network of a derivative as the compiler makes it, from the network as expanded."""

from __future__ import annotations

from fusionc.network.differentiate import differentiate
from fusionc.network.ir import Network
from fusionc.network.model import Search
from fusionc.rewrite.apply import apply
from fusionc.rewrite.detach_weights import detach_weights


def gradient(network: Network, search: Search, order: int = 1) -> Network:
    """The derivative with respect to everything, of the derivative before it, `order` times; then the rewrites.

    What is rewritten first keeps its savings in the gradients: sums that were hoisted, weights after sums. Weights are
    then detached from couplings, so that the gradients share what they can.
    """
    rewritten, _ = apply(network, search)
    found = detach_weights(rewritten)
    for _ in range(order):
        found = differentiate(found)
    rewritten, _ = apply(found, search)
    return rewritten
