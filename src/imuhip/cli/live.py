"""``imuhip live``: the window with its sensors connected, curves first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.lsl_output import LslOption, lsl_output, require_lsl
from imuhip.cli.options import AssignOption, RadioOption, free_path
from imuhip.cli.output import note
from imuhip.cli.record import DurationOption, OutOption, RateOption
from imuhip.cli.window_parts import kit_memory, window_radio
from imuhip.cli.worn_kit import connected_kit, remember_worn, wanted_kit

if TYPE_CHECKING:
    from imuhip.acquisition.status import RecordingResult

__all__ = ["DarkOption", "live"]

_EXIT_INTERRUPTED = 130

RecordOption = Annotated[bool, typer.Option("--record", help="Record from the start.")]
DarkOption = Annotated[bool, typer.Option("--dark", help="Dark colours.")]


def live(
    assign: AssignOption = None,
    out: OutOption = None,
    duration: DurationOption = None,
    rate: RateOption = 100,
    radio: RadioOption = "auto",
    record: RecordOption = False,
    dark: DarkOption = False,
    lsl: LslOption = False,
) -> None:
    """Show hip and pelvis angles while sensors stream; record, stop and mark by key."""
    from imuhip.app.window import ensure_window
    from imuhip.cli.stop_signals import StopSignals

    ensure_window()
    require_lsl(wanted=lsl)
    with StopSignals() as stop:
        wanted = wanted_kit(assign, radio)
        path: Path | None = None if out is None else free_path(out)
        from imuhip.app.window import run_live_window
        from imuhip.cli.recording_session import RecordingSession, Stopped

        recorded: list[RecordingResult] = []
        try:
            with RecordingSession(radio, rate, stop) as session:
                session.open()
                kit = wanted or session.virtual_assignment
                worn = connected_kit(session, kit)
                with lsl_output(session.acquisition, wanted=lsl):
                    code = run_live_window(
                        session.acquisition,
                        out=path,
                        record_at_start=record,
                        duration_s=duration,
                        expected=list(kit),
                        settings={"radio": radio, "rate_hz": str(rate)},
                        stop_event=stop.requested,
                        on_recorded=recorded.append,
                        dark=dark,
                        opener=window_radio,
                        radio=radio,
                        kit=kit_memory(),
                    )
        except Stopped:
            note("stopped before the window opened")
            raise typer.Exit(_EXIT_INTERRUPTED) from None
        if recorded:
            remember_worn(worn)
    for result in recorded:
        typer.echo(f"{result.path}: {result.duration_s:.1f} s recorded")
        if result.error is not None:
            raise result.error
    raise typer.Exit(_EXIT_INTERRUPTED if stop.requested.is_set() else code)
