"""`File -> Program`: names resolved, every value in its index space. Reports F1xx and goes on while it can.

What is wrong is left out of the result, and what would use it is left out silently: each error is reported once.
"""

from __future__ import annotations

from typing import assert_never

from fusionc.algebra.irrep import Group
from fusionc.diagnostics import Label, Sink
from fusionc.diagram import errors
from fusionc.diagram import ir as d
from fusionc.diagram.calls import reserved
from fusionc.diagram.clauses import NEEDS, Reach, clause_of
from fusionc.diagram.context import Context, TreeShape
from fusionc.diagram.expression import ExpressionBuilder
from fusionc.diagram.frame import ONCE, Frame, Place, frame_of
from fusionc.diagram.names import Names, mentioned_names
from fusionc.diagram.scope import Scope
from fusionc.diagram.trees import build_check, build_tree, shape_of
from fusionc.options import CompileOptions
from fusionc.source import Span
from fusionc.syntax import ast


def build(file: ast.File, options: CompileOptions, sink: Sink) -> d.Program:
    """Errors and warnings go to `sink`; the caller decides when to stop."""
    named_trees = {item.name.text: item.name.span for item in file.items if isinstance(item, ast.Tree)}
    scope = Scope(sink, options.limits, dict(options.params), trees=named_trees)
    group = _group(file, sink)
    _overrides(file, options, sink)
    elsewhere = _kinds(file)
    taken: dict[str, Span] = {}
    shapes: dict[str, TreeShape] = {}
    trees: list[d.Tree] = []
    diagrams: list[d.Diagram] = []
    checks: list[d.Check] = []
    for item in file.items:
        match item:
            case ast.GroupDecl():
                pass
            case ast.Param():
                scope.define_integer(item)
            case ast.IrrepsDecl():
                scope.define_irreps(item)
            case ast.Tree():
                if _claim(item.name, taken, sink, "tree"):
                    shapes[item.name.text] = shape_of(item)
                    tree = build_tree(item, scope.inner())
                    trees.extend(() if tree is None else (tree,))
            case ast.Diagram():
                _claim(item.name, taken, sink, "diagram")
                diagrams.append(_DiagramBuilder(item, scope.inner(), shapes, elsewhere).build())
            case ast.Check():
                check = build_check(item, shapes, scope)
                checks.extend(() if check is None else (check,))
            case _:
                assert_never(item)
    _similar(file, sink)
    return d.Program(group, tuple(scope.named), tuple(trees), tuple(diagrams), tuple(checks))


def _claim(name: ast.Name, taken: dict[str, Span], sink: Sink, kind: str) -> bool:
    if name.text in taken:
        sink.add(errors.duplicate_name(name.text, name.span, taken[name.text], kind))
        return False
    taken[name.text] = name.span
    if kind == "tree" and reserved(name.text):
        sink.add(errors.duplicate_name(name.text, name.span, None, kind))
        return False
    return True


def _group(file: ast.File, sink: Sink) -> Group:
    found: ast.GroupDecl | None = None
    group = Group.O3
    for item in file.items:
        if not isinstance(item, ast.GroupDecl):
            continue
        if found is not None:
            sink.add(errors.bad_group("the group is said twice", item.span, "said again", "one group a file"))
        elif item.name.text not in [member.value for member in Group]:
            help = "write `group O3` or `group SO3`"
            sink.add(errors.bad_group(f"`{item.name.text}` is no group here", item.name.span, "unknown", help))
        else:
            group = Group(item.name.text)
            if any(not isinstance(earlier, ast.Param) for earlier in file.items[: file.items.index(item)]):
                help = "write it above everything that has irreps"
                sink.add(errors.bad_group("the group is said too late", item.span, "holds for the whole file", help))
        found = item
    return group


def _overrides(file: ast.File, options: CompileOptions, sink: Sink) -> None:
    diagrams = [item for item in file.items if isinstance(item, ast.Diagram)]
    params = [item for item in file.items if isinstance(item, ast.Param)]
    params += [item for diagram in diagrams for item in diagram.items if isinstance(item, ast.Param)]
    names = [param.name.text for param in params]
    for name, _ in options.params:
        if name not in names:
            sink.add(errors.unknown_override(name, "parameter", dict.fromkeys(names)))
    entries = [diagram.name.text for diagram in diagrams]
    if options.entry is not None and options.entry not in entries:
        sink.add(errors.unknown_override(options.entry, "diagram", dict.fromkeys(entries)))


def _kinds(file: ast.File) -> dict[str, str]:
    """What the names of the file mean, for one who takes them for tensors."""
    kinds: dict[str, str] = {}
    for item in file.items:
        match item:
            case ast.Param():
                kinds[item.name.text] = "an integer parameter, not a tensor"
            case ast.IrrepsDecl():
                kinds[item.name.text] = "a name of irreps, not a tensor"
            case ast.Tree():
                kinds[item.name.text] = "a tree: call it with its leaves, `NAME(a, b)`"
            case ast.Diagram():
                kinds[item.name.text] = "a diagram, not a tensor"
            case _:
                pass
    return kinds


def _similar(file: ast.File, sink: Sink) -> None:
    seen: dict[str, ast.Name] = {}
    for item in file.items:
        if isinstance(item, ast.Diagram):
            key = item.name.text.replace("_", "").lower()
            first = seen.setdefault(key, item.name)
            if first.text != item.name.text:
                sink.add(errors.names_too_similar(item.name.text, item.name.span, first.text, first.span))


