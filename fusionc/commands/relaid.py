"""A module of the layout `ir_mul` seen in `mul_ir`, which is that of the reference."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from fusionc.algebra.irrep import Irreps
from fusionc.testing import interface


def in_mul_ir(module: torch.nn.Module) -> torch.nn.Module:
    """The module itself if that is its layout; else one that permutes arguments and results of that module."""
    if getattr(module, "layout", "mul_ir") == "mul_ir":
        return module
    names = ("irreps_in", "irreps_out", "weight_numel", "spaces", "group", "arguments", "argument_kinds")
    kind = type(type(module).__name__, (_Relaid,), {name: getattr(module, name) for name in names})
    found: torch.nn.Module = kind(module)
    return found


class _Relaid(torch.nn.Module):
    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner
        face = interface(inner)
        self.orders = [None if port.irreps is None else _order(port.irreps) for port in face.arguments]
        self.results = [_order(port.irreps or Irreps()).argsort() for port in face.results]

    def forward(self, *arguments: Any) -> tuple[Tensor, ...]:
        pairs = zip(arguments, self.orders, strict=True)
        out = self.inner(*(value if order is None else value[..., order] for value, order in pairs))
        results = (out,) if isinstance(out, Tensor) else out
        return tuple(value[..., order] for value, order in zip(results, self.results, strict=True))


def _order(irreps: Irreps) -> Tensor:
    """Where in `mul_ir` each component of `ir_mul` stands."""
    parts = [
        start + torch.arange(segment.dim).reshape(segment.mul, segment.irrep.dim).T.flatten()
        for segment, (start, _) in zip(irreps, irreps.slices, strict=True)
    ]
    return torch.cat(parts) if parts else torch.empty(0, dtype=torch.int64)
