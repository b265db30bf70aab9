"""A last look at generated Python, as the tree that the interpreter will see.

No text of a user should reach the output but names and numbers. Should one do so all the same, what it could do is
bounded here: only these kinds of nodes, only calls of these names.
"""

from __future__ import annotations

import ast
import re

from fusionc.diagnostics import InternalError

_NODES: tuple[type[ast.AST], ...] = (
    ast.Module, ast.ImportFrom, ast.Import, ast.alias, ast.ClassDef, ast.FunctionDef, ast.arguments, ast.arg,
    ast.Assign, ast.AnnAssign, ast.Delete, ast.Expr, ast.Return, ast.Raise, ast.If, ast.For,
    ast.Name, ast.Attribute, ast.Constant, ast.Call, ast.keyword, ast.Subscript, ast.Slice, ast.Starred,
    ast.Tuple, ast.List, ast.Dict, ast.ListComp, ast.GeneratorExp, ast.comprehension, ast.IfExp,
    ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.JoinedStr, ast.FormattedValue,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitOr, ast.And, ast.Or, ast.Not, ast.USub,
    ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.NotIn, ast.Is, ast.IsNot, ast.Load, ast.Store, ast.Del,
)  # fmt: skip

_FUNCTIONS = frozenset({
    "_dense", "_pairs", "_expect", "_unit", "_occurrences", "_Columns", "_delivered", "_in_blocks", "function",
    "tuple", "sorted", "super", "range", "zip", "any", "max", "str", "list", "type", "isinstance", "getattr", "len",
    "TypeError", "ValueError",
})  # fmt: skip
_TORCH = frozenset({
    "abs", "cos", "exp", "relu", "sigmoid", "sin", "square", "tanh", "nn.functional.gelu", "nn.functional.silu",
    "nn.functional.softplus", "nn.Parameter", "bmm", "baddbmm", "matmul", "cat", "einsum", "empty", "ones_like",
    "is_grad_enabled", "get_num_threads", "compiler.is_compiling", "randn", "tensor", "triu_indices", "where",
    "zeros", "is_autocast_enabled",
})  # fmt: skip
_METHODS = frozenset({
    "__init__", "_apply", "_rows", "register_buffer", "items", "join", "dim", "numel", "is_floating_point",
    "reshape", "transpose", "permute", "expand", "unsqueeze", "put", "whole", "view", "copy_", "new_empty",
    "contiguous", "flatten", "split", "unbind", "sum", "sqrt", "clamp", "index_select", "index_add", "new_zeros",
    "new_ones", "to", "detach", "abs", "amax",
})  # fmt: skip


def audit(text: str) -> None:
    """Raise InternalError unless the text is Python of the kind that this backend writes."""
    if not text.isascii() or re.search(r"[^\n -~]", text):
        raise InternalError("generated Python holds a character that it must not hold")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise InternalError(f"generated Python does not parse: {error}") from error
    for node in ast.walk(tree):
        if not isinstance(node, _NODES):
            raise InternalError(f"generated Python holds a {type(node).__name__}")
        if isinstance(node, ast.Import) and [(a.name, a.asname) for a in node.names] != [("torch", None)]:
            raise InternalError("generated Python imports more than torch")
        if isinstance(node, ast.ImportFrom) and node.module not in ("__future__", "collections.abc"):
            raise InternalError("generated Python imports more than torch")
        if isinstance(node, ast.Call) and not _is_allowed(node.func):
            raise InternalError(f"generated Python calls {ast.unparse(node.func)}")


def _is_allowed(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in _FUNCTIONS
    if not isinstance(function, ast.Attribute):
        return False
    dotted = re.fullmatch(r"torch\.([A-Za-z_.]+)", ast.unparse(function))
    return dotted[1] in _TORCH if dotted else function.attr in _METHODS
