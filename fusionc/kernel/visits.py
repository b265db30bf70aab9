"""`visits`: with which end's node the edges of a pass are visited, where sums along both ends, or either, are wanted.

Edges visited with their receiver read what the receiver has once for all of them, and what the sender has for each; and
the other way round. A sum along the other end is then added up in memory, a component read and written an edge. The
alternative is a second pass, which reads all of the edges' own data again. Whichever moves least is taken.
"""

from __future__ import annotations

from fusionc.diagram.ir import Space, Via
from fusionc.kernel import ir
from fusionc.kernel.ir import Load
from fusionc.kernel.trace import Trace

When = tuple[int, Via | None]
"""The number of a pass, and the edges that it visits with a node."""

OWN, FAR = 2, 1
"""What a number costs that an edge has alone, and comes from memory; and one of a node, which a cache may hold."""


def visits(trace: Trace, when: list[When]) -> dict[int, Via]:
    """By the number of a pass, the one way to visit edges, where that is better than a pass for each sum's own way."""
    found: dict[int, Via] = {}
    for number in sorted({w[0] for w in when}):
        sums = {via: _summed(trace, when, number, via) for via in (Via.RECEIVER, Via.SENDER)}
        stored = _stored(trace, when, number)
        wanted = [via for via, many in sums.items() if many]
        if not wanted:
            continue
        apart = sum(_moved(trace, [*sums[via], *(stored if via is wanted[-1] else [])], via) for via in wanted)
        everything = [*sums[Via.RECEIVER], *sums[Via.SENDER], *stored]
        together = {
            via: _moved(trace, everything, via) + 2 * FAR * sum(_width(trace, n) for n in sums[_other(via)])
            for via in (Via.RECEIVER, Via.SENDER)
        }
        best = min(together, key=lambda via: (together[via], via is not Via.RECEIVER))
        if together[best] < apart:
            found[number] = best
    return found


def _other(via: Via) -> Via:
    return Via.SENDER if via is Via.RECEIVER else Via.RECEIVER


def _summed(trace: Trace, when: list[When], number: int, via: Via) -> list[int]:
    """Operands of the sums along `via` of passes with this number."""
    found = []
    for value in trace.values:
        op = value.op
        if isinstance(op, ir.EdgeSum) and op.via is via and when[op.operand][0] == number:
            found.append(op.operand)
    return found


def _stored(trace: Trace, when: list[When], number: int) -> list[int]:
    edges = {n for n, buffer in enumerate(trace.buffers) if buffer.space is Space.EDGE}
    values = [s.value for s in trace.stores if s.segment.buffer in edges]
    return [n for n in dict.fromkeys(values) if n is not None and when[n][0] == number]


def _width(trace: Trace, n: int) -> int:
    return max(trace.values[n].level.lanes, 1)


def _moved(trace: Trace, roots: list[int], via: Via) -> int:
    """What an edge reads for the values `roots` in a pass that visits it with the node at its end `via`."""
    values = trace.values
    seen: set[int] = set()
    rest = list(roots)
    total = 0
    while rest:
        n = rest.pop()
        if n in seen:
            continue
        seen.add(n)
        match values[n].op:
            case Load(via=None):
                total += OWN * _width(trace, n)
            case Load(via=end) | ir.Gather(via=end):
                total += FAR * _width(trace, n) * (end is not via)
            case op:
                rest += ir.operands(op)
    return total
