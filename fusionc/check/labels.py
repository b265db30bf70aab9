"""Irreps literals to irreps: parity, degree and multiplicity of every term."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fusionc.algebra.irrep import Group, Irrep, Irreps, Segment
from fusionc.check import errors
from fusionc.diagnostics import Sink
from fusionc.diagram.ir import HalfInteger, Labels, Term
from fusionc.options import Limits
from fusionc.source import Span


@dataclass(frozen=True, slots=True)
class Target:
    """What an expression is asked to give: the literal's irreps, each with its place.

    `alternatives`: the labels are meant without multiplicity (each counts one in `irreps`). `width`: any 0e segments
    with this number of channels in all will do, which is what weights are asked for.
    """

    irreps: Irreps
    spans: tuple[Span, ...]
    span: Span
    alternatives: bool = False
    width: bool = False


def resolve(labels: Labels, group: Group, limits: Limits, sink: Sink) -> Target | None:
    """None after an error. An alternative that is written twice counts once."""
    segments = [_segment(term, group, limits, sink) for term in labels.terms]
    found = tuple(segment for segment in segments if segment is not None)
    if len(found) < len(segments):
        return None
    irreps = Irreps(found)
    if irreps.dim > limits.dimension:
        text = f"{irreps.dim} components"
        sink.add(errors.over_limit("the dimension", irreps.dim, limits.dimension, "dimension", labels.span, text))
        return None
    spans = tuple(term.span for term in labels.terms)
    if labels.alternatives:
        places = {segment.irrep: n for n, segment in reversed(tuple(enumerate(found)))}
        first = sorted(places.values())
        irreps, spans = Irreps(tuple(found[n] for n in first)), tuple(spans[n] for n in first)
    return Target(irreps, spans, labels.span, labels.alternatives)


def has_multiplicities(labels: Labels) -> bool:
    """Whether one is written; those of `sh(n)` are none."""
    return any(isinstance(t, Term) and t.mul is not None and t.parity != "natural" for t in labels.terms)


def check_terms(labels: Labels, group: Group, limits: Limits, sink: Sink) -> None:
    """Report what is wrong with the terms by themselves, as any use of them would."""
    for term in labels.terms:
        _segment(term, group, limits, sink)


def resolve_sum(labels: Labels, group: Group, limits: Limits, sink: Sink, where: str) -> Irreps | None:
    """For places where a tensor's irreps are declared: alternatives are an error there."""
    target = resolve(labels, group, limits, sink)
    if target is not None and target.alternatives:
        sink.add(errors.misplaced_alternatives(labels.span, where, target.irreps.text(group)))
        return None
    return None if target is None else target.irreps


def irreps_of_labels(labels: Labels, group: Group, limits: Limits, sink: Sink) -> tuple[Irrep, ...] | None:
    """The labels without their multiplicities, each once, in the order written."""
    target = resolve(labels, group, limits, sink)
    return None if target is None else tuple(dict.fromkeys(segment.irrep for segment in target.irreps))


def _segment(term: Term | HalfInteger, group: Group, limits: Limits, sink: Sink) -> Segment | None:
    name = "SO(3)" if group is Group.SO3 else "O(3)"
    if isinstance(term, HalfInteger):
        help = "for a vector write `1`" if group is Group.SO3 else "for a vector write `1o`; for a pseudovector `1e`"
        sink.add(errors.half_integer(term.text, term.span, name, help))
        return None
    mul = 1 if term.mul is None else term.mul
    bare = f"{term.l}" if term.mul is None else f"{term.mul}x{term.l}"
    if term.l > limits.l:
        sink.add(errors.over_limit("the degree l", term.l, limits.l, "l", term.span))
        return None
    if mul > limits.multiplicity:
        sink.add(errors.over_limit("the multiplicity", mul, limits.multiplicity, "multiplicity", term.span))
        return None
    if group is Group.SO3 and term.parity in ("e", "o", "y"):
        sink.add(errors.parity_under_so3(f"{bare}{term.parity}", term.span, bare))
        return None
    if group is Group.O3 and term.parity == "":
        sink.add(errors.missing_parity(bare, term.span, f"{bare}e", f"{bare}o"))
        return None
    natural = Irrep.natural(term.l, group)
    p = {"e": 1, "o": -1}.get(term.parity, natural.p)
    return Segment(mul, Irrep(term.l, p))


def unique(irreps: Iterable[Irrep], group: Group) -> tuple[str, ...]:
    """Their spellings, each once, sorted as irreps are."""
    return tuple(irrep.text(group) for irrep in sorted(dict.fromkeys(irreps)))
