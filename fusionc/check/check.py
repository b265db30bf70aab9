"""`Program -> CheckedProgram`: every value gets its irreps, every coupling its paths. Reports F2xx and goes on."""

from __future__ import annotations

from collections.abc import Mapping

from fusionc.check import ir as k
from fusionc.check.evaluate import Evaluator
from fusionc.check.identities import IdentityChecker
from fusionc.check.labels import check_terms, resolve_sum
from fusionc.check.signature import learned_weights, signature_of
from fusionc.check.trees import CheckedTree, TreeChecker
from fusionc.check.values import Values
from fusionc.diagnostics import Sink
from fusionc.diagram import ir as d
from fusionc.options import CompileOptions


def check(program: d.Program, options: CompileOptions, sink: Sink) -> k.CheckedProgram:
    """Errors go to `sink`; the result is of use only when there are none."""
    for labels in program.named:
        check_terms(labels, program.group, options.limits, sink)
    checker = TreeChecker(program.group, options.limits, sink)
    checked = [checker.check(tree) for tree in program.trees]
    trees = {tree.name: tree for tree in checked if tree is not None}
    diagrams = tuple(_diagram(diagram, program, trees, options, sink) for diagram in program.diagrams)
    prover = IdentityChecker(trees, program.group, options.limits, sink)
    identities = [prover.check(line) for line in program.checks]
    proved = tuple(identity for identity in identities if identity is not None)
    return k.CheckedProgram(program.group, tuple(trees.values()), diagrams, proved)


def _diagram(
    diagram: d.Diagram, program: d.Program, trees: Mapping[str, CheckedTree], options: CompileOptions, sink: Sink
) -> k.CheckedDiagram:
    values = Values(diagram, program.group, options, sink)
    for item in diagram.inputs:
        irreps = resolve_sum(item.labels, program.group, options.limits, sink, "an input's irreps")
        values.declared[item.name] = item.labels.span
        if irreps is not None:
            values.names[item.name] = values.emit(k.Argument(item.name), irreps, item.space, item.span, item.name)
    for weight in diagram.weights:
        values.declare_weight(weight)
    evaluator = Evaluator(values, trees)
    for statement in diagram.statements:
        values.statement = statement.name
        value = evaluator.evaluate(statement.value, None)
        values.names[statement.name] = value
        values.declared[statement.name] = statement.span
        if value is not None:
            values.name(value, statement.name)
    outputs = tuple(
        k.CheckedOutput(output.name, value)
        for output in diagram.outputs
        if (value := values.names.get(output.name)) is not None
    )
    return k.CheckedDiagram(
        diagram.name,
        program.group,
        options.convention,
        diagram.indices,
        signature_of(values),
        learned_weights(values),
        tuple(values.found),
        outputs,
        diagram.span,
    )
