"""`with` clauses: how far the options of a statement reach into its expression.

`mode`, `norm` and `path_norm` reach every coupling inside; `weights`, `bias`, `keep`, `lmax`, `l`, and the options of
`gate` and `sh`, only the outermost coupling; `scale` only the outermost sum. An inner clause wins over an outer one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from fusionc.diagnostics import Sink
from fusionc.diagram import errors
from fusionc.source import Span
from fusionc.syntax import ast

NEEDS = {
    "mode": "there is no product here",
    "norm": "there is no product here",
    "path_norm": "there is no product, linear, sympow or tree here",
    "weights": "there is no outermost product, linear, sympow or tree here",
    "bias": "there is no outermost linear here",
    "keep": "there is no outermost product or sympow here",
    "lmax": "there is no outermost product or sympow here",
    "l": "there is no outermost product or sympow here",
    "scale": "there is no sum or mean here",
    "normalize": "there is no outermost sh here",
    "act": "there is no outermost gate here",
    "odd": "there is no outermost gate here",
    "gate": "there is no outermost gate here",
}
"""Every option, and what to say when it reaches nothing."""

EXCLUSIVE = ("weights", "bias")
"""Options that may reach one coupling only: their value has the width of its paths."""


@dataclass(slots=True)
class Clause:
    """The options of one `with`, or of one call, and the couplings that each has reached."""

    options: dict[str, ast.Option]
    where: str = ""
    """For a call, its name: what is said of options without effect."""
    reached: dict[str, list[Span]] = field(default_factory=dict)
    overruled: list[str] = field(default_factory=list)
    """Options that would have reached a coupling which has one of its own from an inner clause."""

    def take(self, key: str, span: Span) -> ast.Option | None:
        option = self.options.get(key)
        if option is not None:
            self.reached.setdefault(key, []).append(span)
        return option

    def report(self, sink: Sink) -> None:
        """To be called when all of the expression has been built."""
        for key, option in self.options.items():
            places = self.reached.get(key, [])
            if not places:
                why = "an inner `with` says otherwise" if key in self.overruled else NEEDS[key]
                sink.add(errors.option_without_effect(key, option.span, why))
            elif len(places) > 1 and key in EXCLUSIVE:
                sink.add(errors.ambiguous_weights(key, option.span, tuple(places)))


@dataclass(frozen=True, slots=True)
class Reach:
    """The clauses that act at a place of the expression, innermost first."""

    everywhere: tuple[Clause, ...] = ()
    outermost: tuple[Clause, ...] = ()
    sums: tuple[Clause, ...] = ()

    def within(self, clause: Clause) -> Reach:
        return Reach((clause, *self.everywhere), (clause, *self.outermost), (clause, *self.sums))

    def below_coupling(self) -> Reach:
        return replace(self, outermost=())

    def below_sum(self) -> Reach:
        return replace(self, sums=())

    def inherited(self, key: str, span: Span) -> ast.Option | None:
        return _take(self.everywhere, key, span)

    def direct(self, key: str, span: Span) -> ast.Option | None:
        return _take(self.outermost, key, span)

    def of_sum(self, key: str, span: Span) -> ast.Option | None:
        return _take(self.sums, key, span)


def _take(clauses: tuple[Clause, ...], key: str, span: Span) -> ast.Option | None:
    for n, clause in enumerate(clauses):
        option = clause.take(key, span)
        if option is not None:
            for outer in clauses[n + 1 :]:
                outer.overruled.append(key)
            return option
    return None


def clause_of(options: tuple[ast.Option, ...], known: Iterable[str], where: str, sink: Sink) -> Clause:
    """The options by key; unknown ones and repetitions are reported and left out."""
    allowed = tuple(known)
    found: dict[str, ast.Option] = {}
    for option in options:
        key = option.key.text
        if key not in allowed:
            sink.add(errors.unknown_option(key, option.key.span, where, allowed))
        elif key in found:
            sink.add(errors.option_twice(key, option.span, found[key].span))
        else:
            found[key] = option
    return Clause(found, where)
