"""How each node of the syntax tree is written, as pieces of text with the places where a line may be broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, assert_never

from fusionc.syntax import ast


class Piece(NamedTuple):
    """Text that stays on one line. A line may be broken after it if `breaks`; `depth` counts the open brackets."""

    text: str
    breaks: bool = False
    depth: int = 0


Pieces = Iterator[Piece]


def flat(text: str) -> tuple[Piece, ...]:
    return (Piece(text),)


def statement(node: ast.Version | ast.Item | ast.DiagramItem | ast.Vertex) -> tuple[Piece, ...]:
    """A statement of one line. Diagrams and trees have a `header` instead."""
    match node:
        case ast.Version(number=number):
            return flat(f"fusion {number.value}")
        case ast.GroupDecl(name=name):
            return flat(f"group {name.text}")
        case ast.Param(name=name, value=value):
            return flat(f"param {name.text} = {value.value}")
        case ast.IrrepsDecl(name=name, irreps=irreps):
            return (Piece(f"irreps {name.text} = ", True), *_irreps(irreps, 0))
        case ast.IndexDecl(inner=inner, outer=outer):
            return flat(f"index {inner.text} in {outer.text}")
        case ast.Input(port=port, irreps=irreps):
            return (Piece(f"input {_port(port)} : ", True), *_irreps(irreps, 0))
        case ast.Weight(port=port, per=per):
            return flat(f"weight {_port(port)}" + ("" if per is None else f" : per {per.text}"))
        case ast.Output(ports=ports):
            return (Piece("output "), *_joined(((Piece(_port(p)),) for p in ports), ", ", 0))
        case ast.Assign() | ast.Vertex():
            return tuple(_assignment(node))
        case ast.Check(left=left, right=right):
            return (Piece("check "), *_side(left), Piece(" == ", True), *_side(right))
        case ast.Diagram() | ast.Tree():
            return header(node)
        case _:
            assert_never(node)


def header(node: ast.Diagram | ast.Tree) -> tuple[Piece, ...]:
    """The first line of a body, with its brace."""
    if isinstance(node, ast.Diagram):
        return flat(f"diagram {node.name.text} {{")
    leaves = ((Piece(f"{leaf.name.text}: "), *_irreps(leaf.irreps, 1)) for leaf in node.leaves)
    pieces = [Piece(f"tree {node.name.text}("), *_joined(leaves, ", ", 1), Piece(") : "), *_irreps(node.irreps, 0)]
    return (*pieces, Piece(" {"))


def _assignment(node: ast.Assign | ast.Vertex) -> Pieces:
    target = _port(node.target) if isinstance(node, ast.Assign) else node.name.text
    if node.irreps is None:
        yield Piece(f"{target} = ", True)
    else:
        yield Piece(f"{target} : ")
        yield from _irreps(node.irreps, 0)
        yield Piece(" = ", True)
    yield from _value(node.value, 0)
    if isinstance(node, ast.Assign):
        yield from _with(node.options, 0)


def _side(terms: Sequence[ast.CheckTerm]) -> Pieces:
    for i, term in enumerate(terms):
        if i:
            yield Piece(" - " if term.sign < 0 else " + ", True)
        elif term.sign < 0:
            yield Piece("-")
        if term.coefficient is not None:
            number = str(term.coefficient.value)
            yield Piece(f"sqrt({number}) * " if term.coefficient.root else f"{number} * ")
        yield from _value(term.application, 0)


# ------------------------------------------------------------- expressions


def _value(node: ast.Value, depth: int) -> Pieces:
    match node:
        case ast.Port():
            yield Piece(_port(node))
        case ast.Int(value=value):
            yield Piece(str(value))
        case ast.Number(text=text):
            yield Piece(text)
        case ast.String(value=text):
            yield Piece(f'"{text}"')
        case ast.Range(first=first, last=last):
            yield Piece(f"{_int_or_name(first)}..{_int_or_name(last)}")
        case ast.ListValue(items=items):
            yield Piece("[")
            yield from _joined(((Piece(_int_or_name(x)),) for x in items), ", ", depth + 1)
            yield Piece("]")
        case ast.Irreps():
            yield from _irreps(node, depth)
        case ast.Couple(left=left, right=right):
            yield from _binary(left, " * ", right, depth)
        case ast.Add(left=left, right=right, sign=sign):
            yield from _binary(left, " - " if sign < 0 else " + ", right, depth)
        case ast.Scale(factor=factor, operand=operand):
            yield from (*_value(factor, depth), Piece(" * ", True, depth), *_value(operand, depth))
        case ast.Negate(operand=operand):
            yield from (Piece("-"), *_value(operand, depth))
        case ast.Reduce(kind=kind, indices=indices, operand=operand):
            yield Piece(f"{kind}[{_names(indices)}](", True, depth + 1)
            yield from (*_value(operand, depth + 1), Piece(")"))
        case ast.Group():
            yield from _group(node, depth)
        case ast.Call(name=name, arguments=arguments, options=options):
            yield Piece(f"{name.text}(", bool(arguments or options), depth + 1)
            parts = (*(_value(a, depth + 1) for a in arguments), *(_option(o, depth + 1) for o in options))
            yield from (*_joined(parts, ", ", depth + 1), Piece(")"))
        case _:
            assert_never(node)


def _binary(left: ast.Expr, operator: str, right: ast.Expr, depth: int) -> Pieces:
    yield from _value(left, depth)
    yield Piece(operator, True, depth)
    yield from _value(right, depth)


def _group(node: ast.Group, depth: int) -> Pieces:
    yield Piece("(", True, depth + 1)
    yield from _value(node.operand, depth + 1)
    if node.irreps is not None:
        yield Piece(" : ", True, depth + 1)
        yield from _irreps(node.irreps, depth + 1)
    yield from _with(node.options, depth + 1)
    yield Piece(")")


def _with(options: Sequence[ast.Option], depth: int) -> Pieces:
    if options:
        yield Piece(" with ", True, depth)
        yield from _joined((_option(o, depth) for o in options), ", ", depth)


def _option(option: ast.Option, depth: int) -> Pieces:
    yield Piece(f"{option.key.text}=")
    yield from _value(option.value, depth + 1)


def _joined(parts: Iterable[Iterable[Piece]], separator: str, depth: int) -> Pieces:
    for i, part in enumerate(parts):
        if i:
            yield Piece(separator, True, depth)
        yield from part


# ------------------------------------------------------------------- words


def _irreps(irreps: ast.Irreps, depth: int) -> Pieces:
    separator = " | " if irreps.alternatives else " + "
    yield from _joined(((Piece(_term(t)),) for t in irreps.terms), separator, depth + 1)


def _term(term: ast.Term) -> str:
    match term:
        case ast.IrrepTerm(mul=None, l=l, parity=parity):
            return f"{l.value}{parity}"
        case ast.IrrepTerm(mul=ast.Name(text=name), l=l, parity=parity):
            return f"{{{name}}}x{l.value}{parity}"
        case ast.IrrepTerm(mul=ast.Int(value=mul), l=l, parity=parity):
            return f"{mul}x{l.value}{parity}"
        case ast.HalfInteger(text=text):
            return text
        case ast.IrrepsName(name=name):
            return name.text
        case ast.IrrepsCall(name=name, argument=argument):
            return f"{name.text}({_int_or_name(argument)})"
        case _:
            raise AssertionError(term)


def _port(port: ast.Port) -> str:
    return port.name.text + (f"[{_names(port.indices)}]" if port.indices else "")


def _names(names: Sequence[ast.Name]) -> str:
    return ",".join(name.text for name in names)


def _int_or_name(node: ast.Int | ast.Name) -> str:
    return node.text if isinstance(node, ast.Name) else str(node.value)
