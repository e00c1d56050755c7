"""A recording in memory: what was measured, on one clock, and what is known about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from imuhip.core.annotation import Annotation
from imuhip.core.segments import ANGLES, SEGMENTS, angle_column
from imuhip.core.sensor import ClockFit, SensorCounters, SensorIdentity, StreamConfig
from imuhip.core.series import FloatArray, ImuSeries, Marker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DeviceRecord", "Event", "Recording", "Truth"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened while recording, at a time on the recording's clock."""

    at_s: float
    segment: str | None
    kind: str
    """One word, such as ``"connected"``, ``"lost"`` or ``"disk_full"``."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """Which sensor was worn on a segment, how it was set, and what became of its samples."""

    identity: SensorIdentity
    address: str
    config: StreamConfig
    counters: SensorCounters = field(default_factory=SensorCounters)
    clock_fits: tuple[ClockFit, ...] = ()
    battery_percent: int | None = None
    simulated: bool = False
    driver: str = ""
    """Which driver of `imuhip.sensors` decodes its packets."""

    @property
    def is_known_by_address(self) -> bool:
        """Return whether its address stood for the serial number it does not state."""
        serial = self.identity.serial.casefold()
        return bool(self.address) and serial in ("", self.address.casefold())


@dataclass(frozen=True, slots=True)
class Truth:
    """What the simulator knows: the bones' own motion.

    Parameters
    ----------
    time_s : (n,) array, s
        On the recording's clock.
    angles_rad : (n, 9) array, rad
        Columns in the order of `imuhip.core.segments.ANGLES`.
    orientations : mapping of segment to (n, 4) array
        ``q_WB`` of each bone in the simulated world.
    initial_contacts_s : mapping of side to (k,) array, s
        Instants at which a foot meets the ground.
    toe_offs_s : mapping of side to (k,) array, s
        The toe-off that ends the stance of each contact, NaN where the person stopped. Only in
        memory, as the next.
    sensor_orientations : mapping of segment to (n, 4) array
        ``q_WS`` of each sensor in the simulated world, skin and strap included. Only in memory:
        a file keeps what the bones do.
    """

    time_s: FloatArray
    angles_rad: FloatArray
    orientations: Mapping[str, FloatArray] = field(default_factory=dict)
    initial_contacts_s: Mapping[str, FloatArray] = field(default_factory=dict)
    toe_offs_s: Mapping[str, FloatArray] = field(default_factory=dict)
    sensor_orientations: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Recording:
    """Inertial sensors on a body, on one clock.

    Parameters
    ----------
    rate_hz : float
        Nominal sample rate of the sensors.
    sensors : mapping of segment to ImuSeries
        As acquired; see `imuhip.core.series.ImuSeries`.
    markers : tuple of Marker
        Named stretches; ``"n_pose"`` and ``"gait"`` are used by the analysis when present.
    start_time : datetime, optional
        Of time zero, with a time zone.
    subject : str, optional
        A pseudonymous code, never a name.
    truth_motion : Truth, optional
        Simulated recordings only.
    devices : mapping of segment to DeviceRecord
        Empty for recordings made from arrays.
    state : {"complete", "recovered"}
        Whether the file was closed by its writer or rescued by ``imuhip recover``.
    events : tuple of Event
        What happened while recording: connections, losses, a full disk.
    settings : mapping of str to str
        Choices the recording was started with.
    software_version : str, optional
        Of the imuhip that wrote the file.
    annotations : tuple of Annotation
        What was noted afterwards, such as strides left out by hand; see
        `imuhip.recording.annotations`.
    path : Path, optional
        Where it was read from.
    """

    rate_hz: float
    sensors: Mapping[str, ImuSeries]
    markers: tuple[Marker, ...] = ()
    start_time: datetime | None = None
    subject: str | None = None
    truth_motion: Truth | None = None
    devices: Mapping[str, DeviceRecord] = field(default_factory=dict)
    state: Literal["complete", "recovered"] = "complete"
    path: Path | None = None
    events: tuple[Event, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    software_version: str | None = None
    annotations: tuple[Annotation, ...] = ()

    def __post_init__(self) -> None:
        unknown = sorted(set(self.sensors) - set(SEGMENTS))
        if unknown:
            raise ValueError(f"Expected segments among {', '.join(SEGMENTS)}, got {unknown}")
        if not self.sensors:
            raise ValueError("Expected at least one sensor, got none")
        if not (np.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise ValueError(f"Expected rate_hz above 0, got {self.rate_hz}")
        object.__setattr__(self, "sensors", MappingProxyType(dict(self.sensors)))
        object.__setattr__(self, "devices", MappingProxyType(dict(self.devices)))
        object.__setattr__(self, "markers", tuple(self.markers))
        object.__setattr__(self, "events", tuple(self.events))
        object.__setattr__(self, "annotations", tuple(self.annotations))
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))

    @classmethod
    def from_arrays(
        cls,
        *,
        rate_hz: float,
        sensors: Mapping[str, Mapping[str, Any]],
        markers: Sequence[tuple[str, float, float] | Marker] = (),
        start_time: datetime | None = None,
        subject: str | None = None,
    ) -> Recording:
        """Make a recording from arrays sampled together at one rate.

        Parameters
        ----------
        rate_hz : float
            Sample rate; sample i stands at ``i / rate_hz`` s.
        sensors : mapping of segment to mapping
            ``acc`` (n, 3) in m/s², ``gyr`` (n, 3) in rad/s, optional ``mag`` (n, 3) in µT, optional
            ``time_s`` (n,) in s; sensor frame, any mounting. NaN rows are samples that were lost.
        markers : sequence of (name, start_s, end_s)
            Optional: pose and gait are found automatically when absent.
        start_time : datetime, optional
            Of the first sample.
        subject : str, optional
            A pseudonymous code.

        Raises
        ------
        ValueError
            When shapes, segments or times are wrong.
        """
        series = {}
        for segment, channels in sensors.items():
            unknown = sorted(set(channels) - {"acc", "gyr", "mag", "time_s", "valid"})
            missing = sorted({"acc", "gyr"} - set(channels))
            if unknown or missing:
                raise ValueError(
                    f"Expected acc and gyr (optional mag, time_s, valid) for {segment},"
                    f" got {sorted(channels)}"
                )
            n_samples = len(channels["acc"])
            series[segment] = ImuSeries(
                time_s=channels.get("time_s", np.arange(n_samples) / rate_hz),
                acc=channels["acc"],
                gyr=channels["gyr"],
                mag=channels.get("mag"),
                **{k: channels[k] for k in ("valid",) if k in channels},
            )
        return cls(
            rate_hz=float(rate_hz),
            sensors=series,
            markers=tuple(m if isinstance(m, Marker) else Marker(*m) for m in markers),
            start_time=start_time,
            subject=subject,
        )

    @property
    def duration_s(self) -> float:
        """Return the time from the earliest first to the latest last sample, s."""
        starts = [series.time_s[0] for series in self.sensors.values() if len(series)]
        ends = [series.time_s[-1] for series in self.sensors.values() if len(series)]
        return float(max(ends) - min(starts)) if starts else 0.0

    @property
    def truth(self) -> pd.DataFrame | None:
        """Return the simulator's exact angles (degrees, same columns as the analysis) or None."""
        if self.truth_motion is None:
            return None
        import pandas as pd

        return pd.DataFrame(
            np.degrees(self.truth_motion.angles_rad),
            index=pd.Index(self.truth_motion.time_s, name="time_s"),
            columns=[angle_column(angle) for angle in ANGLES],
        )

    def save(self, path: str | Path) -> Path:
        """Write a session file, the same kind as a live acquisition writes.

        Raises
        ------
        imuhip.errors.DiskError
            When the file exists already or cannot be written.
        """
        from imuhip.recording.save import save_recording

        return save_recording(self, Path(path))
