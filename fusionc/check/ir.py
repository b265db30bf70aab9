"""`CheckedDiagram`: every value has its irreps, every product its paths, every path its exact factor and its weights.

Values are in evaluation order and refer to earlier ones by position. This is the meaning of a program: `reference.py`
evaluates it literally, and every later stage must keep the value. A tensor of irreps `I` on a space has the shape
`[leading dimensions of the space, I.dim]`, segments in memory order, each segment `[mul, 2l+1]` (e3nn's `mul_ir`).
An operand may live in `Space.ONCE` whatever the space of the result: it is then the same for all elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from fusionc.algebra.irrep import Group, Irrep, Irreps
from fusionc.algebra.surd import Surd
from fusionc.algebra.tree import FusionTree
from fusionc.check.trees import CheckedTree
from fusionc.diagram.ir import Indices, Mode, Norm, Space, Via
from fusionc.source import Span, span_field


@dataclass(frozen=True, slots=True)
class WeightSlice:
    """`weights[..., offset : offset + prod(shape)]` seen with this shape (row-major)."""

    offset: int
    shape: tuple[int, ...]


# --------------------------------------------------------------------- ops


@dataclass(frozen=True, slots=True)
class Argument:
    """The tensor argument of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """The learned weight of this name: `numel x 0e`. With classes (`Weight.per`) this is already each element's row."""

    name: str


@dataclass(frozen=True, slots=True)
class Gather:
    operand: int
    via: Via


@dataclass(frozen=True, slots=True)
class Reduce:
    """Sum along `via`, divided by the number of contributions (at least one) when `mean`, times `scale`."""

    operand: int
    via: Via
    mean: bool
    scale: Fraction


@dataclass(frozen=True, slots=True)
class Path:
    """out[.., k] += factor * w3j(l1, l2, l3)[i, j, k] * weight * left[.., i] * right[.., j], channels by `mode`:

    uuu  z_u  = w_u  x_u y_u           uvu  z_u  = sum_v w_uv x_u y_v      uvv  z_v  = sum_u w_uv x_u y_v
    uuw  z_w  = sum_u w_uw x_u y_u     uvw  z_w  = sum_uv w_uvw x_u y_v    uvuv z_uv = w_uv x_u y_v
    uvu<v  z_uv = w_uv x_u y_v over u < v (pairs in row-major order)       u<vw  z_w = sum_{u<v} w_(uv)w x_u y_v

    Without a weight, w = 1. w3j is e3nn's unit-Frobenius tensor in the diagram's convention.
    """

    left: int
    right: int
    out: int
    mode: Mode
    factor: Surd
    weight: WeightSlice | None


@dataclass(frozen=True, slots=True)
class Product:
    left: int
    right: int
    weights: int | None
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class PowerPath:
    """out[u] += factor * weight_u * ((a_0 a_1)_k2 a_2)_k3 ..., channel by channel, where a_n is segment `leaves[n]`.

    `labels` are the labels of the intermediate couplings and, last, the output's (empty at order 1, where the leaf
    itself is the value); each vertex is sqrt(2k+1) w3j.
    """

    leaves: tuple[int, ...]
    labels: tuple[Irrep, ...]
    out: int
    factor: Surd
    weight: WeightSlice | None


@dataclass(frozen=True, slots=True)
class Power:
    operand: int
    weights: int | None
    paths: tuple[PowerPath, ...]


@dataclass(frozen=True, slots=True)
class TreePath:
    """out[u] += factor * weight_u * tree(operands). Leaf `n` of `leaves` (in the tree's leaf order, by name) is segment
    `segments[n]` of operand `n`. Each vertex is sqrt(2l+1) w3j in e3nn >= 0.5's signs, whatever the diagram's
    convention. Channels: at a vertex equal multiplicities go together, a multiplicity of one is shared.
    """

    tree: FusionTree
    leaves: tuple[str, ...]
    segments: tuple[int, ...]
    out: int
    factor: Surd
    weight: WeightSlice | None


@dataclass(frozen=True, slots=True)
class TreeProduct:
    operands: tuple[int, ...]
    weights: int | None
    paths: tuple[TreePath, ...]


