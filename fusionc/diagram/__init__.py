"""Names resolved and index spaces known: syntax tree to Diagram. Codes F1xx."""
