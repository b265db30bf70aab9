"""The `forward` of a class: its head, checks of the arguments, the statements, the results."""

from __future__ import annotations

from typing import assert_never

from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.expressions import exact_forms, text_of
from fusionc.backends.pytorch.program import Argument, Blocks, Program
from fusionc.backends.writer import Writer
from fusionc.check.ir import ArgumentKind
from fusionc.diagram.ir import Space

COUNTS = (ArgumentKind.NUM_NODES.value, ArgumentKind.NUM_GRAPHS.value)
_FLOATING = (ArgumentKind.TENSOR.value, ArgumentKind.WEIGHT.value)
SIZES = {Space.BATCH: "num_rows", Space.NODE: "num_nodes", Space.EDGE: "num_edges", Space.GRAPH: "num_graphs"}


def write_forward(writer: Writer, program_: Program) -> None:
    parameters = ["self", *(f"{a.name}: {'int' if a.kind in COUNTS else 'torch.Tensor'}" for a in program_.arguments)]
    many = len(program_.results) != 1
    returns = f"tuple[{', '.join(['torch.Tensor'] * len(program_.results))}]" if many else "torch.Tensor"
    with writer.function("forward", parameters, returns):
        write_docstring(writer, program_)
        write_checks(writer, program_)
        for statement in program_.prologue:
            write_statement(writer, statement)
        if program_.blocks is None:
            _write_body(writer, program_)
            for result in program_.results:
                write_long(writer, f"{result.variable} = ", text_of(result.value), exact_forms(result.value))
        else:
            _write_blocks(writer, program_, program_.blocks)
        write_long(writer, "return ", ", ".join(text_of(result.outward) for result in program_.results), [])
    if program_.blocks is not None:
        writer.line()
        _write_rows(writer, program_, program_.blocks)


def _write_body(writer: Writer, program_: Program) -> None:
    for statement in program_.statements:
        write_statement(writer, statement)


def _write_blocks(writer: Writer, program_: Program, blocks: Blocks) -> None:
    writer.line()
    writer.comment("every row on its own: some at a time, so that what is needed in between stays in cache")
    variables = "".join(f"{result.variable}, " for result in program_.results)
    widths = "".join(f"{result.output.irreps.dim}, " for result in program_.results)
    rows, once = ("".join(f"{name}, " for name in names) for names in (blocks.rows, blocks.once))
    options = f"{SIZES[blocks.space]}, {blocks.size}, {blocks.recorded}"
    body = f"_in_blocks(self._rows, like, {options}, ({rows}), ({once}), ({widths}))".replace(", )", ",)")
    write_long(writer, f"{variables.rstrip()} = ".replace(", =", ", ="), body, [])


def _write_rows(writer: Writer, program_: Program, blocks: Blocks) -> None:
    parameters = ["self", *(f"{name}: torch.Tensor" for name in (*blocks.rows, *blocks.once))]
    parameters.append("into: tuple[torch.Tensor, ...] | None = None")
    with writer.function("_rows", parameters, "tuple[torch.Tensor, ...]"):
        writer.line('"""Some rows. The results are written into `into` where it is given."""')
        writer.line(f"{SIZES[blocks.space]} = {blocks.rows[0]}.shape[0]")
        _write_body(writer, program_)
        values = []
        for number, result in enumerate(program_.results):
            text = text_of(result.value)
            if not isinstance(result.value, program.Finished):
                text = f"_delivered({text}, into, {number})"
            values.append(text)
        write_long(writer, "return ", "".join(f"{v}, " for v in values).rstrip(), [])


def write_docstring(writer: Writer, program_: Program) -> None:
    writer.line('"""')
    for argument in program_.arguments:
        writer.line(f"{argument.name}: {_describe(argument)}")
    writer.line()
    for result in program_.results:
        group = program_.plan.network.group
        shape = _shape(result.output.space, result.output.irreps.dim)
        writer.line(f"Returns {result.name}: {shape}, {result.output.irreps.text(group)}")
    writer.line('"""')


def _describe(argument: Argument) -> str:
    match ArgumentKind(argument.kind):
        case ArgumentKind.TENSOR:
            return f"{_shape(argument.space, argument.width)}, {argument.irreps}"
        case ArgumentKind.WEIGHT:
            return f"{_shape(argument.space, argument.width)}, weights"
        case ArgumentKind.EDGE_INDEX:
            return "int64 [2, num_edges]; row 0 the sender, row 1 the receiver of each edge"
        case ArgumentKind.CLASS:
            return f"int64 {_shape(argument.space, None)}, the class of each element, from 0"
        case ArgumentKind.BATCH:
            return "int64 [num_nodes], the graph of each node, from 0"
        case ArgumentKind.NUM_NODES:
            return "the number of nodes"
        case ArgumentKind.NUM_GRAPHS:
            return "the number of graphs"
        case kind:
            assert_never(kind)


