"""The application around a window: made once, run until the window is closed, Ctrl-C included."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

__all__ = ["make_application", "show_until_closed"]


def make_application() -> QApplication:
    """Return the application, which must be there before the first widget."""
    application = QApplication.instance()
    return application if isinstance(application, QApplication) else QApplication(["imuhip"])


def show_until_closed(window: QMainWindow) -> None:
    """Run the application until a window that began is closed, by a person, a key or Ctrl-C."""
    application = make_application()
    with _ctrl_c_closes(window):
        window.show()
        try:
            application.exec()
        finally:
            window.close()
            window.deleteLater()


@contextmanager
def _ctrl_c_closes(window: QMainWindow) -> Iterator[None]:
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
