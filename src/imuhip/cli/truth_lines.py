"""What a recording truly does: each sensor's measured rate, losses and age of the last packet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imuhip.acquisition.status import AcquisitionStatus, RecordingResult, SensorStatus
    from imuhip.core.sensor import SensorCounters

__all__ = ["account", "result_facts", "silent_at_stop_s", "truth_lines", "truth_table"]

_SIGN = {"good": " ", "warn": "!", "bad": "X"}
"""Shapes, not only colours, so that everybody can read them."""

_OFF_RATE = 0.02
_HALF_RATE = 0.05
"""From here on the rate asked for is told beside the rate measured."""

_ABOUT = "about "
"""Before the losses of a sensor that numbers nothing."""


def truth_lines(status: AcquisitionStatus) -> list[str]:
    """Return one line per sensor, and one more when the file has a problem."""
    recording = status.recording
    elapsed = f"{recording.elapsed_s:6.1f} s " if recording is not None else ""
    lines = [elapsed + _line(sensor) for sensor in status.sensors.values()]
    lines += [
        f"{elapsed}REFUSED: {sensor.error}"
        for sensor in status.sensors.values()
        if sensor.state == "refused"
    ]
    if recording is not None and recording.error is not None:
        lines.append(f"{elapsed}NOTHING IS WRITTEN ANY MORE: {recording.error}")
    return lines


def _line(sensor: SensorStatus) -> str:
    age_s = sensor.last_packet_age_s
    age = "no packet yet" if age_s is None else f"age {age_s:4.2f} s"
    battery = "" if sensor.battery_percent is None else f"  bat {sensor.battery_percent}%"
    about = _ABOUT if sensor.loss_is_estimated else ""
    return (
        f"{_SIGN[sensor.grade]} {sensor.segment:<11} {sensor.state:<9}"
        f" {sensor.measured_rate_hz:5.1f} {_nominal(sensor)}Hz"
        f"  lost {about}{sensor.counters.lost} ({sensor.loss_percent:.2f}%)  {age}{battery}"
        + "".join(f"  {text}" for text in _more(sensor))
    )


def _nominal(sensor: SensorStatus) -> str:
    nominal_hz = sensor.nominal_rate_hz
    share = sensor.measured_rate_hz / nominal_hz
    # Half of the samples is what a link delivers that is too slow for all.
    half = "HALF " if abs(share - 0.5) < _HALF_RATE and sensor.is_delivering else ""
    return f"{half}of {nominal_hz:g} " if abs(share - 1) > _OFF_RATE else ""


def _more(sensor: SensorStatus) -> list[str]:
    """Return what is seldom anything but nothing."""
    c = sensor.counters
    found = []
    if c.longest_gap_s:
        found.append(f"gap {c.longest_gap_s:.2f} s")
    for number, words in (
        (c.duplicated, "doubled"),
        (c.backfilled, "back-filled"),
        (c.reconnects, "reconnected"),
        (c.bad_packets, "packets unreadable"),
        (c.overrun_packets, "packets too many"),
        (c.resynced, "resynced"),
    ):
        if number:
            found.append(f"{number} {words}")
    return found


def truth_table(status: AcquisitionStatus, footer: str = "") -> list[str]:
    """Return the same as a table for a terminal of 80 columns, renewed in place.

    Parameters
    ----------
    status : AcquisitionStatus
        At this instant.
    footer : str
        A last line.
    """
    lines = [
        "  sensor      state        age rate/asked   lost      %  dup  fill gap s  bat",
        *(_row(sensor) for sensor in status.sensors.values()),
    ]
    recording = status.recording
    if recording is not None and recording.error is not None:
        lines.append(f"X NOTHING IS WRITTEN ANY MORE: {recording.error}")
    elif recording is not None:
        lines.append(
            f"  file: {recording.waiting_packets} packets waiting,"
            f" safe up to {recording.flush_age_s:.1f} s ago{_clocks(status)}"
        )
    return [*lines, f"  {footer}"] if footer else lines


def _clocks(status: AcquisitionStatus) -> str:
    """Return how far the worst timed sensor may be from the others, one sigma."""
    known_s = [s.clock_uncertainty_s for s in status.sensors.values() if s.clock_uncertainty_s]
    return f"; clocks ±{1e3 * max(known_s):.1f} ms" if known_s else ""


def _row(sensor: SensorStatus) -> str:
    c = sensor.counters
    age_s = sensor.last_packet_age_s
    age = "never" if age_s is None else f"{age_s:.1f} s"
    rate = f"{sensor.measured_rate_hz:.1f}/{sensor.nominal_rate_hz:g}"
    lost = f"{'~' if sensor.loss_is_estimated else ''}{c.lost}"
    battery = "-" if sensor.battery_percent is None else f"{sensor.battery_percent}%"
    return (
        f"{_SIGN[sensor.grade]} {sensor.segment:<11} {sensor.state:<9} {age:>6} {rate:>10}"
        f" {lost:>6} {sensor.loss_percent:>6.2f} {c.duplicated:>4} {c.backfilled:>5}"
        f" {c.longest_gap_s:>5.2f} {battery:>4}"
    )


def account(result: RecordingResult, last: AcquisitionStatus) -> list[str]:
    """Return one line per sensor on what the file got of it.

    Parameters
    ----------
    result : RecordingResult
        Of the finished file.
    last : AcquisitionStatus
        At the stop: a sensor that fell silent before has no gap in its numbers, only an end.
    """
    lines = []
    for segment, c in result.counters.items():
        silent_s = silent_at_stop_s(last, segment)
        silence = f", SILENT for the last {silent_s:.1f} s" if silent_s > 0 else ""
        lines.append(
            f"{segment}: {c.received} samples, {_about(last, segment)}{c.lost} lost,"
            f" longest gap {c.longest_gap_s:.2f} s, {c.reconnects} reconnections"
            f"{_seldom(c)}{silence}"
        )
    return lines


def _seldom(c: SensorCounters) -> str:
    named = (
        (c.backfilled, "back-filled"),
        (c.duplicated, "came twice and were dropped"),
        (c.reordered, "came late"),
        (c.bad_packets, "packets could not be read"),
        (c.overrun_packets, "packets were too many for the disk"),
    )
    return "".join(f", {number} {words}" for number, words in named if number)


def _about(last: AcquisitionStatus, segment: str) -> str:
    sensor = last.sensors.get(segment)
    return _ABOUT if sensor is not None and sensor.loss_is_estimated else ""


def silent_at_stop_s(last: AcquisitionStatus, segment: str) -> float:
    """Return for how long a sensor had sent nothing when the recording ended; 0 while it did."""
    sensor = last.sensors.get(segment)
    if sensor is None or sensor.is_delivering or sensor.last_packet_age_s is None:
        return 0.0
    return sensor.last_packet_age_s


def result_facts(
    result: RecordingResult,
    last: AcquisitionStatus,
    *,
    interrupted: bool,
    missing: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the same for ``--json``; `missing` are sensors that were wanted and not recorded."""
    return {
        "file": result.path,
        "duration_s": result.duration_s,
        "interrupted": interrupted,
        "note": result.note,
        "missing": list(missing),
        "sensors": {
            segment: {
                "counters": counters,
                "loss_is_estimated": bool(_about(last, segment)),
                "silent_at_stop_s": silent_at_stop_s(last, segment),
                "clock_uncertainty_s": _uncertainties(result.clock_fits.get(segment, ())),
            }
            for segment, counters in result.counters.items()
        },
    }


def _uncertainties(fits: Sequence[Any]) -> list[float]:
    return [fit.uncertainty_s for fit in fits]