class _DiagramBuilder:
    def __init__(
        self, diagram: ast.Diagram, scope: Scope, trees: dict[str, TreeShape], elsewhere: dict[str, str]
    ) -> None:
        self.diagram = diagram
        self.scope = scope
        self.sink = scope.sink
        self.frame: Frame = frame_of(diagram, self.sink)
        self.names = Names(diagram, elsewhere, self.sink)
        self.expressions = ExpressionBuilder(self.names, self.frame, scope, trees)
        self.inputs: list[d.Input] = []
        self.weights: list[d.Weight] = []
        self.statements: list[d.Statement] = []
        self.outputs: dict[str, d.Output] = {}
        self.classes: dict[str, tuple[d.Space, Span]] = {}

    def build(self) -> d.Diagram:
        for item in self.diagram.items:
            match item:
                case ast.Param():
                    self.scope.define_integer(item)
                case ast.IrrepsDecl():
                    self.scope.define_irreps(item)
                case ast.IndexDecl():
                    pass  # read by `frame_of`
                case ast.Input():
                    self._input(item)
                case ast.Weight():
                    self._weight(item)
                case ast.Assign():
                    self._statement(item)
                case ast.Output():
                    for port in item.ports:
                        self._output(port)
                case _:
                    assert_never(item)
        if not any(isinstance(item, ast.Output) for item in self.diagram.items):
            self.sink.add(errors.no_output(self.diagram.name.text, self.diagram.name.span))
        else:
            self.names.report_unused(mentioned_names(self.diagram))
        self._class_arguments()
        parts = tuple(self.inputs), tuple(self.weights), tuple(self.statements), tuple(self.outputs.values())
        return d.Diagram(self.diagram.name.text, self.frame.indices, *parts, self.diagram.span)

    def _place(self, port: ast.Port, once: bool = False) -> Place | None:
        return self.frame.place(port.indices, port.span, self.sink, once)

    def _input(self, item: ast.Input) -> None:
        place, labels = self._place(item.port), self.scope.labels(item.irreps)
        sound = place is not None and labels is not None
        defined = self.names.define(item.port.name, "input", place if sound else None)
        if defined and place is not None and labels is not None:
            space = self.frame.space(place)
            self.inputs.append(d.Input(item.port.name.text, space, labels, item.port.span))

    def _weight(self, item: ast.Weight) -> None:
        name = item.port.name
        place = self._place(item.port, once=item.per is None)
        if place is not None and item.per is not None and not self._class(name.text, item.per, place):
            place = None
        if self.names.define(name, "weight", place) and place is not None:
            given = bool(item.port.indices) and item.per is None
            per = None if item.per is None else item.per.text
            self.weights.append(d.Weight(name.text, self.frame.space(place), per, given, item.port.span))

    def _class(self, weight: str, per: ast.Name, place: Place) -> bool:
        """Whether all weights of a class name share one argument, and it is known where that lives."""
        space = self.frame.space(place)
        if place == ONCE:
            message = f"the weight `{weight}` does not say whose `{per.text}` it means"
            places: tuple[Label, ...] = (Label(per.span, "of which element?"),)
            self.sink.add(errors.class_without_place(message, places, f"write `weight {weight}[i] : per {per.text}`"))
            return False
        first, span = self.classes.setdefault(per.text, (space, per.span))
        if first is not space:
            message = f"`{per.text}` is a property of {first.value}s, not of {space.value}s"
            places = (Label(per.span, f"of {space.value}s here"), Label(span, f"of {first.value}s here"))
            self.sink.add(errors.class_without_place(message, places, "use another name"))
            return False
        return True

    def _class_arguments(self) -> None:
        """A class name is the name of an argument, as inputs and given weights are."""
        arguments = {item.name: item.span for item in self.inputs}
        arguments.update((weight.name, weight.span) for weight in self.weights if weight.given)
        for name, (_, span) in self.classes.items():
            if name in arguments:
                self.sink.add(errors.duplicate_name(name, span, arguments[name], "argument"))

    def _statement(self, item: ast.Assign) -> None:
        name = item.target.name
        place = self._place(item.target)
        left: Place = frozenset(index.text for index in item.target.indices)
        if place is not None:
            left = place
        self.names.define(name, "statement", place)
        bound = tuple((index.text, index.span) for index in item.target.indices)
        context = Context(left, name, item.target.span, bound)
        value = self._value(item, context, place)
        if value is None or place is None:
            self.names.spoil(name)
            return
        self.statements.append(d.Statement(name.text, self.frame.space(place), value, item.target.span))

    def _value(self, item: ast.Assign, context: Context, place: Place | None) -> d.Expr | None:
        clause = clause_of(item.options, NEEDS, "a `with`", self.sink)
        part = self.expressions.build(item.value, context, Reach().within(clause))
        if part is not None:
            clause.report(self.sink)
        span = item.target.span if item.irreps is None else item.irreps.span
        part = self.expressions.ascribe(part, item.irreps, span)
        return None if part is None or place is None else self.expressions.onto_left(part, place, context)

    def _output(self, port: ast.Port) -> None:
        definition = self.names.find(port.name, None)
        if definition is None or definition.place is None:
            return
        weight = definition.kind == "weight"
        place = self._place(port, definition.place == ONCE)
        if place is None:
            return
        name, space = port.name.text, self.frame.space(definition.place)
        if weight:
            self.sink.add(errors.bad_output(name, port.span, "no result", definition.span, "a weight"))
        elif self.frame.space(place) is not space:
            lives, write = self.frame.lives(definition.place), self.frame.written(name, space)
            self.sink.add(errors.wrong_indices(name, port.span, definition.span, lives, write))
        elif name in self.outputs:
            first = self.outputs[name].span
            self.sink.add(errors.bad_output(name, port.span, "an output again", first, "an output already"))
        else:
            self.outputs[name] = d.Output(name, space, port.span)
