"""Logs of single sensors become one recording: worn where, on which common clock."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from imuhip.core.segments import SEGMENTS
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.core.series import FloatArray, ImuSeries, Marker
from imuhip.errors import ExchangeError
from imuhip.exchange.sensor_log import SensorLog
from imuhip.recording.session import DeviceRecord, Recording

__all__ = ["Imported", "assigned", "joined"]

RATE_TOLERANCE = 0.02
"""Sensors of one session run at one nominal rate; two in a hundred are a clock's and a stamp's."""

_SIDES = (("left", r"(?<![a-z])l(?:eft)?(?![a-z])"), ("right", r"(?<![a-z])r(?:ight)?(?![a-z])"))
_PARTS = (
    ("pelvis", r"pelvis|sacrum"),
    ("thigh", r"thigh|femur|upper[ _-]?leg"),
    ("shank", r"shank|tibia|lower[ _-]?leg"),
    ("trunk", r"trunk|t12"),
)


@dataclass(frozen=True)
class Imported:
    """A recording made of other makers' files, and how.

    Parameters
    ----------
    recording : Recording
    logs : mapping of segment to SensorLog
        As read, on the logs' own clocks.
    clocks : str
        How the logs came to share a clock, and how well that is known.
    unused : tuple of str
        Sensors in the files that nothing was assigned to.
    """

    recording: Recording
    logs: Mapping[str, SensorLog]
    clocks: str
    unused: tuple[str, ...] = ()


def assigned(
    logs: Sequence[SensorLog], wanted: Mapping[str, str]
) -> tuple[dict[str, SensorLog], tuple[str, ...]]:
    """Return which log is whose segment's, and the titles of those left over.

    Parameters
    ----------
    logs : sequence of SensorLog
    wanted : mapping of segment to str
        A file, its name, or a sensor's name in a file; empty to go by the names of files and
        sensors.

    Raises
    ------
    ExchangeError
        When a segment is unknown, or no log or several fit.
    """
    chosen = {segment: _named(logs, segment, name) for segment, name in wanted.items()}
    chosen = chosen or _by_name(logs)
    taken = [id(log) for log in chosen.values()]
    if len(set(taken)) < len(taken):
        raise ExchangeError(
            f"one sensor is assigned to two segments: {', '.join(sorted(chosen))}",
            hint="give every segment a sensor of its own",
            code="E706",
        )
    return chosen, tuple(log.title for log in logs if id(log) not in taken)


def _named(logs: Sequence[SensorLog], segment: str, name: str) -> SensorLog:
    if segment not in SEGMENTS:
        raise ExchangeError(
            f"--assign {segment}={name}: no segment is called {segment!r}",
            hint=f"segments are {', '.join(SEGMENTS)}",
            code="E706",
        )
    key = name.casefold()
    fitting = [log for log in logs if log.name.casefold() == key] or [
        log
        for log in logs
        if key in (str(log.path).casefold(), log.path.name.casefold())
        or Path(name).resolve() == log.path.resolve()
    ]
    if len(fitting) != 1:
        raise ExchangeError(
            f"--assign {segment}={name}: {len(fitting)} sensors fit, one must",
            hint=f"the files hold: {_listed(logs)}",
            code="E706",
        )
    return fitting[0]


def _by_name(logs: Sequence[SensorLog]) -> dict[str, SensorLog]:
    """Return the logs by the segment that their file's or sensor's name tells."""
    found: dict[str, SensorLog] = {}
    for log in logs:
        segment = _segment(log.name) or _segment(log.path.stem)
        if segment is None or segment in found:
            why = "tells no segment" if segment is None else f"is the second {segment}"
            raise ExchangeError(
                f"the name {log.title} {why}",
                hint="say who wore what with --assign SEGMENT=FILE, or =SENSOR for a file of"
                f" several; the files hold: {_listed(logs)}",
                code="E706",
            )
        found[segment] = log
    return found


def _segment(name: str) -> str | None:
    # LFemur and leftThigh are L Femur and left Thigh
    text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name[:200])
    text = text.replace("_", " ").casefold()
    parts = [part for part, pattern in _PARTS if re.search(pattern, text)]
    sides = [side for side, pattern in _SIDES if re.search(pattern, text)]
    if len(parts) != 1:
        return None
    if parts[0] in SEGMENTS:
        return parts[0]
    return f"{parts[0]}_{sides[0]}" if len(sides) == 1 else None


def _listed(logs: Sequence[SensorLog]) -> str:
    return ", ".join(log.title for log in logs) or "no sensor"


def joined(
    logs: Mapping[str, SensorLog],
    *,
    subject: str | None = None,
    markers: Sequence[Marker] = (),
    unused: tuple[str, ...] = (),
) -> Imported:
    """Return the logs as one recording.

    Raises
    ------
    ExchangeError
        When rates differ, or the sensors never ran at the same time.
    """
    if not logs:
        raise ExchangeError("no sensor to import", hint="name at least one file", code="E706")
    rates = {segment: log.rate_hz for segment, log in logs.items()}
    low, high = min(rates.values()), max(rates.values())
    if high > low * (1 + RATE_TOLERANCE):
        listed = ", ".join(f"{segment} {rate:g} Hz" for segment, rate in rates.items())
        raise ExchangeError(
            f"the sensors' rates differ by more than {RATE_TOLERANCE:.0%}: {listed}",
            hint="a session has one rate; record all sensors at the same",
            code="E707",
        )
    zeros, clocks = _zeros(logs)
    first = min(logs[s].series.time_s[0] - zeros[s] for s in logs)
    series = {s: _shifted(logs[s].series, zeros[s] + first) for s in logs}
    _check_overlap(series)
    start = _start(logs, zeros, first)
    recording = Recording(
        rate_hz=float(np.median(list(rates.values()))),
        sensors=series,
        markers=tuple(markers),
        start_time=start,
        subject=subject,
        devices={segment: _device(log) for segment, log in logs.items()},
        settings=_settings(logs, clocks),
    )
    return Imported(recording, dict(logs), clocks, unused)


def _zeros(logs: Mapping[str, SensorLog]) -> tuple[dict[str, float], str]:
    """Return the time on each log's clock that is the same instant, and how that is known."""
    if len(logs) == 1:
        return dict.fromkeys(logs, 0.0), "one sensor, on its own clock"
    kinds = {log.clock for log in logs.values()}
    if len({log.path for log in logs.values()}) == 1 or kinds == {"synced"}:
        return _wrapped_zeros(logs), "one clock, shared by the sensors while they recorded"
    if kinds == {"unix"}:
        return dict.fromkeys(logs, 0.0), (
            "the time of day of whatever stamped each file: as well as those clocks agreed"
        )
    starts = {segment: log.start for segment, log in logs.items()}
    if all(start is not None and start.tzinfo is not None for start in starts.values()):
        unix = {s: start.timestamp() for s, start in starts.items() if start is not None}
        zeros = {s: float(logs[s].series.time_s[0]) - unix[s] for s in logs}
        return zeros, (
            "the start times written in the files: tenths of a second may lie between sensors,"
            " too much for hip angles in fast motion"
        )
    return {s: float(log.series.time_s[0]) for s, log in logs.items()}, (
        "nothing tells; the first samples were taken as one instant: hip angles are as wrong as"
        " that is"
    )


