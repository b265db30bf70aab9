"""What work costs on a target: the measure that rewrites lower and that plans report."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from fusionc.diagram.ir import Space
from fusionc.network.work import DEGREE, times


class Target(Enum):
    """Whom a plan is for.

    TORCH   a module of PyTorch: every wire is a tensor in memory, couplings are products of dense blocks, nothing that
            two couplings have in common is shared but wires
    KERNEL  a straight-line program of scalars: wires are registers, zeros of couplings cost nothing, products of
            components are shared, sums accumulate
    """

    TORCH = "torch"
    KERNEL = "kernel"


@dataclass(frozen=True, slots=True)
class Model:
    """`degree`: how many edges a node has, where work of both is added up."""

    target: Target
    degree: int = DEGREE

    def times(self, space: Space) -> int:
        """Elements of `space` a node. What is once a call counts nothing."""
        return times(space, self.degree)


KERNEL = Model(Target.KERNEL)
TORCH = Model(Target.TORCH)


class First(Enum):
    """Which contraction of a coupling `z_k = C_ijk x_i y_j` comes first."""

    BOTH = "both"  # x and y together, per channel
    LEFT = "left"  # C with x: a small matrix an element, which all channels of y share
    RIGHT = "right"  # C with y: a small matrix an element, which all channels of x share


@dataclass(frozen=True, slots=True)
class Spent:
    """Multiply-adds of a vertex for each element of `space`; `setup` of them no channel repeats."""

    space: Space
    multiply_adds: int
    setup: int = 0
    first: First = First.BOTH


@dataclass(frozen=True, slots=True)
class Bound:
    """A search of the rewrite `name` that stopped at `limit`, so that its result may not be the best.

    `what` names the things that were counted, "trees of one space", in the plural.
    """

    name: str
    what: str
    limit: int


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What one pass did to the network: vertices it removed (negative: added), and the multiply-adds a node before
    and after by the plan's model. `order` is no pass: before it, the network costs what it costs as written.
    """

    name: str
    removed: int
    before: int
    after: int


@dataclass(slots=True)
class Search:
    """What a rewrite is to lower, and where it says which bounds it met."""

    model: Model = Model(Target.KERNEL)
    bounds: list[Bound] = field(default_factory=list)

    def met(self, name: str, what: str, limit: int) -> None:
        """Each bound once."""
        bound = Bound(name, what, limit)
        if bound not in self.bounds:
            self.bounds.append(bound)
