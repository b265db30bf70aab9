"""The grammar of the language and its reference pages, as package data."""
