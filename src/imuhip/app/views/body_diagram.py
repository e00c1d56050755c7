"""A body seen from the front, with a mark where each sensor is worn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from imuhip.app.models import wording_sensors as words
from imuhip.app.models.palette import LIGHT, Theme
from imuhip.app.models.places import Place

__all__ = ["BodyDiagram"]

_AT: Final = {
    "trunk": (0.50, 0.27),
    "pelvis": (0.50, 0.45),
    "thigh_left": (0.585, 0.62),
    "thigh_right": (0.415, 0.62),
    "shank_left": (0.575, 0.83),
    "shank_right": (0.425, 0.83),
}
"""Centres of the marks in a square; seen from the front, what is left stands on the right."""
_LIMBS: Final = (
    ((0.50, 0.17), (0.50, 0.45), 0.20),
    ((0.42, 0.20), (0.33, 0.47), 0.055),
    ((0.58, 0.20), (0.67, 0.47), 0.055),
    ((0.445, 0.47), (0.415, 0.72), 0.085),
    ((0.555, 0.47), (0.585, 0.72), 0.085),
    ((0.415, 0.72), (0.425, 0.95), 0.06),
    ((0.585, 0.72), (0.575, 0.95), 0.06),
)
"""From, to and width of each limb."""
_MARK: Final = 0.030
_CAPTION_PX: Final = 13
_MIDDLE: Final = 0.48
"""Of the width: labels on the right are longer."""


class BodyDiagram(QWidget):
    """Draws places; a click on one turns it, as its number does.

    Parameters
    ----------
    turn : callable
        Told the segment that was clicked.
    """

    def __init__(self, turn: Callable[[str], None]) -> None:
        super().__init__()
        self._turn = turn
        self.setAccessibleName(words.BODY)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._places: tuple[Place, ...] = ()
        self._theme = LIGHT
        self._scale = 1.0

    def sizeHint(self) -> QSize:
        """Return the size it likes."""
        return QSize(360, 460)

    def minimumSizeHint(self) -> QSize:
        """Return the least size it can be read at."""
        return QSize(round(260 * self._scale), 240)

    def set_theme(self, theme: Theme, scale: float) -> None:
        """Take the colours of a theme and the size of text."""
        self._theme, self._scale = theme, scale
        self.updateGeometry()
        self.update()

    def show_places(self, places: Sequence[Place]) -> None:
        """Show these places."""
        if tuple(places) != self._places:
            self._places = tuple(places)
            told = [
                f"{one.title}: {one.text or one.state}" for one in places if one.state != "free"
            ]
            self.setAccessibleDescription("; ".join(told))
            self.update()

    def place_at(self, x: float, y: float) -> str:
        """Return the segment nearest to a point of the widget; empty far from all."""
        frame = self._frame()
        reach = 2.5 * _MARK * frame.height()
        near = [
            (abs(self._point(segment).x() - x) + abs(self._point(segment).y() - y), segment)
            for segment in _AT
        ]
        distance, segment = min(near)
        return segment if distance < reach else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Turn the place that is clicked."""
        segment = self.place_at(event.position().x(), event.position().y())
        if segment:
            self._turn(segment)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw body, marks and labels."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        theme, frame = self._theme, self._frame()
        height = frame.height()
        skin = QColor(theme.rule)
        for (x0, y0), (x1, y1), width in _LIMBS:
            pen = QPen(skin, width * height)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLine(self._at(x0, y0), self._at(x1, y1))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(skin)
        painter.drawEllipse(self._at(0.50, 0.06), 0.05 * height, 0.06 * height)
        for place in self._places:
            self._draw_place(painter, place)
        font = QFont(self.font())
        font.setPixelSize(round(_CAPTION_PX * self._scale))
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        below = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
        painter.drawText(QRectF(self.rect()), below, words.FRONT)
        painter.end()

    def _draw_place(self, painter: QPainter, place: Place) -> None:
        theme, height = self._theme, self._frame().height()
        ink = {
            "good": theme.good,
            "told": theme.good,
            "warn": theme.warn,
            "bad": theme.bad,
            "asked": theme.curves["left"],
        }.get(place.state, theme.muted)
        centre, radius = self._point(place.segment), _MARK * height
        pen = QPen(QColor(ink), 3.0)
        if place.state in ("free", "planned"):
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.setBrush(QColor(theme.panel))
        if place.state == "asked":
            painter.drawEllipse(centre, 1.5 * radius, 1.5 * radius)
        painter.drawEllipse(centre, radius, radius)
        font = QFont(self.font())
        font.setPixelSize(max(9, round(1.2 * radius)))
        font.setBold(True)
        painter.setFont(font)
        box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
        shape = (
            place.symbol if place.state in ("good", "warn", "bad", "told") else str(place.number)
        )
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, shape)
        self._draw_label(painter, place, ink, centre, radius)

    def _draw_label(
        self, painter: QPainter, place: Place, ink: str, centre: QPointF, radius: float
    ) -> None:
        """Write beside the mark: what is on the person's right stands on the left."""
        size = round(14 * self._scale)
        font = QFont(self.font())
        font.setPixelSize(size)
        font.setBold(place.state not in ("free", "planned"))
        painter.setFont(font)
        painter.setPen(QColor(self._theme.ink if place.state != "free" else self._theme.muted))
        lines = [f"{place.number} {place.title}", *([place.text] if place.text else [])]
        to_left = place.segment.endswith("_right")
        edge = centre.x() + (-1.0 if to_left else 1.0) * (1.8 * radius)
        if place.segment in ("trunk", "pelvis"):
            edge = self._at(0.715, 0.0).x()
        line_px = size * 1.25
        top = centre.y() - 0.5 * line_px * len(lines)
        for k, line in enumerate(lines):
            if to_left:
                box = QRectF(0.0, top + k * line_px, max(0.0, edge), line_px)
                align = Qt.AlignmentFlag.AlignRight
            else:
                box = QRectF(edge, top + k * line_px, max(0.0, self.width() - edge), line_px)
                align = Qt.AlignmentFlag.AlignLeft
            if k:
                painter.setPen(QColor(ink))
                font.setPixelSize(round(0.9 * size))
                painter.setFont(font)
            room = painter.fontMetrics().elidedText(
                line, Qt.TextElideMode.ElideRight, int(box.width())
            )
            painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, room)

    def _frame(self) -> QRectF:
        """Return where the body stands: as high as there is room, in the middle."""
        caption = 1.6 * _CAPTION_PX * self._scale
        height = float(min(self.height() - caption, 1.25 * self.width()))
        left = _MIDDLE * self.width() - 0.5 * height
        return QRectF(left, 0.5 * (self.height() - caption - height), height, height)

    def _at(self, x: float, y: float) -> QPointF:
        frame = self._frame()
        return QPointF(frame.x() + x * frame.width(), frame.y() + y * frame.height())

    def _point(self, segment: str) -> QPointF:
        return self._at(*_AT[segment])
