"""Qt without a screen, and a watch over everything a window might leave running."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Iterator

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

try:
    from PySide6.QtCore import QObject, QThreadPool, QTimer
    from PySide6.QtWidgets import QApplication
except ImportError as error:
    QT_MISSING = f"Qt cannot be loaded here: {error}"
else:
    QT_MISSING = ""


@pytest.fixture(autouse=True)
def own_settings(monkeypatch, tmp_path) -> None:
    """Keep the window from the people and settings of whoever runs the tests."""
    monkeypatch.setenv("IMUHIP_SETTINGS_DIR", str(tmp_path / "settings"))


@pytest.fixture(scope="session")
def application() -> Iterator[object]:
    """Return the QApplication, or skip where Qt's libraries are missing."""
    if QT_MISSING:
        pytest.skip(QT_MISSING)
    from imuhip.app.views.live_window import make_application

    yield make_application()


@pytest.fixture(autouse=True)
def nobodys_computer(monkeypatch, tmp_path_factory) -> None:
    """Let windows keep people, names and settings where nobody else does."""
    folder = tmp_path_factory.mktemp("computer")
    monkeypatch.setenv("IMUHIP_SETTINGS_DIR", str(folder / "settings"))
    monkeypatch.setenv("IMUHIP_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setenv("IMUHIP_PEOPLE_DIR", str(folder / "people"))
    monkeypatch.setenv("IMUHIP_NAMES_FILE", str(folder / "names.toml"))


@pytest.fixture
def nothing_left(application) -> Iterator[None]:
    """Fail when a test leaves threads, running timers, asyncio tasks or windows behind."""
    threads = set(threading.enumerate())
    yield
    gc.collect()
    application.processEvents()
    left = [t.name for t in threading.enumerate() if t not in threads and t.is_alive()]
    assert not left, f"threads left running: {left}"
    owners = [application, *QApplication.topLevelWidgets()]
    timers = {
        f"{type(timer.parent()).__name__}: {timer.interval()} ms"
        for owner in owners
        for timer in owner.findChildren(QTimer)
        if timer.isActive()
    }
    assert not timers, f"timers left running: {timers}"
    tasks = [o for o in gc.get_objects() if isinstance(o, asyncio.Task) and not o.done()]
    assert not tasks, f"tasks left running: {tasks}"
    assert QThreadPool.globalInstance().activeThreadCount() == 0
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, QObject) and w.isVisible()]
    assert not shown, f"windows left open: {shown}"
