"""The edge to C: the only code that sees cffi."""
