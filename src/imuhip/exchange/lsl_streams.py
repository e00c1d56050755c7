"""Live streams for Lab Streaming Layer (LSL): what sensors measure, and what is computed of it.

Every sample goes out once, at the time imuhip gives it, moved to LSL's clock. Nothing is put where
samples were lost, so streams are declared irregular; a receiver must not make them regular. The
description of channels follows the XDF meta-data specification (MoCap) where it has a name for
them, and Motion-BIDS for what inertial sensors measure.
Kothe et al. 2024, doi:10.1101/2024.02.13.580071; https://github.com/sccn/xdf/wiki/MoCap-Meta-Data
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from imuhip.acquisition.host_time import HostTime
from imuhip.acquisition.ring import RingView
from imuhip.analysis.live_angles import LiveAngles
from imuhip.core.segments import ANGLES, angle_column
from imuhip.core.series import FloatArray
from imuhip.errors import ExchangeError

__all__ = ["Channel", "LslClock", "LslStreams", "SensorFacts", "pylsl"]

_N_READINGS: Final = 20
_MANUFACTURER: Final = "imuhip"


def pylsl() -> Any:
    """Return the library.

    Raises
    ------
    ExchangeError
        When it, or the liblsl that its wheels carry, is not installed.
    """
    try:
        import pylsl as library
    except (ImportError, RuntimeError, OSError) as error:
        raise ExchangeError(
            "streaming to LSL needs the optional package pylsl",
            hint='pip install "imuhip[lsl]"',
            code="E709",
        ) from error
    return library


class LslClock:
    """From the times of an acquisition to those of LSL: both clocks count the host's seconds.

    Parameters
    ----------
    host : HostTime
        Of the acquisition.
    lsl_now : callable
        Returns LSL's time, s.
    """

    def __init__(self, host: HostTime, lsl_now: Callable[[], float]) -> None:
        readings = []
        for _ in range(_N_READINGS):
            before_s = lsl_now()
            host_s = host.now_s()
            after_s = lsl_now()
            readings.append((after_s - before_s, 0.5 * (before_s + after_s) - host_s))
        between_s, self.offset_s = min(readings)
        self.uncertainty_s = 0.5 * between_s
        """Half of the time between the two readings of LSL's clock around the host's, s."""

    def lsl_s(self, time_s: FloatArray) -> FloatArray:
        """Return times of the acquisition as LSL's, (n,) s."""
        return np.asarray(time_s + self.offset_s)


@dataclass(frozen=True, slots=True)
class SensorFacts:
    """Who measures a raw stream.

    Parameters
    ----------
    serial, model : str
    rate_hz : float
        Nominal.
    """

    serial: str
    model: str
    rate_hz: float


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel's description: label, object it belongs to, type and unit."""

    label: str
    segment: str
    kind: str
    unit: str


def raw_channels(segment: str, *, has_mag: bool) -> list[Channel]:
    """Return the channels of a sensor: signals, then epoch and number of the sample."""
    signals = [("acc", "ACCEL", "m/s^2"), ("gyr", "GYRO", "rad/s")]
    signals += [("mag", "MAGN", "uT")] if has_mag else []
    channels = [
        Channel(f"{segment}_{name}_{axis}", segment, kind, unit)
        for name, kind, unit in signals
        for axis in "xyz"
    ]
    counts = [Channel(f"{segment}_{name}", segment, "MISC", "n/a") for name in ("epoch", "number")]
    return channels + counts


def orientation_channels(segments: Sequence[str]) -> list[Channel]:
    """Return the channels of segments' orientations: w, x, y and z of each."""
    return [
        Channel(f"{segment}_{part}", segment, f"Orientation{letter}", "normalized")
        for segment in segments
        for part, letter in zip("wxyz", "ABCD", strict=True)
    ]


def angle_channels(names: Sequence[str]) -> list[Channel]:
    """Return the channels of angles, then of their one-sigma uncertainty, in degrees."""
    found = []
    for ending, kind in (("", "JNTANG"), ("_sd", "Uncertainty")):
        for name in names:
            label = angle_column(name) if not ending else f"{name}_sd_deg"
            found.append(Channel(label, name.split("_")[0], kind, "degrees"))
    return found


