"""The syntax tree: what was written, every node with its place. Nothing is resolved here.

Nodes compare by content; spans are left out of comparison, so that `parse(format(file)) == file`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from fusionc.source import Span, span_field


@dataclass(frozen=True, slots=True)
class Name:
    text: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Int:
    """A literal integer, at most 9 digits."""

    value: int
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Number:
    """A literal decimal, exact; `text` keeps the spelling for `fmt`."""

    value: Fraction
    text: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class String:
    value: str
    span: Span = span_field()


# ---------------------------------------------------------------- irreps


@dataclass(frozen=True, slots=True)
class IrrepTerm:
    """`128x1o`, `{C}x1o`, `1o`, `{C}x1` or `1`. `mul` None means not written (one copy).

    `parity` is "e", "o", "y" or "" (not written: right under SO3, an error under O3).
    """

    mul: Int | Name | None
    l: Int
    parity: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class HalfInteger:
    """`1/2e`, `0.5o`, `1x3/2e`: lexed on purpose so that the checker can say why it is no irrep of O(3)."""

    text: str
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class IrrepsName:
    """A named `irreps` declaration used inside an irreps literal."""

    name: Name
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class IrrepsCall:
    """`sh(3)`; the argument may be a parameter."""

    name: Name
    argument: Int | Name
    span: Span = span_field()


Term = IrrepTerm | HalfInteger | IrrepsName | IrrepsCall


@dataclass(frozen=True, slots=True)
class Irreps:
    """`a + b + c`, or the alternatives `a | b | c`."""

    terms: tuple[Term, ...]
    alternatives: bool = False
    span: Span = span_field()


# ----------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Port:
    """A name with the indices it lives on: `x`, `x[i]`, `m[i,j]`. `indices` is () when there are no brackets."""

    name: Name
    indices: tuple[Name, ...] = ()
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Range:
    """`1..3`, both ends included; an end may be a parameter."""

    first: Int | Name
    last: Int | Name
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class ListValue:
    items: tuple[Int | Name, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Option:
    """`key=value`. A lone name is a `Port` without indices: only the builder knows what it names."""

    key: Name
    value: Value
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Call:
    """`linear(x)`, `sh(r, 3)`, `filter(x, "0e+1o")`, `sympow(A, 1..3)`, or a tree called by its name.

    Positional arguments come before options: `left(x[i], x[j], Y[i,j], e=1e)`.
    """

    name: Name
    arguments: tuple[Expr | Int | Number | String | Range, ...]
    options: tuple[Option, ...] = ()
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Couple:
    """`a * b`."""

    left: Expr
    right: Expr
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Scale:
    """`0.5 * a` or `2 * a`."""

    factor: Number | Int
    operand: Expr
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Negate:
    operand: Expr
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Add:
    """`a + b` (sign 1) or `a - b` (sign -1)."""

    left: Expr
    right: Expr
    sign: int
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Reduce:
    """`sum[j](...)` or `mean[j](...)`."""

    kind: str
    indices: tuple[Name, ...]
    operand: Expr
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Group:
    """`(expr)`, `(expr : IRREPS)`, `(expr with key=value)`, `(expr : IRREPS with key=value)`."""

    operand: Expr
    irreps: Irreps | None = None
    options: tuple[Option, ...] = ()
    span: Span = span_field()


Expr = Port | Call | Couple | Scale | Negate | Add | Reduce | Group
Value = Expr | Irreps | Int | Number | String | Range | ListValue


# ------------------------------------------------------------ statements


@dataclass(frozen=True, slots=True)
class Param:
    name: Name
    value: Int
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class IrrepsDecl:
    name: Name
    irreps: Irreps
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class IndexDecl:
    """`index i in g`."""

    inner: Name
    outer: Name
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Input:
    port: Port
    irreps: Irreps
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Weight:
    """`weight w`, `weight R[i,j]`, `weight W[i] : per species`."""

    port: Port
    per: Name | None = None
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Assign:
    target: Port
    irreps: Irreps | None
    value: Expr
    options: tuple[Option, ...] = ()
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Output:
    ports: tuple[Port, ...]
    span: Span = span_field()


DiagramItem = Param | IrrepsDecl | IndexDecl | Input | Weight | Assign | Output


@dataclass(frozen=True, slots=True)
class Diagram:
    name: Name
    items: tuple[DiagramItem, ...]
    span: Span = span_field()


# --------------------------------------------------------- trees, checks


@dataclass(frozen=True, slots=True)
class Leaf:
    name: Name
    irreps: Irreps
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Vertex:
    """`e : 0e | 1e = a * b`, or the root `out = e * c`."""

    name: Name
    irreps: Irreps | None
    value: Expr
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Tree:
    name: Name
    leaves: tuple[Leaf, ...]
    irreps: Irreps
    vertices: tuple[Vertex, ...]
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Coefficient:
    """An exact factor in a `check`: `2`, `1/2`, `0.25`, or with `root` the square root `sqrt(5/12)`."""

    value: Fraction
    root: bool
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class CheckTerm:
    """`sign * coefficient * application`; the application is a tree with bindings, or `recouple(tree, over=f)`."""

    sign: int
    coefficient: Coefficient | None
    application: Call
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class Check:
    left: tuple[CheckTerm, ...]
    right: tuple[CheckTerm, ...]
    span: Span = span_field()


# ------------------------------------------------------------------ file


@dataclass(frozen=True, slots=True)
class Version:
    number: Int
    span: Span = span_field()


@dataclass(frozen=True, slots=True)
class GroupDecl:
    name: Name
    span: Span = span_field()


Item = GroupDecl | Param | IrrepsDecl | Diagram | Tree | Check


@dataclass(frozen=True, slots=True)
class Comment:
    """A `#` comment, kept apart from the tree for `fmt`."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class File:
    version: Version | None
    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = field(default=(), compare=False, repr=False)
    lines: tuple[int, ...] = field(default=(0,), compare=False, repr=False)
    """Offsets where the lines of the text begin: with the spans, enough for `fmt` to keep comments and blank lines."""
    span: Span = span_field()
