"""The diagram as a tensor network, one path a vertex."""
