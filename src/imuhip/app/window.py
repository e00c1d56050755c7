"""Opens the live window. Importing this loads no Qt: that happens when a window is wanted."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from imuhip.errors import ConfigError

if TYPE_CHECKING:
    from imuhip.acquisition.blocking import Acquisition
    from imuhip.acquisition.status import RecordingResult

__all__ = ["ensure_window", "run_live_window"]


def ensure_window() -> None:
    """Make sure that a window can be opened; to be called before sensors are connected.

    Raises
    ------
    ConfigError
        When Qt is not installed or cannot be loaded, or there is no display.
    """
    try:
        import_module("imuhip.app.views.live_window")
    except ImportError as error:
        raise ConfigError(
            f"the window needs Qt, which cannot be loaded: {error}",
            hint='install it with: pip install "imuhip[app]"; on a bare Linux also the libraries'
            " libegl1, libgl1 and libxkbcommon0. imuhip record works without",
        ) from error
    wants_display = sys.platform.startswith("linux") and not os.environ.get("QT_QPA_PLATFORM")
    if wants_display and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise ConfigError(
            "there is no display to open a window on (DISPLAY and WAYLAND_DISPLAY are not set)",
            hint="log in to a desktop, or use imuhip record, which needs none",
        )


def run_live_window(
    acquisition: Acquisition,
    *,
    title: str = "imuhip",
    out: Path | None = None,
    record_at_start: bool = False,
    duration_s: float | None = None,
    expected: Sequence[str] = (),
    subject: str | None = None,
    settings: Mapping[str, str] | None = None,
    stop_event: threading.Event | None = None,
    on_recorded: Callable[[RecordingResult], None] | None = None,
    dark: bool = False,
) -> int:
    """Show what the sensors of an acquisition measure, until the window is closed.

    Must be called on the main thread. The acquisition is closed with the window: a running
    recording is finished, the sensors are released and the loop's thread ends before this returns.

    Parameters
    ----------
    acquisition : Acquisition
        With its sensors connected.
    title : str
        Of the window.
    out : Path, optional
        Of the first recording; further ones get a number. By default named by date, in
        ``recordings``. Existing files are never overwritten.
    record_at_start : bool
        Record at once, without a key being pressed.
    duration_s : float, s, optional
        Close after so much recording, or after so long when nothing is recorded.
    expected : sequence of str
        Segments that should have a sensor; those without get a red card.
    subject, settings
        Noted in every file.
    stop_event : threading.Event, optional
        Closes the window when set, for callers that handle Ctrl-C themselves.
    on_recorded : callable, optional
        Told of every finished recording, on the main thread.
    dark : bool
        Dark colours, whatever the settings say.

    Returns
    -------
    int
        0, or 1 when a recording could not be begun or finished.

    Raises
    ------
    ConfigError
        When there is no Qt or no display; the acquisition is closed then too.
    """
    try:
        ensure_window()
        from imuhip.app.models.live_model import LiveModel
        from imuhip.app.models.live_source import AcquisitionSource
        from imuhip.app.views.application import preferred
        from imuhip.app.views.live_window import LiveWindow, make_application, show_until_closed

        make_application()
        preferences = preferred(dark=dark)
        model = LiveModel(
            AcquisitionSource(acquisition, subject=subject, settings=settings),
            out=out,
            expected=expected,
            simulated=acquisition.engine.options.simulated,
            on_recorded=on_recorded,
        )
        window = LiveWindow(
            model,
            title=title,
            preferences=preferences,
            duration_s=duration_s,
            record_at_start=record_at_start,
            stop_event=stop_event,
        )
        window.start()
        show_until_closed(window)
    finally:
        acquisition.close()
    failed = any(result.error is not None for result in model.control.results)
    return 1 if failed or model.recording.error else 0
