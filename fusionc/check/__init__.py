"""Irreps, parity, multiplicities and weights: every path found, counted and normalised."""
