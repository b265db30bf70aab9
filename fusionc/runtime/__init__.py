"""Around the compiler: writing what it makes, and loading it into a running Python."""