class LslStreams:
    """Outlets of one session.

    Parameters
    ----------
    clock : LslClock
    sensors : mapping of segment to SensorFacts
        A raw stream each.
    angles_of : sequence of str
        Segments whose orientations and angles are estimated live; empty for none.
    rate_hz : float
        Nominal, of the angles.

    Raises
    ------
    ExchangeError
        When pylsl is not installed.
    """

    def __init__(
        self,
        clock: LslClock,
        sensors: Mapping[str, SensorFacts],
        angles_of: Sequence[str] = (),
        rate_hz: float = 100.0,
    ) -> None:
        self.clock = clock
        self.n_sent: dict[str, int] = {}
        """Samples sent of each stream, by its name."""
        self._outlets: dict[str, tuple[Any, str]] = {}
        self._sensors = dict(sensors)
        self._has_mag: dict[str, bool] = {}
        self._segments = tuple(angles_of)
        kinds = ("flexion", "adduction", "rotation")
        sides = [s.removeprefix("thigh_") for s in angles_of if s.startswith("thigh_")]
        hips = {f"hip_{kind}_{side}" for side in sides for kind in kinds}
        self._angles = tuple(n for n in ANGLES if n in hips or n.startswith("pelvis_"))
        if angles_of:
            serials = "+".join(sensors[s].serial for s in angles_of if s in sensors)
            whose = SensorFacts(serials, "", rate_hz)
            for name, channels in (
                ("orientations", orientation_channels(self._segments)),
                ("angles", angle_channels(self._angles)),
            ):
                self._outlets[name] = self._outlet(f"imuhip {name}", "MoCap", channels, whose)

    def push_raw(self, segment: str, view: RingView) -> None:
        """Send what one sensor measured; the first samples open its stream and tell its axes."""
        if segment not in self._outlets:
            self._has_mag[segment] = has_mag = bool(np.isfinite(view.mag).any())
            channels = raw_channels(segment, has_mag=has_mag)
            facts = self._sensors[segment]
            self._outlets[segment] = self._outlet(f"imuhip {segment} raw", "IMU", channels, facts)
        mag = [view.mag] if self._has_mag[segment] else []
        counts = np.stack([view.epoch, view.seq], axis=1)
        self._push(segment, view.time_s, np.hstack([view.acc, view.gyr, *mag, counts]))

    def push_angles(self, angles: LiveAngles) -> None:
        """Send orientations and angles; instants at which nothing is known are left out."""
        if not len(angles.time_s):
            return
        q_WB = np.hstack([angles.q_WB[segment] for segment in self._segments])
        columns = [angles.values[name] for name in self._angles]
        columns += [angles.sd[name] for name in self._angles]
        degrees = np.degrees(np.stack(columns, axis=1))
        for stream, rows in (("orientations", q_WB), ("angles", degrees)):
            known = np.isfinite(rows).any(axis=1)
            self._push(stream, angles.time_s[known], rows[known])

    def close(self) -> None:
        """Take the streams off the network."""
        self._outlets.clear()

    def _push(self, stream: str, time_s: FloatArray, rows: FloatArray) -> None:
        if not len(time_s):
            return
        outlet, name = self._outlets[stream]
        outlet.push_chunk(np.ascontiguousarray(rows), self.clock.lsl_s(time_s).tolist())
        self.n_sent[name] += len(time_s)

    def _outlet(
        self, name: str, kind: str, channels: Sequence[Channel], facts: SensorFacts
    ) -> tuple[Any, str]:
        library = pylsl()
        info = library.StreamInfo(
            name,
            kind,
            len(channels),
            library.IRREGULAR_RATE,
            library.cf_double64,
            f"imuhip {facts.serial} {name}",
        )
        description = info.desc()
        listed = description.append_child("channels")
        for channel in channels:
            one = listed.append_child("channel")
            one.append_child_value("label", channel.label)
            one.append_child_value("object", channel.segment)
            one.append_child_value("type", channel.kind)
            one.append_child_value("unit", channel.unit)
        acquired = description.append_child("acquisition")
        acquired.append_child_value("manufacturer", _MANUFACTURER)
        acquired.append_child_value("model", facts.model)
        acquired.append_child_value("serial_number", facts.serial)
        settings = acquired.append_child("settings")
        settings.append_child_value("nominal_rate_hz", f"{facts.rate_hz:g}")
        synced = description.append_child("synchronization")
        synced.append_child_value("can_drop_samples", "true")
        synced.append_child_value("clock_uncertainty_s", f"{self.clock.uncertainty_s:.2e}")
        self.n_sent[name] = 0
        return library.StreamOutlet(info), name
