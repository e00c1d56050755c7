"""Columns of text, as wide as what stands in them, or as narrow as the terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

__all__ = ["table_lines"]

_NUMBER = re.compile(r"~?-?[0-9.]+%?$|-$")


def table_lines(
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    shorten: Sequence[str] = (),
    width: int | None = None,
) -> list[str]:
    """Return the lines of `print_table`, at most `width` wide if `shorten` can give that much."""
    texts = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in texts) for i in range(len(header))]
    numeric = [
        bool(rows) and all(_NUMBER.match(line[i]) for line in texts[1:]) for i in range(len(header))
    ]
    give = [i for i, name in enumerate(header) if name in shorten]
    while width is not None and give and sum(widths) + 2 * (len(widths) - 1) > width:
        widest = max(give, key=lambda i: widths[i])
        if widths[widest] <= _SHORTEST_COLUMN:
            break
        widths[widest] -= 1
    lines = []
    for line in texts:
        cells = (
            _shortened(text, size).rjust(size) if right else _shortened(text, size).ljust(size)
            for text, size, right in zip(line, widths, numeric, strict=True)
        )
        lines.append("  ".join(cells).rstrip())
    return lines


_SHORTEST_COLUMN = 6


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
