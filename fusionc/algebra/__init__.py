"""Exact algebra of O(3) irreps: couplings, recouplings, fusion trees. Imports nothing of the compiler."""
