"""What a pass evaluates together: lane values that share operands, as many at once as there are registers for results.

A group's results are either sums over edges and stores, for which the loop over blocks of channels is outermost and
accumulators stay in registers while edges pass by; or sums over lanes, for which the loop over edges is outermost.
"""

from __future__ import annotations

from dataclasses import dataclass

from fusionc.diagram.ir import Space
from fusionc.kernel import ir
from fusionc.kernel.ir import Pass

ACCUMULATORS = 20
"""Results of a group: with operands beside them, what 32 vector registers hold."""


@dataclass(frozen=True, slots=True)
class Group:
    """`results`: the values that are accumulated or stored; `values`: all lane values that they take, in order."""

    results: tuple[int, ...]
    values: tuple[int, ...]


def phases(pass_: Pass) -> tuple[int, ...]:
    """For each value, how many sums over lanes it waits for, one after the other, on its own level of rows."""
    found: list[int] = []
    for value in pass_.values:
        below = [found[m] for m in ir.operands(value.op) if pass_.values[m].level.space is value.level.space]
        found.append(max(below, default=0) + isinstance(value.op, ir.LaneSum))
    return tuple(found)


def slice_of(pass_: Pass, roots: tuple[int, ...], space: Space) -> tuple[int, ...]:
    """Lane values of rows of the space that the roots are computed from, themselves included."""
    found: set[int] = set()
    rest = list(roots)
    while rest:
        n = rest.pop()
        value = pass_.values[n]
        if n in found or not value.level.lanes or value.level.space is not space:
            continue
        found.add(n)
        if not isinstance(value.op, ir.EdgeSum):
            rest += ir.operands(value.op)
    return tuple(sorted(found))


def groups(pass_: Pass, results: tuple[int, ...], space: Space, most: int = ACCUMULATORS) -> tuple[Group, ...]:
    """The results, split so that what two of them share is mostly in one group: each takes what fits it best."""
    slices = {n: frozenset(slice_of(pass_, (n,), space)) for n in results}
    rest = list(results)
    found: list[Group] = []
    while rest:
        taken = [rest.pop(0)]
        have = set(slices[taken[0]])
        while rest and len(taken) < most:
            best = max(rest, key=lambda n: (len(slices[n] & have) - len(slices[n] - have), -n))
            if not slices[best] & have:
                break
            rest.remove(best)
            taken.append(best)
            have |= slices[best]
        members = tuple(sorted(taken))
        found.append(Group(members, tuple(sorted(have))))
    return tuple(found)
