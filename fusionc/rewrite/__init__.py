"""Rewrites of networks: each a function `Network -> Network` that keeps the value, in a file of its name.

What it is to lower is told by a `Search`, in which it also says which bounds it met; by default, the work of kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from fusionc.network.ir import Network
from fusionc.network.model import Search, Target
from fusionc.rewrite.drop_dead import drop_dead
from fusionc.rewrite.factor import factor
from fusionc.rewrite.fold import fold
from fusionc.rewrite.hoist import hoist
from fusionc.rewrite.place_weights import place_scales, place_weights
from fusionc.rewrite.reuse import reuse
from fusionc.rewrite.share import share
from fusionc.rewrite.symmetrize import symmetrize

Rewrite = Callable[[Network, Search | None], Network]

REWRITES: tuple[Rewrite, ...] = (share, fold, hoist, symmetrize, place_weights, factor, reuse, fold, drop_dead)
"""In the order in which the compiler applies them for PyTorch, where every wire is a tensor in memory."""

KERNEL_REWRITES: tuple[Rewrite, ...] = (share, fold, hoist, symmetrize, place_scales, factor, reuse, fold, drop_dead)
"""For straight-line kernels, where wires are registers and multiplications are what counts."""


def rewrites_for(target: Target) -> tuple[Rewrite, ...]:
    match target:
        case Target.TORCH:
            return REWRITES
        case Target.KERNEL:
            return KERNEL_REWRITES
        case _:
            assert_never(target)
