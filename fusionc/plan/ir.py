"""`Plan`: the network in evaluation order, vertices that share loops together, with what each step costs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fusionc.diagram.ir import Space
from fusionc.network.ir import Network
from fusionc.network.weights import WeightMap


class StepKind(Enum):
    COUPLE = "couple"
    MIX = "mix"
    MOVE = "gather"
    REDUCE = "reduce"
    HARMONIC = "harmonics"
    APPLY = "function"
    ADD = "add"
    ARRANGE = "arrange"  # join and pick: channels put elsewhere, no arithmetic


class First(Enum):
    """Which contraction of a coupling `z_k = C_ijk x_i y_j` comes first."""

    BOTH = "both"  # x and y together, per channel
    LEFT = "left"  # C with x: a small matrix an element, which all channels of y share
    RIGHT = "right"  # C with y: a small matrix an element, which all channels of x share


@dataclass(frozen=True, slots=True)
class Cost:
    """Per element of the step's space (per call in ONCE).

    multiply_adds            all of them, channels included
    per_channel              those that every channel of the result costs: the sum over vertices of multiply-adds an
                             output channel, without `setup`
    setup                    multiply-adds that no channel repeats (the coupling contracted with a channel-free operand)
    read, written            values (not bytes) that the step reads and writes
    """

    multiply_adds: int = 0
    per_channel: int = 0
    setup: int = 0
    read: int = 0
    written: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.multiply_adds + other.multiply_adds,
            self.per_channel + other.per_channel,
            self.setup + other.setup,
            self.read + other.read,
            self.written + other.written,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """Vertices of one kind, one pattern of channels and one space that are evaluated together.

    They do not depend on each other. `first` holds for COUPLE steps.
    """

    kind: StepKind
    vertices: tuple[int, ...]
    space: Space
    first: First
    cost: Cost


@dataclass(frozen=True, slots=True)
class SpaceCost:
    space: Space
    cost: Cost


@dataclass(frozen=True, slots=True)
class Total:
    """Costs by space, and the most values alive at once in temporaries an element of the space that has most."""

    spaces: tuple[SpaceCost, ...]
    peak_temporary: int


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What one pass did to the network: vertices it removed (negative: added), and the multiply-adds a node before
    and after as a straight-line program (`network.straight_line`), an edge counted as often as the plan's degree says.
    """

    name: str
    removed: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`naive` is the cost of the network as expanded, every path on its own; `planned` of these steps.

    `weight_maps`: of the learned weights that the network has in another basis than the user wrote.
    """

    network: Network
    steps: tuple[Step, ...]
    degree: int
    rewrites: tuple[Rewritten, ...]
    naive: Total
    planned: Total
    weight_maps: tuple[WeightMap, ...] = ()