def _shape(space: Space, width: int | None) -> str:
    match space:
        case Space.ONCE:
            axes = []
        case Space.BATCH:
            axes = ["..."]
        case _:
            axes = [SIZES[space]]
    return f"[{', '.join([*axes, *([] if width is None else [str(width)])])}]"


# ------------------------------------------------------------------- checks


def write_checks(writer: Writer, program_: Program) -> None:
    tensors = [a for a in program_.arguments if a.kind not in COUNTS]
    if not tensors:
        return
    writer.line(f"like = {_reference(program_)}")
    known: list[str] = [a.name for a in program_.arguments if a.kind in COUNTS]
    for argument in tensors:
        dtype = "like.dtype" if argument.kind in _FLOATING else "torch.int64"
        shape = ", ".join(_expected(argument, known))
        writer.line(f'_expect("{argument.name}", {argument.name}, {dtype}, like.device, ({shape}))')
        if argument.space is Space.BATCH and "num_rows" not in known:
            writer.line(f"leading = {argument.name}.shape[:-1]")
            # not leading.numel(), which fixes the number when the module is exported
            writer.line(f"num_rows = {argument.name}.unsqueeze(0).flatten(0, -2).shape[0]")
            known.append("num_rows")
        size = None if argument.space is Space.BATCH else SIZES.get(argument.space)
        if size is not None and size not in known:
            axis = 1 if argument.kind == ArgumentKind.EDGE_INDEX.value else 0
            writer.line(f"{size} = {argument.name}.shape[{axis}]")
            known.append(size)


def _reference(program_: Program) -> str:
    """A tensor that has the dtype and device of the module, or at least of its first argument."""
    members = [*(weight.name for weight in program_.weights), *(constant.name for constant in program_.constants)]
    if members:
        return f"self.{members[0]}"
    return next(a.name for a in program_.arguments if a.kind in _FLOATING)


def _expected(argument: Argument, known: list[str]) -> list[str]:
    width = [] if argument.width is None else [str(argument.width)]
    match argument.space:
        case Space.ONCE:
            return [f"{w}," for w in width]
        case Space.BATCH:
            return ["*leading" if "num_rows" in known else f"*{argument.name}.shape[:-1]", *width]
        case _:
            size = SIZES[argument.space]
            found = size if size in known else "-1"
            if argument.kind == ArgumentKind.EDGE_INDEX.value:
                return ["2", found]
            return [found, *width] if width else [f"{found},"]


# --------------------------------------------------------------- statements


def write_statement(writer: Writer, statement: program.Statement) -> None:
    match statement:
        case program.Remark(text):
            writer.line()
            writer.comment(text)
        case program.Assign(target, value):
            write_long(writer, f"{target} = ", text_of(value), exact_forms(value))
        case program.Unpack(targets, operand, sizes, axis):
            names = ", ".join("_" if t is None else t for t in targets)
            write_long(writer, f"{names} = ", f"{text_of(operand)}.split({list(sizes)}, {axis})", [])
        case program.Begin(target, rows, width, None):
            writer.line(f"{target} = _Columns({rows}, {width})")
        case program.Begin(target, rows, width, output):
            writer.line(f"{target} = _Columns({rows}, {width}, into, {output})")
        case program.Put(target, start, value):
            write_long(writer, "", f"{target}.put({start}, {text_of(value)})", exact_forms(value))
        case program.Release(names):
            write_long(writer, "del ", ", ".join(names), [])
        case _:
            assert_never(statement)


def write_long(writer: Writer, head: str, body: str, exact: list[str]) -> None:
    """One line, or the body in parentheses, broken at spaces. Exact forms of numbers follow in a comment."""
    note = f"  # {', '.join(exact)}" if exact else ""
    if writer.fits(f"{head}{body}{note}"):
        writer.line(f"{head}{body}{note}")
        return
    if exact:
        writer.comment(", ".join(exact))
    if writer.fits(f"{head}{body}"):
        writer.line(f"{head}{body}")
    elif head.endswith("= ") and not writer.fits(head):
        writer.line("(")
        with writer.indented():
            writer.filled(head.removesuffix(" = ").split(" "))
        writer.line(f") = {body}") if writer.fits(f") = {body}") else write_long(writer, ") = ", body, [])
    else:
        writer.line(f"{head}(")
        with writer.indented():
            writer.filled(body.split(" "))
        writer.line(")")
