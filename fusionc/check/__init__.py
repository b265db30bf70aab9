"""Irreps, parity, multiplicity and weights: Diagram to CheckedDiagram. Codes F2xx."""
