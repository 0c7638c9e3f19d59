"""The figures, for people: on the terminal, and in docs/performance.md."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

BEGIN, END = "<!-- begin: written by make bench -->", "<!-- end: written by make bench -->"


class Table(NamedTuple):
    """A title, a header, rows of text, and what has to be said below."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""

    def as_text(self) -> str:
        """Columns for a terminal, the first to the left."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.header))]
        shown = [
            "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(pairs))
            for pairs in (list(zip(line, widths, strict=True)) for line in lines)
        ]
        return "\n".join((f"{self.title}:", *(f"  {line}" for line in shown), ""))

    def as_markdown(self) -> str:
        """A section of a document."""
        lines = [self.header, ("---", *["---:"] * (len(self.header) - 1)), *self.rows]
        table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
        return f"### {self.title}\n\n{table}" + (f"\n{self.note}\n" if self.note else "")


def write(document: Path, tables: list[Table], introduction: str) -> None:
    """Replace what stands between the marks of a document."""
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    sections = "\n".join(table.as_markdown() for table in tables)
    document.write_text(f"{before}{BEGIN}\n\n{introduction}\n\n{sections}\n{END}{after}")
