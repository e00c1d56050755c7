"""Opens the window. Importing this loads no Qt: that happens when a window is wanted."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from imuhip.errors import ConfigError

if TYPE_CHECKING:
    from imuhip.acquisition.blocking import Acquisition
    from imuhip.acquisition.engine import EngineOptions
    from imuhip.acquisition.status import RecordingResult
    from imuhip.app.models.bench import RadioOpener
    from imuhip.app.models.known_kit import KitMemory
    from imuhip.app.models.live_model import LiveModel
    from imuhip.app.models.session_model import SessionParts

__all__ = ["ensure_window", "run_live_window", "run_session_window"]


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


def run_session_window(
    opener: RadioOpener,
    *,
    radio: str = "auto",
    kit: KitMemory | None = None,
    options: EngineOptions | None = None,
    title: str = "imuhip",
    out: Path | None = None,
    settings: Mapping[str, str] | None = None,
    stop_event: threading.Event | None = None,
    on_recorded: Callable[[RecordingResult], None] | None = None,
    dark: bool = False,
) -> int:
    """Lead through a session, from the person to the report, until the window is closed.

    Must be called on the main thread. No radio is open and no sensor connected at first: the window
    does that. A running recording is finished, and everything is let go of, before this returns.

    Parameters
    ----------
    opener : callable
        Opens radios by name; ``"sim"`` gives virtual sensors.
    radio : str
        The radio of the step Sensors.
    kit : KitMemory, optional
        The sensors used last.
    options : EngineOptions, optional
        How sensors are to stream.
    title, out, settings, stop_event, on_recorded, dark
        See `run_live_window`.

    Returns
    -------
    int
        0, or 1 when a recording could not be begun or finished.

    Raises
    ------
    ConfigError
        When there is no Qt or no display.
    """
    ensure_window()
    from imuhip.app.models.bench import Bench
    from imuhip.app.models.live_model import LiveModel
    from imuhip.app.models.mounting_memory import default_mounting_file
    from imuhip.app.models.session_model import SessionParts

    bench = Bench(opener, options, settings=settings)
    try:
        model = LiveModel(bench, out=out, on_recorded=on_recorded)
        parts = SessionParts(
            bench=bench, kit=kit, radio=radio, mounting_file=default_mounting_file()
        )
        return _shown(model, parts, title=title, step="person", stop_event=stop_event, dark=dark)
    finally:
        bench.close()


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
    opener: RadioOpener | None = None,
    radio: str = "auto",
    kit: KitMemory | None = None,
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
    opener : callable, optional
        Opens other radios, so that sensors can be exchanged in the window; without it they cannot.
    radio : str
        What `opener` calls the radio of the acquisition.
    kit : KitMemory, optional
        The sensors used last.

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
        from imuhip.app.models.bench import Bench
        from imuhip.app.models.live_model import LiveModel
        from imuhip.app.models.live_source import AcquisitionSource
        from imuhip.app.models.mounting_memory import default_mounting_file
        from imuhip.app.models.session_model import SessionParts

        bench: Bench | None = None
        if opener is not None:
            options = acquisition.engine.options
            bench = Bench(opener, options, settings=settings, subject=subject)
            bench.adopt(radio, acquisition)
        model = LiveModel(
            bench or AcquisitionSource(acquisition, subject=subject, settings=settings),
            out=out,
            expected=expected,
            simulated=acquisition.engine.options.simulated,
            on_recorded=on_recorded,
        )
        parts = SessionParts(
            bench=bench, kit=kit, radio=radio, mounting_file=default_mounting_file()
        )
        return _shown(
            model,
            parts,
            title=title,
            step="live",
            stop_event=stop_event,
            dark=dark,
            duration_s=duration_s,
            record_at_start=record_at_start,
        )
    finally:
        acquisition.close()


def _shown(
    model: LiveModel,
    parts: SessionParts,
    *,
    title: str,
    step: Literal["person", "live"],
    stop_event: threading.Event | None,
    dark: bool,
    duration_s: float | None = None,
    record_at_start: bool = False,
) -> int:
    """Show a window until it is closed; return the exit code."""
    from imuhip.app.views.application import make_application, preferred, show_until_closed
    from imuhip.app.views.live_window import LiveWindow

    make_application()
    preferences = preferred(dark=dark)
    window = LiveWindow(
        model,
        title=title,
        preferences=preferences,
        duration_s=duration_s,
        record_at_start=record_at_start,
        stop_event=stop_event,
        parts=parts,
        step=step,
    )
    window.start()
    show_until_closed(window)
    failed = any(result.error is not None for result in model.control.results)
    return 1 if failed or model.recording.error else 0
