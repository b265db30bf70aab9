"""Compile coupling diagrams (`.fusion` files) to equivariant torch modules."""

__version__ = "0.1.0"
