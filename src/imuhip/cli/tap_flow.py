"""Asking, on the command line, for taps that tell which sensor is worn where."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from imuhip.acquisition.tap_assignment import TapAnswer, TapAssignment
from imuhip.cli.output import note
from imuhip.core.segments import SEGMENTS
from imuhip.errors import ConfigError, SensorNotFoundError

if TYPE_CHECKING:
    from imuhip.acquisition.status import SensorStatus
    from imuhip.cli.recording_session import RecordingSession

__all__ = ["DEFAULT_SEGMENTS", "checked_segments", "tapped_kit"]

DEFAULT_SEGMENTS: Final = ("pelvis", "thigh_left", "thigh_right")
SCAN_S: Final = 5.0
TIMEOUT_S: Final = 30.0
_QUESTIONS: Final = 3
"""So often a segment is asked for before the command gives up."""
_STEP_S: Final = 0.1
_SETTLE_S: Final = 15.0


def checked_segments(named: Sequence[str] | None) -> tuple[str, ...]:
    """Return the segments to ask for.

    Raises
    ------
    ConfigError
        For one that is unknown or named twice.
    """
    wanted = tuple(named) if named else DEFAULT_SEGMENTS
    for segment in wanted:
        if segment not in SEGMENTS:
            raise ConfigError(
                f"unknown segment {segment!r}", hint=f"segments are {', '.join(SEGMENTS)}"
            )
        if wanted.count(segment) > 1:
            raise ConfigError(f"{segment}: named twice", hint="name each segment once")
    return wanted


def tapped_kit(
    session: RecordingSession, segments: Sequence[str], addresses: Sequence[str] | None = None
) -> dict[str, str]:
    """Connect the sensors in reach, ask for each segment's tap, and return segment to address.

    Parameters
    ----------
    session : RecordingSession
        With an open radio.
    segments : sequence of str
        In the order in which they are asked for.
    addresses : sequence of str, optional
        Which sensors to choose from; by default all that are heard.

    Raises
    ------
    SensorNotFoundError
        When there are too few or too many sensors, or a segment is not tapped in the end.
    """
    chosen = list(addresses) if addresses else _heard(session)
    _check_number(chosen, segments)
    # Until they are told apart, sensors stream under segments that mean nothing.
    names = dict(zip(_provisional(segments, len(chosen)), chosen, strict=True))
    note(f"connecting {len(names)} sensors: {', '.join(chosen)}")
    session.connect(names)
    sensors = session.status().sensors
    assignment = TapAssignment(
        segments,
        {name: one.nominal_rate_hz for name, one in sensors.items()},
        timeout_s=TIMEOUT_S,
    )
    _settle(session, assignment, list(names))
    note("leave all sensors still but the one you are asked for; tap it twice, with a fingernail")
    for segment in segments:
        _ask(session, assignment, segment, sensors)
    return {segment: names[name] for segment, name in assignment.assigned.items()}


def _heard(session: RecordingSession) -> list[str]:
    from imuhip.sensors.registry import driver_for

    note(f"listening for {SCAN_S:g} s for sensors in reach")
    seen = session.scan(SCAN_S)
    return sorted(address for address, one in seen.items() if driver_for(one) is not None)


def _check_number(chosen: list[str], segments: Sequence[str]) -> None:
    if len(chosen) < len(segments):
        raise SensorNotFoundError(
            f"{len(chosen)} sensors heard, {len(segments)} wanted for {', '.join(segments)}",
            hint="switch all of them on and bring them near; imuhip scan shows what is heard;"
            " --segment pelvis --segment thigh_left asks for fewer",
        )
    if len(chosen) > len(SEGMENTS):
        raise SensorNotFoundError(
            f"{len(chosen)} sensors heard, at most {len(SEGMENTS)} can be told apart at once:"
            f" {', '.join(chosen)}",
            hint="switch off those of others, or name yours: --sensor ADDRESS, once for each",
        )


def _provisional(segments: Sequence[str], n_sensors: int) -> list[str]:
    return [*segments, *(one for one in SEGMENTS if one not in segments)][:n_sensors]


def _settle(session: RecordingSession, assignment: TapAssignment, names: Sequence[str]) -> None:
    deadline_s = time.monotonic() + _SETTLE_S
    while not assignment.is_settled:
        _feed(session, assignment, names)
        if time.monotonic() > deadline_s:
            silent = ", ".join(session.silent) or "a sensor"
            raise SensorNotFoundError(
                f"{silent}: connected, but no samples for {_SETTLE_S:g} s",
                hint="switch it off and on, or leave it away",
            )


def _feed(session: RecordingSession, assignment: TapAssignment, names: Sequence[str]) -> None:
    from imuhip.cli.recording_session import Stopped

    assignment.feed({name: session.acquisition.ring(name) for name in names})
    if session.stop_event.wait(_STEP_S):
        raise Stopped


def _ask(
    session: RecordingSession,
    assignment: TapAssignment,
    segment: str,
    sensors: Mapping[str, SensorStatus],
) -> None:
    """Ask for one segment until its sensor is known."""
    n_timeouts = 0
    while assignment.wanted == segment:
        note(f"tap the {_spoken(segment)} sensor twice")
        assignment.ask(session.status().at_s)
        session.tap_virtual(segment)
        answers: list[TapAnswer] = []
        while not answers:
            _feed(session, assignment, list(sensors))
            answers = assignment.update(session.status().at_s)
        for answer in answers:
            note("  " + _told(answer, sensors))
        n_timeouts += answers[-1].kind == "timeout"
        if n_timeouts >= _QUESTIONS:
            raise SensorNotFoundError(
                f"{segment}: no clear double tap in {_QUESTIONS} times {TIMEOUT_S:g} s",
                hint="tap harder, on the case itself, the others lying apart; or name the sensors:"
                " imuhip record --assign SEGMENT=ADDRESS",
            )


def _spoken(segment: str) -> str:
    part, _, side = segment.partition("_")
    return f"{side} {part}" if side else part


def _told(answer: TapAnswer, sensors: Mapping[str, SensorStatus]) -> str:
    names = [_called(sensors[name]) for name in answer.sensors]
    first, rest = (names[0], ", ".join(names[1:])) if names else ("", "")
    return {
        "assigned": f"felt by {first}: {_spoken(answer.segment)}",
        "taken": f"felt by {first}, which is another segment's already; tap the other one",
        "single": f"one knock felt by {first}; tap it twice, half a second apart at most",
        "shared": f"felt by several ({', '.join(names)}); tap the sensor itself, the others apart",
        "unheard": f"felt by {first}, but {rest} was silent just then; once more",
        "timeout": (
            f"no double tap within {TIMEOUT_S:g} s; something was felt by {', '.join(names)}"
            if names
            else f"nothing was felt within {TIMEOUT_S:g} s"
        ),
    }[answer.kind]


def _called(sensor: SensorStatus) -> str:
    return f"{sensor.name or sensor.address} ({sensor.serial or sensor.address})"
