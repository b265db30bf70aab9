"""Modules whose kernels are native: the Python that PyTorch's backend would print, but for operators, and their C++."""

from __future__ import annotations

from dataclasses import dataclass

from fusionc.backends.cpp.chains import ORDERS, SIZE_NAMES, Chain, torch_parts
from fusionc.backends.cpp.declare import SUPPORT, functions_of, write_declarations
from fusionc.backends.cpp.operators import Operator, Part, chain_of, operators
from fusionc.backends.cpp.parts import TorchFunction, torch_function, write_function
from fusionc.backends.cpp.units import units
from fusionc.backends.interface import Emitted, Header
from fusionc.backends.naming import Names, class_name
from fusionc.backends.pytorch import emit as pytorch
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.audit import Allowed, audit
from fusionc.backends.pytorch.expressions import text_of
from fusionc.backends.pytorch.forward import write_checks, write_docstring, write_long
from fusionc.backends.pytorch.program import Program, Result
from fusionc.backends.pytorch.signature import LOCAL_NAMES, Signature, signature_of
from fusionc.backends.pytorch.supplied import supplied
from fusionc.backends.writer import Writer
from fusionc.check.ir import ArgumentKind
from fusionc.diagram.ir import Space
from fusionc.options import CompileOptions
from fusionc.plan.ir import Plan

ALLOWED = Allowed(
    functions=frozenset({"Path", "hasattr", "ImportError", "setattr", *SUPPORT, "_pulled"}),
    torch=frozenset({"ops.load_library", "library.register_fake", "library.register_autograd", "enable_grad",
                     "autograd.grad"}),
    methods=frozenset({"with_name", "is_file", "save_for_backward", "view_as", "pop"}),
    modules=frozenset({"pathlib", "typing"}),
    nodes=("With", "withitem"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """A class: `program` is the shell of its diagram, with the constants of all parts."""

    name: str
    program: Program
    signature: Signature
    parts: tuple[Part, ...]
    functions: dict[str, TorchFunction]


def emit(plans: tuple[Plan, ...], options: CompileOptions, header: Header) -> Emitted:
    """As `fusionc.backends.emit`; a module without anything for kernels is PyTorch's alone."""
    names, classes = Names(), Names()
    chains = tuple(chain_of(plan.network, names) for plan in plans)
    native = tuple(o for parts in chains for o in operators(parts))
    if not native:
        return pytorch.emit(plans, options, header)
    found = [_unit(plan, parts, options.layout, classes) for plan, parts in zip(plans, chains, strict=True)]
    dtypes = ("float32", "float64") if options.dtype is None else (options.dtype,)
    namespace, texts = units(header.stem, native, options.layout, dtypes, header)
    text = _text(found, native, options, header, f"{namespace} lib{header.stem}.so")
    audit(text, ALLOWED)
    return Emitted(text, header.stem, namespace, texts)


def _unit(plan: Plan, parts: tuple[Part, ...], layout: str, classes: Names) -> Unit:
    signature = signature_of(plan, Names())
    taken = [*signature.names.values(), *SIZE_NAMES, *ORDERS, *LOCAL_NAMES]
    made: dict[str, TorchFunction] = {}
    constants: list[program.Constant] = []
    pairs: list[program.Pairs] = []
    for number, part in enumerate(torch_parts(parts)):
        function = torch_function(f"_stage_{number}", part.network, layout, taken)
        made[part.name] = function
        constants += function.program.constants
        pairs += function.program.pairs
        taken += [*(c.name for c in function.program.constants), *(p.name for p in function.program.pairs)]
    results = tuple(
        Result(signature.names[o.name], o, program.Name(o.name), o.name, program.Name(o.name))
        for o in plan.network.outputs
    )
    shell = Program(
        plan.network.name, plan, layout, signature.arguments, signature.weights, tuple(constants), tuple(pairs), None,
        (), (), results,
    )  # fmt: skip
    return Unit(classes.keep(class_name(plan.network.name)), shell, signature, parts, made)


def _text(
    found: list[Unit], native: tuple[Operator, ...], options: CompileOptions, header: Header, library: str
) -> str:
    writer = Writer()
    imports = ("from collections.abc import Callable", "from pathlib import Path", "from typing import Any")
    pytorch.write_head(writer, options, header, imports)
    functions = functions_of(native, options.layout)
    programs = [f.program for unit in found for f in unit.functions.values()]
    programs += [f.program for f in functions.values()]
    called = pytorch.functions(tuple(programs))
    called += [] if "_expect" in called else ["_expect"]
    for text in (*supplied(called), *supplied([*SUPPORT, "_pulled"], "cpp")):
        writer.line()
        writer.line()
        for line in text.splitlines():
            writer.line(line)
    write_declarations(writer, native, functions, library, f"fusionc compile --backend cpp {header.source}")
    for unit in found:
        pytorch.write_constants(writer, unit.name, unit.program)
        writer.line()
        writer.line()
        with writer.block(f"class {unit.name}(torch.nn.Module):"):
            pytorch.write_class_head(writer, unit.name, unit.program, options)
            _write_forward(writer, unit)
            for function in unit.functions.values():
                writer.line()
                write_function(writer, function, True)
    return writer.text()


def _write_forward(writer: Writer, unit: Unit) -> None:
    shell, signature = unit.program, unit.signature
    network = shell.plan.network
    with writer.function("forward", *_head(shell)):
        write_docstring(writer, shell)
        write_checks(writer, shell)
        names = Names([*signature.names.values(), *SIZE_NAMES, *ORDERS, *LOCAL_NAMES, "self"])
        known = dict(signature.names)
        for weight in network.parameters:
            known[weight.name] = f"self.{signature.names[weight.name]}"
        for slot in network.signature:
            if slot.irreps is not None and slot.space is Space.BATCH:
                known[slot.name] = names.fresh(f"{slot.name}_rows")
                rows = text_of(program.FlattenLeading(program.Name(signature.names[slot.name])))
                writer.line(f"{known[slot.name]} = {rows}")
        if any(isinstance(part, Operator) and part.has_edges for part in unit.parts):
            writer.line(f"{', '.join(ORDERS)} = _ops.graph({signature.edge_index}, num_nodes)")
        chain = Chain(writer, unit.functions, names, known, "self.", ".to(like.dtype)", signature.edge_index)
        chain.write(unit.parts)
        returned = []
        for output in network.outputs:
            held: program.Expr = program.Name(known[output.name])
            if output.space is Space.BATCH:
                held = program.RestoreLeading(held, output.irreps.dim)
            returned.append(text_of(held))
        write_long(writer, "return ", ", ".join(returned), [])


def _head(shell: Program) -> tuple[list[str], str]:
    counts = (ArgumentKind.NUM_NODES.value, ArgumentKind.NUM_GRAPHS.value)
    parameters = ["self", *(f"{a.name}: {'int' if a.kind in counts else 'torch.Tensor'}" for a in shell.arguments)]
    many = ["torch.Tensor"] * len(shell.results)
    return parameters, many[0] if len(many) == 1 else f"tuple[{', '.join(many)}]"
