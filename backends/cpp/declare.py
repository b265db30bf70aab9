"""What is said of operators in Python: shapes of results, and derivatives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fusionc.backends.cpp.chains import ORDERS, SIZE_NAMES, Chain, rows_of, torch_parts
from fusionc.backends.cpp.operators import Backward, Operator
from fusionc.backends.cpp.parts import TorchFunction, torch_function, write_function
from fusionc.backends.cpp.units import GRAPH, parameters
from fusionc.backends.naming import Names
from fusionc.backends.pytorch.emit import write_constant_table
from fusionc.backends.pytorch.forward import write_long
from fusionc.backends.writer import Writer
from fusionc.diagram.ir import Space

SUPPORT = ("_load", "_graph_fake", "_class_sum_fake", "_class_sum_save", "_class_sum_backward", "_save")


def functions_of(operators: Iterable[Operator], layout: str) -> dict[str, TorchFunction]:
    """The parts of derivatives that are PyTorch's, and whole networks that it differentiates."""
    found: dict[str, TorchFunction] = {}
    for operator in operators:
        parts = [part for backward in (operator.backward, operator.frozen) if backward for part in backward.parts]
        for part in torch_parts(tuple(parts)):
            found[part.name] = torch_function(f"_{part.name}", part.network, layout)
        if operator.backward is None:
            name = f"{operator.name}_torch"
            found[name] = torch_function(f"_{name}", operator.network, layout, (), operator.arguments)
    return found


def write_declarations(
    writer: Writer, operators: tuple[Operator, ...], functions: Mapping[str, TorchFunction], library: str, command: str
) -> None:
    """`library`: its namespace and the name of its file."""
    for function in functions.values():
        table = f"_constants{function.name}"
        if function.program.constants:
            write_constant_table(writer, table, function.program.constants)
        _apart(writer)
        write_function(writer, function, False, table)
    for operator in operators:
        _apart(writer)
        _write_fake(writer, operator)
        _apart(writer)
        _write_backward(writer, operator, functions)
    namespace, _, file = library.partition(" ")
    _apart(writer)
    with writer.block(f'if _load("{namespace}", "{file}", "{command}"):'):
        _register(writer, f"{namespace}::graph", "_graph_fake")
        _register(writer, f"{namespace}::class_sum", "_class_sum_fake")
        _differentiate(writer, f"{namespace}::class_sum", "_class_sum_backward", "_class_sum_save")
        for operator in operators:
            _register(writer, f"{namespace}::{operator.name}", f"_{operator.name}_fake")
            _differentiate(writer, f"{namespace}::{operator.name}", f"_{operator.name}_backward", "_save")
    writer.line(f"_ops = torch.ops.{namespace}")


def _apart(writer: Writer) -> None:
    writer.line()
    writer.line()


def _register(writer: Writer, operator: str, function: str) -> None:
    writer.line(f'torch.library.register_fake("{operator}", {function})')


def _differentiate(writer: Writer, operator: str, backward: str, save: str) -> None:
    writer.line(f'torch.library.register_autograd("{operator}", {backward}, setup_context={save})')


def _write_fake(writer: Writer, operator: Operator) -> None:
    given = [*(f"{name}: torch.Tensor" for name in parameters(operator)), "rows: int"]
    results = ["torch.Tensor"] * len(operator.results)
    returns = results[0] if len(results) == 1 else f"tuple[{', '.join(results)}]"
    with writer.function(f"_{operator.name}_fake", given, returns):
        made = []
        for output in operator.network.outputs:
            count = "edge_index.shape[1]" if output.space is Space.EDGE else "rows"
            made.append(f"a0.new_empty({count}, {output.irreps.dim})")
        write_long(writer, "return ", ", ".join(made), [])


def _write_backward(writer: Writer, operator: Operator, functions: Mapping[str, TorchFunction]) -> None:
    given = ["ctx", *(f"g{n}" for n in range(len(operator.results)))]
    writer.line(f"def _{operator.name}_backward({', '.join(given)}):  # type: ignore[no-untyped-def]")
    with writer.indented():
        names = Names([*given, *SIZE_NAMES, *ORDERS])
        known = {name: names.keep(name) for name in (*operator.arguments, *operator.classes)}
        graph = []
        if operator.has_edges:
            known["edge_index"] = names.keep("edge_index")
            graph = [known["edge_index"], *ORDERS]
        saved = [*(known[n] for n in (*operator.arguments, *operator.classes)), *graph]
        write_long(writer, f"{', '.join(saved)}{',' * (len(saved) == 1)} = ", "ctx.saved_tensors", [])
        writer.line(f"{rows_of(operator)} = ctx.rows")
        if operator.has_edges:
            writer.line(f"num_edges = {known['edge_index']}.shape[1]")
        rest = ["None"] * (len(operator.classes) + (len(GRAPH) if operator.has_edges else 0) + 1)
        if operator.frozen is not None:
            learned = [n for n, gradient in enumerate(operator.frozen.gradients) if gradient is None]
            needed = " or ".join(f"ctx.needs_input_grad[{n}]" for n in learned)
            with writer.block(f"if not ({needed}):"):
                gradients = _chained(writer, operator.frozen, functions, names, known)
                write_long(writer, "return ", ", ".join([*gradients, *rest]), [])
        if operator.backward is None:
            gradients = _pulled(writer, operator, functions[f"{operator.name}_torch"], known)
        else:
            gradients = _chained(writer, operator.backward, functions, names, known)
        write_long(writer, "return ", ", ".join([*gradients, *rest]), [])


def _chained(
    writer: Writer, backward: Backward, functions: Mapping[str, TorchFunction], names: Names, known: Mapping[str, str]
) -> list[str]:
    given = {**known, **{name: f"g{n}" for n, name in enumerate(backward.cotangents)}}
    chain = Chain(writer, functions, names, given, edge_index=known.get("edge_index", ""))
    chain.write(backward.parts)
    return ["None" if name is None else chain.known[name] for name in backward.gradients]


def _pulled(writer: Writer, operator: Operator, function: TorchFunction, known: Mapping[str, str]) -> list[str]:
    """All of the network as PyTorch has it, and its gradient by autograd."""
    tensors = "".join(f"{known[n]}, " for n in operator.arguments)
    rest = "".join(f"{n}, " for n in [*(known[n] for n in function.given[len(operator.arguments) :]), *function.sizes])
    cotangents = "".join(f"g{n}, " for n in range(len(operator.results)))
    text = f"_pulled({function.name}, ({tensors}), ({rest}), ({cotangents}))".replace(", )", ",)")
    write_long(writer, "gradients = ", text, [])
    return ["*gradients"]
