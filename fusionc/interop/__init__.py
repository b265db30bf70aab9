"""Bridges to other libraries of equivariant operations."""
