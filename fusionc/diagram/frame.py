"""Index spaces: which indices a diagram has, where a value lives, and how it is seen from a larger space.

A value's place is the set of indices that it depends on. A node index determines the graph index, so that a place never
holds both. In a diagram without any index all tensors share the free leading dimensions, the pseudo-index `BATCH`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fusionc.diagnostics import Sink
from fusionc.diagram import errors
from fusionc.diagram.ir import Expr, Gather, Indices, Space, Via
from fusionc.source import NOWHERE, Span
from fusionc.syntax import ast

Place = frozenset[str]

ONCE: Place = frozenset()
BATCH: Place = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Frame:
    """The indices of one diagram; `pair` is where its first pair is written."""

    indices: Indices
    batch: bool
    pair: Span = NOWHERE

    @property
    def edge(self) -> Place:
        """The place of edge tensors; empty when the diagram has none."""
        return frozenset(name for name in (self.indices.receiver, self.indices.sender) if name is not None)

    def space(self, place: Place) -> Space:
        if place == ONCE:
            return Space.ONCE
        if place == BATCH:
            return Space.BATCH
        if len(place) == 2:
            return Space.EDGE
        return Space.GRAPH if self.indices.graph in place else Space.NODE

    def closed(self, place: Place) -> Place:
        """With what its indices determine: the graph of a node or edge."""
        if self.indices.graph is not None and self.has_node(place):
            return place | {self.indices.graph}
        return place

    def reduced(self, place: Place) -> Place:
        """Without what its other indices determine."""
        return place - {self.indices.graph} if self.has_node(place) and self.indices.graph is not None else place

    def has_node(self, place: Place) -> bool:
        return any(name in place for name in self.indices.nodes)

    def join(self, places: Iterable[Place]) -> Place | None:
        """The smallest place that sees all of them; None when that would be pairs of nodes that no edge joins."""
        union = self.reduced(frozenset().union(*places))
        if len(union) > 1 and union != self.edge:
            return None
        return union

    def shown(self, place: Place) -> str:
        """The place as it is written: `[i,j]`, or words for a place without indices."""
        names = self.ordered(place)
        return f"`[{','.join(names)}]`" if names else "no index"

    def ordered(self, place: Place) -> tuple[str, ...]:
        known = (self.indices.receiver, self.indices.sender, *self.indices.nodes, self.indices.graph)
        return tuple(dict.fromkeys(name for name in known if name is not None and name in place))

    def lives(self, place: Place) -> str:
        match self.space(place):
            case Space.ONCE:
                return "once, without an index"
            case Space.BATCH:
                return "on the leading dimensions, without an index"
            case Space.NODE:
                return "on nodes"
            case Space.EDGE:
                return "on edges"
            case Space.GRAPH:
                return "on graphs"

    def written(self, name: str, space: Space) -> str:
        """How a tensor of this space is read."""
        node = self.indices.receiver or (self.indices.nodes[0] if self.indices.nodes else "i")
        match space:
            case Space.ONCE | Space.BATCH:
                return name
            case Space.NODE:
                return f"{name}[{node}]"
            case Space.EDGE:
                return f"{name}[{self.indices.receiver},{self.indices.sender}]"
            case Space.GRAPH:
                return f"{name}[{self.indices.graph}]"

    def lift(self, expr: Expr, place: Place, onto: Place) -> Expr:
        """`expr`, which lives on `place`, seen from `onto`; a value that exists once is never copied."""
        if place in (onto, ONCE):  # in a batch, too, what exists once is the same for all
            return expr
        space = self.space(onto)
        if self.indices.graph in place:
            return Gather(expr, Via.GRAPH, space, expr.span)
        via = Via.RECEIVER if self.indices.receiver in place else Via.SENDER
        return Gather(expr, via, space, expr.span)

    def place(self, names: tuple[ast.Name, ...], span: Span, sink: Sink, once: bool = False) -> Place | None:
        """The place that written indices mean; None after an error. `once`: it is a weight without indices."""
        written = tuple(name.text for name in names)
        shown = f"`[{','.join(written)}]`"
        if len(names) == 0:
            return BATCH if self.batch and not once else ONCE
        if len(names) == 1:
            return frozenset(written)
        if len(names) > 2:
            sink.add(errors.no_such_space(shown, span, f"{len(names)} indices"))
            return None
        place = frozenset(written)
        if len(place) == 1:
            sink.add(errors.no_such_space(shown, span, "an edge joins two nodes, and so needs two names"))
            return None
        if written == (self.indices.receiver, self.indices.sender):
            return place
        if place == self.edge:
            receiver, sender = str(self.indices.receiver), str(self.indices.sender)
            sink.add(errors.reversed_edge(span, receiver, sender, self.pair))
            return None
        if self.indices.graph in place:
            sink.add(
                errors.no_such_space(shown, span, f"`{self.indices.graph}` numbers graphs, and is no end of an edge")
            )
            return None
        sink.add(errors.no_such_space(shown, span, "a second set of pairs", self.pair))
        return None


def frame_of(diagram: ast.Diagram, sink: Sink) -> Frame:
    """The indices of a diagram, from all that is written in it: the first pair is (receiver, sender)."""
    graph = _graph_index(diagram, sink)
    singles: dict[str, None] = {}
    first: tuple[ast.Name, ...] = ()
    for names, reduces in _written(diagram):
        texts = [name.text for name in names]
        singles.update(dict.fromkeys(texts))
        is_pair = len(texts) == 2 and texts[0] != texts[1] and graph not in texts
        if is_pair and not reduces and not first:
            first = names
    nodes = tuple(name for name in singles if name != graph)
    receiver, sender = (first[0].text, first[1].text) if first else (None, None)
    span = first[0].span.to(first[1].span) if first else NOWHERE
    return Frame(Indices(nodes, receiver, sender, graph), not singles, span)


def _graph_index(diagram: ast.Diagram, sink: Sink) -> str | None:
    graph: ast.Name | None = None
    for item in diagram.items:
        if not isinstance(item, ast.IndexDecl):
            continue
        inner, outer = item.inner.text, item.outer.text
        if inner == outer:
            message, text = f"`{inner}` cannot be an index in itself", "node and graph need two names"
            sink.add(errors.bad_index_declaration(message, item.span, text, "write `index i in g`"))
        elif graph is not None and (outer != graph.text):
            message = f"nodes are already in `{graph.text}`"
            help = f"there is one level of graphs; use `{graph.text}`"
            sink.add(errors.bad_index_declaration(message, item.span, "a second graph index", help))
        elif graph is not None and inner == graph.text:
            message, help = f"graphs `{graph.text}` are in nothing", "there is one level of graphs"
            sink.add(errors.bad_index_declaration(message, item.span, "a second level", help))
        else:
            graph = item.outer
    return None if graph is None else graph.text


def _written(diagram: ast.Diagram) -> Iterator[tuple[tuple[ast.Name, ...], bool]]:
    """All bracketed indices in order of appearance, and whether they are those of a sum."""
    for item in diagram.items:
        match item:
            case ast.IndexDecl():
                yield (item.inner,), False
                yield (item.outer,), False
            case ast.Input() | ast.Weight():
                yield item.port.indices, False
            case ast.Assign():
                yield item.target.indices, False
                yield from _in_expression(item.value)
                yield from _in_options(item.options)
            case ast.Output():
                for port in item.ports:
                    yield port.indices, False
            case ast.Param() | ast.IrrepsDecl():
                pass


def _in_expression(expr: ast.Value) -> Iterator[tuple[tuple[ast.Name, ...], bool]]:
    match expr:
        case ast.Port():
            yield expr.indices, False
        case ast.Reduce():
            yield expr.indices, True
            yield from _in_expression(expr.operand)
        case ast.Couple() | ast.Add():
            yield from _in_expression(expr.left)
            yield from _in_expression(expr.right)
        case ast.Scale() | ast.Negate():
            yield from _in_expression(expr.operand)
        case ast.Group():
            yield from _in_expression(expr.operand)
            yield from _in_options(expr.options)
        case ast.Call():
            for argument in expr.arguments:
                yield from _in_expression(argument)
            yield from _in_options(expr.options)
        case ast.Irreps() | ast.Int() | ast.Number() | ast.String() | ast.Range() | ast.ListValue():
            pass


def _in_options(options: tuple[ast.Option, ...]) -> Iterator[tuple[tuple[ast.Name, ...], bool]]:
    for option in options:
        yield from _in_expression(option.value)
