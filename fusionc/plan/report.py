"""The plan as it is shown: JSON with the schema `fusionc-plan/1`, its hash, and text (`table.py`)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from fusionc.algebra.clebsch import coupling
from fusionc.check.ir import ArgumentKind, CheckedDiagram, CheckedProgram, LearnedWeight, Slot
from fusionc.network import ir
from fusionc.network.ir import Network
from fusionc.network.model import Model
from fusionc.plan.ir import Cost, Plan, Step, Total
from fusionc.plan.paths import PathEntry, Place, Vertex, paths_of, vertex_text

SCHEMA = "fusionc-plan/1"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PlanReport:
    """The plans of a file's diagrams, in the order of the file. `value_bytes`: 4 in float32, 8 in float64."""

    program: CheckedProgram
    plans: tuple[Plan, ...]
    value_bytes: int = 4

    def pairs(self) -> tuple[tuple[CheckedDiagram, Plan], ...]:
        """Each plan with the checked diagram that it is made of."""
        checked = {diagram.name: diagram for diagram in self.program.diagrams}
        return tuple((checked[plan.network.name], plan) for plan in self.plans)

    def to_dict(self) -> Json:
        """`schema`, `group`, `identities` and one entry of `diagrams` each; only strings, integers, lists and dicts."""
        return {
            "schema": SCHEMA,
            "group": self.program.group.value,
            "identities": [identity.text for identity in self.program.identities],
            "diagrams": [diagram_json(diagram, plan, self.value_bytes) for diagram, plan in self.pairs()],
        }

    def to_json(self) -> str:
        """Indented JSON, with coefficients one a line."""
        return _indented(self.to_dict()) + "\n"

    def to_text(self) -> str:
        """Tables for a terminal of 120 columns."""
        from fusionc.plan.table import text_of

        return text_of(self)

    @property
    def sha256(self) -> str:
        """Of the canonical JSON: sorted keys, no spaces. The `PLAN_SHA256` of a generated module."""
        canonical = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def diagram_json(diagram: CheckedDiagram, plan: Plan, value_bytes: int) -> Json:
    """One diagram. `paths[n].coefficients` lists the keys of `coefficients`, where each coupling stands once."""
    paths = paths_of(diagram)
    return {
        "name": diagram.name,
        "convention": diagram.convention,
        "inputs": [_input(diagram, slot) for slot in diagram.signature],
        "outputs": [_output(diagram, output.name, output.value) for output in diagram.outputs],
        "weights": _weights(diagram, paths),
        "paths": [_path(diagram, n, path) for n, path in enumerate(paths)],
        "coefficients": coefficients(diagram, paths),
        "rewrites": [
            {"name": r.name, "vertices_removed": r.removed, "before": r.before, "after": r.after} for r in plan.rewrites
        ],
        "steps": [_step(plan, n, step, value_bytes) for n, step in enumerate(plan.steps)],
        "bounds": [{"name": b.name, "what": b.what, "limit": b.limit} for b in plan.bounds],
        "model": plan.model.target.value,
        "degree": plan.model.degree,
        "cost": {
            "naive": _total(plan.naive, plan.model, value_bytes),
            "planned": _total(plan.planned, plan.model, value_bytes),
        },
    }


# ------------------------------------------------------- what goes in and out


def _input(diagram: CheckedDiagram, slot: Slot) -> Json:
    irreps = None if slot.irreps is None else slot.irreps.text(diagram.group)
    return {"name": slot.name, "kind": slot.kind.value, "space": slot.space.value, "irreps": irreps}


def _output(diagram: CheckedDiagram, name: str, value: int) -> Json:
    found = diagram.values[value]
    return {"name": name, "space": found.space.value, "irreps": found.irreps.text(diagram.group)}


def _weights(diagram: CheckedDiagram, paths: tuple[PathEntry, ...]) -> list[Json]:
    """Learned weights, then those given at call time, then computed ones; each with the slices that paths take."""
    shapes: dict[str, tuple[str, list[Any]]] = {}
    for weight in diagram.parameters:
        shapes[weight.name] = ("learned", _learned_shape(weight))
    for slot in diagram.signature:
        if slot.kind is ArgumentKind.WEIGHT and slot.irreps is not None:
            shapes[slot.name] = ("given", [slot.space.value, slot.irreps.dim])
    slices: dict[str, list[Json]] = {name: [] for name in shapes}
    ends: dict[str, int] = {}
    for n, path in enumerate(paths):
        if path.slice is not None:
            offset, shape = path.slice.offset, path.slice.shape
            entry = {"path": n, "label": path.label, "offset": offset, "shape": list(shape)}
            slices.setdefault(path.weights, []).append(entry)
            ends[path.weights] = max(ends.get(path.weights, 0), offset + prod(shape))
    computed = {name: ("computed", [end]) for name, end in ends.items() if name not in shapes}
    return [
        {"name": name, "kind": kind, "shape": shape, "slices": slices[name]}
        for name, (kind, shape) in (shapes | computed).items()
    ]


def _learned_shape(weight: LearnedWeight) -> list[Any]:
    return [weight.numel] if weight.per is None else [f"num_{weight.per}", weight.numel]


# -------------------------------------------------------------------- paths


