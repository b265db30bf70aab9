"""The tensor network of single couplings: expansion and differentiation."""
