"""`Network`: the diagram as a tensor network. One coupling, mixing, move, reduction, scale or harmonic a vertex.

A wire is a single irrep with channel axes on a space: an array `[elements of the space, *channels, 2l+1]`. Vertices are
in evaluation order and refer to earlier ones by position; one that lives once serves all elements of any space. All
constants are exact. This is the value that rewrites act on, and that `differentiate` maps to itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from fusionc.algebra.irrep import Group, Irrep, Irreps
from fusionc.algebra.surd import Surd
from fusionc.check.ir import LearnedWeight, Slot
from fusionc.diagram.ir import Norm, Space, Via


@dataclass(frozen=True, slots=True)
class Entry:
    """Segment `segment` of the tensor argument `name`: channels (mul,)."""

    name: str
    segment: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """The learned weight `name`, flat: 0e, channels (numel,). With classes, the row of each element's class."""

    name: str


@dataclass(frozen=True, slots=True)
class View:
    """`prod(shape)` channels from `offset` on, of the operand's channels seen flat (row-major)."""

    operand: int
    offset: int
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Join:
    """The flat channels of wires of one irrep, end to end."""

    operands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """The pairs u < v of channel axes (u, v), row-major."""

    operand: int


@dataclass(frozen=True, slots=True)
class Subscripts:
    """Which channel axes meet, one letter an axis: left "u", right "v", weight "uv", out "u". Letters that are not in
    `out` are summed. `weight` is "" when there is none.
    """

    left: str
    right: str
    weight: str
    out: str


@dataclass(frozen=True, slots=True)
class Couple:
    """out[out.., k] = factor * sum w3j[i, j, k] left[left.., i] right[right.., j] weight[weight..]."""

    left: int
    right: int
    weight: int | None
    subscripts: Subscripts
    factor: Surd


@dataclass(frozen=True, slots=True)
class Mix:
    """out[out.., k] = factor * sum operand[left.., k] weight[weight..]; `subscripts.right` is ""."""

    operand: int
    weight: int
    subscripts: Subscripts
    factor: Surd


@dataclass(frozen=True, slots=True)
class Add:
    """Sum of factor * operand; zero when there is no term."""

    terms: tuple[tuple[Surd, int], ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A gather into a larger space; with `mean` divided by the number of elements that gather the same, so that it is
    the transpose of a mean."""

    operand: int
    via: Via
    mean: bool = False


@dataclass(frozen=True, slots=True)
class Reduce:
    """Sum along `via` onto a smaller space, divided by the number of contributions (at least 1) when `mean`."""

    operand: int
    via: Via
    mean: bool
    scale: Fraction


@dataclass(frozen=True, slots=True)
class Harmonic:
    """Y_l of a 1o wire with channels (1,); of r/|r| when `normalize`, else homogeneous of degree l."""

    operand: int
    l: int
    normalize: bool
    norm: Norm


@dataclass(frozen=True, slots=True)
class Apply:
    """A scalar function by name (fusionc.algebra.function), or its derivative of some order, channel by channel."""

    function: str
    operand: int
    order: int = 0


Op = Entry | Parameter | View | Join | Pick | Couple | Mix | Add | Move | Reduce | Harmonic | Apply


@dataclass(frozen=True, slots=True)
class Vertex:
    """`block` is the position of the checked value it came from: vertices of one block may share loops.

    `origin` is the user's statement, for reports.
    """

    op: Op
    irrep: Irrep
    channels: tuple[int, ...]
    space: Space
    block: int = field(compare=False)
    origin: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class NetworkOutput:
    """The wires are the segments of the tensor in memory order; each has one channel axis, its multiplicity.

    With `per`, the name of a class argument on `space`, the output is a table: row c is the sum over the elements of
    class c. That is the transpose of a `Parameter` with classes.
    """

    name: str
    irreps: Irreps
    space: Space
    wires: tuple[int, ...]
    per: str | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """`parameters` are all flat tables that `Parameter` reads: learned weights, and in a derivative the cotangents of
    their gradients."""

    name: str
    group: Group
    convention: str
    signature: tuple[Slot, ...]
    parameters: tuple[LearnedWeight, ...]
    vertices: tuple[Vertex, ...]
    outputs: tuple[NetworkOutput, ...]


def operands(op: Op) -> tuple[int, ...]:
    """Positions of the vertices that `op` reads."""
    match op:
        case Entry() | Parameter():
            return ()
        case View() | Pick() | Move() | Reduce() | Harmonic() | Apply():
            return (op.operand,)
        case Join(operands=many):
            return many
        case Couple(left=a, right=b, weight=w):
            return (a, b) if w is None else (a, b, w)
        case Mix(operand=a, weight=b):
            return (a, b)
        case Add(terms=terms):
            return tuple(t for _, t in terms)


def rewired(op: Op, to: Callable[[int], int]) -> Op:
    """`op` reading `to(n)` where it read n."""
    match op:
        case Entry() | Parameter():
            return op
        case View() | Pick() | Move() | Reduce() | Harmonic() | Apply():
            return replace(op, operand=to(op.operand))
        case Join(operands=many):
            return Join(tuple(to(n) for n in many))
        case Couple(left=a, right=b, weight=w):
            return replace(op, left=to(a), right=to(b), weight=None if w is None else to(w))
        case Mix(operand=a, weight=b):
            return replace(op, operand=to(a), weight=to(b))
        case Add(terms=terms):
            return Add(tuple((factor, to(n)) for factor, n in terms))
