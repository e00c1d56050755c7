"""A matplotlib figure as SVG that can stand inside a page beside others."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import matplotlib as mpl

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DRAWING", "inline_svg"]

DRAWING = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "imuhip",
    "path.simplify": True,
    "hatch.linewidth": 0.5,
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
"""Settings every figure of the report is made and saved under; text stays text."""

_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}


def inline_svg(figure: Figure, *, name: str, title: str, description: str) -> str:
    """Return `figure` as an ``<svg>`` element for a page.

    Parameters
    ----------
    figure : Figure
        Made and saved under `DRAWING`.
    name : str
        Unique in the page; put before every identifier of the drawing, which would otherwise
        collide with those of another figure.
    title, description : str
        What a screen reader says; escaped here.
    """
    buffer = io.StringIO()
    with mpl.rc_context(DRAWING):
        figure.savefig(buffer, format="svg", metadata=_NO_METADATA)
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r'(\bid="|"url\(#|: url\(#|href="#)', rf"\g<1>{name}-", drawing)
    # the page gives the size; the view box keeps the shape
    drawing = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", drawing, count=1, flags=re.DOTALL)
    drawing = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", drawing, count=1, flags=re.DOTALL)
    labels = (
        f'<svg role="img" aria-labelledby="{name}-title {name}-description"',
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-description">{escape(description)}</desc>',
    )
    drawing = drawing.replace("<svg", labels[0], 1)
    end = drawing.index(">") + 1
    return drawing[:end] + labels[1] + drawing[end:]
