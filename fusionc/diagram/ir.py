"""`Program` and `Diagram`: names resolved, index spaces known, irreps still as written.

A statement is an expression tree over earlier names. Every expression carries the `Space` it is evaluated in, which is
the smallest one that its operands allow; going to a larger space is an explicit `Gather`, so that
`linear(x[j]) * Y[i,j]` mixes channels once a node and not once an edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from fusionc.algebra.irrep import Group
from fusionc.source import Span, span_field


class Space(Enum):
    """Where a tensor lives, i.e. what its leading dimensions count."""

    ONCE = "once"  # no leading dimension: one tensor a call
    BATCH = "batch"  # free leading dimensions, the same for every tensor of a diagram without indices
    NODE = "node"
    EDGE = "edge"
    GRAPH = "graph"


class Via(Enum):
    """The map between spaces that a gather reads along, or a reduction adds along."""

    RECEIVER = "receiver"  # edge <-> node i, row 1 of edge_index
    SENDER = "sender"  # edge <-> node j, row 0 of edge_index
    GRAPH = "graph"  # node or edge <-> graph, by `batch` (an edge belongs to its receiver's graph)
    ALL = "all"  # everything <-> once


class Mode(Enum):
    """How channels combine (e3nn's `TensorProduct` instructions)."""

    UUU = "uuu"
    UVU = "uvu"
    UVV = "uvv"
    UUW = "uuw"
    UVW = "uvw"
    UVUV = "uvuv"
    UVU_LESS = "uvu<v"
    U_LESS_VW = "u<vw"


class Norm(Enum):
    """e3nn's `irrep_normalization` of a product, and the norm of spherical harmonics (`INTEGRAL` only there)."""

    COMPONENT = "component"
    NORM = "norm"
    NONE = "none"
    INTEGRAL = "integral"


class PathNorm(Enum):
    ELEMENT = "element"
    PATH = "path"
    NONE = "none"


# ------------------------------------------------------------------ labels


@dataclass(frozen=True, slots=True)
class Term:
    """One term of an irreps literal. `mul` None: not written.

    `parity` is "e", "o", "y" or "" as written, "natural" for the terms of `sh(n)`, which any group can have.
    """

    mul: int | None
    l: int
    parity: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class HalfInteger:
    text: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Labels:
    """An irreps literal with its parameters and names replaced; `alternatives` when written with `|`."""

    terms: tuple[Term | HalfInteger, ...]
    alternatives: bool = False
    span: Span = span_field()


# ------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Filters:
    """Which output labels a product keeps; None = no such filter."""

    keep: Labels | None = None
    lmax: int | None = None
    l: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """The value of an input, a weight or an earlier statement, by its name (unique in a diagram)."""

    name: str
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Gather:
    """`operand` seen from a larger space."""

    operand: Expr
    via: Via
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Reduce:
    """Sum or mean onto `space` along `via`; `scale` multiplies the result."""

    operand: Expr
    via: Via
    mean: bool
    scale: Fraction
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Product:
    """`left * right`. `weights` is an expression of 0e values, or None for unweighted paths."""

    left: Expr
    right: Expr
    mode: Mode | None
    filters: Filters
    weights: Expr | None
    norm: Norm
    path_norm: PathNorm
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Power:
    """`sympow(operand, first..last)`; `weights` None: its own learned ones when paths are summed, else unweighted."""

    operand: Expr
    first: int
    last: int
    filters: Filters
    weights: Expr | None
    path_norm: PathNorm
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class TreeCall:
    """A tree applied to tensors; `bound` fixes labels of internal edges, by edge name."""

    tree: str
    operands: tuple[Expr, ...]
    bound: tuple[tuple[str, Labels], ...]
    weights: Expr | None
    path_norm: PathNorm
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Linear:
    """Channel mixing per irrep. `weights` None: learned ones of its own. `bias` adds to the 0e outputs."""

    operand: Expr
    weights: Expr | None
    bias: Expr | None
    path_norm: PathNorm
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Concat:
    operands: tuple[Expr, ...]
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Filter:
    """`filter(x, "0e+1o")`: the segments with these labels, in memory order."""

    operand: Expr
    labels: Labels
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Segment:
    """`segment(x, 2)`: the third segment."""

    operand: Expr
    index: int
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Zeros:
    """`zeros(x, "4x1o")`: zeros of these irreps where x lives."""

    operand: Expr
    labels: Labels
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Combine:
    """Sum of `factor * operand`; all operands have the same irreps."""

    terms: tuple[tuple[Fraction, Expr], ...]
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Dot:
    """`dot(a, b)`: per segment and channel, the plain sum over components of a times b."""

    left: Expr
    right: Expr
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Harmonics:
    """`sh(r, lmax)`: 0e + 1o + ... of a 1o vector."""

    operand: Expr
    lmax: int
    normalize: bool
    norm: Norm
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Apply:
    """A scalar function, by name, on every channel."""

    function: str
    operand: Expr
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Gate:
    """`gate(s, g, x)` = cat(act(s), gate(g) x); `odd` acts on the 0o scalars of s (e3nn's `Gate`)."""

    scalars: Expr
    gates: Expr
    gated: Expr
    act: str
    odd: str
    gate: str
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Ascribe:
    """`(operand : LABELS)`; also what a statement's own ascription becomes."""

    operand: Expr
    labels: Labels
    space: Space
    span: Span = span_field()


Expr = (
    Read
    | Gather
    | Reduce
    | Product
    | Power
    | TreeCall
    | Linear
    | Concat
    | Filter
    | Segment
    | Zeros
    | Combine
    | Dot
    | Harmonics
    | Apply
    | Gate
    | Ascribe
)


# ---------------------------------------------------------------- diagrams


@dataclass(frozen=True, slots=True)
class Input:
    name: str
    space: Space
    labels: Labels
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Weight:
    """A declared weight. `per` names the classes of a learned weight with one copy a class; `space` is then where the
    class argument lives. `given`: an argument of `forward`, with a row for each element of `space`.
    """

    name: str
    space: Space
    per: str | None
    given: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Statement:
    name: str
    space: Space
    value: Expr
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Output:
    name: str
    space: Space
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Indices:
    """The index names of a diagram; receiver and sender are None when there is no edge tensor."""

    nodes: tuple[str, ...] = ()
    receiver: str | None = None
    sender: str | None = None
    graph: str | None = None


@dataclass(frozen=True, slots=True)
class Diagram:
    name: str
    indices: Indices
    inputs: tuple[Input, ...]
    weights: tuple[Weight, ...]
    statements: tuple[Statement, ...]
    outputs: tuple[Output, ...]
    span: Span = span_field()


# ------------------------------------------------------------ trees, checks


@dataclass(frozen=True, slots=True)
class TreeLeaf:
    name: str
    labels: Labels
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class TreeVertex:
    """`name : labels = left * right`, where left and right name leaves or earlier vertices. The root is named `out`;
    an anonymous inner vertex (`out = (a * b : 1e) * c`) has a name that no source can spell, `#1`, `#2`, ...
    """

    name: str
    labels: Labels | None
    left: str
    right: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Tree:
    """Vertices in evaluation order, the root last. `labels` is the outgoing label."""

    name: str
    leaves: tuple[TreeLeaf, ...]
    labels: Labels
    vertices: tuple[TreeVertex, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class TreeTerm:
    """`sign * sqrt?(factor) * tree(bound)`; with `over`, the family over these edges, coefficients to be found."""

    sign: int
    factor: Fraction
    root: bool
    tree: str
    bound: tuple[tuple[str, Labels], ...]
    over: tuple[str, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Check:
    left: tuple[TreeTerm, ...]
    right: tuple[TreeTerm, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Program:
    """`named`: the irreps that have a name, used or not."""

    group: Group
    named: tuple[Labels, ...]
    trees: tuple[Tree, ...]
    diagrams: tuple[Diagram, ...]
    checks: tuple[Check, ...]
