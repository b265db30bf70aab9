"""Rewrites of networks: each a pure function `Network -> Network` that keeps the value, in a file of its name."""

from __future__ import annotations

from fusionc.rewrite.drop_dead import drop_dead
from fusionc.rewrite.factor import factor
from fusionc.rewrite.fold import fold
from fusionc.rewrite.hoist import hoist
from fusionc.rewrite.place_weights import place_weights
from fusionc.rewrite.share import share
from fusionc.rewrite.symmetrize import symmetrize

REWRITES = (share, fold, hoist, symmetrize, place_weights, factor, fold, drop_dead)
"""In the order in which the compiler applies them."""
