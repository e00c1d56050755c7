"""``imuhip demo``: the whole way of the data on virtual sensors, without questions or hardware."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from imuhip.cli.options import JsonOption
from imuhip.cli.output import following, note, print_json, say, working
from imuhip.cli.worn_kit import connected_kit

if TYPE_CHECKING:
    from imuhip.acquisition.status import RecordingResult
    from imuhip.cli.recording_session import RecordingSession
    from imuhip.cli.stop_signals import StopSignals
    from imuhip.recording.session import Recording

__all__ = ["demo", "demo_folder"]

WALK_MINUTES: Final = 0.6
RECORDED_S: Final = 44.0
"""Eight seconds of N-pose, then walking."""
SCAN_S: Final = 2.0
RATE_HZ: Final = 100
_EXIT_INTERRUPTED: Final = 130
_SETTINGS: Final = {"radio": "sim", "demo": "yes"}

OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for session and report; by default in recordings/."),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Another number is another person.")]

WindowOption = Annotated[
    bool, typer.Option("--window", help="Watch the live window meanwhile (needs imuhip\\[app]).")
]


def demo(
    out: OutOption = None,
    seed: SeedOption = 0,
    window: WindowOption = False,
    json: JsonOption = False,
) -> None:
    """Scan, connect, record, analyse and report three virtual sensors on a simulated walker.

    Takes about a minute and needs neither hardware nor answers.
    """
    from imuhip.cli.recording_session import Stopped
    from imuhip.cli.stop_signals import StopSignals

    if window:
        from imuhip.app.window import ensure_window

        ensure_window()
    folder = demo_folder(out)
    with StopSignals() as stop:
        note("imuhip demo: a simulated person wears three virtual Bluetooth sensors")
        person = _person(seed)
        try:
            result, motion_begin_unix_s = _recorded(
                person, folder / "session.h5", stop, window=window
            )
        except Stopped:
            note("stopped before anything was recorded")
            raise typer.Exit(_EXIT_INTERRUPTED) from None
    if stop.requested.is_set():
        note(f"stopped; {result.path} is complete")
        raise typer.Exit(_EXIT_INTERRUPTED)
    if result.error is not None:
        raise result.error
    _finish(person, motion_begin_unix_s, result, folder, json=json)


def demo_folder(out: Path | None) -> Path:
    """Make and return the folder of this run; one that holds a session already is refused."""
    from imuhip.cli.options import free_path

    folder = out or Path("recordings") / f"demo-{datetime.now().astimezone():%Y-%m-%d_%H-%M-%S}"
    return free_path(folder / "session.h5").parent


def _person(seed: int) -> Recording:
    import imuhip

    with working("inventing a person who stands, then walks", 1.0):
        return imuhip.simulate("walk", WALK_MINUTES, seed, calibration=False)


def _recorded(
    person: Recording, path: Path, stop: StopSignals, *, window: bool
) -> tuple[RecordingResult, float]:
    """Record the person; return what became of it and when the motion began, s since 1970."""
    from imuhip.cli.recording_session import RecordingSession

    with RecordingSession("sim", RATE_HZ, stop, person=person, begin="explicit") as session:
        session.open()
        note(f"scanning for {SCAN_S:g} s")
        seen = session.scan(SCAN_S)
        kit = session.virtual_assignment
        segments = {address.casefold(): segment for segment, address in kit.items()}
        for address, advertisement in seen.items():
            segment = segments.get(address.casefold(), "-")
            note(f"found {advertisement.name} {address} {advertisement.rssi_dbm} dBm: {segment}")
        connected_kit(session, kit)
        record = _in_window if window else _on_lines
        return record(session, path)


def _on_lines(session: RecordingSession, path: Path) -> tuple[RecordingResult, float]:
    from imuhip.cli.recording_session import Stopped

    session.start(path, _SETTINGS)
    begin_unix_s = session.begin_motion()
    note(f"recording {RECORDED_S:g} s into {path}: N-pose, then walking")
    with following("recording", RECORDED_S, every_s=5.0) as shown, suppress(Stopped):
        session.follow(RECORDED_S, shown, often=shown.advance)
    return session.finish(), begin_unix_s


def _in_window(session: RecordingSession, path: Path) -> tuple[RecordingResult, float]:
    from imuhip.app.window import run_live_window
    from imuhip.cli.recording_session import Stopped

    begin_unix_s = session.begin_motion()
    note(f"recording {RECORDED_S:g} s into {path} in the window, which then closes")
    recorded: list[RecordingResult] = []
    run_live_window(
        session.acquisition,
        title="imuhip demo",
        out=path,
        record_at_start=True,
        duration_s=RECORDED_S,
        expected=list(session.virtual_assignment),
        settings=_SETTINGS,
        stop_event=session.stop_event,
        on_recorded=recorded.append,
    )
    if not recorded:
        raise Stopped
    return recorded[0], begin_unix_s


def _finish(
    person: Recording, begin_unix_s: float, result: RecordingResult, folder: Path, *, json: bool
) -> None:
    import imuhip
    from imuhip.cli.analyze import analyzed
    from imuhip.cli.truth_comparison import compared, print_errors
    from imuhip.report.page import write_report

    recording = imuhip.open(result.path)
    if recording.start_time is None:
        raise ValueError("Expected a recording with a start time, got none")
    begin_s = begin_unix_s - recording.start_time.timestamp()
    note("analysing")
    analysis = analyzed(recording)
    errors = compared(analysis, person, begin_s)
    page = folder / "report.html"
    note("writing the report")
    with working("writing the report", 2.0):
        write_report(recording, analysis, page)
    if json:
        print_json(
            {
                "session": result.path,
                "report": page,
                "duration_s": result.duration_s,
                "counters": dict(result.counters),
                "angles": errors,
                "summary": analysis.summary,
                "quality": analysis.quality,
            }
        )
        return
    for segment, counters in result.counters.items():
        say(f"{segment}: {counters.received} samples, {counters.lost} lost")
    say(f"quality {analysis.quality['grade']}")
    for reason in analysis.quality["reasons"]:
        say(f"  - {reason}")
    say()
    print_errors(errors)
    say()
    say(f"session {result.path}")
    say(f"report  {page}")