def _path(diagram: CheckedDiagram, number: int, path: PathEntry) -> Json:
    """Two leaves are `left` and `right`; trees and powers list all their `leaves`."""
    found: Json = {
        "path": number,
        "statement": path.statement,
        "kind": path.kind,
        "mode": path.mode,
        "label": path.label,
    }
    if path.kind in ("product", "dot"):
        found |= {"left": _place(path.leaves[0]), "right": _place(path.leaves[1])}
    else:
        found["leaves"] = [_place(leaf) for leaf in path.leaves]
    found["out"] = _place(path.out)
    found["coefficients"] = [vertex_text(v, diagram.group) for v in path.vertices]
    found["normalization"] = {
        "factor": str(path.factor),
        "vertices": [f"sqrt({v.out.dim})" if v.out.l else "1" for v in path.vertices if path.kind in ("tree", "power")],
    }
    weight = path.slice
    found["weight"] = weight and {"name": path.weights, "offset": weight.offset, "shape": list(weight.shape)}
    return found


def _place(place: Place) -> Json:
    return {"value": place.operand, "segment": place.segment, "irreps": place.irreps}


def coefficients(diagram: CheckedDiagram, paths: tuple[PathEntry, ...]) -> dict[str, list[list[Any]]]:
    """For each coupling of labels that a path has, the non-zeros of its 3j tensor: `[i, j, k, "-sqrt(1/6)"]`."""
    vertices: dict[str, Vertex] = {}
    for path in paths:
        for vertex in path.vertices:
            vertices.setdefault(vertex_text(vertex, diagram.group), vertex)
    return {label: entries(diagram.convention, vertices[label]) for label in sorted(vertices)}


def entries(convention: str, vertex: Vertex) -> list[list[Any]]:
    """Non-zeros of w3j, exact, by component of left, right and out."""
    found = coupling(vertex.left.l, vertex.right.l, vertex.out.l, convention)
    return [[e.i, e.j, e.k, str(e.value)] for e in found]


# -------------------------------------------------------------------- steps


def _step(plan: Plan, number: int, step: Step, value_bytes: int) -> Json:
    return {
        "step": number,
        "kind": step.kind.value,
        "statements": statements_of(plan.network, step),
        "operands": operands_of(plan, step),
        "labels": labels_of(plan.network, step),
        "first": step.first.value,
        "space": step.space.value,
        "vertices": len(step.vertices),
        "cost": cost_json(step.cost, value_bytes),
    }


def cost_json(cost: Cost, value_bytes: int) -> Json:
    """An element of the step's space."""
    return {
        "multiply_adds": cost.multiply_adds,
        "multiply_adds_per_channel": cost.per_channel,
        "bytes": (cost.read + cost.written) * value_bytes,
    }


def statements_of(network: Network, step: Step) -> list[str]:
    """The user's statements that the step serves, in order of appearance."""
    return list(dict.fromkeys(network.vertices[n].origin for n in step.vertices))


def operands_of(plan: Plan, step: Step) -> list[str]:
    """What the step reads: arguments and weights by name, results of earlier steps as `#3`."""
    made = {n: number for number, earlier in enumerate(plan.steps) for n in earlier.vertices}
    found: dict[str, None] = {}
    for vertex in step.vertices:
        for operand in ir.operands(plan.network.vertices[vertex].op):
            for name in _sources(plan.network, made, operand):
                found.setdefault(name)
    return list(found)


def _sources(network: Network, made: dict[int, int], n: int) -> list[str]:
    if n in made:
        return [f"#{made[n]}"]
    match network.vertices[n].op:
        case ir.Entry(name=name) | ir.Parameter(name):
            return [name]
        case op:
            return [name for operand in ir.operands(op) for name in _sources(network, made, operand)]


def labels_of(network: Network, step: Step) -> list[str]:
    """The couplings of the step, or the irreps that it makes where it couples nothing; each once."""
    found: dict[str, None] = {}
    for n in step.vertices:
        vertex = network.vertices[n]
        if isinstance(vertex.op, ir.Couple):
            left, right = network.vertices[vertex.op.left].irrep, network.vertices[vertex.op.right].irrep
            found.setdefault(vertex_text(Vertex(left, right, vertex.irrep), network.group))
        else:
            found.setdefault(vertex.irrep.text(network.group))
    return list(found)


# --------------------------------------------------------------------- cost


def _total(total: Total, model: Model, value_bytes: int) -> Json:
    """Sums over spaces are a node's, an edge counted `degree` times; what is once a call is left out of them."""
    per_space = {c.space.value: cost_json(c.cost, value_bytes) for c in total.spaces}
    return {
        "multiply_adds_per_channel": {c.space.value: c.cost.per_channel for c in total.spaces},
        "multiply_adds": _weighed(total, model, lambda c: c.multiply_adds),
        "bytes": _weighed(total, model, lambda c: c.read + c.written) * value_bytes,
        "peak_temporary_bytes": total.peak_temporary * value_bytes,
        "spaces": per_space,
    }


def _weighed(total: Total, model: Model, measure: Callable[[Cost], int]) -> int:
    return sum(measure(c.cost) * model.times(c.space) for c in total.spaces)


def _indented(value: Any, depth: int = 0) -> str:
    """JSON, two spaces a level; what fits on a line of 120 characters stays on it."""
    flat = json.dumps(value, ensure_ascii=True)
    if len(flat) + 2 * depth <= 110 or not isinstance(value, dict | list) or not value:
        return flat
    pad, close = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        inner = [f"{pad}{json.dumps(key)}: {_indented(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner) + f"\n{close}}}"
    return "[\n" + ",\n".join(f"{pad}{_indented(item, depth + 1)}" for item in value) + f"\n{close}]"
