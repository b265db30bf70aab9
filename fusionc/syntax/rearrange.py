"""The same map written in another way: what the algebra of sums allows on the syntax tree alone.

    sum[j](a * b)          a * sum[j](b)           where a does not depend on j; means alike, either leg
    sum[j](linear(x))      linear(sum[j](x))       without bias
    a * c + b * c          (a + b) * c
    sum[j](m[i,j])         with the statement of m in its place, where nothing else reads it

Whether irreps, paths and weights stay what they were is for the caller to check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fusionc.syntax import ast


@dataclass(frozen=True, slots=True)
class Rearranged:
    """`assign` in place of the statement numbered `number` of a diagram; those in `gone` are not needed any more."""

    number: int
    assign: ast.Assign
    gone: tuple[int, ...]


def rearrangements(diagram: ast.Diagram) -> Iterator[Rearranged]:
    """Every rule at every place, one at a time."""
    for number, item in enumerate(diagram.items):
        if isinstance(item, ast.Assign):
            scaled = any(option.key.text == "scale" for option in item.options)
            for value, gone in _variants(item.value, _read_once(diagram, number)):
                if not (scaled and isinstance(item.value, ast.Reduce) and not isinstance(value, ast.Reduce)):
                    yield Rearranged(number, replace(item, value=value), gone)


def applied(diagram: ast.Diagram, change: Rearranged) -> ast.Diagram:
    items = [change.assign if n == change.number else item for n, item in enumerate(diagram.items)]
    return replace(diagram, items=tuple(item for n, item in enumerate(items) if n not in change.gone))


Variant = tuple[ast.Expr, tuple[int, ...]]
Statements = dict[ast.Port, tuple[int, ast.Assign]]


def _read_once(diagram: ast.Diagram, reader: int) -> Statements:
    """The statements that `reader` reads once and nothing else reads at all."""
    counts: dict[str, int] = {}
    for item in diagram.items:
        for port in _ports_of(item):
            counts[port.name.text] = counts.get(port.name.text, 0) + 1
    found: Statements = {}
    for number, item in enumerate(diagram.items):
        if isinstance(item, ast.Assign) and number != reader and counts.get(item.target.name.text) == 1:
            found[item.target] = (number, item)
    return found


def _ports_of(item: ast.DiagramItem) -> Iterator[ast.Port]:
    match item:
        case ast.Assign(value=value, options=options):
            yield from _ports(value)
            yield from _option_ports(options)
        case ast.Output(ports=ports):
            yield from ports
        case _:
            return


def _ports(value: ast.Value) -> Iterator[ast.Port]:
    match value:
        case ast.Port():
            yield value
        case ast.Call(arguments=arguments, options=options):
            for argument in arguments:
                yield from _ports(argument)
            yield from _option_ports(options)
        case ast.Couple(left=left, right=right) | ast.Add(left=left, right=right):
            yield from _ports(left)
            yield from _ports(right)
        case ast.Scale(operand=operand) | ast.Negate(operand=operand) | ast.Reduce(operand=operand):
            yield from _ports(operand)
        case ast.Group(operand=operand, options=options):
            yield from _ports(operand)
            yield from _option_ports(options)
        case _:
            return


def _option_ports(options: tuple[ast.Option, ...]) -> Iterator[ast.Port]:
    for option in options:
        yield from _ports(option.value)


# ---------------------------------------------------------------------- rules


def _variants(expr: ast.Expr, statements: Statements) -> Iterator[Variant]:
    """The expression with one rule applied at one place in it."""
    match expr:
        case ast.Reduce(operand=operand):
            yield from _out_of_sum(expr, statements)
            yield from ((replace(expr, operand=new), gone) for new, gone in _variants(operand, statements))
        case ast.Add(left=left, right=right):
            yield from ((new, ()) for new in _factored(expr))
            yield from ((replace(expr, left=new), gone) for new, gone in _variants(left, statements))
            yield from ((replace(expr, right=new), gone) for new, gone in _variants(right, statements))
        case ast.Couple(left=left, right=right):
            yield from ((replace(expr, left=new), gone) for new, gone in _variants(left, statements))
            yield from ((replace(expr, right=new), gone) for new, gone in _variants(right, statements))
        case ast.Scale(operand=operand) | ast.Negate(operand=operand) | ast.Group(operand=operand):
            yield from ((replace(expr, operand=new), gone) for new, gone in _variants(operand, statements))
        case ast.Call(arguments=arguments):
            for n, argument in enumerate(arguments):
                if not isinstance(argument, ast.Int | ast.Number | ast.String | ast.Range):
                    for new, gone in _variants(argument, statements):
                        yield replace(expr, arguments=(*arguments[:n], new, *arguments[n + 1 :])), gone
        case ast.Port():
            return


def _out_of_sum(expr: ast.Reduce, statements: Statements) -> Iterator[Variant]:
    operand = expr.operand
    gone: tuple[int, ...] = ()
    if isinstance(operand, ast.Port) and operand in statements:
        number, assign = statements[operand]
        operand = ast.Group(assign.value, assign.irreps, assign.options)
        gone = (number,)
    for new in _pulled(expr, operand):
        yield new, gone


def _pulled(expr: ast.Reduce, operand: ast.Expr) -> Iterator[ast.Expr]:
    """The factor that does not depend on the summed indices, times the sum of the other."""
    summed = {name.text for name in expr.indices}
    match operand:
        case ast.Group(operand=inner, options=options) if not _depends(_option_ports(options), summed):
            for new in _pulled(expr, inner):
                plain = operand.irreps is None and not options
                yield new if plain else replace(operand, operand=new)
        case ast.Couple(left=left, right=right):
            if not _depends(_ports(left), summed):
                yield replace(operand, right=_summed(expr, right))
            if not _depends(_ports(right), summed):
                yield replace(operand, left=_summed(expr, left))
        case ast.Call(name=ast.Name(text="linear"), arguments=(ast.Port() | ast.Group() as argument,), options=options):
            biased = any(option.key.text == "bias" for option in options)
            if not biased and not _depends(_option_ports(options), summed):
                yield replace(operand, arguments=(_summed(expr, argument),))
        case _:
            return


def _depends(ports: Iterator[ast.Port], summed: set[str]) -> bool:
    return any(name.text in summed for port in ports for name in port.indices)


def _summed(expr: ast.Reduce, operand: ast.Expr) -> ast.Reduce:
    plain = isinstance(operand, ast.Group) and operand.irreps is None and not operand.options
    return replace(expr, operand=operand.operand if plain and isinstance(operand, ast.Group) else operand)


def _factored(expr: ast.Add) -> Iterator[ast.Expr]:
    match expr.left, expr.right:
        case ast.Couple(left=a, right=c), ast.Couple(left=b, right=d) if c == d:
            yield ast.Couple(ast.Group(replace(expr, left=a, right=b)), c)
        case ast.Couple(left=c, right=a), ast.Couple(left=d, right=b) if c == d:
            yield ast.Couple(c, ast.Group(replace(expr, left=a, right=b)))
        case _:
            return
