"""`differentiate`: the network of the vector-Jacobian product of a network, by reverse mode.

The transpose of each vertex is made of vertices of the same kinds: of a coupling two couplings, each with another leg
bent down, and a closed diagram for the weight (`adjoints.py`); of a gather a sum, of a sum a gather; the slope of a
harmonic is a coupling with the one below. So the result can be differentiated again, as often as one likes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import assert_never

from fusionc.algebra.function import derivative, parity_of
from fusionc.algebra.irrep import Irrep, Irreps, Segment
from fusionc.algebra.surd import ONE, Surd
from fusionc.check.ir import ArgumentKind, LearnedWeight, Slot
from fusionc.diagram.ir import Space
from fusionc.network import ir
from fusionc.network.adjoints import SCALAR, Adjoints, Term
from fusionc.network.ir import Network, NetworkOutput
from fusionc.network.live import only_live


def differentiate(network: Network, wrt: Iterable[str] | None = None) -> Network:
    """The gradient of sum_o <grad_o, o> over the outputs o with respect to the arguments and parameters `wrt`, by
    default to all tensors and parameters.

    The result has the arguments of `network` and after them the cotangents `grad_<output>`, one an output, with its
    irreps and space; its outputs are `<name>_grad`, one for each name of `wrt` in the order of the signature, then of
    the parameters. The cotangent of a table (`NetworkOutput.per`) is one of the `parameters`. Names that are taken get
    a number. Where an output does not depend on an argument the gradient is zero. ValueError for a name that is none
    of a tensor.
    """
    reverse = _Reverse(network, _chosen(network, wrt))
    reverse.seed()
    for n in range(len(network.vertices) - 1, -1, -1):
        reverse.pull(n)
    return reverse.finish()


def _chosen(network: Network, wrt: Iterable[str] | None) -> tuple[str, ...]:
    known = [slot.name for slot in network.signature if slot.irreps is not None]
    known += [weight.name for weight in network.parameters]
    if wrt is None:
        return tuple(known)
    asked = tuple(wrt)
    for name in asked:
        if name not in known:
            raise ValueError(f"{network.name} has no tensor {name} to differentiate with respect to")
    return tuple(name for name in known if name in asked)


@dataclass(slots=True)
class _Slice:
    """A part of the flat channels of a wire's cotangent."""

    start: int
    stop: int
    wire: int


