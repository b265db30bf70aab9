"""The order of evaluation and what it costs."""
