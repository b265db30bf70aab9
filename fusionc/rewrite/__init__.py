"""Rewrites of a Network that keep its value, one pass a file."""
