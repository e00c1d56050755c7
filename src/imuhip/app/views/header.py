"""What to do next, and the recording: the line along the top."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from imuhip.app.models import wording, wording_window
from imuhip.app.models.guidance import Guidance
from imuhip.app.models.recording_control import RecordingState
from imuhip.app.views.style import LARGE_TEXT, set_kind, show_elided

__all__ = ["Header"]

_FILE_WIDTH_PX = 200
_HEADLINE_PX = (30, 26, 22, 19)


class Header(QFrame):
    """Guidance on the left, recording on the right.

    Parameters
    ----------
    simulated : bool
        Say that the sensors are virtual.
    """

    def __init__(self, *, simulated: bool) -> None:
        super().__init__()
        self.setObjectName("header")
        self._wraps = False
        self._scale = 1.0
        self.headline, self.detail = QLabel(), QLabel()
        self.elapsed, self.file = QLabel("0:00"), QLabel(wording.NOTHING_RECORDED)
        self.badge = QLabel(wording.SIMULATED)
        self.badge.setToolTip(wording.SIMULATED_HINT)
        self.badge.setAccessibleName(f"{wording.SIMULATED}. {wording.SIMULATED_HINT}")
        self.badge.setVisible(simulated)
        for label, name in (
            (self.headline, "headline"),
            (self.detail, "detail"),
            (self.elapsed, "elapsed"),
            (self.file, "file"),
            (self.badge, "badge"),
        ):
            label.setObjectName(name)
        self.detail.setWordWrap(True)
        self.headline.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.elapsed.setAccessibleName(wording_window.RECORDED_TIME)
        self.file.setAccessibleName(wording_window.RECORDING)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(180, 10)
        self.progress.setAccessibleName(wording_window.PROGRESS)
        self.record, self.mark = QPushButton(wording.RECORD), QPushButton(wording.MARK)
        self.record.setObjectName("record")
        self.record.setMinimumWidth(170)
        self.mark.setMinimumWidth(110)
        # Keys work everywhere in the window; Space on a focused Mark would be two things at once.
        self.mark.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()

    def _lay_out(self) -> None:
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(16, 8, 12, 8)
        self._box.setSpacing(12)
        words = QVBoxLayout()
        self._box.addLayout(words, 1)
        words.setSpacing(2)
        words.addWidget(self.headline)
        below = QHBoxLayout()
        words.addLayout(below)
        below.setSpacing(14)
        below.addWidget(self.progress)
        below.addWidget(self.detail, 1)
        recording = QHBoxLayout()
        self._box.addLayout(recording)
        recording.setSpacing(12)
        recording.addWidget(self.badge, 0, Qt.AlignmentFlag.AlignVCenter)
        recording.addStretch(1)
        facts = QVBoxLayout()
        recording.addLayout(facts)
        facts.setSpacing(0)
        facts.addWidget(self.elapsed, 0, Qt.AlignmentFlag.AlignRight)
        facts.addWidget(self.file, 0, Qt.AlignmentFlag.AlignRight)
        recording.addWidget(self.mark)
        recording.addWidget(self.record)

    def set_scale(self, scale: float) -> None:
        """Leave the words as much room as large text needs."""
        self._scale = scale
        self._wraps = scale >= LARGE_TEXT
        if self._wraps:
            self.headline.setStyleSheet("")
        self.headline.setWordWrap(self._wraps)
        directions = QBoxLayout.Direction
        self._box.setDirection(directions.TopToBottom if self._wraps else directions.LeftToRight)
        # What has a key of its own, and the file, make room.
        self.file.setVisible(not self._wraps)
        self.mark.setVisible(not self._wraps)
        self.progress.setFixedWidth(round(180 / scale))

    def show_guidance(self, guidance: Guidance) -> None:
        """Show the step of the session."""
        set_kind(self, guidance.kind)
        set_kind(self.headline, guidance.kind)
        if self._wraps:
            self.headline.setText(guidance.headline)
            self.headline.setToolTip(guidance.headline)
        else:
            self._show_headline(guidance.headline)
        self.detail.setText(guidance.detail)
        self.setAccessibleName(f"{guidance.headline}. {guidance.detail}")
        self.progress.setVisible(guidance.progress is not None)
        if guidance.progress is not None:
            self.progress.setValue(round(100 * guidance.progress))

    def _show_headline(self, text: str) -> None:
        """Write it as large as there is room for in one line, and small in two where there is none.

        What to do next must never be cut off.
        """
        font, room_px = self.headline.font(), self.headline.width()
        fits = False
        for size_px in _HEADLINE_PX:
            font.setPixelSize(round(size_px * self._scale))
            fits = QFontMetrics(font).horizontalAdvance(text) <= room_px
            if fits:
                break
        if self.headline.styleSheet() != (sheet := f"font-size: {font.pixelSize()}px;"):
            self.headline.setStyleSheet(sheet)
        self.headline.setWordWrap(not fits)
        self.headline.setText(text)
        self.headline.setToolTip(text)

    def show_recording(self, recording: RecordingState) -> None:
        """Show how the recording is."""
        records = recording.phase == "recording"
        self.record.setText(f"■  {wording.STOP}" if records else f"●  {wording.RECORD}")
        self.record.setAccessibleName(wording.STOP if records else wording.RECORD)
        self.record.setEnabled(recording.phase in ("idle", "recording"))
        self.mark.setEnabled(records)
        marks = f"{wording.MARK} ({recording.n_markers})" if recording.n_markers else wording.MARK
        self.mark.setText(marks)
        kind = "recording" if records else "idle"
        for widget in (self.record, self.elapsed):
            set_kind(widget, kind)
        elapsed = wording.duration(recording.elapsed_s)
        self.elapsed.setText(f"● {elapsed}" if records else elapsed)
        show_elided(self.file, recording.line, _FILE_WIDTH_PX)
