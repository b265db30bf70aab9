"""The torch backend: one readable Python file."""
