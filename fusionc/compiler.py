"""The stages in order. Read this page first.

    text --parse--> File --build--> Program --check--> CheckedProgram
         and for each diagram: --expand--> Network --REWRITES--> Network --order--> Plan --emit--> a module's text

`parse` raises on syntax errors; `build` and `check` collect in one sink, so that a run reports all kinds of errors.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from fusionc import __version__
from fusionc.check.check import check
from fusionc.check.ir import CheckedDiagram, CheckedProgram
from fusionc.diagnostics import CompileError, Diagnostic, Sink
from fusionc.diagram.build import build
from fusionc.diagram.ir import Program
from fusionc.network.expand import expand
from fusionc.network.model import TORCH, Model, Search, Target
from fusionc.options import CompileOptions
from fusionc.plan.errors import module_too_large
from fusionc.plan.ir import Plan
from fusionc.plan.order import order
from fusionc.plan.report import PlanReport
from fusionc.rewrite.apply import apply
from fusionc.rewrite.drop_dead import drop_dead
from fusionc.source import Source
from fusionc.syntax.parse import parse


@dataclass(frozen=True, slots=True)
class Checked:
    program: CheckedProgram
    warnings: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    checked: Checked
    plans: tuple[Plan, ...]
    report: PlanReport


@dataclass(frozen=True, slots=True)
class Compiled:
    planned: Planned
    text: str


def build_source(source: Source, options: CompileOptions) -> Program:
    """Raises CompileError with everything that is wrong with the source up to here."""
    sink = Sink()
    program = build(parse(source, options.limits), options, sink)
    sink.raise_errors(source)
    return program


def check_source(source: Source, options: CompileOptions | None = None) -> Checked:
    """Raises CompileError with everything that is wrong with the source."""
    options = options or CompileOptions()
    sink = Sink()
    program = check(build(parse(source, options.limits), options, sink), options, sink)
    sink.raise_errors(source)
    return Checked(program, sink.diagnostics)


def plan_diagram(diagram: CheckedDiagram, model: Model = TORCH) -> Plan:
    search = Search(model)
    naive = drop_dead(expand(diagram))
    network, log = apply(naive, search)
    return order(network, naive, model, log, tuple(search.bounds))


def plan_source(source: Source, options: CompileOptions | None = None) -> Planned:
    """Plans of all diagrams, or of `options.entry`. Raises CompileError."""
    options = options or CompileOptions()
    checked = check_source(source, options)
    model = Model(Target(options.target), options.degree)
    plans = tuple(plan_diagram(d, model) for d in checked.program.diagrams if options.entry in (None, d.name))
    return Planned(checked, plans, PlanReport(checked.program, plans, 8 if options.dtype == "float64" else 4))


def compile_source(source: Source, options: CompileOptions | None = None) -> Compiled:
    """One Python module with a class for each plan. Raises CompileError."""
    from fusionc import backends  # half of the start-up, which checking and planning do without

    options = options or CompileOptions()
    planned = plan_source(source, options)
    sha = hashlib.sha256(source.text.encode()).hexdigest()
    header = backends.Header(backends.safe_name(source.name), sha, planned.report.sha256, __version__)
    text = backends.emit(planned.plans, options, header)
    if len(text) > options.limits.emitted_bytes:
        raise CompileError(source, [module_too_large(len(text), options.limits.emitted_bytes)])
    return Compiled(planned, text)
