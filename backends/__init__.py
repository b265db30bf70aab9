"""Code generators: a Plan in, the source of a module out."""
