"""A page of this room as a tree of plain values, for a typesetter that knows no HTML.

The page is ours: well formed, every foreign text escaped, drawings inside it as SVG. What is here
reads back exactly that much and no HTML of anybody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from html.parser import HTMLParser
from typing import Any, Final

__all__ = ["page_outline"]

_VOID: Final = {"meta", "br", "link", "hr"}
_UNSEEN: Final = {"style", "script", "template"}
_DRAWING: Final = re.compile(r"<svg.*?</svg>", re.DOTALL)
_LONG_CELL: Final = 1200
"""Characters of a cell above which its row may be broken between pages."""
_MOST_KEPT: Final = 1800
"""Characters of a part of the page that is kept on one sheet: about a third of it."""
_MOST_ROWS_KEPT: Final = 16
_SHORT_NAME: Final = 12
"""Characters of a row's name that is not broken into lines."""
_STRIP_CHARACTERS: Final = 0.19
"""That stand in the width of one unit of a small figure."""
_LINE_CHARACTERS: Final = 122.0
"""About as many stand in a line across the sheet."""

_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
"""What no paper can show, turns the direction of what follows, or is no character at all."""

Node = dict[str, Any]


def page_outline(page: str) -> Node:
    """Return title, what a screen reader is told first, and the blocks of a page.

    Parameters
    ----------
    page : str
        As from `imuhip.report.page.render_report`.

    Returns
    -------
    dict
        JSON-safe. ``blocks`` holds strings and nodes of ``t`` (the element), ``c`` (its classes)
        and ``k`` (what is in it); a drawing has ``svg`` and ``alt``, a table its rows.
    """
    page = _UNPRINTABLE.sub("\ufffd", page)
    drawings: list[str] = []

    def keep(found: re.Match[str]) -> str:
        drawings.append(found.group(0))
        return f'<svg number="{len(drawings) - 1}"></svg>'

    parser = _Tree(_DRAWING.sub(keep, page), drawings)
    (body,) = _found(parser.root, "body")
    summary = [one for one in _walk(body) if "screen-reader" in one["c"]]
    return {
        "title": _text(_found(parser.root, "title")[0]),
        "description": " ".join(_text(item) for one in summary for item in _found(one, "li")),
        "blocks": [_simple(child) for child in body["k"] if not _is_blank(child)],
    }


