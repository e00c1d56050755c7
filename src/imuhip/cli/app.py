"""``imuhip`` and ``imuhip app``: the window of a whole session, from the person to the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from imuhip.cli.live import DarkOption
from imuhip.cli.options import RadioOption, free_path
from imuhip.cli.record import OutOption, RateOption
from imuhip.cli.window_parts import kit_memory, window_radio

if TYPE_CHECKING:
    from imuhip.acquisition.status import RecordingResult

__all__ = ["app"]

_EXIT_INTERRUPTED = 130


def app(
    radio: RadioOption = "auto",
    out: OutOption = None,
    rate: RateOption = 100,
    dark: DarkOption = False,
) -> None:
    """Open the window: person, sensors, calibration, tests, review, report. Needs no sensor yet."""
    from imuhip.app.window import ensure_window, run_session_window
    from imuhip.cli.stop_signals import StopSignals

    ensure_window()
    path = None if out is None else free_path(out)
    recorded: list[RecordingResult] = []
    with StopSignals() as stop:
        from imuhip.acquisition.engine import EngineOptions
        from imuhip.core.sensor import StreamConfig

        code = run_session_window(
            window_radio,
            radio=radio,
            kit=kit_memory(),
            options=EngineOptions(stream=StreamConfig(rate), any_ranges=True),
            out=path,
            settings={"rate_hz": str(rate)},
            stop_event=stop.requested,
            on_recorded=recorded.append,
            dark=dark,
        )
        for result in recorded:
            typer.echo(f"{result.path}: {result.duration_s:.1f} s recorded")
            if result.error is not None:
                raise result.error
        raise typer.Exit(_EXIT_INTERRUPTED if stop.requested.is_set() else code)
