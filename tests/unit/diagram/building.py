"""Built diagrams of small programs, for the tests of this folder."""

from __future__ import annotations

from fusionc.compiler import build_source
from fusionc.diagnostics import Diagnostic, Sink
from fusionc.diagram import ir as d
from fusionc.diagram.build import build
from fusionc.options import CompileOptions
from fusionc.source import Source
from fusionc.syntax.parse import parse


def built(body: str, options: CompileOptions | None = None, header: str = "") -> d.Diagram:
    text = f"{header}\ndiagram d {{\n{body}\n}}\n"
    return build_source(Source("test.fusion", text), options or CompileOptions()).diagrams[0]


def statement(diagram: d.Diagram, name: str) -> d.Statement:
    return next(statement for statement in diagram.statements if statement.name == name)


def findings(text: str, options: CompileOptions | None = None) -> tuple[Diagnostic, ...]:
    """Errors and warnings of names, indices and shape alone."""
    sink = Sink()
    build(parse(Source("test.fusion", text)), options or CompileOptions(), sink)
    return sink.diagnostics


def codes(text: str, options: CompileOptions | None = None) -> list[str]:
    return [found.code for found in findings(text, options)]


def shape(expr: d.Expr) -> str:
    """An expression as nested words: what is read, gathered and summed, each with its space."""
    space = expr.space.value
    match expr:
        case d.Read():
            return f"{expr.name}@{space}"
        case d.Gather():
            return f"gather[{expr.via.value}]({shape(expr.operand)})@{space}"
        case d.Reduce():
            kind = "mean" if expr.mean else "sum"
            return f"{kind}[{expr.via.value}]({shape(expr.operand)})@{space}"
        case d.Product() | d.Dot():
            return f"({shape(expr.left)} . {shape(expr.right)})@{space}"
        case d.Combine():
            return "(" + " ".join(f"{factor}*{shape(operand)}" for factor, operand in expr.terms) + f")@{space}"
        case d.Ascribe() | d.Linear() | d.Power() | d.Apply() | d.Filter() | d.Segment() | d.Zeros() | d.Harmonics():
            return f"{type(expr).__name__.lower()}({shape(expr.operand)})@{space}"
        case d.Concat() | d.TreeCall():
            return f"{type(expr).__name__.lower()}({', '.join(map(shape, expr.operands))})@{space}"
        case d.Gate():
            return f"gate({shape(expr.scalars)}, {shape(expr.gates)}, {shape(expr.gated)})@{space}"