class _Tree(HTMLParser):
    def __init__(self, page: str, drawings: Sequence[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.root: Node = {"t": "page", "c": [], "k": []}
        self._open = [self.root]
        self._drawings = drawings
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        node: Node = {"t": tag, "c": (given.get("class") or "").split(), "k": []}
        if tag == "svg":
            node |= _drawing(self._drawings[int(given["number"] or 0)])
        if "colspan" in given:
            node["span"] = int(given["colspan"] or 1)
        self._open[-1]["k"].append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open[-1]["t"] not in _UNSEEN:
            self._open[-1]["k"].append(re.sub(r"[ \n\t\r]+", " ", data))


def _drawing(svg: str) -> Node:
    """Return a drawing that stands alone, and what is said of it."""
    end = svg.index(">") + 1
    head = svg[:end]
    said = [
        unescape(found)
        for found in (
            *re.findall(r'aria-label="([^"]*)"', head),
            *re.findall(r"<(?:title|desc)[^>]*>(.*?)</(?:title|desc)>", svg, re.DOTALL)[:2],
        )
    ]
    classes = re.findall(r'class="([^"]*)"', head)
    added = ' font-family="DejaVu Sans"'
    if "xmlns=" not in head:
        added += ' xmlns="http://www.w3.org/2000/svg"'
    box = re.findall(r'viewBox="([^"]*)"', head)[0].split()
    return {
        "svg": head[:-1] + added + ">" + svg[end:],
        "alt": ". ".join(part.strip().rstrip(".") for part in said if part.strip()),
        "c": classes[0].split() if classes else [],
        "ratio": float(box[2]) / float(box[3]),
        "height": float(box[3]),
    }


def _simple(node: Node | str) -> Node | str:
    """Return a node as the typesetter wants it: tables as rows, small parts marked to be kept."""
    if isinstance(node, str):
        return node
    if node["t"] == "table":
        return _table(node)
    if "screen-reader" in node["c"]:
        return ""
    children = [_simple(child) for child in node["k"] if not _is_between(node, child)]
    simple = node | {"k": children}
    if "keep" in node["c"] or node["t"] == "figure":
        simple["whole"] = len(_text(node)) <= _MOST_KEPT
    return simple


_BLOCKS: Final = {
    "body", "header", "main", "section", "ul", "ol", "li", "dl", "dt", "dd", "td", "div", "figure",
    "figcaption", "table", "p", "h1", "h2", "h3", "footer",
}  # fmt: skip


def _is_between(parent: Node, child: Node | str) -> bool:
    """Return whether `child` is nothing but the line break between two blocks."""
    return _is_blank(child) and any(
        not isinstance(one, str) and one["t"] in _BLOCKS for one in parent["k"]
    )


def _is_blank(child: Node | str) -> bool:
    return isinstance(child, str) and not child.strip()


def _table(node: Node) -> Node:
    captions = _found(node, "caption")
    heads = [row for part in _found(node, "thead") for row in _found(part, "tr")]
    bodies = [row for part in _found(node, "tbody") for row in _found(part, "tr")]
    rows = [_cells(row, node["c"]) for row in heads + bodies]
    return {
        "t": "table",
        "c": node["c"],
        "caption": captions[0]["k"] if captions else [],
        "widths": _widths(rows),
        "head": rows[: len(heads)],
        "rows": rows[len(heads) :],
        "whole": len(rows) <= _MOST_ROWS_KEPT
        and len(_text(node)) <= _MOST_KEPT
        and not _found(node, "svg"),
        "k": [],
    }


_LEFT: Final = {"text", "verdict-cell", "digest"}


def _cells(row: Node, of_table: Sequence[str]) -> list[Node]:
    cells = [child for child in row["k"] if not isinstance(child, str)]
    return [
        {
            "t": cell["t"],
            "span": cell.get("span", 1),
            "left": k == 0 or "key" in of_table or bool(_LEFT & set(cell["c"])),
            "unbroken": "changes" in of_table and cell["t"] == "td" and not _LEFT & set(cell["c"]),
            "c": [*cell["c"], *row["c"]],
            "k": [_simple(child) for child in cell["k"] if not _is_between(cell, child)],
            "breakable": len(_text(cell)) > _LONG_CELL,
        }
        for k, cell in enumerate(cells)
    ]


def _widths(rows: Sequence[Sequence[Node]]) -> list[float]:
    """Return how wide each column is to be, in characters: as browsers do.

    Each gets its longest word, and what is left of the line is shared by how much more they want.
    """
    n_columns = max(sum(cell["span"] for cell in row) for row in rows)
    least, wanted = [3.0] * n_columns, [3.0] * n_columns
    for row in rows:
        k = 0
        for cell in row:
            if cell["span"] == 1:
                least[k] = max(least[k], _longest_word(cell))
                wanted[k] = max(wanted[k], _wide(cell))
            k += cell["span"]
    least = [min(one, 40.0) for one in least]
    wanted = [max(one, word) for one, word in zip(wanted, least, strict=True)]
    room = max(_LINE_CHARACTERS - 2.0 * n_columns - sum(least), 0.0)
    more = sum(wanted) - sum(least)
    share = min(room / more, 1.0) if more else 0.0
    return [
        round(2.0 + low + share * (high - low), 2) for low, high in zip(least, wanted, strict=True)
    ]


def _longest_word(cell: Node) -> float:
    """Return the characters that may not be broken; numbers keep their sign and unit."""
    text = _text(cell)
    is_grade = any("grade" in one["c"] for one in _walk(cell))
    if is_grade or cell["unbroken"] or (cell["t"] == "th" and len(text) <= _SHORT_NAME):
        return float(len(text))
    if not cell["left"]:
        parts = re.split(r"[/,;(]| (?!±|[°%s])", text)
        return float(max((len(part) for part in parts), default=0))
    return float(max((len(word) for word in re.split(r"[\s\u00ad]", text)), default=0))


def _wide(cell: Node) -> float:
    """Return the characters of a cell in one line, a drawing counted as its width."""
    drawn = sum(
        _STRIP_CHARACTERS * one["ratio"] * one["height"] for one in _walk(cell) if one["t"] == "svg"
    )
    return float(min(len(_text(cell)), 160) + drawn)


def _walk(node: Node | str) -> Iterator[Node]:
    if not isinstance(node, str):
        yield node
        for child in node["k"]:
            yield from _walk(child)


def _found(node: Node, tag: str) -> list[Node]:
    return [one for one in _walk(node) if one["t"] == tag]


def _text(node: Node | str) -> str:
    if isinstance(node, str):
        return node
    if node["t"] == "table":
        return " ".join(_text(cell) for row in [*node["head"], *node["rows"]] for cell in row) \
            if "rows" in node else " ".join(_text(child) for child in node["k"])  # fmt: skip
    joined = "".join(_text(child) for child in node["k"])
    return " ".join(joined.split())
