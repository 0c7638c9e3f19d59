"""The plot: a signature's time, with each reader, as bars in SVG."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

WIDTH, LEFT, RIGHT, TOP = 760, 210, 70, 46
BAR, GAP, GROUP_GAP = 18, 5, 26


class Bar(NamedTuple):
    """One bar: its name, its colour, its length in milliseconds."""

    name: str
    colour: str
    milliseconds: float


def draw(title: str, groups: dict[str, list[Bar]]) -> str:
    """The picture; each group has a scale of its own, since readers differ by a hundred times."""
    parts, y = [_text(12, 24, title, "title")], TOP
    for name, bars in groups.items():
        parts.append(_text(12, y + 13, name, "group"))
        longest = max(bar.milliseconds for bar in bars)
        for bar in bars:
            parts += _bar(bar, y, (WIDTH - LEFT - RIGHT) / longest)
            y += BAR + GAP
        y += GROUP_GAP
    return _svg(y, "\n".join(parts))


def _bar(bar: Bar, y: int, scale: float) -> list[str]:
    length = max(bar.milliseconds * scale, 1)
    return [
        _text(LEFT - 8, y + 13, bar.name, "name"),
        f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{bar.colour}"/>',
        _text(LEFT + length + 6, y + 13, f"{bar.milliseconds:.0f} ms", "value"),
    ]


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" class="{kind}">{escape(text)}</text>'


def _svg(height: int, content: str) -> str:
    style = (
        "text{font:12px sans-serif;fill:#222}.title{font-size:15px;font-weight:bold}"
        ".group{font-weight:bold}.name{text-anchor:end}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">\n'
        f'<style>{style}</style>\n<rect width="100%" height="100%" fill="#fff"/>\n{content}\n</svg>\n'
    )
