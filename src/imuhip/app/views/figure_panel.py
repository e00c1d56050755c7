"""The stick figure, from behind and from the right, drawn as lines of a plot."""

from __future__ import annotations

from typing import Final, Literal

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsPathItem,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
)

from imuhip.app.models import wording_move
from imuhip.app.models.palette import Theme
from imuhip.app.models.stick_figure import PARTS, Figure
from imuhip.app.views.curves import ThickLine
from imuhip.app.views.plots import LEAST_PX, quiet_plot
from imuhip.app.views.style import show_elided

__all__ = ["FigurePanel"]

_APART: Final = 1.3
_VIEWS: Final[dict[Literal["frontal", "sagittal"], float]] = {"frontal": 0.0, "sagittal": _APART}
_LOW, _HIGH = -1.02, 0.82
_HEAD_M: Final = 0.10
_WIDTH: Final = 3.0


class FigurePanel(QFrame):
    """Shows a `Figure`; what is not measured is grey and thin."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setAccessibleName(wording_move.FIGURE_TITLE)
        self.plot = quiet_plot(self, 0)
        item = self.plot.getPlotItem()
        item.hideAxis("left")
        item.hideAxis("bottom")
        item.setAspectLocked(True)
        item.setXRange(-0.65, _APART + 0.65, padding=0.0)
        item.setYRange(_LOW, _HIGH, padding=0.0)
        box = item.getViewBox()
        self._ground = QGraphicsPathItem()
        box.addItem(self._ground, ignoreBounds=True)
        self._ground.setPath(_line(-0.6, -0.86, _APART + 0.6, -0.86))
        self._lines = {(view, part): ThickLine() for view in _VIEWS for part in (*PARTS, "head")}
        for (_view, part), line in self._lines.items():
            line.setZValue(20.0 if part.startswith(("thigh", "pelvis")) else 10.0)
            box.addItem(line, ignoreBounds=True)
        self._pens: dict[str, QPen] = {}
        self.note = QLabel(wording_move.FIGURE_UNKNOWN)
        self.note.setObjectName("ends")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._lay_out()

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 6, 12, 4)
        whole.setSpacing(2)
        names = QHBoxLayout()
        whole.addLayout(names)
        for text in (wording_move.FIGURE_BEHIND, wording_move.FIGURE_RIGHT):
            label = QLabel(text)
            label.setObjectName("ends")
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            names.addWidget(label, 1)
        whole.addWidget(self.plot, 1)
        whole.addWidget(self.note)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self.plot.setBackground(theme.panel)
        self.plot.setMinimumHeight(LEAST_PX)
        ground = QPen(QColor(theme.rule), 1.0)
        ground.setCosmetic(True)
        self._ground.setPen(ground)
        colours = {"left": theme.curves["left"], "right": theme.curves["right"], "": theme.ink}
        for key, colour in {**colours, "unmeasured": theme.muted}.items():
            pen = QPen(QColor(colour), 1.0 if key == "unmeasured" else _WIDTH)
            pen.setCosmetic(True)
            if key == "right":
                pen.setDashPattern([4.0, 1.6])
            self._pens[key] = pen
        for line in self._lines.values():
            line.setPen(self._pens["unmeasured"])

    def show_figure(self, figure: Figure) -> None:
        """Draw the newest posture."""
        self._ground.setVisible(any(name.startswith("shank") for name in figure.parts))
        for (view, name), line in self._lines.items():
            part = figure.parts.get("trunk" if name == "head" else name)
            if part is None:
                line.setPath(QPainterPath())
                continue
            ends = part.frontal if view == "frontal" else part.sagittal
            across = _VIEWS[view]
            if name == "head":
                line.setPath(_circle(across + ends[1, 0], ends[1, 1] + 1.2 * _HEAD_M))
                continue
            side = name.rpartition("_")[2] if "_" in name else ""
            pen = self._pens.get(side if part.measured else "unmeasured")
            if pen is not None and line.pen() != pen:
                line.setPen(pen)
            line.setPath(_line(across + ends[0, 0], ends[0, 1], across + ends[1, 0], ends[1, 1]))

    def show_words(self, figure: Figure) -> None:
        """Say what is drawn."""
        text = wording_move.FIGURE_UNKNOWN
        if figure.parts:
            text = f"{wording_move.FIGURE_LEGEND}; {wording_move.FIGURE_NOTE}"
        show_elided(self.note, text)

    def close_plot(self) -> None:
        """Let go of the scene; pyqtgraph wants to be told."""
        self.plot.close()


def _line(x0: float, y0: float, x1: float, y1: float) -> QPainterPath:
    path = QPainterPath(QPointF(x0, y0))
    path.lineTo(x1, y1)
    return path


def _circle(x: float, y: float) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(x, y), _HEAD_M, _HEAD_M)
    return path
