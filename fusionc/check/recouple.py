"""A fusion tree in another bracketing: the tree that can be pasted back, and the exact matrix between the families."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from fusionc.algebra.irrep import Group, Irrep
from fusionc.algebra.surd import Surd, SurdSum
from fusionc.algebra.tree import expand
from fusionc.check import errors
from fusionc.check.bracketing import Shape
from fusionc.check.trees import CheckedTree, Labelling, Node
from fusionc.diagnostics import Diagnostic
from fusionc.options import Limits
from fusionc.source import NOWHERE

WIDTH = 100
LETTERS = "fghkmnpqrstuvw"


@dataclass(frozen=True, slots=True)
class Recoupling:
    """row n of `source`'s family = sum over m of matrix[n][m] times column m of `target`'s family.

    Rows are orthonormal. With as many rows as columns the matrix is orthogonal.
    """

    source: CheckedTree
    target: CheckedTree
    rows: tuple[Labelling, ...]
    columns: tuple[Labelling, ...]
    matrix: tuple[tuple[SurdSum, ...], ...]


def recouple(source: CheckedTree, shape: Shape, name: str, group: Group, limits: Limits) -> Recoupling | Diagnostic:
    """The family of `source` in the bracketing `shape` of the same leaves, which becomes a tree called `name`.

    Its internal edges have the labels that occur. An edge over the same leaves as an edge of `source` keeps its name.
    """
    whole = bracketed(source, shape, name)
    sizes = (source.count({}), whole.count({}))
    if max(*sizes, sizes[0] * sizes[1]) > limits.trees:
        entries = max(*sizes, sizes[0] * sizes[1])
        return errors.over_limit("the number of entries of the matrix", entries, limits.trees, "trees", NOWHERE)
    rows = tuple(source.labellings({}))
    family = whole.family({})
    found: list[dict[Labelling, SurdSum]] = []
    for row in rows:
        terms = expand(source.labelled(row), family).terms
        found.append({whole.labelling(tree): value for tree, value in terms})
    used = _used(whole, found)
    highest = max((label.l for labels in used.values() for label in labels), default=0)
    if highest > limits.l:
        return errors.over_limit("the degree l of an internal edge", highest, limits.l, "l", NOWHERE)
    target = CheckedTree(name, whole.leaves, tuple(_kept(node, used) for node in whole.nodes))
    columns = tuple(target.labellings({}))
    matrix = tuple(tuple(terms.get(column, SurdSum()) for column in columns) for terms in found)
    return Recoupling(source, target, rows, columns, matrix)


def bracketed(source: CheckedTree, shape: Shape, name: str) -> CheckedTree:
    """A tree of this shape over the leaves of `source`, every edge with all the labels that its leaves allow."""
    known: dict[str, tuple[Irrep, ...]] = {leaf: (irrep,) for leaf, irrep in source.leaves}
    below: dict[str, tuple[str, ...]] = {leaf: (leaf,) for leaf, _ in source.leaves}
    names = _edge_names(source)
    nodes: list[Node] = []

    def build(part: Shape, root: bool) -> str:
        if isinstance(part, str):
            return part
        left, right = build(part[0], False), build(part[1], False)
        over = tuple(sorted((*below[left], *below[right])))
        own = "out" if root else names.of(over)
        reached = sorted({irrep for a in known[left] for b in known[right] for irrep in a * b})
        known[own], below[own] = (source.root,) if root else tuple(reached), over
        nodes.append(Node(own, left, right, known[own]))
        return own

    build(shape, True)
    return CheckedTree(name, source.leaves, tuple(nodes))


class _Names:
    """Names for internal edges: those of `kept`, by the leaves above them, else letters that `taken` leaves free."""

    def __init__(self, kept: dict[tuple[str, ...], str], taken: frozenset[str]) -> None:
        self.kept = kept
        letters = (f"{letter}{n or ''}" for n in range(len(taken) + 1) for letter in LETTERS)
        self.free = (name for name in letters if name not in taken)

    def of(self, leaves: tuple[str, ...]) -> str:
        return self.kept[leaves] if leaves in self.kept else next(self.free)


def _edge_names(source: CheckedTree) -> _Names:
    below: dict[str, tuple[str, ...]] = {leaf: (leaf,) for leaf, _ in source.leaves}
    kept: dict[tuple[str, ...], str] = {}
    for node in source.nodes:
        below[node.name] = tuple(sorted((*below[node.left], *below[node.right])))
        if node is not source.nodes[-1] and not node.name.startswith("#"):
            kept[below[node.name]] = node.name
    return _Names(kept, frozenset(below) | {"out"})


def _used(tree: CheckedTree, rows: Iterable[dict[Labelling, SurdSum]]) -> dict[str, tuple[Irrep, ...]]:
    """The labels that each internal edge has in any term, by l."""
    found: dict[str, dict[Irrep, None]] = {node.name: {} for node in tree.edges}
    for terms in rows:
        for labelling in terms:
            for edge, label in labelling:
                found[edge][label] = None
    return {edge: tuple(sorted(labels)) for edge, labels in found.items()}


def _kept(node: Node, used: dict[str, tuple[Irrep, ...]]) -> Node:
    return Node(node.name, node.left, node.right, used.get(node.name, node.labels))


# --------------------------------------------------------------------- text


def recoupling_text(found: Recoupling, shape: Shape, group: Group) -> str:
    """What can be pasted below the source: the tree, the matrix as a comment, and a `check` for each row."""
    lines = [f"# {found.source.name} as {shape_text(shape)}", *_tree_lines(found.target, group), ""]
    lines += [f"# {line}".rstrip() for line in _matrix_lines(found, group)]
    if all(not edge.startswith("#") for edge in _free(found.source)):
        lines += _check_lines(found, group)
    else:
        lines.append(f"# (name the internal edges of `{found.source.name}` to have this as `check` lines)")
    return "\n".join(lines) + "\n"


def shape_text(shape: Shape) -> str:
    return shape if isinstance(shape, str) else f"({shape_text(shape[0])} {shape_text(shape[1])})"


def _tree_lines(tree: CheckedTree, group: Group) -> Iterator[str]:
    leaves = ", ".join(f"{name}: {irrep.text(group)}" for name, irrep in tree.leaves)
    yield f"tree {tree.name}({leaves}) : {tree.root.text(group)} {{"
    for node in tree.edges:
        labels = " | ".join(label.text(group) for label in node.labels)
        yield f"  {node.name} : {labels} = {node.left} * {node.right}"
    yield f"  out = {tree.nodes[-1].left} * {tree.nodes[-1].right}"
    yield "}"


def _matrix_lines(found: Recoupling, group: Group) -> Iterator[str]:
    """Rows are trees of the source, columns of the target."""
    kind = "orthogonal" if len(found.rows) == len(found.columns) else "rows orthonormal"
    size = f"{len(found.rows)} x {len(found.columns)}"
    yield f"F, {size}, {kind}: {found.source.name} by row, {found.target.name} by column"
    heads = [_bound(found.target, column, group) or "1" for column in found.columns]
    table = [["", *heads]]
    for row, values in zip(found.rows, found.matrix, strict=True):
        table.append([_bound(found.source, row, group) or "1", *(str(value) for value in values)])
    widths = [max(len(cells[n]) for cells in table) for n in range(len(heads) + 1)]
    for cells in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _check_lines(found: Recoupling, group: Group) -> Iterator[str]:
    for row, values in zip(found.rows, found.matrix, strict=True):
        terms: list[str] = []
        for column, value in zip(found.columns, values, strict=True):
            tree = f"{found.target.name}({_bound(found.target, column, group)})"
            terms += [_term(surd, tree, first=not terms) for surd in _surds(value)]
        yield from _wrapped(f"check {found.source.name}({_bound(found.source, row, group)}) ==", terms)


def _term(surd: Surd, tree: str, first: bool) -> str:
    size = str(abs(surd))
    body = tree if size == "1" else f"{size} {tree}"
    sign = ("-" if surd.sign < 0 else "") if first else ("- " if surd.sign < 0 else "+ ")
    return sign + body


def _surds(value: SurdSum) -> Iterator[Surd]:
    return (Surd.of(factor) * Surd.sqrt(radicand) for radicand, factor in value.terms)


def _wrapped(head: str, terms: Sequence[str]) -> Iterator[str]:
    """Lines of some 100 columns; a line goes on after an operator."""
    line = head
    for term in terms:
        sign, _, body = term.partition(" ") if term[:2] in ("+ ", "- ") else ("", "", term)
        opened = f"{line} {sign}".rstrip() if sign else line
        if len(opened) + 1 + len(body) > WIDTH:
            yield opened
            line = f"    {body}"
        else:
            line = f"{opened} {body}"
    yield line


def _free(tree: CheckedTree) -> tuple[str, ...]:
    """The internal edges that tell the trees of the family apart."""
    return tuple(node.name for node in tree.edges if len(node.labels) > 1)


def _bound(tree: CheckedTree, labelling: Labelling, group: Group) -> str:
    free = _free(tree)
    return ", ".join(f"{edge}={irrep.text(group)}" for edge, irrep in labelling if edge in free)
