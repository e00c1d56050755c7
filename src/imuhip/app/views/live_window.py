"""The window: one timer that pulls, a few keys, and an end that leaves nothing running."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow

from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.palette import DARK, LIGHT, Theme
from imuhip.app.views.live_screen import LiveScreen
from imuhip.app.views.style import style_sheet

__all__ = ["LiveWindow", "make_application", "show_until_closed"]

FRAME_MS = 33
SIZE_PX = (1280, 800)


class LiveWindow(QMainWindow):
    """Shows a `LiveModel` and closes it with itself.

    Keys: Space or Ctrl+R records and stops, M marks, Ctrl+D changes between light and dark,
    Ctrl+Q quits.

    Parameters
    ----------
    model : LiveModel
        Owned from here on.
    title : str
        Of the window.
    theme : Theme
        Colours.
    scale : float
        Of all text; 2 is 200 %.
    duration_s : float, s, optional
        Closes by itself after so much recording, or so long without one.
    record_at_start : bool
        Record as soon as the window shows.
    stop_event : threading.Event, optional
        Closes the window when set.
    """

    def __init__(
        self,
        model: LiveModel,
        *,
        title: str = "imuhip",
        theme: Theme = LIGHT,
        scale: float = 1.0,
        duration_s: float | None = None,
        record_at_start: bool = False,
        stop_event: threading.Event | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.screen_widget = LiveScreen(model)
        self._theme = theme
        self._scale = scale
        self._duration_s = duration_s
        self._record_at_start = record_at_start
        self._stop_event = stop_event
        self._began_s = time.monotonic()
        self._shut = False
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.setCentralWidget(self.screen_widget)
        self.resize(*SIZE_PX)
        self._add_actions()
        self.set_theme(theme)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.tick)

    def _add_actions(self) -> None:
        def add(text: str, keys: list[str], call: Callable[[], None]) -> None:
            action = QAction(text, self)
            action.setShortcuts([QKeySequence(key) for key in keys])
            action.setAutoRepeat(False)
            action.triggered.connect(call)
            self.addAction(action)

        add("Record or stop", ["Space", "Ctrl+R"], self.toggle_recording)
        add("Mark this instant", ["M"], self.model.mark)
        add("Light or dark", ["Ctrl+D"], self.toggle_theme)
        add("Quit", ["Ctrl+Q"], self._quit)
        header = self.screen_widget.header
        header.record.clicked.connect(self.toggle_recording)
        header.record.setToolTip("Space or Ctrl+R")
        header.mark.clicked.connect(self.model.mark)
        header.mark.setToolTip("M")
        header.record.setFocus()

    # -- what the keys do -----------------------------------------------------------------------

    def toggle_recording(self) -> None:
        """Start or stop, and say so at once."""
        self.model.toggle_recording()
        self.screen_widget.show_words()

    def toggle_theme(self) -> None:
        """Change between light and dark."""
        self.set_theme(LIGHT if self._theme is DARK else DARK)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        self.setStyleSheet(style_sheet(theme, self._scale))
        self.screen_widget.set_theme(theme, self._scale)

    def _quit(self) -> None:
        self.close()

    # -- life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to pull; the window shows what there is."""
        self._began_s = time.monotonic()
        self._timer.start()

    def tick(self) -> None:
        """Pull the model, draw it, and look whether it is time to close."""
        if self._shut:
            return
        self.model.pull()
        if self._record_at_start and self.model.cards:
            self._record_at_start = False
            self.toggle_recording()
        self.screen_widget.show_model()
        if self._is_over():
            self.close()

    def _is_over(self) -> bool:
        if self._stop_event is not None and self._stop_event.is_set():
            return True
        recording = self.model.recording
        if self._duration_s is None or recording.phase in ("starting", "stopping"):
            return False
        recorded = recording.phase == "recording"
        since_s = recording.elapsed_s if recorded else time.monotonic() - self._began_s
        return since_s >= self._duration_s

    def closeEvent(self, event: QCloseEvent) -> None:
        """End in order: timer, recording, sensors and their thread, plots."""
        if not self._shut:
            self._shut = True
            self._timer.stop()
            try:
                self.model.close()
            finally:
                self.screen_widget.close_plots()
        event.accept()


def make_application() -> QApplication:
    """Return the application, which must be there before the first widget."""
    application = QApplication.instance()
    return application if isinstance(application, QApplication) else QApplication(["imuhip"])


def show_until_closed(window: LiveWindow) -> None:
    """Run the application until the window is closed, by a person, a key or Ctrl-C."""
    application = make_application()
    with _ctrl_c_closes(window):
        window.show()
        window.start()
        try:
            application.exec()
        finally:
            window.close()
            window.deleteLater()


@contextmanager
def _ctrl_c_closes(window: LiveWindow) -> Iterator[None]:
    """Let Ctrl-C close the window; the timer lets Python notice it within a frame."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield  # somebody looks after it already, and tells by the stop event
        return
    signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, window.close))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
