"""How deep expressions go. Later stages walk them by recursion; this one does not."""

from __future__ import annotations

from typing import assert_never

from fusionc.diagnostics import Sink
from fusionc.options import Limits
from fusionc.syntax import ast, errors


def check_depth(file: ast.File, limits: Limits, sink: Sink) -> None:
    """Report the first place of each statement that lies deeper than `limits.nesting` levels of its expression."""
    for item in file.items:
        match item:
            case ast.Diagram(items=statements):
                for statement in statements:
                    if isinstance(statement, ast.Assign):
                        _check(statement.value, statement.options, limits, sink)
            case ast.Tree(vertices=vertices):
                for vertex in vertices:
                    _check(vertex.value, (), limits, sink)
            case ast.Check(left=left, right=right):
                for term in (*left, *right):
                    _check(term.application, (), limits, sink)
            case ast.GroupDecl() | ast.Param() | ast.IrrepsDecl():
                pass
            case _:
                assert_never(item)


def _check(value: ast.Expr, options: tuple[ast.Option, ...], limits: Limits, sink: Sink) -> None:
    level: list[ast.Value] = [value, *(o.value for o in options)]
    for _ in range(limits.nesting):
        level = [child for node in level for child in children(node)]
        if not level:
            return
    sink.add(errors.nested_too_deeply(level[0].span, limits.nesting))


def children(node: ast.Value) -> tuple[ast.Value, ...]:
    """Expressions and option values right below a node."""
    match node:
        case ast.Couple(left=left, right=right) | ast.Add(left=left, right=right):
            return (left, right)
        case ast.Scale(operand=operand) | ast.Negate(operand=operand) | ast.Reduce(operand=operand):
            return (operand,)
        case ast.Group(operand=operand, options=options):
            return (operand, *(o.value for o in options))
        case ast.Call(arguments=arguments, options=options):
            return (*arguments, *(o.value for o in options))
        case ast.Port() | ast.Int() | ast.Number() | ast.String() | ast.Range() | ast.ListValue() | ast.Irreps():
            return ()
        case _:
            assert_never(node)
