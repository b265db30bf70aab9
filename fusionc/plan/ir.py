"""`Plan`: the network in evaluation order, vertices that share loops together, with what each step costs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fusionc.diagram.ir import Space
from fusionc.network.ir import Network
from fusionc.network.model import Bound, First, Model, Rewritten


class StepKind(Enum):
    COUPLE = "couple"
    MIX = "mix"
    MOVE = "gather"
    REDUCE = "reduce"
    HARMONIC = "harmonics"
    APPLY = "function"
    ADD = "add"
    ARRANGE = "arrange"  # join and pick: channels put elsewhere, no arithmetic


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

    They do not depend on each other. `first` is that of the coupling that costs most, in COUPLE steps.
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
class Plan:
    """All costs are by `model`. `naive` is that of the network as expanded and written, `planned` of these steps; what
    the rewrites saved is all that lies between the two.
    """

    network: Network
    steps: tuple[Step, ...]
    model: Model
    rewrites: tuple[Rewritten, ...]
    bounds: tuple[Bound, ...]
    naive: Total
    planned: Total
