"""From a theme to a style sheet. Sizes are pixels at 100 % and scale with the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from imuhip.app.models.palette import Theme

__all__ = [
    "LARGE_TEXT",
    "scrolling",
    "set_kind",
    "show_elided",
    "show_fitted",
    "style_sheet",
    "unframed",
]

LARGE_TEXT: Final = 1.5
"""From this size of text on, what stands side by side stands beneath one another."""

_ROOM_PX: Final = (1260, 660)
"""Of a page in a window of 1280 x 800."""


def style_sheet(theme: Theme, scale: float = 1.0) -> str:
    """Return the style sheet of a whole window."""

    def px(size: float) -> str:
        return f"{round(size * scale)}px"

    t = theme
    return f"""
    QWidget {{ background: {t.paper}; color: {t.ink}; font-size: {px(15)}; }}
    QLabel {{ background: transparent; }}
    QFrame#panel, QFrame#card, QFrame#header {{
        background: {t.panel}; border: 1px solid {t.rule}; border-radius: 8px; }}
    QFrame#header[kind="alarm"] {{ background: {t.bad_paper}; border: 2px solid {t.bad}; }}
    QFrame#notice {{ background: {t.panel}; border: 2px solid {t.warn}; border-radius: 8px; }}
    QLabel#noticetext {{ font-weight: 700; }}
    QFrame#card[kind="warn"] {{ border: 2px solid {t.warn}; }}
    QFrame#card[kind="bad"] {{ background: {t.bad_paper}; border: 2px solid {t.bad}; }}
    QLabel#headline {{ font-size: {px(30)}; font-weight: 700; }}
    QLabel#headline[kind="alarm"] {{ color: {t.bad}; }}
    QLabel#detail {{ font-size: {px(16)}; color: {t.muted}; }}
    QLabel#title {{ font-size: {px(18)}; font-weight: 700; }}
    QLabel#ends, QLabel#figures, QLabel#file {{ font-size: {px(14)}; color: {t.muted}; }}
    QLabel#curve {{ font-size: {px(15)}; font-weight: 700; }}
    QLabel#number {{ font-size: {px(36)}; font-weight: 700; }}
    QLabel#smallnumber {{ font-size: {px(29)}; font-weight: 700; }}
    QLabel#number[kind="unknown"], QLabel#smallnumber[kind="unknown"] {{ color: {t.muted}; }}
    QLabel#sd {{ font-size: {px(17)}; color: {t.muted}; padding-bottom: {px(4)}; }}
    QLabel#range {{ font-size: {px(13)}; color: {t.muted}; }}
    QLabel#symbol, QLabel#state {{ font-size: {px(15)}; font-weight: 700; }}
    QLabel#step {{ font-size: {px(14)}; font-weight: 700; color: {t.ink}; }}
    QLabel[kind="good"]#symbol, QLabel[kind="good"]#state {{ color: {t.good}; }}
    QLabel[kind="warn"]#symbol, QLabel[kind="warn"]#state {{ color: {t.warn}; }}
    QLabel[kind="bad"]#symbol, QLabel[kind="bad"]#state {{ color: {t.bad}; }}
    QLabel#limitstate {{ font-size: {px(24)}; font-weight: 700; color: {t.muted}; }}
    QLabel#largename, QLabel#largevalue, QLabel#largestate {{ font-weight: 700; }}
    QLabel#largename, QLabel#largestate, QLabel[kind="unknown"]#largevalue {{ color: {t.muted}; }}
    QLabel[kind="good"]#limitstate, QLabel[kind="good"]#largestate {{ color: {t.good}; }}
    QLabel[kind="warn"]#limitstate, QLabel[kind="warn"]#largestate {{ color: {t.warn}; }}
    QLabel[kind="bad"]#limitstate, QLabel[kind="bad"]#largestate {{ color: {t.bad}; }}
    QLabel[kind="unknown"]#curve {{ color: {t.muted}; font-weight: 400; }}
    QLabel#elapsed {{ font-size: {px(28)}; font-weight: 700; }}
    QLabel#elapsed[kind="recording"] {{ color: {t.bad}; }}
    QLabel#badge {{ font-size: {px(14)}; font-weight: 700; color: {t.warn};
        border: 2px dashed {t.warn}; border-radius: 6px; padding: 4px 10px; }}
    QPushButton {{ font-size: {px(17)}; font-weight: 700; padding: 10px 18px; border-radius: 8px;
        border: 2px solid {t.rule}; background: {t.panel}; color: {t.ink}; }}
    QPushButton:disabled {{ color: {t.muted}; }}
    QPushButton:focus {{ border: 3px solid {t.ink}; }}
    QPushButton#record {{ background: {t.accent}; color: {t.on_accent};
        border: 3px solid {t.accent}; }}
    QPushButton#record[kind="recording"] {{ background: {t.ink}; color: {t.panel};
        border-color: {t.ink}; }}
    QPushButton#record:focus {{ border: 3px solid {t.muted}; }}
    QPushButton#record:disabled {{ background: {t.muted}; border-color: {t.muted}; }}
    QPushButton#step, QPushButton#small {{ font-size: {px(15)}; padding: 5px 12px; }}
    QPushButton#small {{ padding: 5px 9px; }}
    QPushButton[kind="here"] {{ background: {t.ink}; color: {t.panel}; border-color: {t.ink}; }}
    QListWidget, QTableWidget {{ background: {t.panel}; border: 1px solid {t.rule};
        border-radius: 8px; font-size: {px(17)}; padding: 4px; outline: none; }}
    QTableWidget::item {{ padding: {px(4)} 0px; }}
    QTableWidget::item:selected {{ background: {t.rule}; color: {t.ink}; }}
    QTableWidget:focus {{ border: 3px solid {t.ink}; }}
    QHeaderView::section {{ background: {t.panel}; color: {t.muted}; border: none;
        font-size: {px(15)}; font-weight: 700; padding: {px(5)} 4px; }}
    QListWidget::item {{ padding: {px(7)} 8px; }}
    QListWidget::item:selected {{ background: {t.ink}; color: {t.panel}; }}
    QListWidget:focus {{ border: 3px solid {t.ink}; }}
    QWidget#plain, QScrollArea {{ background: transparent; border: none; }}
    QLabel#cue, QLabel#count {{ font-weight: 700; }}
    QLabel#about {{ font-size: {px(17)}; }}
    QLabel#biglabel {{ font-size: {px(20)}; color: {t.muted}; }}
    QLabel#bignumber {{ font-weight: 700; }}
    QLabel#bignumber[kind="unknown"] {{ color: {t.muted}; font-weight: 400; }}
    QLabel#bigspread {{ color: {t.muted}; }}
    QLabel#note {{ font-size: {px(17)}; font-weight: 700; color: {t.warn}; }}
    QLabel#note[kind="bad"] {{ color: {t.bad}; }}
    QLabel#note[kind="unknown"] {{ color: {t.muted}; font-weight: 400; }}
    QLabel#grade {{ font-weight: 700; }}
    QLabel#field {{ font-weight: 700; }}
    QLineEdit, QComboBox {{ background: {t.panel}; border: 2px solid {t.rule}; border-radius: 6px;
        font-size: {px(17)}; padding: {px(5)} 8px; }}
    QLineEdit:focus, QComboBox:focus {{ border: 3px solid {t.ink}; }}
    QLineEdit:disabled, QLineEdit:read-only {{ color: {t.muted}; background: {t.paper}; }}
    QComboBox QAbstractItemView {{ background: {t.panel}; color: {t.ink};
        selection-background-color: {t.ink}; selection-color: {t.panel}; }}
    QListWidget:disabled {{ color: {t.muted}; }}
    QProgressBar#still[kind="good"]::chunk {{ background: {t.good}; border-radius: 3px; }}
    QProgressBar#still[kind="bad"]::chunk {{ background: {t.bad}; border-radius: 3px; }}
    QLabel#note[kind="good"] {{ color: {t.good}; }}
    QLabel#said {{ font-size: {px(17)}; font-weight: 700; }}
    QScrollBar {{ background: transparent; width: 12px; height: 12px; }}
    QScrollBar::handle {{ background: {t.muted}; border-radius: 5px; min-height: 30px;
        min-width: 30px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0px; height: 0px; }}
    QProgressBar {{ border: 1px solid {t.rule}; border-radius: 4px; background: {t.paper}; }}
    QProgressBar::chunk {{ background: {t.curves["left"]}; border-radius: 3px; }}
    """


def show_fitted(page: QWidget, sizes_px: Mapping[str, float], scale: float) -> None:
    """Let what is to be read from afar be as big as the page has room for.

    Parameters
    ----------
    page : QWidget
    sizes_px : mapping of object name to size
        On a window of 1280 x 800.
    scale : float
        Of all text; nothing gets smaller than that.
    """
    size = min(page.width() / _ROOM_PX[0], page.height() / _ROOM_PX[1])
    rules = (
        f"QLabel#{name} {{ font-size: {max(round(size, 2) * px, 15 * scale):.0f}px; }}"
        for name, px in sizes_px.items()
    )
    if page.styleSheet() != (sheet := " ".join(rules)):
        page.setStyleSheet(sheet)


def scrolling(widget: QWidget) -> QScrollArea:
    """Return a widget in a frame that scrolls where a screen is too small for it."""
    area = QScrollArea()
    unframed(area)
    area.setWidgetResizable(True)
    area.setWidget(widget)
    return area


def unframed(area: QScrollArea) -> None:
    """Let a scroll area be nothing but what is in it; keys scroll it, not the focus."""
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)


def set_kind(widget: QWidget, kind: str) -> None:
    """Give a widget the look of `kind`; does nothing when it has it."""
    if widget.property("kind") != kind:
        widget.setProperty("kind", kind)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def show_fitting(label: QLabel, *texts: str) -> None:
    """Show the first of these texts there is room for, the last one shortened if need be."""
    room_px, metrics = label.width(), label.fontMetrics()
    fits = (text for text in texts if metrics.horizontalAdvance(text) <= room_px)
    show_elided(label, next(fits, texts[-1]))
    label.setToolTip(texts[0])


def show_elided(label: QLabel, text: str, room_px: int | None = None) -> None:
    """Show as much of a text as there is room for, and all of it when pointed at.

    Shortened in the middle: beginning and end of a file name tell most.
    """
    room_px = label.width() if room_px is None else room_px
    label.setText(label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, room_px))
    label.setToolTip(text)
