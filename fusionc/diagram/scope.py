"""Integer parameters and named irreps, and the irreps literals that use them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fusionc.diagnostics import Sink
from fusionc.diagram import errors
from fusionc.diagram.ir import HalfInteger, Labels, Term
from fusionc.options import Limits
from fusionc.source import Span
from fusionc.syntax import ast

_TERM = re.compile(r"(?:(?P<mul>[0-9]+)x)?(?P<l>[0-9]+)(?P<p>[eoy]?)")
_HALF = re.compile(r"(?:[0-9]+x)?(?:[0-9]+/2|[0-9]*\.5)[eoy]?")


@dataclass(slots=True)
class Scope:
    """What is defined so far, outermost first; a diagram works on a copy of the file's."""

    sink: Sink
    limits: Limits
    overrides: dict[str, int]
    integers: dict[str, tuple[int | None, Span]] = field(default_factory=dict)
    """None: defined, but wrongly; its uses are not reported again."""
    irreps: dict[str, tuple[Labels | None, Span]] = field(default_factory=dict)
    named: list[Labels] = field(default_factory=list)
    """All irreps that were given a name in the whole file, used or not."""
    trees: Mapping[str, Span] = field(default_factory=dict)
    """All trees of the whole file, above and below."""

    def inner(self) -> Scope:
        integers, irreps = dict(self.integers), dict(self.irreps)
        return Scope(self.sink, self.limits, self.overrides, integers, irreps, self.named, self.trees)

    def no_function(self, name: ast.Name, candidates: Iterable[str]) -> None:
        """Report a call of something that is not defined above."""
        below = self.trees.get(name.text)
        if below is not None:
            self.sink.add(errors.used_before_definition(name.text, name.span, below))
        else:
            self.sink.add(errors.unknown_function(name.text, name.span, candidates))

    def define_integer(self, declaration: ast.Param) -> None:
        name = declaration.name
        if name.text in self.integers:
            self.sink.add(errors.duplicate_name(name.text, name.span, self.integers[name.text][1], "parameter"))
            return
        value = self.overrides.get(name.text, declaration.value.value)
        self.integers[name.text] = (value, name.span)

    def define_irreps(self, declaration: ast.IrrepsDecl) -> None:
        name = declaration.name
        if name.text in self.irreps:
            self.sink.add(errors.duplicate_name(name.text, name.span, self.irreps[name.text][1], "irreps name"))
            return
        labels = self.labels(declaration.irreps)
        self.irreps[name.text] = (labels, name.span)
        self.named.extend(() if labels is None else (labels,))

    def integer(self, value: ast.Int | ast.Name) -> int | None:
        match value:
            case ast.Int():
                return value.value
            case ast.Name():
                if value.text not in self.integers:
                    self.sink.add(errors.unknown_parameter(value.text, value.span, self.integers))
                    return None
                return self.integers[value.text][0]

    def labels(self, literal: ast.Irreps) -> Labels | None:
        """The literal with names, parameters and `sh(n)` replaced; None after an error."""
        parts = [self._term(term) for term in literal.terms]
        terms: list[Term | HalfInteger] = []
        alternatives = literal.alternatives
        for part in parts:
            if part is None:
                return None
            terms.extend(part.terms)
            alternatives = alternatives or part.alternatives
        if len(terms) > self.limits.terms:
            text = f"{len(terms)} terms"
            self.sink.add(
                errors.over_limit("the number of terms", len(terms), self.limits.terms, "terms", literal.span, text)
            )
            return None
        return Labels(tuple(terms), alternatives, literal.span)

    def _term(self, term: ast.Term) -> Labels | None:
        match term:
            case ast.IrrepTerm():
                mul = None if term.mul is None else self.integer(term.mul)
                if term.mul is not None and mul is None:
                    return None
                if mul is not None and mul < 0:  # only an override can be negative
                    self.sink.add(errors.bad_option_value("-D", term.span, "a multiplicity of 0 or more"))
                    return None
                return Labels((Term(mul, term.l.value, term.parity, term.span),))
            case ast.HalfInteger():
                return Labels((HalfInteger(term.text, term.span),))
            case ast.IrrepsName():
                name = term.name
                if name.text not in self.irreps:
                    self.sink.add(errors.unknown_irreps(name.text, name.span, self.irreps))
                    return None
                return self.irreps[name.text][0]
            case ast.IrrepsCall():
                return self._harmonics(term)

    def _harmonics(self, term: ast.IrrepsCall) -> Labels | None:
        lmax = self.integer(term.argument)
        if term.name.text != "sh":
            self.sink.add(errors.unknown_irreps(term.name.text, term.name.span, ("sh",)))
            return None
        if lmax is None:
            return None
        if not 0 <= lmax <= self.limits.l:
            self.sink.add(errors.over_limit("the degree l", lmax, self.limits.l, "l", term.span))
            return None
        return Labels(tuple(Term(1, l, "natural", term.span) for l in range(lmax + 1)))

    def labels_of_text(self, function: str, text: ast.String) -> Labels | None:
        """The labels of a string such as `"0e+1o"`, with each term's place inside the string."""
        terms: list[Term | HalfInteger] = []
        offset = text.span.start + 1  # the opening quote
        for part in text.value.split("+"):
            word = part.strip()
            start = offset + len(part) - len(part.lstrip())
            span = Span(start, start + len(word))
            offset += len(part) + 1
            found = _TERM.fullmatch(word)
            digits = max((len(run) for run in re.findall("[0-9]+", word)), default=0)
            if digits > self.limits.digits:
                self.sink.add(errors.over_limit("the number of digits", digits, self.limits.digits, "digits", span))
                return None
            if found is not None:
                mul = None if found["mul"] is None else int(found["mul"])
                terms.append(Term(mul, int(found["l"]), found["p"], span))
            elif _HALF.fullmatch(word) is not None:
                terms.append(HalfInteger(word, span))
            else:
                self.sink.add(errors.bad_option_value(function, text.span, 'labels such as `"0e+1o"`'))
                return None
        return Labels(tuple(terms), False, text.span)
