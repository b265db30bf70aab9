"""Rewrites of networks: each a pure function `Network -> Network` that keeps the value, in a file of its name."""
