"""`inlined`: a sum that only one other sum reads becomes terms of that, so that each term is one multiply-add."""

from __future__ import annotations

from dataclasses import replace

from fusionc.algebra.surd import ONE, Surd
from fusionc.kernel import ir
from fusionc.kernel.ir import Pass, Store, Sum, Term, Value


def inlined(pass_: Pass) -> Pass:
    """The pass with fewer values. Sums with another coefficient than 1 and -1 stay: it would be multiplied often."""
    uses = _uses(pass_)
    values: list[Value] = []
    for value in pass_.values:
        if isinstance(value.op, Sum) and value.level.lanes:
            terms = tuple(t for term in value.op.terms for t in _terms(values, uses, term, value))
            value = replace(value, op=Sum(terms))
        values.append(value)
    live, stores = only_live(tuple(values), pass_.stores)
    return replace(pass_, values=live, stores=stores)


def _terms(values: list[Value], uses: list[int], term: Term, reader: Value) -> tuple[Term, ...]:
    inner = values[term.a]
    if term.b is not None or abs(term.coefficient) != ONE or uses[term.a] != 1 or inner.level != reader.level:
        return (term,)
    if not isinstance(inner.op, Sum):
        return (term,)
    sign = Surd.of(term.coefficient.sign)
    return tuple(Term(t.coefficient * sign, t.a, t.b) for t in inner.op.terms)


def _uses(pass_: Pass) -> list[int]:
    uses = [0] * len(pass_.values)
    for value in pass_.values:
        for n in ir.operands(value.op):
            uses[n] += 1
    for store in pass_.stores:
        if store.value is not None:
            uses[store.value] += 1
    return uses


def only_live(values: tuple[Value, ...], stores: tuple[Store, ...]) -> tuple[tuple[Value, ...], tuple[Store, ...]]:
    """Without the values that no store needs."""
    live = [False] * len(values)
    for store in stores:
        if store.value is not None:
            live[store.value] = True
    for n in range(len(live) - 1, -1, -1):
        if live[n]:
            for m in ir.operands(values[n].op):
                live[m] = True
    places: dict[int, int] = {}
    for n, kept in enumerate(live):
        if kept:
            places[n] = len(places)
    rest = tuple(
        replace(v, op=ir.renumbered(v.op, places.__getitem__)) for v, kept in zip(values, live, strict=True) if kept
    )
    return rest, tuple(s if s.value is None else replace(s, value=places[s.value]) for s in stores)