def _wrapped_zeros(logs: Mapping[str, SensorLog]) -> dict[str, float]:
    """Return zeros that bring clocks together of which some began anew before the recording."""
    reference = next(iter(logs.values()))
    at_s = float(reference.series.time_s[0])
    return {
        segment: round((float(log.series.time_s[0]) - at_s) / log.wraps_at_s) * log.wraps_at_s
        if log.wraps_at_s
        else 0.0
        for segment, log in logs.items()
    }


def _shifted(series: ImuSeries, zero_s: float) -> ImuSeries:
    time_s: FloatArray = series.time_s - zero_s
    return replace(series, time_s=time_s)


def _check_overlap(series: Mapping[str, ImuSeries]) -> None:
    latest_start = max(series, key=lambda s: float(series[s].time_s[0]))
    first_end = min(series, key=lambda s: float(series[s].time_s[-1]))
    missing_s = float(series[latest_start].time_s[0] - series[first_end].time_s[-1])
    if missing_s >= 0:
        raise ExchangeError(
            f"the sensors never ran at the same time: {latest_start} begins {missing_s:.1f} s after"
            f" {first_end} has ended",
            hint="are these files of one session?",
            code="E707",
        )


def _start(
    logs: Mapping[str, SensorLog], zeros: Mapping[str, float], first: float
) -> datetime | None:
    """Return the time of day of time zero, by the first file that states its start."""
    for segment, log in logs.items():
        if log.start is not None:
            late_s = float(log.series.time_s[0]) - zeros[segment] - first
            return log.start - timedelta(seconds=late_s)
    return None


def _device(log: SensorLog) -> DeviceRecord:
    received = int(np.count_nonzero(log.series.valid))
    return DeviceRecord(
        identity=SensorIdentity(log.model, log.name, log.firmware, 0.0),
        address=log.name if log.name.count(":") == 5 else "",
        config=StreamConfig(rate_hz=round(log.rate_hz)),
        counters=log.faults.counters(received),
    )


def _settings(logs: Mapping[str, SensorLog], clocks: str) -> dict[str, str]:
    settings = {"imported_clocks": clocks}
    for segment, log in logs.items():
        settings[f"imported_{segment}"] = log.path.name
        if log.derived:
            settings[f"derived_{segment}"] = log.derived
    return settings
