"""A page that scrolls where large text on a small screen needs more room than there is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QWidget

from imuhip.app.views.style import unframed

__all__ = ["PageArea"]


class PageArea(QScrollArea):
    """Gives a page all the room there is, and never less than its least.

    Qt's own way gives it what it would like best, so that a page that could be a little tighter
    scrolls.

    Parameters
    ----------
    page : QWidget
    """

    def __init__(self, page: QWidget) -> None:
        super().__init__()
        unframed(self)
        self._page = page
        self.setWidget(page)
        page.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the page its room."""
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Give the page its room when what it needs has changed."""
        if watched is self._page and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return False

    def _fit(self) -> None:
        room = self.maximumViewportSize()
        wanted = self._least(room.width())
        if wanted.height() > room.height():
            wanted = self._least(room.width() - self.verticalScrollBar().sizeHint().width())
        self._page.resize(wanted.expandedTo(QSize(wanted.width(), room.height())))

    def _least(self, width_px: int) -> QSize:
        """Return the least size of the page at a width."""
        least, layout = self._page.minimumSizeHint(), self._page.layout()
        width_px = max(width_px, least.width())
        if layout is not None and layout.hasHeightForWidth():
            return QSize(width_px, layout.minimumHeightForWidth(width_px))
        return QSize(width_px, least.height())
