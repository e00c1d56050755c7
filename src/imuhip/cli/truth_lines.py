"""What a recording truly does: each sensor's measured rate, losses and age of the last packet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imuhip.acquisition.status import AcquisitionStatus, RecordingResult, SensorStatus

__all__ = ["account", "result_facts", "truth_lines"]

_SIGN = {"good": " ", "warn": "!", "bad": "X"}
"""Shapes, not only colours, so that everybody can read them."""


def truth_lines(status: AcquisitionStatus) -> list[str]:
    """Return one line per sensor, and one more when the file has a problem."""
    recording = status.recording
    elapsed = f"{recording.elapsed_s:6.1f} s " if recording is not None else ""
    lines = [elapsed + _line(sensor) for sensor in status.sensors.values()]
    if recording is not None and recording.error is not None:
        lines.append(f"{elapsed}NOTHING IS WRITTEN ANY MORE: {recording.error}")
    return lines


def _line(sensor: SensorStatus) -> str:
    age_s = sensor.last_packet_age_s
    age = "no packet yet" if age_s is None else f"age {age_s:4.2f} s"
    battery = "" if sensor.battery_percent is None else f"  bat {sensor.battery_percent} %"
    return (
        f"{_SIGN[sensor.grade]} {sensor.segment:<11} {sensor.state:<9}"
        f" {sensor.measured_rate_hz:6.1f} Hz"
        f"  lost {sensor.counters.lost} ({sensor.loss_percent:.2f} %)  {age}{battery}"
    )


def account(result: RecordingResult) -> list[str]:
    """Return one line per sensor on what the finished file holds."""
    return [
        f"{segment}: {c.received} samples, {c.lost} lost, longest gap {c.longest_gap_s:.2f} s,"
        f" {c.reconnects} reconnections"
        for segment, c in result.counters.items()
    ]


def result_facts(result: RecordingResult, *, interrupted: bool) -> dict[str, Any]:
    """Return the same for ``--json``."""
    return {
        "file": result.path,
        "duration_s": result.duration_s,
        "interrupted": interrupted,
        "sensors": {
            segment: {
                "counters": counters,
                "clock_uncertainty_s": _uncertainties(result.clock_fits.get(segment, ())),
            }
            for segment, counters in result.counters.items()
        },
    }


def _uncertainties(fits: Sequence[Any]) -> list[float]:
    return [fit.uncertainty_s for fit in fits]
