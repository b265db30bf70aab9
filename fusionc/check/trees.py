"""Trees with their labels resolved: which labels each edge can have, and the labelled trees of a family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fusionc.algebra.irrep import Group, Irrep
from fusionc.algebra.tree import Branch, Family, FusionTree, Leaf, Vertex
from fusionc.check import errors
from fusionc.check.labels import resolve, unique
from fusionc.diagnostics import Label, Sink
from fusionc.diagram import ir as d
from fusionc.options import Limits
from fusionc.source import Span

Labelling = tuple[tuple[str, Irrep], ...]
"""A label for each internal edge, in declared order."""


@dataclass(frozen=True, slots=True)
class Node:
    """A vertex: the labels its edge may have, in the order written, or by l. The root has one."""

    name: str
    left: str
    right: str
    labels: tuple[Irrep, ...]


@dataclass(frozen=True, slots=True)
class CheckedTree:
    """Nodes in evaluation order, the root last."""

    name: str
    leaves: tuple[tuple[str, Irrep], ...]
    nodes: tuple[Node, ...]

    @property
    def root(self) -> Irrep:
        return self.nodes[-1].labels[0]

    @property
    def edges(self) -> tuple[Node, ...]:
        return self.nodes[:-1]

    def count(self, bound: Mapping[str, tuple[Irrep, ...]]) -> int:
        """Labelled trees, by dynamic programming over the vertices."""
        ways: dict[str, dict[Irrep, int]] = {name: {irrep: 1} for name, irrep in self.leaves}
        for node in self.nodes:
            own: dict[Irrep, int] = {}
            for a, m in ways[node.left].items():
                for b, n in ways[node.right].items():
                    for irrep in a * b:
                        if irrep in bound.get(node.name, node.labels):
                            own[irrep] = own.get(irrep, 0) + m * n
            ways[node.name] = own
        return sum(ways[self.nodes[-1].name].values())

    def labellings(self, bound: Mapping[str, tuple[Irrep, ...]]) -> Iterator[Labelling]:
        """Every way to label the internal edges, the first edge slowest."""
        yield from self._complete(0, dict(self.leaves), bound)

    def _complete(
        self, start: int, known: dict[str, Irrep], bound: Mapping[str, tuple[Irrep, ...]]
    ) -> Iterator[Labelling]:
        node = self.nodes[start]
        possible = known[node.left] * known[node.right]
        if start == len(self.nodes) - 1:
            if self.root in possible:
                yield tuple((edge.name, known[edge.name]) for edge in self.edges)
            return
        for irrep in bound.get(node.name, node.labels):
            if irrep in possible:
                yield from self._complete(start + 1, {**known, node.name: irrep}, bound)

    def family(self, bound: Mapping[str, tuple[Irrep, ...]]) -> Branch:
        """All labelled trees, as the algebra's own object."""
        built: dict[str, Family] = {name: Leaf(name, irrep) for name, irrep in self.leaves}
        branch: Branch | None = None
        for node in self.nodes:
            branch = Branch(built[node.left], built[node.right], bound.get(node.name, node.labels))
            built[node.name] = branch
        assert branch is not None, "a tree has a root"
        return branch

    def labelling(self, tree: FusionTree) -> Labelling:
        """The labels of a tree of this shape: the inverse of `labelled`, whatever the labels."""
        parts = {self.nodes[-1].name: tree}
        for node in reversed(self.nodes):
            part = parts[node.name]
            if isinstance(part, Vertex):
                parts[node.left], parts[node.right] = part.left, part.right
        return tuple((edge.name, parts[edge.name].irrep) for edge in self.edges)

    def labelled(self, labelling: Labelling) -> FusionTree:
        built: dict[str, FusionTree] = {name: Leaf(name, irrep) for name, irrep in self.leaves}
        labels = dict(labelling)
        for node in self.nodes:
            built[node.name] = Vertex(built[node.left], built[node.right], labels.get(node.name, self.root))
        return built[self.nodes[-1].name]


