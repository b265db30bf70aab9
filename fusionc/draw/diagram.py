"""`CheckedDiagram -> Graph`, at the grain of blocks: one node for each product, mixing, sum, ..."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import assert_never

from fusionc.algebra.irrep import Group, Irreps
from fusionc.check import ir
from fusionc.check.ir import ArgumentKind, CheckedDiagram, Value
from fusionc.diagram.ir import Indices, Space, Via
from fusionc.draw.graph import Edge, Glyph, Graph, Node, Weight

COLUMN = 34
"""Characters in a line of irreps."""
LINES = 3
"""Lines of irreps at a node; what is left out shows as dots."""


def graph_of(diagram: CheckedDiagram) -> Graph:
    """All values, equal gathers once. A learned weight that one node reads is drawn at that node."""
    return _Grapher(diagram).graph()


def operands_of(op: ir.Op) -> tuple[int, ...]:
    """Positions of the values that `op` reads, left to right."""
    match op:
        case ir.Argument() | ir.Parameter():
            return ()
        case ir.Gather(operand=a) | ir.Reduce(operand=a) | ir.Select(operand=a) | ir.Regroup(operand=a):
            return (a,)
        case ir.Harmonics(operand=a) | ir.Apply(operand=a):
            return (a,)
        case ir.Product(left=a, right=b, weights=w):
            return (a, b) if w is None else (a, b, w)
        case ir.Power(operand=a, weights=w):
            return (a,) if w is None else (a, w)
        case ir.TreeProduct(operands=many, weights=w):
            return many if w is None else (*many, w)
        case ir.Linear(operand=a, weights=w, bias=bias):
            return (a, w) if bias is None else (a, w, bias)
        case ir.Concat(operands=many):
            return many
        case ir.Combine(terms=terms):
            return tuple(n for _, n in terms)
        case ir.Dot(left=a, right=b):
            return (a, b)
        case ir.Gating(gates=a, gated=b):
            return (a, b)
        case _:
            assert_never(op)


def _weights_of(op: ir.Op) -> tuple[int, ...]:
    """The operands that weigh the others, rather than being coupled with them."""
    match op:
        case ir.Product(weights=w) | ir.Power(weights=w) | ir.TreeProduct(weights=w):
            return () if w is None else (w,)
        case ir.Linear(weights=w, bias=bias):
            return (w,) if bias is None else (w, bias)
        case _:
            return ()


def irreps_lines(irreps: Irreps, group: Group) -> tuple[str, ...]:
    """`2 16x0e + 16x1o`: equal neighbours once, with their number in front of them."""
    terms = []
    for segment, run in groupby(irreps.segments):
        count = len(list(run))
        terms.append(segment.text(group) if count == 1 else f"{count}({segment.text(group)})")
    lines = [""]
    for n, term in enumerate(terms):
        piece = term if n == len(terms) - 1 else f"{term} + "
        if lines[-1] and len(lines[-1]) + len(piece.rstrip()) > COLUMN:
            lines.append("")
        lines[-1] += piece
    shown = [line.rstrip() for line in lines[:LINES]]
    if len(lines) > LINES:
        shown[-1] += " ..."
    return tuple(shown) if irreps.segments else ("nothing",)


def spaces_text(indices: Indices) -> dict[Space, str]:
    """The indices of a tensor that lives on each space, as written in the source."""
    node = indices.receiver or (indices.nodes[0] if indices.nodes else "i")
    return {
        Space.ONCE: "",
        Space.BATCH: "",
        Space.NODE: f"[{node}]",
        Space.EDGE: f"[{indices.receiver},{indices.sender}]",
        Space.GRAPH: f"[{indices.graph}]",
    }


_LIVES = {
    Space.ONCE: "once a call",
    Space.BATCH: "batch",
    Space.NODE: "on nodes",
    Space.EDGE: "on edges",
    Space.GRAPH: "on graphs",
}


@dataclass(frozen=True, slots=True)
class _Picture:
    """How one op is drawn."""

    glyph: Glyph
    symbol: str
    what: str


class _Grapher:
    def __init__(self, diagram: CheckedDiagram) -> None:
        self.diagram = diagram
        self.written = spaces_text(diagram.indices)
        reads = Counter(n for value in diagram.values for n in operands_of(value.op))
        reads.update(output.value for output in diagram.outputs)
        self.docked = frozenset(
            n for n, value in enumerate(diagram.values) if isinstance(value.op, ir.Parameter) and reads[n] == 1
        ) - frozenset(n for value in diagram.values if isinstance(value.op, ir.Gather) for n in operands_of(value.op))
        self.unread = frozenset(
            n for n, value in enumerate(diagram.values) if isinstance(value.op, ir.Parameter) and not reads[n]
        )

    def graph(self) -> Graph:
        diagram = self.diagram
        nodes: list[Node] = []
        edges: list[Edge] = []
        places: dict[int, int] = {}
        gathers: dict[tuple[int, Via, Space], int] = {}
        for n, value in enumerate(diagram.values):
            if n in self.docked or n in self.unread:
                continue
            read = [a for a in operands_of(value.op) if a not in self.docked]
            if isinstance(value.op, ir.Gather):
                seen = gathers.setdefault((value.op.operand, value.op.via, value.space), len(nodes))
                if seen < len(nodes):
                    places[n] = seen
                    continue
            weighing = _weights_of(value.op)
            edges += [Edge(places[a], len(nodes), diagram.values[a].space, a in weighing) for a in read]
            places[n] = len(nodes)
            nodes.append(self._node(value))
        for output in diagram.outputs:
            value = diagram.values[output.value]
            edges.append(Edge(places[output.value], len(nodes), value.space))
            lines = irreps_lines(value.irreps, diagram.group)
            nodes.append(Node(Glyph.OUTPUT, "", output.name + self.written[value.space], "", lines, value.space))
        present = frozenset(node.space for node in nodes)
        legend = tuple((space, self._legend(space)) for space in Space if space in present)
        return Graph(f"diagram {diagram.name}", tuple(nodes), tuple(edges), legend)

    def _legend(self, space: Space) -> str:
        return f"{_LIVES[space]} {self.written[space]}".rstrip()

    def _node(self, value: Value) -> Node:
        picture = self._picture(value)
        name = value.op.name if isinstance(value.op, ir.Argument | ir.Parameter) else value.name
        named = name + self.written[value.space] if name else ""
        if picture.glyph is Glyph.GATHER:
            return Node(picture.glyph, picture.symbol, "", "", (), value.space)
        lines = irreps_lines(value.irreps, self.diagram.group)
        if picture.glyph is Glyph.WEIGHT:
            lines = ()
        weights = tuple(self._weight(n) for n in operands_of(value.op) if n in self.docked)
        return Node(picture.glyph, picture.symbol, named, picture.what, lines, value.space, weights)

    def _weight(self, position: int) -> Weight:
        op = self.diagram.values[position].op
        assert isinstance(op, ir.Parameter), "only parameters are drawn at the node that reads them"
        return Weight(op.name, self._shape(op.name))

    def _shape(self, name: str) -> str:
        weight = next(weight for weight in self.diagram.parameters if weight.name == name)
        return f"{weight.numel:,}" if weight.per is None else f"{weight.numel:,} per {weight.per}"

    def _picture(self, value: Value) -> _Picture:
        match value.op:
            case ir.Argument(name):
                given = any(slot.name == name and slot.kind is ArgumentKind.WEIGHT for slot in self.diagram.signature)
                return (
                    _Picture(Glyph.WEIGHT, "", f"{value.irreps.dim:,} weights")
                    if given
                    else _Picture(Glyph.INPUT, "", "")
                )
            case ir.Parameter(name):
                return _Picture(Glyph.WEIGHT, "", f"{self._shape(name)} weights")
            case ir.Gather(via=via):
                return _Picture(Glyph.GATHER, self._index(via), "")
            case ir.Reduce(via=via, mean=mean, scale=scale):
                times = "" if scale == 1 else f", scale {scale}"
                return _Picture(Glyph.SUM, "Σ", f"{'mean' if mean else 'sum'}{self._summed(value, via)}{times}")
            case ir.Product(paths=paths):
                modes = ", ".join(dict.fromkeys(path.mode.value for path in paths))
                return _Picture(Glyph.COUPLING, "", f"{modes}, {_paths(len(paths))}" if paths else "no path")
            case ir.Power(paths=paths):
                orders = sorted({len(path.leaves) for path in paths})
                spread = f"{orders[0]}..{orders[-1]}" if len(orders) > 1 else "".join(str(order) for order in orders)
                return _Picture(Glyph.POWER, "S", f"sympow {spread}, {_paths(len(paths))}")
            case ir.TreeProduct(paths=paths):
                return _Picture(Glyph.TREE, "", _paths(len(paths), "tree"))
            case ir.Linear():
                return _Picture(Glyph.MIXING, "", "linear")
            case op:
                return _plain(op)

    def _index(self, via: Via) -> str:
        indices = self.diagram.indices
        found = {Via.SENDER: indices.sender, Via.RECEIVER: indices.receiver, Via.GRAPH: indices.graph}.get(via)
        return (found or "1")[:2]

    def _summed(self, value: Value, via: Via) -> str:
        """The index that is added over: at a receiver it is the sender's."""
        indices = self.diagram.indices
        found = {Via.SENDER: indices.receiver, Via.RECEIVER: indices.sender}.get(via)
        return f" over {found}" if found else ""


