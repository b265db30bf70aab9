"""The tensor program that `arrange` makes of a plan and `emit` prints: every decision is taken, nothing is text yet.

A statement gives a name to a tensor expression. In front of every shape stands the number of elements of the tensor's
index space (1 when it lives once), so that what lives once broadcasts. Wires are kept as `[elements, 2l+1, *channels]`:
channels are contiguous, hence channel mixing is a plain matrix product and scaling by weights is vectorised.
"""

from __future__ import annotations

from dataclasses import dataclass

from fusionc.algebra.surd import Surd
from fusionc.diagram.ir import Space
from fusionc.network.ir import NetworkOutput
from fusionc.plan.ir import Plan

Size = int | str
"""A number, or the name of a variable that holds one."""


# ------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Name:
    """A local variable, an argument of `forward`."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """A buffer or a parameter of the module."""

    name: str


@dataclass(frozen=True, slots=True)
class Reshape:
    operand: Expr
    shape: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Swap:
    """The axes exchanged; a view."""

    operand: Expr
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Permute:
    """The axes in this order; a view."""

    operand: Expr
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Expand:
    operand: Expr
    shape: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Unsqueeze:
    operand: Expr
    axis: int


@dataclass(frozen=True, slots=True)
class FlattenLeading:
    """All axes but the last as one."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class RestoreLeading:
    """`[rows, width]` with the leading axes of the arguments again."""

    operand: Expr
    width: int


@dataclass(frozen=True, slots=True)
class Row:
    """Row `number` of `edge_index`."""

    operand: Expr
    number: int


@dataclass(frozen=True, slots=True)
class Narrow:
    """`operand[..., start:stop]` along `axis`; a view."""

    operand: Expr
    axis: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Cat:
    operands: tuple[Expr, ...]
    axis: int


@dataclass(frozen=True, slots=True)
class Times:
    """Element by element, with broadcasting."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Scaled:
    """`operand` times an exact number, or a float where the number is no square root of a rational."""

    operand: Expr
    factor: Surd | float


@dataclass(frozen=True, slots=True)
class Plus:
    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Over:
    """`left / right`, element by element."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class MatrixProduct:
    """`left @ right` over the last two axes, leading axes broadcast."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class BatchProduct:
    """One matrix product an element: `[n, a, b]` and `[n, b, c]`."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class AddBatchProduct:
    """`start` plus a `BatchProduct`."""

    start: Expr
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Einsum:
    equation: str
    operands: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """Over the axes, which are dropped."""

    operand: Expr
    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Take:
    """Rows `index` of `operand` along `axis`. An index out of range is an error, a negative one too."""

    operand: Expr
    index: Expr
    axis: int


@dataclass(frozen=True, slots=True)
class Accumulate:
    """Zeros of `shape`, with row n of `operand` added to row `index[n]`."""

    operand: Expr
    index: Expr
    shape: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Zeros:
    """Zeros of the dtype and device of `like`."""

    like: Expr
    shape: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Ones:
    """Ones of the dtype and device of `like`."""

    like: Expr
    shape: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Contributions:
    """How often each of `size` elements occurs in `index`, at least 1, as `[size, 1, 1...]` (`ndim` axes)."""

    like: Expr
    index: Expr
    size: Size
    ndim: int


@dataclass(frozen=True, slots=True)
class Contiguous:
    operand: Expr


@dataclass(frozen=True, slots=True)
class Finished:
    """A result, when all of its columns are written."""

    operand: Name


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function by its name in the language."""

    function: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Unit:
    """Vectors `[n, 3]` divided by their length; the zero vector stays zero, with finite derivatives."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Count:
    """A size as an expression, at least 1: the divisor of a mean over everything."""

    size: Size


Expr = (
    Name
    | Member
    | Reshape
    | Swap
    | Permute
    | Expand
    | Unsqueeze
    | FlattenLeading
    | RestoreLeading
    | Row
    | Narrow
    | Cat
    | Times
    | Scaled
    | Plus
    | Over
    | MatrixProduct
    | BatchProduct
    | AddBatchProduct
    | Einsum
    | Sum
    | Take
    | Accumulate
    | Zeros
    | Ones
    | Contributions
    | Contiguous
    | Finished
    | Function
    | Unit
    | Count
)


# -------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Assign:
    target: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Unpack:
    """Consecutive pieces along `axis`: one view each, whose gradients are concatenated once. `None`: not used."""

    targets: tuple[str | None, ...]
    operand: Expr
    sizes: tuple[int, ...]
    axis: int


@dataclass(frozen=True, slots=True)
class Release:
    """These variables are not read again."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Begin:
    """`target` is a result, `[rows, width]`, whose columns are written when they are known."""

    target: str
    rows: Size
    width: int


@dataclass(frozen=True, slots=True)
class Put:
    """`value`, `[rows, dim, channels]`, into the columns of the result from `start` on, channels outside."""

    target: str
    start: int
    value: Expr


@dataclass(frozen=True, slots=True)
class Remark:
    text: str


Statement = Assign | Unpack | Begin | Put | Release | Remark


# ------------------------------------------------------------------ module


@dataclass(frozen=True, slots=True)
class Constant:
    """A buffer: a matrix given by its non-zeros (row, column, value), exact."""

    name: str
    rows: int
    columns: int
    entries: tuple[tuple[int, int, Surd], ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """An integer buffer: where u < v stands in a flat `[channels, channels]` array, row-major."""

    name: str
    channels: int


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of `forward`. `width`: of the last axis of a tensor or a weight."""

    name: str
    kind: str
    space: Space
    width: int | None
    irreps: str | None


@dataclass(frozen=True, slots=True)
class Weight:
    """A learned weight; `per`: the argument that tells each element's class, `classes` the number's attribute."""

    name: str
    numel: int
    per: str | None
    classes: str | None


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    output: NetworkOutput
    value: Expr


@dataclass(frozen=True, slots=True)
class Program:
    """One class. `sizes`: variables that hold the number of elements of a space, in the order they are set."""

    name: str
    plan: Plan
    layout: str
    arguments: tuple[Argument, ...]
    weights: tuple[Weight, ...]
    constants: tuple[Constant, ...]
    pairs: tuple[Pairs, ...]
    statements: tuple[Statement, ...]
    results: tuple[Result, ...]
