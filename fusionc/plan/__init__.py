"""The network in evaluation order, with its cost. Codes F3xx."""
