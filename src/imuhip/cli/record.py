"""``imuhip record``: from sensors to a session file."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from imuhip.cli.lsl_output import LslOption, lsl_output, require_lsl
from imuhip.cli.options import (
    AssignOption,
    JsonOption,
    OptionError,
    RadioOption,
    free_path,
    session_path,
)
from imuhip.cli.output import following, note, print_json, quoted, say, working
from imuhip.cli.worn_kit import remember_worn, wanted_kit

if TYPE_CHECKING:
    from imuhip.acquisition.assignment import WantedSensor
    from imuhip.acquisition.status import AcquisitionStatus, RecordingResult
    from imuhip.cli.recording_session import RecordingSession

__all__ = ["DurationOption", "OutOption", "RateOption", "record"]

_EXIT_INTERRUPTED = 130
_FINISHING_S = 1.0
"""What the file of an hour of one sensor takes to be made small."""

OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="The session file; by default in recordings/, named by date."),
]
_LONGEST_S = 7 * 86400.0

DurationOption = Annotated[
    float | None,
    typer.Option(
        "--duration", min=0.1, max=_LONGEST_S, help="Seconds to record; without it until Ctrl-C."
    ),
]
AllowMissingOption = Annotated[
    bool,
    typer.Option("--allow-missing", help="Record the others when a sensor does not come."),
]
TapOption = Annotated[
    bool,
    typer.Option("--tap", help="Tap sensors to tell which is worn where, before it records."),
]
TestOption = Annotated[
    list[str] | None,
    typer.Option(
        "--test",
        metavar="NAME",
        help="A test to mark with key e, such as knee_to_chest_left; once per test, in order.",
    ),
]
RateOption = Annotated[int, typer.Option("--rate", min=1, max=1000, help="Samples per second.")]
AnyRateOption = Annotated[
    int | None,
    typer.Option(
        "--rate",
        min=1,
        max=1000,
        help="Samples per second; by default 100, or what a sensor model offers next to it.",
    ),
]


def record(
    assign: AssignOption = None,
    out: OutOption = None,
    duration: DurationOption = None,
    rate: AnyRateOption = None,
    radio: RadioOption = "auto",
    tap: TapOption = False,
    allow_missing: AllowMissingOption = False,
    test: TestOption = None,
    lsl: LslOption = False,
    json: JsonOption = False,
) -> None:
    """Record sensors into a session file; Ctrl-C ends it and the file is complete.

    On a terminal keys set markers: n begins and ends an N-pose, g gait, e the next test of --test,
    m marks an instant, p pain (then l or r, then 0 to 9). A sensor that is missing or silent is
    asked about; without a terminal the recording is refused.
    """
    from imuhip.cli.stop_signals import StopSignals

    tests = _checked_tests(test or [])
    require_lsl(wanted=lsl)

    with StopSignals() as stop:
        if tap and assign:
            raise OptionError(
                "--tap and --assign: both tell which sensor is worn where",
                hint="leave one of them away",
            )
        wanted = {} if tap else wanted_kit(assign, radio)
        path = free_path(out or session_path(Path("recordings"), datetime.now().astimezone()))
        from imuhip.cli.gathering import Gathering
        from imuhip.cli.recording_session import RecordingSession, Stopped
        from imuhip.cli.tap_flow import DEFAULT_SEGMENTS, tapped_kit

        try:
            begin: Literal["all", "explicit"] = "explicit" if tap else "all"
            with RecordingSession(radio, rate, stop, begin=begin) as session:
                session.open()
                kit: Mapping[str, str | WantedSensor] = wanted or session.virtual_assignment
                if tap:
                    kit = tapped_kit(session, DEFAULT_SEGMENTS)
                gathering = Gathering(session, allow_missing=allow_missing, ask=not json)
                gathered = gathering.connected(kit)
                gathering.started(kit, path, {"radio": radio, "rate_hz": str(rate or 100)})
                if tap and session.virtual_assignment:
                    session.begin_motion()
                note(f"recording into {path}; Ctrl-C ends")
                with lsl_output(session.acquisition, wanted=lsl):
                    result, last = _record(session, duration, tests)
                if not gathered.missing:  # a smaller kit would be remembered
                    remember_worn(gathered.worn)
        except Stopped:
            if path.exists():
                note(f"stopped; {path} is complete")
            else:
                note("stopped before anything was recorded")
            raise typer.Exit(_EXIT_INTERRUPTED) from None
    interrupted = stop.requested.is_set()
    _tell(result, last, gathered.missing, interrupted=interrupted, json=json)
    if result.error is not None:
        raise result.error
    if interrupted:
        raise typer.Exit(_EXIT_INTERRUPTED)


def _checked_tests(names: list[str]) -> list[str]:
    """Return the names of tests to mark, or refuse one that no test has."""
    if not names:
        return []
    from imuhip.assessment.protocol import shipped_test, shipped_tests

    known = {
        name: [f"{name}_left", f"{name}_right"] if shipped_test(name).sides else [name]
        for name in shipped_tests()
    }
    for name in names:
        if name in known and name not in known[name]:
            raise OptionError(
                f"--test {name}: is done for each side", hint=f"such as --test {known[name][0]}"
            )
        if not any(name in markers for markers in known.values()):
            raise OptionError(f"--test {name}: no such test", hint="imuhip assess --list names all")
    return names


def _record(
    session: RecordingSession, duration_s: float | None, tests: list[str]
) -> tuple[RecordingResult, AcquisitionStatus]:
    from imuhip.cli.marker_keys import KeysToMarkers, Marks, typed_keys
    from imuhip.cli.recording_session import Stopped

    with typed_keys() as typed, following("recording", duration_s) as shown:
        marks = Marks(session.mark, shown.note)
        keys = KeysToMarkers(tests, shown.note)

        def often(elapsed_s: float) -> None:
            shown.advance(elapsed_s)
            for name in keys.names(typed()):
                marks.press(name, elapsed_s)

        with suppress(Stopped):
            session.follow(duration_s, shown, often=often, footer=lambda: marks.begun or keys.told)
        marks.end(session.elapsed_s)
    last = session.status()
    recorded_s = 0.0 if last.recording is None else last.recording.elapsed_s
    expected_s = _FINISHING_S * len(last.sensors) * recorded_s / 3600.0
    with working("finishing the file", expected_s):
        return session.finish(), last


def _tell(
    result: RecordingResult,
    last: AcquisitionStatus,
    missing: list[str],
    *,
    interrupted: bool,
    json: bool,
) -> None:
    from imuhip.cli.truth_lines import account, result_facts

    if json:
        print_json(result_facts(result, last, interrupted=interrupted, missing=missing))
        return
    stored = "received, but not all of it was stored" if result.error else "recorded"
    say(f"{result.path}: {result.duration_s:.1f} s {stored}")
    for line in account(result, last):
        say(f"  {line}")
    if missing:
        say(f"  missing from the start: {', '.join(missing)}")
    if result.note:
        note(f"note: {result.note}")
    if result.error is None:
        typer.echo(f"next: imuhip check {quoted(result.path)}", err=True)
