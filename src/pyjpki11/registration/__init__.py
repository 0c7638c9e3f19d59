"""Telling programs of the module: what has to stand in which of their files, a file per program."""
