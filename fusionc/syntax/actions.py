"""What each rule of the grammar becomes in the syntax tree.

`Actions` has one method a rule, named as the rule, that takes the tokens and nodes of the rule in order, punctuation
included: so a node's span runs from its first child to its last. Nothing here recurses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TypeAlias, TypeVar

from fusionc.diagnostics import Sink
from fusionc.source import Span
from fusionc.syntax import ast, errors
from fusionc.syntax.tokens import Token

Children: TypeAlias = list[object]
T = TypeVar("T")


class Splice:
    """Values of a rule without a node of its own, on their way into the rule above."""

    __slots__ = ("items",)

    def __init__(self, items: Children) -> None:
        self.items = items


def where(child: object) -> Span:
    """The place of a token or a node."""
    span = child.span  # type: ignore[attr-defined]
    assert isinstance(span, Span)
    return span


def _span(children: Children) -> Span:
    return Span(where(children[0]).start, where(children[-1]).end)


def _all(kind: type[T], children: Iterable[object]) -> tuple[T, ...]:
    return tuple(c for c in children if isinstance(c, kind))


def _optional(kind: type[T], children: Iterable[object]) -> T | None:
    return next((c for c in children if isinstance(c, kind)), None)


def _one(kind: type[T], children: Iterable[object]) -> T:
    """The first child of this kind, which the grammar says is there."""
    return next(c for c in children if isinstance(c, kind))


def _expressions(children: Children) -> tuple[ast.Expr, ...]:
    return tuple(c for c in children if isinstance(c, ast.Expr))


def _token(children: Children, *terminals: str) -> Token:
    return next(c for c in children if isinstance(c, Token) and c.type in terminals)


def _has(children: Children, terminal: str) -> bool:
    return any(isinstance(c, Token) and c.type == terminal for c in children)


def _integer(token: Token) -> ast.Int:
    return ast.Int(int(token.text), token.span)


def _number(token: Token) -> ast.Number:
    return ast.Number(Fraction(token.text), token.text, token.span)


def _int_or_name(child: object) -> ast.Int | ast.Name:
    if isinstance(child, Token):
        return _integer(child)
    assert isinstance(child, ast.Int | ast.Name)
    return child


def _sign(token: object) -> int:
    return -1 if isinstance(token, Token) and token.type == "MINUS" else 1


def _multiplicity(text: str, start: int) -> ast.Int | ast.Name:
    """`128` or `{C}`, found at offset `start`."""
    span = Span(start, start + len(text))
    return ast.Name(text[1:-1], Span(start + 1, span.end - 1)) if text[0] == "{" else ast.Int(int(text), span)


def _term(token: Token) -> ast.IrrepTerm:
    """`128x1o`, `1o`, `{C}x1`, `1`."""
    text = token.text
    parity = text[-1] if text[-1] in "eoy" else ""
    cross = text.find("x", text.find("}") + 1)
    begin, end = cross + 1, len(text) - len(parity)
    l = ast.Int(int(text[begin:end]), Span(token.start + begin, token.start + end))
    return ast.IrrepTerm(None if cross < 0 else _multiplicity(text[:cross], token.start), l, parity, token.span)


class Actions:
    """Turns rules into nodes. Findings that need a node to be seen whole go to `sink`."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    def methods(self) -> dict[str, Callable[[Children], object]]:
        """The public methods but this one, by the names of their rules."""
        names = (n for n in vars(Actions) if not n.startswith("_") and n != "methods")
        return {name: getattr(self, name) for name in names}

    # ------------------------------------------------------------- file

    def start(self, c: Children) -> ast.File:
        items = tuple(x for x in c if isinstance(x, ast.Item))
        return ast.File(_optional(ast.Version, c), items, span=_span(c) if c else Span(0, 0))

    def version(self, c: Children) -> ast.Version:
        return ast.Version(_integer(_token(c, "INT")), _span(c))

    def group_decl(self, c: Children) -> ast.GroupDecl:
        return ast.GroupDecl(_one(ast.Name, c), _span(c))

    def param(self, c: Children) -> ast.Param:
        return ast.Param(_one(ast.Name, c), _integer(_token(c, "INT")), _span(c))

    def irreps_decl(self, c: Children) -> ast.IrrepsDecl:
        return ast.IrrepsDecl(_one(ast.Name, c), _one(ast.Irreps, c), _span(c))

    # ---------------------------------------------------------- diagram

    def diagram(self, c: Children) -> ast.Diagram:
        items = tuple(x for x in c if isinstance(x, ast.DiagramItem))
        return ast.Diagram(_one(ast.Name, c), items, _span(c))

    def index_decl(self, c: Children) -> ast.IndexDecl:
        inner, outer = _all(ast.Name, c)
        return ast.IndexDecl(inner, outer, _span(c))

    def input(self, c: Children) -> ast.Input:
        return ast.Input(_one(ast.Port, c), _one(ast.Irreps, c), _span(c))

    def weight(self, c: Children) -> ast.Weight:
        return ast.Weight(_one(ast.Port, c), _optional(ast.Name, c), _span(c))

    def output(self, c: Children) -> ast.Output:
        return ast.Output(_all(ast.Port, c), _span(c))

    def assign(self, c: Children) -> ast.Assign:
        _, value = _expressions(c)
        return ast.Assign(_one(ast.Port, c), _optional(ast.Irreps, c), value, _all(ast.Option, c), _span(c))

    # ------------------------------------------------- trees and checks

    def tree(self, c: Children) -> ast.Tree:
        leaves, vertices = _all(ast.Leaf, c), _all(ast.Vertex, c)
        return ast.Tree(_one(ast.Name, c), leaves, _one(ast.Irreps, c), vertices, _span(c))

    def leaf(self, c: Children) -> ast.Leaf:
        return ast.Leaf(_one(ast.Name, c), _one(ast.Irreps, c), _span(c))

    def vertex(self, c: Children) -> ast.Vertex:
        (value,) = _expressions(c)
        return ast.Vertex(_one(ast.Name, c), _optional(ast.Irreps, c), value, _span(c))

    def check(self, c: Children) -> ast.Check:
        left, right = (_all(ast.CheckTerm, x) for x in c if isinstance(x, list))
        return ast.Check(left, right, where(c[0]).to(right[-1].span))

    def side(self, c: Children) -> list[ast.CheckTerm]:
        terms: list[ast.CheckTerm] = []
        sign: Token | None = None
        for child in c:
            if isinstance(child, ast.CheckTerm):
                span = child.span if sign is None else sign.span.to(child.span)
                terms.append(ast.CheckTerm(_sign(sign), child.coefficient, child.application, span))
            elif isinstance(child, Token):
                sign = child
        return terms

    def check_term(self, c: Children) -> ast.CheckTerm:
        return ast.CheckTerm(1, _optional(ast.Coefficient, c), _one(ast.Call, c), _span(c))

    def coefficient(self, c: Children) -> ast.Coefficient:
        name = _optional(ast.Name, c)
        if name is not None and name.text != "sqrt":
            self.sink.add(errors.number_given_to_a_tree(name))
        value, *denominator = (t for t in c if isinstance(t, Token) and t.type in ("INT", "NUMBER"))
        below = int(denominator[0].text) if denominator else 1
        if below == 0:
            self.sink.add(errors.division_by_zero(denominator[0].span))
        return ast.Coefficient(Fraction(value.text) / (below or 1), name is not None, _span(c))

    def application(self, c: Children) -> ast.Call:
        return self.call(c)

    # ------------------------------------------------------ expressions

    def port(self, c: Children) -> ast.Port:
        name, *indices = _all(ast.Name, c)
        return ast.Port(name, tuple(indices), _span(c))

    def add(self, c: Children) -> ast.Add:
        left, right = _expressions(c)
        return ast.Add(left, right, _sign(c[1]), _span(c))

    def couple(self, c: Children) -> ast.Couple:
        left, right = _expressions(c)
        return ast.Couple(left, right, _span(c))

    def scale(self, c: Children) -> ast.Scale:
        factor = _token(c, "INT", "NUMBER")
        (operand,) = _expressions(c)
        return ast.Scale(_integer(factor) if factor.type == "INT" else _number(factor), operand, _span(c))

    def negate(self, c: Children) -> ast.Negate:
        (operand,) = _expressions(c)
        return ast.Negate(operand, _span(c))

    def call(self, c: Children) -> ast.Call:
        name = _one(ast.Name, c)
        if name.text in ("sum", "mean"):
            self.sink.add(errors.reduction_without_index(name))
        arguments = tuple(x for x in c if isinstance(x, ast.Expr | ast.Int | ast.Number | ast.String | ast.Range))
        return ast.Call(name, arguments, _all(ast.Option, c), _span(c))

    def reduce(self, c: Children) -> ast.Reduce:
        kind, *indices = _all(ast.Name, c)
        if kind.text not in ("sum", "mean"):
            self.sink.add(errors.not_a_reduction(kind))
        (operand,) = _expressions(c)
        return ast.Reduce(kind.text, tuple(indices), operand, _span(c))

    def group(self, c: Children) -> ast.Group:
        (operand,) = _expressions(c)
        return ast.Group(operand, _optional(ast.Irreps, c), _all(ast.Option, c), _span(c))

    # ---------------------------------------------------- option values

    def option(self, c: Children) -> ast.Option:
        value = c[2]
        assert isinstance(value, ast.Value)
        return ast.Option(_one(ast.Name, c), value, _span(c))

    def summands(self, c: Children) -> ast.Value:
        """A sum of irreps as soon as one term can be nothing else, a sum of tensors, or a lone value."""
        terms = [x for x in c if not isinstance(x, Token)]
        first, literal = terms[0], ast.IrrepTerm | ast.HalfInteger
        if len(terms) == 1 and isinstance(first, ast.Value):
            return first
        if any(isinstance(x, literal | ast.Int) for x in terms):
            for sign in (x for x in c if isinstance(x, Token) and x.type == "MINUS"):
                self.sink.add(errors.irreps_subtracted(sign.span))
            return self._irreps(terms, alternatives=False)
        value, *others = _expressions(terms)
        for sign, term in zip(_all(Token, c), others, strict=True):
            value = ast.Add(value, term, _sign(sign), value.span.to(term.span))
        return value

    def one_of(self, c: Children) -> ast.Irreps:
        return self._irreps([x for x in c if not isinstance(x, Token)], alternatives=True)

    def _irreps(self, terms: Children, alternatives: bool) -> ast.Irreps:
        found: list[ast.Term] = []
        for term in terms:
            match term:
                case ast.IrrepTerm() | ast.HalfInteger():
                    found.append(term)
                case ast.Int(span=span):
                    found.append(ast.IrrepTerm(None, term, "", span))
                case ast.Port(name=name, indices=(), span=span):
                    found.append(ast.IrrepsName(name, span))
                case ast.Call(name=name, arguments=(ast.Int() as l,), options=(), span=span):
                    found.append(ast.IrrepsCall(name, l, span))
                case ast.Call(name=name, arguments=(ast.Port(name=l, indices=()),), options=(), span=span):
                    found.append(ast.IrrepsCall(name, l, span))
                case _:
                    self.sink.add(errors.expression_among_irreps(where(term)))
        return ast.Irreps(tuple(found), alternatives, _span(terms))

    def negative(self, c: Children) -> ast.Int | ast.Number:
        token = _token(c, "INT", "NUMBER")
        if token.type == "INT":
            return ast.Int(-int(token.text), _span(c))
        return ast.Number(-Fraction(token.text), "-" + token.text, _span(c))

    def list_value(self, c: Children) -> ast.ListValue:
        return ast.ListValue(tuple(x for x in c if isinstance(x, ast.Int | ast.Name)), _span(c))

    def range(self, c: Children) -> ast.Range:
        return ast.Range(_int_or_name(c[0]), _int_or_name(c[2]), _span(c))

    def integer(self, c: Children) -> ast.Int:
        return _integer(_token(c, "INT"))

    def number(self, c: Children) -> ast.Number:
        return _number(_token(c, "NUMBER"))

    def string(self, c: Children) -> ast.String:
        token = _token(c, "STRING")
        return ast.String(token.text[1:-1], token.span)

    def name(self, c: Children) -> ast.Name:
        token = _one(Token, c)
        return ast.Name(token.text, token.span)

    # ----------------------------------------------------------- irreps

    def irreps(self, c: Children) -> ast.Irreps:
        return ast.Irreps(tuple(x for x in c if isinstance(x, ast.Term)), _has(c, "VBAR"), _span(c))

    def irrep(self, c: Children) -> ast.IrrepTerm | ast.HalfInteger:
        tokens = _all(Token, c)
        if len(tokens) == 1 and tokens[0].type != "HALF":
            return _term(tokens[0])
        return ast.HalfInteger("".join(t.text for t in tokens), _span(c))

    def bare_l(self, c: Children) -> ast.IrrepTerm | ast.HalfInteger:
        token = _one(Token, c)
        if token.type == "NUMBER":
            return ast.HalfInteger(token.text, token.span)
        return ast.IrrepTerm(None, _integer(token), "", token.span)

    def irreps_name(self, c: Children) -> ast.IrrepsName:
        return ast.IrrepsName(_one(ast.Name, c), _span(c))

    def irreps_call(self, c: Children) -> ast.IrrepsCall:
        return ast.IrrepsCall(_one(ast.Name, c), _int_or_name(c[2]), _span(c))
