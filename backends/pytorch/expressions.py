"""Tensor expressions as Python text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from fusionc.algebra.surd import Surd
from fusionc.backends.pytorch import program
from fusionc.backends.pytorch.program import Expr, Size

FUNCTIONS = {
    "abs": "torch.abs",
    "cos": "torch.cos",
    "exp": "torch.exp",
    "gelu": "torch.nn.functional.gelu",
    "relu": "torch.relu",
    "sigmoid": "torch.sigmoid",
    "silu": "torch.nn.functional.silu",
    "sin": "torch.sin",
    "softplus": "torch.nn.functional.softplus",
    "square": "torch.square",
    "tanh": "torch.tanh",
}


@dataclass(frozen=True, slots=True)
class Text:
    """`binds`: how tightly; 0 sums, 1 products, 2 calls and names."""

    text: str
    binds: int = 2

    def within(self, binds: int) -> str:
        return f"({self.text})" if self.binds < binds else self.text


def text_of(expr: Expr) -> str:
    return _render(expr).text


def sizes(shape: tuple[Size, ...]) -> str:
    return ", ".join(map(str, shape))


def _call(function: str, *arguments: str) -> Text:
    return Text(f"{function}({', '.join(arguments)})")


def _on(operand: Expr) -> str:
    return _render(operand).within(2)


def _render(expr: Expr) -> Text:
    match expr:
        case program.Name(name):
            return Text(name)
        case program.Member(name):
            return Text(f"self.{name}")
        case program.Times(left, right):
            return Text(f"{_render(left).within(1)} * {_render(right).within(2)}", 1)
        case program.Scaled(operand, factor):
            return Text(f"{_render(operand).within(1)} * {number(factor)}", 1)
        case program.Over(left, right):
            return Text(f"{_render(left).within(1)} / {_render(right).within(2)}", 1)
        case program.Plus(terms):
            return Text(" + ".join(_render(term).within(0) for term in terms), 0)
        case program.Count(size):
            return _call("max", str(size), "1")
        case (
            program.Reshape()
            | program.Swap()
            | program.Permute()
            | program.Expand()
            | program.Unsqueeze()
            | program.FlattenLeading()
            | program.RestoreLeading()
            | program.Row()
            | program.Narrow()
        ):
            return Text(_view(expr))
        case (
            program.Cat()
            | program.MatrixProduct()
            | program.BatchProduct()
            | program.AddBatchProduct()
            | program.Einsum()
            | program.Function()
            | program.Unit()
        ):
            return _torch_call(expr)
        case (
            program.Sum()
            | program.Take()
            | program.Accumulate()
            | program.Zeros()
            | program.Ones()
            | program.Contributions()
            | program.Contiguous()
            | program.Finished()
        ):
            return Text(_method(expr))
        case _:
            assert_never(expr)


def _view(
    expr: program.Reshape
    | program.Swap
    | program.Permute
    | program.Expand
    | program.Unsqueeze
    | program.FlattenLeading
    | program.RestoreLeading
    | program.Row
    | program.Narrow,
) -> str:
    on = _on(expr.operand)
    match expr:
        case program.Reshape(shape=shape):
            return f"{on}.reshape({sizes(shape)})" if shape else f"{on}.reshape(())"
        case program.Swap(first=first, second=second):
            return f"{on}.transpose({first}, {second})"
        case program.Permute(axes=axes):
            return f"{on}.permute({sizes(axes)})"
        case program.Expand(shape=shape):
            return f"{on}.expand({sizes(shape)})"
        case program.Unsqueeze(axis=axis):
            return f"{on}.unsqueeze({axis})"
        case program.FlattenLeading():
            return f"{on}.unsqueeze(0).flatten(0, -2)"
        case program.RestoreLeading(width=width):
            return f"{on}.reshape(*leading, {width})"
        case program.Row(number=row):
            return f"{on}[{row}]"
        case program.Narrow(axis=axis, start=start, stop=stop):
            return f"{on}[{', '.join([':'] * axis + [f'{start}:{stop}'])}]"
        case _:
            assert_never(expr)


def _torch_call(
    expr: program.Cat
    | program.MatrixProduct
    | program.BatchProduct
    | program.AddBatchProduct
    | program.Einsum
    | program.Function
    | program.Unit,
) -> Text:
    match expr:
        case program.Cat(operands, axis):
            return _call("torch.cat", f"({', '.join(map(text_of, operands))})", str(axis))
        case program.MatrixProduct(left, right):
            return _call("torch.matmul", text_of(left), text_of(right))
        case program.BatchProduct(left, right):
            return _call("torch.bmm", text_of(left), text_of(right))
        case program.AddBatchProduct(start, left, right):
            return _call("torch.baddbmm", text_of(start), text_of(left), text_of(right))
        case program.Einsum(equation, operands):
            return _call("torch.einsum", repr(equation), *map(text_of, operands))
        case program.Function(function, operand):
            return _call(FUNCTIONS[function], text_of(operand))
        case program.Unit(operand):
            return _call("_unit", text_of(operand))
        case _:
            assert_never(expr)


def _method(
    expr: program.Sum
    | program.Take
    | program.Accumulate
    | program.Zeros
    | program.Ones
    | program.Contributions
    | program.Contiguous
    | program.Finished,
) -> str:
    match expr:
        case program.Sum(operand, axes):
            return f"{_on(operand)}.sum({axes[0] if len(axes) == 1 else f'({sizes(axes)})'})"
        case program.Take(operand, index, axis):
            return f"{_on(operand)}.index_select({axis}, {text_of(index)})"
        case program.Accumulate(operand, index, shape):
            on = _on(operand)
            return f"{on}.new_zeros({sizes(shape)}).index_add(0, {text_of(index)}, {on})"
        case program.Contiguous(operand):
            return f"{_on(operand)}.contiguous()"
        case program.Finished(operand):
            return f"{_on(operand)}.whole()"
        case program.Zeros(like, shape):
            return f"{_on(like)}.new_zeros({sizes(shape)})"
        case program.Ones(like, shape):
            return f"{_on(like)}.new_ones({sizes(shape)})"
        case program.Contributions(like, index, size, ndim):
            ones = "".join([", 1"] * (ndim - 1))
            return f"_occurrences({text_of(index)}, {size}, {text_of(like)}).reshape({size}{ones})"
        case _:
            assert_never(expr)


def number(value: Surd | float) -> str:
    """The nearest double, with every digit that it has."""
    return repr(float(value))


def exact_forms(expr: Expr) -> list[str]:
    """The exact forms of the irrational numbers in an expression, in order."""
    from fusionc.backends.pytorch.lifetimes import nodes

    found = [n.factor for n in nodes(expr) if isinstance(n, program.Scaled)]
    return [str(f) for f in found if isinstance(f, Surd) and not f.is_rational]
