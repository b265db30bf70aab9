"""Trees and checks: vertices in evaluation order, every leg used once, terms of an identity."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from fusionc.diagnostics import Diagnostic, Sink
from fusionc.diagram import errors, values
from fusionc.diagram import ir as d
from fusionc.diagram.clauses import clause_of
from fusionc.diagram.context import TreeShape
from fusionc.diagram.scope import Scope
from fusionc.source import Span
from fusionc.syntax import ast

ROOT = "out"


def shape_of(tree: ast.Tree) -> TreeShape:
    leaves = tuple(leaf.name.text for leaf in tree.leaves)
    edges = tuple(vertex.name.text for vertex in tree.vertices if vertex.name.text != ROOT)
    return TreeShape(leaves, tuple(dict.fromkeys(edges)))


def build_tree(tree: ast.Tree, scope: Scope) -> d.Tree | None:
    """None after an error in it."""
    return _TreeBuilder(tree, scope).build()


class _TreeBuilder:
    def __init__(self, tree: ast.Tree, scope: Scope) -> None:
        self.tree = tree
        self.name = tree.name.text
        self.scope = scope
        self.sink: Sink = scope.sink
        self.sound = True
        self.legs: dict[str, Span] = {}
        self.used: dict[str, Span] = {}
        self.vertices: list[d.TreeVertex] = []
        self.anonymous = 0
        self.ambiguous: list[str] = []

    def build(self) -> d.Tree | None:
        leaves = [self._leaf(leaf) for leaf in self.tree.leaves]
        root: ast.Vertex | None = None
        for vertex in self.tree.vertices:
            if root is not None:
                self._fail(errors.root_not_last(self.name, vertex.span, root.span))
                break
            self._vertex(vertex)
            root = vertex if vertex.name.text == ROOT else None
        labels = self.labels(self.tree.irreps, 1)
        if root is None:
            self._fail(errors.no_root(self.name, self.tree.name.span))
        elif self.sound:
            self._unused()
        found = tuple(leaf for leaf in leaves if leaf is not None)
        if not self.sound or labels is None:
            return None
        return d.Tree(self.name, found, labels, tuple(self.vertices), self.tree.span)

    def _fail(self, diagnostic: Diagnostic) -> None:
        self.sound = False
        self.sink.add(diagnostic)

    def _define(self, name: ast.Name) -> None:
        if name.text in self.legs:
            self._fail(errors.duplicate_name(name.text, name.span, self.legs[name.text], "leg"))
            self.ambiguous.append(name.text)
        self.legs.setdefault(name.text, name.span)

    def _leaf(self, leaf: ast.Leaf) -> d.TreeLeaf | None:
        if leaf.name.text == ROOT:
            self._fail(errors.duplicate_name(ROOT, leaf.name.span, None, "leg"))
        self._define(leaf.name)
        labels = self.labels(leaf.irreps, 1)
        return None if labels is None else d.TreeLeaf(leaf.name.text, labels, leaf.span)

    def labels(self, irreps: ast.Irreps, most: int | None) -> d.Labels | None:
        """The labels of a leg: one for a leaf or the root, any number of alternatives for an internal edge."""
        labels = self.scope.labels(irreps)
        if labels is None:
            self.sound = False
            return None
        if most is not None and len(labels.terms) > most:
            text, help = f"{len(labels.terms)} labels", "a leaf and the root have one label: `1o`"
            self._fail(errors.tree_labels(self.name, irreps.span, text, help))
        elif len(labels.terms) > 1 and not labels.alternatives:
            help = "an internal edge has alternatives: `0e | 1e`"
            self._fail(errors.tree_labels(self.name, irreps.span, "a direct sum", help))
        elif any(isinstance(term, d.Term) and term.mul not in (None, 1) for term in labels.terms):
            help = "write the label alone; the multiplicity comes from the tensors that the tree is called with"
            self._fail(errors.tree_labels(self.name, irreps.span, "has a multiplicity", help))
        return labels

    def _vertex(self, vertex: ast.Vertex) -> None:
        name = vertex.name
        value, irreps = vertex.value, vertex.irreps
        while isinstance(value, ast.Group) and not value.options and (value.irreps is None or irreps is None):
            irreps = value.irreps or irreps
            value = value.operand
        labels = None if irreps is None else self.labels(irreps, 1 if name.text == ROOT else None)
        legs = self._couple(value, vertex.name)
        self._define(name)
        if legs is not None:
            self.vertices.append(d.TreeVertex(name.text, labels, *legs, vertex.span))

    def _couple(self, value: ast.Expr, owner: ast.Name) -> tuple[str, str] | None:
        if not isinstance(value, ast.Couple):
            self._fail(errors.not_a_vertex(self.name, value.span, "not a product of two legs"))
            return None
        left, right = self._leg(value.left, owner), self._leg(value.right, owner)
        return None if left is None or right is None else (left, right)

    def _leg(self, value: ast.Expr, owner: ast.Name) -> str | None:
        match value:
            case ast.Port(indices=()):
                return self._take(value.name, owner)
            case ast.Port():
                self._fail(errors.not_a_vertex(self.name, value.span, "legs of a tree have no index"))
            case ast.Group(options=()):
                return self._inner(value, owner)
            case _:
                self._fail(errors.not_a_vertex(self.name, value.span, "not a leaf, a vertex or a product"))
        return None

    def _inner(self, group: ast.Group, owner: ast.Name) -> str | None:
        """A product in parentheses is an internal edge without a name; parentheses around a leg mean nothing."""
        if isinstance(group.operand, ast.Port | ast.Group) and group.irreps is None:
            return self._leg(group.operand, owner)
        labels = None if group.irreps is None else self.labels(group.irreps, None)
        legs = self._couple(group.operand, owner)
        if legs is None:
            return None
        self.anonymous += 1
        name = f"#{self.anonymous}"
        self.vertices.append(d.TreeVertex(name, labels, *legs, group.span))
        return name

    def _take(self, name: ast.Name, owner: ast.Name) -> str | None:
        if name.text not in self.legs:
            self._fail(self._missing(name, owner))
            return None
        if name.text in self.used and name.text not in self.ambiguous:
            self._fail(errors.leg_used_twice(self.name, name.text, name.span, self.used[name.text]))
            return None
        self.used[name.text] = name.span
        return name.text

    def _missing(self, name: ast.Name, owner: ast.Name) -> Diagnostic:
        if name.text == owner.text:
            return errors.self_reference(name.text, name.span, owner.span)
        for vertex in self.tree.vertices:
            if vertex.name.text == name.text:
                return errors.used_before_definition(name.text, name.span, vertex.name.span)
        return errors.unknown_leg(self.name, name.text, name.span, self.legs, "no leaf and no vertex above")

    def _unused(self) -> None:
        leaves = [leaf.name.text for leaf in self.tree.leaves]
        for name, span in self.legs.items():
            if name not in self.used and name != ROOT:
                kind = "leaf" if name in leaves else "internal edge"
                self._fail(errors.leg_unused(self.name, name, span, kind))


# ------------------------------------------------------------------ checks


def build_check(check: ast.Check, shapes: Mapping[str, TreeShape], scope: Scope) -> d.Check | None:
    sides = [[_term(term, shapes, scope) for term in side] for side in (check.left, check.right)]
    left, right = (tuple(term for term in side if term is not None) for side in sides)
    if len(left) < len(check.left) or len(right) < len(check.right):
        return None
    families = [term for term in (*left, *right) if term.over]
    if len(families) > 1:
        help = "recouple one side; the other says what is to be recoupled"
        scope.sink.add(errors.bad_check_term(families[1].span, "a second `recouple`", help))
        return None
    for side in (left, right):
        if len(side) > 1 and any(term.over for term in side):
            help = "write it alone on its side: its coefficients are found by the compiler"
            scope.sink.add(errors.bad_check_term(families[0].span, "`recouple` in a sum", help))
            return None
    return d.Check(left, right, check.span)


def _term(term: ast.CheckTerm, shapes: Mapping[str, TreeShape], scope: Scope) -> d.TreeTerm | None:
    call = term.application
    if call.name.text == "recouple":
        return _family(term, shapes, scope)
    if call.name.text not in shapes:
        scope.no_function(call.name, (*shapes, "recouple"))
        return None
    if call.arguments:
        help = f"write `{call.name.text}(EDGE=LABEL)`; the leaves need not be named"
        scope.sink.add(errors.bad_check_term(call.arguments[0].span, "a tree in a check takes no tensors", help))
        return None
    bound = _bound(call.name.text, call.options, shapes, scope)
    if bound is None:
        return None
    factor, root = _coefficient(term)
    return d.TreeTerm(term.sign, factor, root, call.name.text, bound, (), term.span)


def _coefficient(term: ast.CheckTerm) -> tuple[Fraction, bool]:
    return (Fraction(1), False) if term.coefficient is None else (term.coefficient.value, term.coefficient.root)


def _family(term: ast.CheckTerm, shapes: Mapping[str, TreeShape], scope: Scope) -> d.TreeTerm | None:
    call = term.application
    match call.arguments:
        case (ast.Port(indices=()) as tree,):
            pass
        case _:
            scope.sink.add(errors.bad_check_term(call.span, "not `recouple(TREE, over=EDGES)`", "name one tree in it"))
            return None
    if tree.name.text not in shapes:
        scope.no_function(tree.name, shapes)
        return None
    if term.coefficient is not None or term.sign < 0:
        help = "leave the coefficient out: the compiler finds those of the family"
        scope.sink.add(errors.bad_check_term(term.span, "a coefficient before `recouple`", help))
        return None
    over = tuple(option for option in call.options if option.key.text == "over")
    bound = _bound(tree.name.text, tuple(option for option in call.options if option not in over), shapes, scope)
    edges = _over(tree.name.text, over, shapes[tree.name.text], scope)
    if bound is None or edges is None:
        return None
    fixed = tuple(name for name, _ in bound)
    free = edges if over else tuple(name for name in edges if name not in fixed)
    if not free or any(name in fixed for name in free):
        text = "no edge is left to sum over" if not free else "an edge is both bound and summed over"
        scope.sink.add(errors.bad_check_term(call.span, text, "name the summed edges: `over=e` or `over=[e, f]`"))
        return None
    return d.TreeTerm(1, Fraction(1), False, tree.name.text, bound, free, term.span)


def _over(tree: str, options: tuple[ast.Option, ...], shape: TreeShape, scope: Scope) -> tuple[str, ...] | None:
    """The edges of `over=`; without it, all named ones."""
    if not options:
        return shape.edges
    value = options[0].value
    match value:
        case ast.Port(indices=()):
            names: tuple[ast.Int | ast.Name, ...] = (value.name,)
        case ast.ListValue():
            names = value.items
        case _:
            names = ()
    edges: list[str] = []
    for name in names:
        if not isinstance(name, ast.Name):
            names = ()
            break
        if name.text not in shape.edges:
            scope.sink.add(errors.unknown_leg(tree, name.text, name.span, shape.edges, "no internal edge"))
            return None
        edges.append(name.text)
    if not names:
        scope.sink.add(errors.bad_option_value("over", value.span, "an internal edge, or a list such as `[e, f]`"))
        return None
    return tuple(dict.fromkeys(edges))


def _bound(
    tree: str, options: tuple[ast.Option, ...], shapes: Mapping[str, TreeShape], scope: Scope
) -> tuple[tuple[str, d.Labels], ...] | None:
    edges = shapes[tree].edges
    bound: list[tuple[str, d.Labels]] = []
    sound = True
    for option in options:
        if option.key.text not in edges:
            name = option.key
            scope.sink.add(errors.unknown_leg(tree, name.text, name.span, edges, "no internal edge"))
            sound = False
    clause = clause_of(tuple(option for option in options if option.key.text in edges), edges, tree, scope.sink)
    for key, option in clause.options.items():
        labels = values.labels(option, scope)
        sound = sound and labels is not None
        if labels is not None:
            bound.append((key, labels))
    return tuple(bound) if sound else None