@dataclass(frozen=True, slots=True)
class LinearPath:
    """out[w] += factor * sum_u weight[u, w] * operand[u], every component alike."""

    operand: int
    out: int
    factor: Surd
    weight: WeightSlice


@dataclass(frozen=True, slots=True)
class Linear:
    """`bias`: a value of as many 0e channels as there are 0e outputs (in memory order), added to them."""

    operand: int
    weights: int
    paths: tuple[LinearPath, ...]
    bias: int | None


@dataclass(frozen=True, slots=True)
class Concat:
    operands: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Select:
    """These segments of the operand, in this order."""

    operand: int
    segments: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Regroup:
    """Output segment n is the sum of the operand's segments `sources[n]` (equal irrep and multiplicity)."""

    operand: int
    sources: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Combine:
    """Sum of factor * operand."""

    terms: tuple[tuple[Fraction, int], ...]


@dataclass(frozen=True, slots=True)
class Dot:
    """Output segment n: `mul x 0e`, the sum over components of left segment n times right segment n."""

    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Harmonics:
    """Segments 0..lmax, one copy each. With `normalize` of r/|r| (0 stays 0), else of degree l in r."""

    operand: int
    lmax: int
    normalize: bool
    norm: Norm


@dataclass(frozen=True, slots=True)
class Apply:
    """`functions[n]` acts on every channel of segment n, all of l = 0."""

    operand: int
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gating:
    """Channel c of `gated`, counted over all segments, is multiplied by channel c of `gates` (0e)."""

    gates: int
    gated: int


Op = (
    Argument
    | Parameter
    | Gather
    | Reduce
    | Product
    | Power
    | TreeProduct
    | Linear
    | Concat
    | Select
    | Regroup
    | Combine
    | Dot
    | Harmonics
    | Apply
    | Gating
)


@dataclass(frozen=True, slots=True)
class Value:
    """`name` is the user's, or "" for a value inside a statement; `statement` is the statement it serves."""

    name: str
    statement: str
    op: Op
    irreps: Irreps
    space: Space
    span: Span = span_field()


# --------------------------------------------------------------- signature


class ArgumentKind(Enum):
    TENSOR = "tensor"  # an `input`: [.., irreps.dim]
    WEIGHT = "weight"  # a weight given at call time: [.., numel]
    EDGE_INDEX = "edge_index"  # int64 [2, edges], row 0 sender, row 1 receiver
    CLASS = "class"  # int64 [elements], e.g. species
    BATCH = "batch"  # int64 [nodes], the graph of each node
    NUM_NODES = "num_nodes"  # int, only when no other argument tells
    NUM_GRAPHS = "num_graphs"  # int, only when no other argument tells


@dataclass(frozen=True, slots=True)
class Slot:
    """One argument of `forward`, in order. `irreps` for TENSOR and WEIGHT (there `numel x 0e`)."""

    name: str
    kind: ArgumentKind
    space: Space
    irreps: Irreps | None = None


@dataclass(frozen=True, slots=True)
class LearnedWeight:
    """A parameter of the module: shape [numel], or [num_classes, numel] when `per` names classes.

    `implicit`: the compiler's own name (`h_weight` for the linear of statement h), not declared by the user.
    """

    name: str
    numel: int
    per: str | None
    implicit: bool


@dataclass(frozen=True, slots=True)
class CheckedOutput:
    name: str
    value: int


@dataclass(frozen=True, slots=True)
class CheckedDiagram:
    """`convention` is the sign convention of w3j in products and powers: "e3nn" (>= 0.5) or "e3nn-0.4"."""

    name: str
    group: Group
    convention: str
    indices: Indices
    signature: tuple[Slot, ...]
    parameters: tuple[LearnedWeight, ...]
    values: tuple[Value, ...]
    outputs: tuple[CheckedOutput, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Identity:
    """A `check` line that was proved, as the exact identity in the user's names."""

    text: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class CheckedProgram:
    group: Group
    trees: tuple[CheckedTree, ...]
    diagrams: tuple[CheckedDiagram, ...]
    identities: tuple[Identity, ...]
