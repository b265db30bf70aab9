"""What each rule of the grammar becomes in the syntax tree.

`Actions` has one method a rule, named as the rule, that takes the tokens and nodes of the rule in order, punctuation
included: so a node's span runs from its first child to its last. Nothing here recurses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeAlias, TypeVar, get_args

from fusionc.diagnostics import Sink
from fusionc.source import Span
from fusionc.syntax import ast, errors
from fusionc.syntax.tokens import Token

Child: TypeAlias = object
Children: TypeAlias = list[Child]
T = TypeVar("T")

EXPRESSION = get_args(ast.Expr)


class Splice:
    """Values of a rule without a node of its own, on their way into the rule above."""

    __slots__ = ("items",)

    def __init__(self, items: Children) -> None:
        self.items = items


def where(child: Child) -> Span:
    """The place of a token or a node."""
    return child.span  # type: ignore[attr-defined,no-any-return]


def _span(children: Children) -> Span:
    return Span(where(children[0]).start, where(children[-1]).end)


def _only(kind: type[T], children: Iterable[Child]) -> tuple[T, ...]:
    return tuple(c for c in children if isinstance(c, kind))


def _first(kind: type[T], children: Iterable[Child]) -> T | None:
    return next((c for c in children if isinstance(c, kind)), None)


def _tokens(children: Children, terminal: str) -> list[Token]:
    return [c for c in children if isinstance(c, Token) and c.type == terminal]


def _integer(token: Token) -> ast.Int:
    return ast.Int(int(token.text), token.span)


def _number(token: Token) -> ast.Number:
    return ast.Number(Fraction(token.text), token.text, token.span)


def _int_or_name(children: Children) -> ast.Int | ast.Name:
    name = _first(ast.Name, children)
    return name if name is not None else _integer(_tokens(children, "INT")[0])


def _multiplicity(text: str, start: int) -> ast.Int | ast.Name:
    """`128` or `{C}`, found at offset `start`."""
    span = Span(start, start + len(text))
    return ast.Name(text[1:-1], Span(start + 1, span.end - 1)) if text[0] == "{" else ast.Int(int(text), span)


def _term(token: Token) -> ast.IrrepTerm:
    """`128x1o`, `1o`, `{C}x1`, `1`."""
    text = token.text
    parity = text[-1] if text[-1] in "eoy" else ""
    before, cross, _ = text.partition("x") if text[0] != "{" else _split_parameter(text)
    begin = len(before) + 1 if cross else 0
    end = len(text) - len(parity)
    l = ast.Int(int(text[begin:end]), Span(token.start + begin, token.start + end))
    return ast.IrrepTerm(_multiplicity(before, token.start) if cross else None, l, parity, token.span)


def _split_parameter(text: str) -> tuple[str, str, str]:
    close = text.index("}") + 1
    return text[:close], text[close], text[close + 1 :]


class Actions:
    """Turns rules into nodes. Findings that need a node to be seen whole go to `sink`."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    def method(self, name: str) -> Callable[[Children], Child]:
        found: Callable[[Children], Child] = getattr(self, name)
        return found

    # ------------------------------------------------------------- file

    def start(self, c: Children) -> ast.File:
        span = _span(c) if c else Span(0, 0)
        items = tuple(x for x in c if isinstance(x, get_args(ast.Item)))
        return ast.File(_first(ast.Version, c), items, span=span)

    def version(self, c: Children) -> ast.Version:
        return ast.Version(_integer(c[1]), _span(c))  # type: ignore[arg-type]

    def group_decl(self, c: Children) -> ast.GroupDecl:
        return ast.GroupDecl(*_only(ast.Name, c), _span(c))

    def param(self, c: Children) -> ast.Param:
        return ast.Param(*_only(ast.Name, c), _integer(c[-1]), _span(c))  # type: ignore[arg-type]

    def irreps_decl(self, c: Children) -> ast.IrrepsDecl:
        return ast.IrrepsDecl(*_only(ast.Name, c), *_only(ast.Irreps, c), _span(c))

    # ---------------------------------------------------------- diagram

    def diagram(self, c: Children) -> ast.Diagram:
        items = tuple(x for x in c if isinstance(x, get_args(ast.DiagramItem)))
        return ast.Diagram(c[1], items, _span(c))  # type: ignore[arg-type]

    def index_decl(self, c: Children) -> ast.IndexDecl:
        return ast.IndexDecl(*_only(ast.Name, c), _span(c))

    def input(self, c: Children) -> ast.Input:
        return ast.Input(*_only(ast.Port, c), *_only(ast.Irreps, c), _span(c))

    def weight(self, c: Children) -> ast.Weight:
        return ast.Weight(*_only(ast.Port, c), _first(ast.Name, c), _span(c))

    def output(self, c: Children) -> ast.Output:
        return ast.Output(_only(ast.Port, c), _span(c))

    def assign(self, c: Children) -> ast.Assign:
        target, *rest = (x for x in c if isinstance(x, EXPRESSION))
        return ast.Assign(target, _first(ast.Irreps, c), rest[0], _only(ast.Option, c), _span(c))  # type: ignore[arg-type]

    # --------------------------------------------------- trees and checks

    def tree(self, c: Children) -> ast.Tree:
        irreps = _first(ast.Irreps, c)
        assert irreps is not None
        return ast.Tree(c[1], _only(ast.Leaf, c), irreps, _only(ast.Vertex, c), _span(c))  # type: ignore[arg-type]

    def leaf(self, c: Children) -> ast.Leaf:
        return ast.Leaf(*_only(ast.Name, c), *_only(ast.Irreps, c), _span(c))

    def vertex(self, c: Children) -> ast.Vertex:
        return ast.Vertex(c[0], _first(ast.Irreps, c), c[-1], _span(c))  # type: ignore[arg-type]

    def check(self, c: Children) -> ast.Check:
        left: tuple[ast.CheckTerm, ...] = c[1]  # type: ignore[assignment]
        right: tuple[ast.CheckTerm, ...] = c[3]  # type: ignore[assignment]
        return ast.Check(left, right, where(c[0]).to(right[-1].span))

    def side(self, c: Children) -> tuple[ast.CheckTerm, ...]:
        terms: list[ast.CheckTerm] = []
        sign, start = 1, None
        for child in c:
            if isinstance(child, ast.CheckTerm):
                span = child.span if start is None else Span(start, child.span.end)
                terms.append(ast.CheckTerm(sign, child.coefficient, child.application, span))
            elif isinstance(child, Token):
                sign, start = (-1 if child.type == "MINUS" else 1), child.start
        return tuple(terms)

    def check_term(self, c: Children) -> ast.CheckTerm:
        return ast.CheckTerm(1, _first(ast.Coefficient, c), c[-1], _span(c))  # type: ignore[arg-type]

    def coefficient(self, c: Children) -> ast.Coefficient:
        name = _first(ast.Name, c)
        if name is not None and name.text != "sqrt":
            self.sink.add(errors.number_given_to_a_tree(name))
        numbers = [t for t in c if isinstance(t, Token) and t.type in ("INT", "NUMBER")]
        value = Fraction(numbers[0].text)
        if len(numbers) == 2:
            if int(numbers[1].text) == 0:
                self.sink.add(errors.division_by_zero(numbers[1].span))
                return ast.Coefficient(value, name is not None, _span(c))
            value /= int(numbers[1].text)
        return ast.Coefficient(value, name is not None, _span(c))

    def application(self, c: Children) -> ast.Call:
        return self.call(c)

    # ------------------------------------------------------ expressions

    def port(self, c: Children) -> ast.Port:
        name, *indices = _only(ast.Name, c)
        return ast.Port(name, tuple(indices), _span(c))

    def add(self, c: Children) -> ast.Add:
        left, sign, right = c
        return ast.Add(left, right, -1 if sign.type == "MINUS" else 1, _span(c))  # type: ignore[arg-type,attr-defined]

    def couple(self, c: Children) -> ast.Couple:
        return ast.Couple(c[0], c[2], _span(c))  # type: ignore[arg-type]

    def scale(self, c: Children) -> ast.Scale:
        factor: Token = c[0]  # type: ignore[assignment]
        number = _integer(factor) if factor.type == "INT" else _number(factor)
        return ast.Scale(number, c[2], _span(c))  # type: ignore[arg-type]

    def negate(self, c: Children) -> ast.Negate:
        return ast.Negate(c[1], _span(c))  # type: ignore[arg-type]

    def call(self, c: Children) -> ast.Call:
        name, *rest = c
        assert isinstance(name, ast.Name)
        if name.text in ("sum", "mean"):
            self.sink.add(errors.reduction_without_index(name))
        arguments = tuple(x for x in rest if not isinstance(x, Token | ast.Option))
        return ast.Call(name, arguments, _only(ast.Option, rest), _span(c))  # type: ignore[arg-type]

    def reduce(self, c: Children) -> ast.Reduce:
        kind, *indices = _only(ast.Name, c)
        if kind.text not in ("sum", "mean"):
            self.sink.add(errors.not_a_reduction(kind))
        operand = next(x for x in c if isinstance(x, EXPRESSION))
        return ast.Reduce(kind.text, tuple(indices), operand, _span(c))

    def group(self, c: Children) -> ast.Group:
        return ast.Group(c[1], _first(ast.Irreps, c), _only(ast.Option, c), _span(c))  # type: ignore[arg-type]

    # ---------------------------------------------------- option values

    def option(self, c: Children) -> ast.Option:
        return ast.Option(c[0], c[2], _span(c))  # type: ignore[arg-type]

    def summands(self, c: Children) -> ast.Value:
        """A sum of tensors, a sum of irreps (as soon as one term can only be an irrep), or a lone value."""
        terms = [x for x in c if not isinstance(x, Token)]
        signs = [t for t in c if isinstance(t, Token)]
        if len(terms) == 1 and not isinstance(terms[0], ast.IrrepTerm | ast.HalfInteger):
            return terms[0]  # type: ignore[return-value]
        if any(isinstance(x, ast.IrrepTerm | ast.HalfInteger | ast.Int) for x in terms):
            for sign in signs:
                if sign.type == "MINUS":
                    self.sink.add(errors.irreps_subtracted(sign.span))
            return self._irreps(terms, alternatives=False)
        value: ast.Expr = terms[0]  # type: ignore[assignment]
        for sign, term in zip(signs, terms[1:], strict=True):
            value = ast.Add(value, term, -1 if sign.type == "MINUS" else 1, value.span.to(where(term)))  # type: ignore[arg-type]
        return value

    def one_of(self, c: Children) -> ast.Irreps:
        return self._irreps([x for x in c if not isinstance(x, Token)], alternatives=True)

    def _irreps(self, terms: Children, alternatives: bool) -> ast.Irreps:
        found: list[ast.Term] = []
        for term in terms:
            match term:
                case ast.IrrepTerm() | ast.HalfInteger():
                    found.append(term)
                case ast.Int():
                    found.append(ast.IrrepTerm(None, term, "", term.span))
                case ast.Port(name=name, indices=()):
                    found.append(ast.IrrepsName(name, term.span))
                case ast.Call(name=name, arguments=(ast.Int() as l,), options=()):
                    found.append(ast.IrrepsCall(name, l, term.span))
                case ast.Call(name=name, arguments=(ast.Port(name=l, indices=()),), options=()):
                    found.append(ast.IrrepsCall(name, l, term.span))
                case _:
                    self.sink.add(errors.expression_among_irreps(where(term)))
        return ast.Irreps(tuple(found), alternatives, _span(terms))

    def negative(self, c: Children) -> ast.Int | ast.Number:
        token: Token = c[1]  # type: ignore[assignment]
        if token.type == "INT":
            return ast.Int(-int(token.text), _span(c))
        return ast.Number(-Fraction(token.text), "-" + token.text, _span(c))

    def list(self, c: Children) -> ast.ListValue:
        return ast.ListValue(tuple(x for x in c if isinstance(x, ast.Int | ast.Name)), _span(c))

    def range(self, c: Children) -> ast.Range:
        return ast.Range(c[0], c[2], _span(c))  # type: ignore[arg-type]

    def integer(self, c: Children) -> ast.Int:
        return _integer(c[0])  # type: ignore[arg-type]

    def number(self, c: Children) -> ast.Number:
        return _number(c[0])  # type: ignore[arg-type]

    def string(self, c: Children) -> ast.String:
        token: Token = c[0]  # type: ignore[assignment]
        return ast.String(token.text[1:-1], token.span)

    def name(self, c: Children) -> ast.Name:
        token: Token = c[0]  # type: ignore[assignment]
        return ast.Name(token.text, token.span)

    # ----------------------------------------------------------- irreps

    def irreps(self, c: Children) -> ast.Irreps:
        terms = tuple(x for x in c if not isinstance(x, Token))
        return ast.Irreps(terms, bool(_tokens(c, "VBAR")), _span(c))  # type: ignore[arg-type]

    def irrep(self, c: Children) -> ast.IrrepTerm | ast.HalfInteger:
        first: Token = c[0]  # type: ignore[assignment]
        if len(c) == 3:
            return ast.HalfInteger("".join(t.text for t in c), _span(c))  # type: ignore[attr-defined]
        return ast.HalfInteger(first.text, first.span) if first.type == "HALF" else _term(first)

    def bare_l(self, c: Children) -> ast.IrrepTerm | ast.HalfInteger:
        token: Token = c[0]  # type: ignore[assignment]
        if token.type == "NUMBER":
            return ast.HalfInteger(token.text, token.span)
        return ast.IrrepTerm(None, _integer(token), "", token.span)

    def irreps_name(self, c: Children) -> ast.IrrepsName:
        return ast.IrrepsName(*_only(ast.Name, c), _span(c))

    def irreps_call(self, c: Children) -> ast.IrrepsCall:
        return ast.IrrepsCall(c[0], _int_or_name(c[1:]), _span(c))  # type: ignore[arg-type]
