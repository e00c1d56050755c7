"""The application around a window: made once, its settings, run until the window is closed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from PySide6.QtCore import QLocale, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

from imuhip.app.models import translation
from imuhip.app.models.palette import DARK
from imuhip.app.models.preferences import PreferenceFile, settings_file

__all__ = ["make_application", "preferred", "show_until_closed"]


def make_application() -> QApplication:
    """Return the application, which must be there before the first widget."""
    application = QApplication.instance()
    return application if isinstance(application, QApplication) else QApplication(["imuhip"])


def preferred(*, dark: bool) -> PreferenceFile:
    """Return the settings, with every string in their language from here on.

    Parameters
    ----------
    dark : bool
        Dark colours, whatever the file says.
    """
    computer = QLocale.system().name()
    language = PreferenceFile(settings_file()).preferences.language
    translation.use(translation.language_for(language, computer))
    file = PreferenceFile(settings_file())  # whose problem is told in that language
    if dark:
        file.preferences = replace(file.preferences, theme=DARK.name)
    return file


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
