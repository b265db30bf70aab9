"""Functions that modules carry with them, each copied whole: for their library, and what autograd asks of operators.

They need nothing but torch, and do not refer to each other.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch


def _load(namespace: str, library: str, command: str) -> bool:
    """Load the library beside this file unless the operators are there. Whether they are not declared yet."""
    operators = getattr(torch.ops, namespace)
    if not hasattr(operators, "graph"):
        path = Path(__file__).with_name(library)
        if not path.is_file():
            raise ImportError(f"{library} is missing beside {Path(__file__).name}; `{command}` builds it")
        torch.ops.load_library(str(path))
        if not hasattr(operators, "graph"):
            raise ImportError(f"{path} was built from another source; `{command}` builds it anew")
    known = getattr(operators, "_declared", False)
    operators._declared = True
    return not known


def _graph_fake(edge_index: torch.Tensor, num_nodes: int) -> tuple[torch.Tensor, ...]:
    edges = edge_index.shape[1]
    return tuple(edge_index.new_empty(size) for size in (num_nodes + 1, edges, num_nodes + 1, edges))


def _class_sum_fake(rows: torch.Tensor, classes: torch.Tensor, num_classes: int) -> torch.Tensor:
    return rows.new_empty(num_classes, rows.shape[1])


def _class_sum_save(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    ctx.save_for_backward(inputs[1])


def _class_sum_backward(ctx: Any, cotangent: torch.Tensor) -> tuple[torch.Tensor, None, None]:
    (classes,) = ctx.saved_tensors
    return cotangent.index_select(0, classes), None, None


def _save(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    """All tensors; the last input is the number of rows."""
    ctx.save_for_backward(*inputs[:-1])
    ctx.rows = inputs[-1]


def _pulled(
    function: Callable[..., Any],
    tensors: tuple[torch.Tensor, ...],
    rest: tuple[Any, ...],
    cotangents: tuple[torch.Tensor, ...],
) -> list[torch.Tensor | None]:
    """Gradients of <cotangents, function(*tensors, *rest)>, themselves differentiable while gradients are recorded."""
    recorded = torch.is_grad_enabled()
    with torch.enable_grad():
        # views of their own, so that one tensor given twice has two gradients
        own = [tensor.view_as(tensor) if tensor.requires_grad else tensor for tensor in tensors]
        results = function(*own, *rest)
    results = results if isinstance(results, tuple) else (results,)
    pairs = [(result, g) for result, g in zip(results, cotangents, strict=True) if result.requires_grad]
    wanted = [tensor for tensor in own if tensor.requires_grad]
    gradients: list[torch.Tensor | None] = [None] * len(wanted)
    if pairs and wanted:
        gradients = list(
            torch.autograd.grad(
                [result for result, _ in pairs], wanted, [g for _, g in pairs], create_graph=recorded, allow_unused=True
            )
        )
    return [gradients.pop(0) if tensor.requires_grad else None for tensor in own]