class TreeChecker:
    """Resolves and checks the trees of one program."""

    def __init__(self, group: Group, limits: Limits, sink: Sink) -> None:
        self.group = group
        self.limits = limits
        self.sink = sink

    def check(self, tree: d.Tree) -> CheckedTree | None:
        """None after an error."""
        if len(tree.leaves) > self.limits.leaves:
            count, limit = len(tree.leaves), self.limits.leaves
            self.sink.add(errors.over_limit("the number of leaves", count, limit, "leaves", tree.leaves[limit].span))
            return None
        leaves = [(leaf.name, self._labels(leaf.labels)) for leaf in tree.leaves]
        root = self._labels(tree.labels)
        known = {name: labels for name, labels in leaves if labels is not None}
        if root is None or len(known) < len(leaves):
            return None
        nodes: list[Node] = []
        for vertex in tree.vertices:
            node = self._node(tree, vertex, known, root)
            if node is None:
                return None
            nodes.append(node)
            known[vertex.name] = node.labels
        return CheckedTree(tree.name, tuple((name, known[name][0]) for name, _ in leaves), tuple(nodes))

    def _labels(self, labels: d.Labels) -> tuple[Irrep, ...] | None:
        target = resolve(labels, self.group, self.limits, self.sink)
        return None if target is None else tuple(dict.fromkeys(segment.irrep for segment in target.irreps))

    def _node(
        self, tree: d.Tree, vertex: d.TreeVertex, known: Mapping[str, tuple[Irrep, ...]], root: tuple[Irrep, ...]
    ) -> Node | None:
        left, right = known[vertex.left], known[vertex.right]
        reached = tuple(sorted({irrep for a in left for b in right for irrep in a * b}))
        is_root = vertex is tree.vertices[-1]
        written = vertex.labels or (tree.labels if is_root else None)
        if written is None:
            low = tuple(irrep for irrep in reached if irrep.l <= self.limits.l)
            if len(low) < len(reached):
                high, limit = reached[-1].l, self.limits.l
                self.sink.add(errors.over_limit("the degree l", high, limit, "l", vertex.span, "name its labels"))
                return None
            return Node(vertex.name, vertex.left, vertex.right, reached)
        labels = self._labels(written)
        if labels is None:
            return None
        if is_root and labels != root:
            shown = labels[0].text(self.group)
            self.sink.add(errors.no_such_label(tree.name, "out", shown, written.span, unique(root, self.group)))
            return None
        for irrep, term in zip(labels, written.terms, strict=False):
            if irrep not in reached:
                self._impossible(irrep, term.span, vertex, (left, right), reached)
                return None
        return Node(vertex.name, vertex.left, vertex.right, labels)

    def _impossible(
        self,
        irrep: Irrep,
        span: Span,
        vertex: d.TreeVertex,
        legs: tuple[tuple[Irrep, ...], tuple[Irrep, ...]],
        reached: tuple[Irrep, ...],
    ) -> None:
        names = (vertex.left, vertex.right)
        shown = [" | ".join(label.text(self.group) for label in labels) for labels in legs]
        text = " and ".join(f"`{n}` is {s}" for n, s in zip(names, shown, strict=True) if not n.startswith("#"))
        places = (Label(span, "asked for here"), Label(vertex.span, text))
        other = Irrep(irrep.l, -irrep.p)
        if other in reached:
            parity = "even" if other.p == 1 else "odd"
            product = f"`{shown[0]}` x `{shown[1]}`"
            meant = other.text(self.group)
            self.sink.add(errors.wrong_parity(irrep.text(self.group), product, parity, meant, places))
        else:
            self.sink.add(
                errors.not_reachable(irrep.text(self.group), "this vertex", unique(reached, self.group), places)
            )


def bound_labels(
    tree: CheckedTree, bound: tuple[tuple[str, d.Labels], ...], group: Group, limits: Limits, sink: Sink
) -> dict[str, tuple[Irrep, ...]] | None:
    """The labels that a call fixes; None after an error."""
    found: dict[str, tuple[Irrep, ...]] = {}
    nodes = {node.name: node for node in tree.nodes}
    for edge, labels in bound:
        target = resolve(labels, group, limits, sink)
        if target is None:
            return None
        possible = nodes[edge].labels
        for segment, span in zip(target.irreps, target.spans, strict=True):
            if segment.irrep not in possible:
                text = segment.irrep.text(group)
                sink.add(errors.no_such_label(tree.name, edge, text, span, unique(possible, group)))
                return None
        found[edge] = tuple(dict.fromkeys(segment.irrep for segment in target.irreps))
    return found