def _plain(
    op: ir.Concat | ir.Select | ir.Regroup | ir.Combine | ir.Dot | ir.Harmonics | ir.Apply | ir.Gating,
) -> _Picture:
    match op:
        case ir.Concat():
            return _Picture(Glyph.BAR, "", "cat")
        case ir.Select(segments=segments):
            shown = ", ".join(str(n) for n in segments[:4]) + (", ..." if len(segments) > 4 else "")
            return _Picture(Glyph.BAR, "", f"segment{'s' if len(segments) > 1 else ''} {shown}")
        case ir.Regroup():
            return _Picture(Glyph.BAR, "", "sum of segments")
        case ir.Combine(terms=terms):
            factors = [factor for factor, _ in terms]
            plain = all(factor == 1 for factor in factors)
            return _Picture(Glyph.SYMBOL, "+" if len(terms) > 1 else "x", "" if plain else _factors(factors))
        case ir.Dot():
            return _Picture(Glyph.SYMBOL, "∙", "dot")
        case ir.Harmonics(lmax=lmax):
            return _Picture(Glyph.SYMBOL, "Y", f"sh up to {lmax}")
        case ir.Apply(functions=functions):
            return _Picture(Glyph.SYMBOL, "f", ", ".join(dict.fromkeys(functions)))
        case ir.Gating():
            return _Picture(Glyph.SYMBOL, "G", "gate")
        case _:
            assert_never(op)


def _factors(factors: list[Fraction]) -> str:
    """The factors of a sum, by operand."""
    shown = ", ".join(str(factor) for factor in factors[:4])
    return f"factors {shown}" if len(factors) <= 4 else f"factors {shown}, ..."


def _paths(count: int, what: str = "path") -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
