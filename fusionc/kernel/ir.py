"""`Kernel`: a network as passes over rows, each a straight-line program on scalars and lanes, for C++ and CUDA alike.

A wire of the network is here its components, each a value. A value is a scalar of a row, or has lanes: one number for
each channel. Rows are nodes, edges or the rows of a batch. A pass visits the nodes, or rows; where it has a `via`, it
visits with each node the edges that end (RECEIVER) or begin (SENDER) there. Values are numbered in evaluation order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from fusionc.algebra.surd import Surd
from fusionc.diagram.ir import Space, Via


class Role(Enum):
    ARGUMENT = "argument"
    RESULT = "result"
    TEMPORARY = "temporary"


@dataclass(frozen=True, slots=True)
class Buffer:
    """An array [rows of the space, width]. Arguments and results are in the caller's layout; temporaries are blocked.

    `classes`: rows are those of a table, picked by the class of each row of the space: the name of the argument that
    tells it. `added`: starts as zeros, and is added to.
    """

    name: str
    role: Role
    space: Space
    width: int
    classes: str = ""
    added: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """`lanes` channels (0: one, as a scalar) from channel `first` on, of `dim` components each, of a stretch of a row.

    The stretch begins at value `offset` and has `channels` channels in all, outermost or innermost in it as the layout
    of the buffer says (mul_ir, ir_mul).
    """

    buffer: int
    offset: int
    dim: int
    lanes: int
    channels: int
    first: int


@dataclass(frozen=True, slots=True)
class Level:
    """Where a value lives: one for each row of `space`, with so many lanes, 0 for a scalar."""

    space: Space
    lanes: int


@dataclass(frozen=True, slots=True)
class Load:
    """A component of a segment; on an edge with a `via`, that of the node at this end."""

    segment: Segment
    component: int
    via: Via | None


@dataclass(frozen=True, slots=True)
class Term:
    """coefficient * a * b, or coefficient * a."""

    coefficient: Surd
    a: int
    b: int | None


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms of a level with scalars and lanes mixed: a scalar goes with every lane."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class LaneSum:
    """The scalar sum over the lanes of a value."""

    operand: int


@dataclass(frozen=True, slots=True)
class EdgeSum:
    """The sum over the edges of which a node is this end."""

    operand: int
    via: Via


@dataclass(frozen=True, slots=True)
class Gather:
    """A computed value of the node at this end of each edge. In a pass it has become a `Load` from a temporary."""

    operand: int
    via: Via


Op = Load | Sum | LaneSum | EdgeSum | Gather


@dataclass(frozen=True, slots=True)
class Value:
    op: Op
    level: Level


@dataclass(frozen=True, slots=True)
class Store:
    """coefficient * value into a component of a segment; zeros where `value` is None.

    With a `via`, a value of an edge is added to what the node at this end has.
    """

    segment: Segment
    component: int
    coefficient: Surd
    value: int | None
    via: Via | None = None


@dataclass(frozen=True, slots=True)
class Pass:
    space: Space
    via: Via | None
    values: tuple[Value, ...]
    stores: tuple[Store, ...]


@dataclass(frozen=True, slots=True)
class Kernel:
    name: str
    buffers: tuple[Buffer, ...]
    passes: tuple[Pass, ...]


def operands(op: Op) -> tuple[int, ...]:
    match op:
        case Load():
            return ()
        case Sum(terms):
            return tuple(n for term in terms for n in ((term.a,) if term.b is None else (term.a, term.b)))
        case LaneSum(operand) | EdgeSum(operand) | Gather(operand):
            return (operand,)


def renumbered(op: Op, to: Callable[[int], int]) -> Op:
    """`op` reading `to(n)` where it read n."""
    match op:
        case Load():
            return op
        case Sum(terms):
            return Sum(tuple(Term(t.coefficient, to(t.a), None if t.b is None else to(t.b)) for t in terms))
        case LaneSum(operand):
            return LaneSum(to(operand))
        case EdgeSum(operand, via):
            return EdgeSum(to(operand), via)
        case Gather(operand, via):
            return Gather(to(operand), via)