@dataclass(slots=True)
class _Reverse:
    """The cotangent of old vertex n is the sum of `whole[n]`, and of `parts[n]` each at its place.

    Old vertices keep their positions; new ones follow, those of a later block first.
    """

    network: Network
    wrt: tuple[str, ...]
    adjoints: Adjoints = field(init=False)
    active: list[bool] = field(default_factory=list)
    whole: list[list[Term]] = field(init=False)
    parts: list[list[_Slice]] = field(init=False)
    units: dict[int, list[Term]] = field(default_factory=dict)
    found: dict[tuple[str, int], list[Term]] = field(default_factory=dict)
    """Of argument segments, and of parameters as segment 0."""
    _names: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        vertices = self.network.vertices
        self.adjoints = Adjoints(list(vertices), max((v.block for v in vertices), default=0) + 1)
        self.whole = [[] for _ in vertices]
        self.parts = [[] for _ in vertices]
        for vertex in vertices:
            match vertex.op:
                case ir.Entry(name=name) | ir.Parameter(name):
                    self.active.append(name in self.wrt)
                case op:
                    self.active.append(any(self.active[n] for n in ir.operands(op)))
        self._names.update(slot.name for slot in self.network.signature)
        self._names.update(weight.name for weight in self.network.parameters)

    # ------------------------------------------------------------ cotangents

    def seed(self) -> None:
        """The cotangents of the outputs, as arguments, into their wires."""
        signature, parameters = list(self.network.signature), list(self.network.parameters)
        for output in self.network.outputs:
            name = self._fresh(f"grad_{output.name}")
            if output.per is None:
                signature.append(Slot(name, ArgumentKind.TENSOR, output.space, output.irreps))
            else:
                parameters.append(LearnedWeight(name, output.irreps.dim, output.per, True))
            for n, (wire, segment) in enumerate(zip(output.wires, output.irreps, strict=True)):
                if self.active[wire] and segment.dim:
                    op = ir.Entry(name, n) if output.per is None else ir.Parameter(name)
                    like = replace(self.network.vertices[wire], space=output.space, origin=output.name)
                    entry = self.adjoints.first(op, segment.irrep, (segment.mul,), like)
                    self._give(wire, (ONE, entry))
        self.network = replace(self.network, signature=tuple(signature), parameters=tuple(parameters))

    def _fresh(self, name: str) -> str:
        found, number = name, 2
        while found in self._names:
            found, number = f"{name}_{number}", number + 1
        self._names.add(found)
        return found

    def _give(self, n: int, term: Term) -> None:
        """One more term of the cotangent of old vertex n."""
        if self.active[n]:
            factor, wire = term
            self.whole[n].append((factor, self.adjoints.on_space_of(self.network.vertices[n], wire)))

    def _total(self, n: int) -> int | None:
        """The cotangent of old vertex n; None where no output depends on it."""
        vertex, adjoints = self.network.vertices[n], self.adjoints
        terms = self.whole[n] + adjoints.through_unit(n, vertex, self.units.get(n, []))
        if self.parts[n]:
            terms.append((ONE, self._joined(n)))
        return adjoints.sum(vertex, terms) if terms else None

    def _joined(self, n: int) -> int:
        """Cotangents of slices side by side: of each piece of the flat channels the sum, or zeros."""
        vertex, adjoints = self.network.vertices[n], self.adjoints
        ends = {0, prod(vertex.channels)}
        for part in self.parts[n]:
            ends |= {part.start, part.stop}
        cuts = sorted(ends)
        pieces = []
        for start, stop in pairwise(cuts):
            over = [part for part in self.parts[n] if part.start <= start and stop <= part.stop]
            flat = replace(vertex, channels=(stop - start,))
            terms = [(ONE, adjoints.view(vertex, p.wire, start - p.start, (stop - start,))) for p in over]
            pieces.append(adjoints.sum(flat, terms))
        joined = pieces[0]
        if len(pieces) > 1:
            joined = adjoints.put(vertex, ir.Join(tuple(pieces)), vertex.irrep, (cuts[-1],))
        return adjoints.view(vertex, joined, 0, vertex.channels)

    # ------------------------------------------------------------- transposes

    def pull(self, n: int) -> None:
        """From the cotangent of old vertex n to those of its operands."""
        vertex, adjoints = self.network.vertices[n], self.adjoints
        cotangent = self._total(n) if self.active[n] else None
        if cotangent is None:
            return
        match vertex.op:
            case ir.Entry(name, segment):
                self.found.setdefault((name, segment), []).append((ONE, cotangent))
            case ir.Parameter(name):
                self.found.setdefault((name, 0), []).append((ONE, cotangent))
            case ir.View(operand, offset, shape):
                flat = adjoints.view(vertex, cotangent, 0, (prod(shape),))
                wire = adjoints.on_space_of(self.network.vertices[operand], flat)
                if prod(shape):
                    self.parts[operand].append(_Slice(offset, offset + prod(shape), wire))
            case ir.Join(many):
                offset = 0
                for m in many:
                    channels = self.network.vertices[m].channels
                    if self.active[m]:
                        self._give(m, (ONE, adjoints.view(vertex, cotangent, offset, channels)))
                    offset += prod(channels)
            case ir.Pick(operand):
                self._give(operand, (ONE, adjoints.unpicked(vertex, cotangent, operand)))
            case ir.Couple() as op:
                for m, pulled in adjoints.couple(vertex, op, cotangent, self.active):
                    self._give(m, pulled)
            case ir.Mix() as op:
                for m, pulled in adjoints.mix(vertex, op, cotangent, self.active):
                    self._give(m, pulled)
            case ir.Add(terms):
                for factor, m in terms:
                    self._give(m, (factor, cotangent))
            case ir.Move(operand, via, mean):
                below = self.network.vertices[operand]
                summed = ir.Reduce(cotangent, via, mean, Fraction(1))
                self._give(operand, (ONE, adjoints.put_on(vertex, summed, vertex.irrep, vertex.channels, below.space)))
            case ir.Reduce(operand, via, mean, scale):
                below = self.network.vertices[operand]
                moved = ir.Move(cotangent, via, mean)
                wire = adjoints.put_on(vertex, moved, vertex.irrep, vertex.channels, below.space)
                self._give(operand, (Surd.of(scale), wire))
            case ir.Harmonic() as op:
                if op.l and op.normalize:
                    self.units.setdefault(op.operand, []).append(adjoints.harmonic(vertex, op, cotangent))
                elif op.l:
                    self._give(op.operand, adjoints.harmonic(vertex, op, cotangent))
            case ir.Apply() as op:
                self._apply(vertex, op, cotangent)
            case _:
                assert_never(vertex.op)

    def _apply(self, vertex: ir.Vertex, op: ir.Apply, cotangent: int) -> None:
        slope = derivative(op.function, op.order + 1)
        below = self.network.vertices[op.operand]
        if len(slope) == 1 and not slope[0][1]:
            self._give(op.operand, (Surd.of(slope[0][0]), cotangent))
        elif slope:
            p = parity_of(op.function, op.order + 1).image(below.irrep.p)
            assert p is not None
            self._give(op.operand, self.adjoints.apply(vertex, op, Irrep(0, p), below.irrep, cotangent))

    # --------------------------------------------------------------- outputs

    def finish(self) -> Network:
        outputs = []
        for slot in self.network.signature:
            if slot.irreps is not None and slot.name in self.wrt:
                outputs.append(self._output(slot.name, slot.irreps, slot.space, None))
        classes = {slot.name: slot.space for slot in self.network.signature}
        for weight in self.network.parameters:
            if weight.name in self.wrt:
                space = Space.ONCE if weight.per is None else classes[weight.per]
                irreps = Irreps((Segment(weight.numel, SCALAR),))
                outputs.append(self._output(weight.name, irreps, space, weight.per))
        network = replace(
            self.network,
            name=f"{self.network.name}_grad",
            vertices=tuple(self.adjoints.vertices),
            outputs=tuple(outputs),
        )
        return only_live(network)

    def _output(self, name: str, irreps: Irreps, space: Space, per: str | None) -> NetworkOutput:
        wires = []
        for n, segment in enumerate(irreps):
            terms = self.found.get((name, n), [])
            wires.append(self.adjoints.last_sum(terms, segment.irrep, (segment.mul,), space, name))
        return NetworkOutput(self._fresh(f"{name}_grad"), irreps, space, tuple(wires), per)
