"""What acquisition tells people, at one instant: frozen, so any thread may hold and read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imuhip.acquisition.link_policy import LinkState
from imuhip.core.sensor import ClockFit, SensorCounters
from imuhip.errors import ImuhipError

__all__ = ["AcquisitionStatus", "Grade", "RecordingResult", "RecordingStatus", "SensorStatus"]

Grade = Literal["good", "warn", "bad"]

LOSS_WARN_PERCENT = 1.0
LOSS_BAD_PERCENT = 5.0
RATE_WARN_FRACTION = 0.02
BATTERY_WARN_PERCENT = 15


@dataclass(frozen=True, slots=True)
class SensorStatus:
    """One sensor; counters are those of the recording, or since connecting when there is none.

    Parameters
    ----------
    segment, address, name : str
        Where it is worn, how it is reached, what it calls itself.
    serial, model : str
        Empty until identified.
    battery_percent : int or None
        None when unknown.
    rssi_dbm : int or None
        Of the newest advertisement: a connected sensor does not tell.
    state : LinkState
        From the age of the last packet, never from the link's own word alone.
    nominal_rate_hz, measured_rate_hz : float
        Asked for, and delivered over the last seconds.
    counters : SensorCounters
        Exact account of samples.
    last_packet_age_s : float or None
        None before the first packet.
    error : ImuhipError or None
        The last thing that went wrong.
    loss_is_estimated : bool
        Whether the sensor numbers nothing, so that losses can only be estimated from its pauses.
    clock_uncertainty_s : float or None
        One sigma of its times against those of the other sensors, s; None before the first packets.
    driver : str
        The model as its driver calls it; empty until somebody answered.
    """

    segment: str
    address: str
    name: str
    serial: str
    model: str
    battery_percent: int | None
    rssi_dbm: int | None
    state: LinkState
    nominal_rate_hz: float
    measured_rate_hz: float
    counters: SensorCounters
    last_packet_age_s: float | None
    error: ImuhipError | None = None
    loss_is_estimated: bool = False
    clock_uncertainty_s: float | None = None
    driver: str = ""

    @property
    def loss_percent(self) -> float:
        """Return the share of samples lost, %."""
        n_expected = self.counters.received + self.counters.lost
        return 100.0 * self.counters.lost / n_expected if n_expected else 0.0

    @property
    def is_delivering(self) -> bool:
        """Return whether samples arrive at present."""
        return self.state is LinkState.STREAMING and self.counters.received > 0

    @property
    def grade(self) -> Grade:
        """Return whether all is well, worth a look, or not usable."""
        if (
            not self.is_delivering
            or self.loss_percent >= LOSS_BAD_PERCENT
            or self.counters.overrun_packets
        ):
            return "bad"
        off_rate = abs(self.measured_rate_hz / self.nominal_rate_hz - 1) > RATE_WARN_FRACTION
        low_battery = (
            self.battery_percent is not None and self.battery_percent <= BATTERY_WARN_PERCENT
        )
        if self.loss_percent >= LOSS_WARN_PERCENT or off_rate or low_battery:
            return "warn"
        return "good"


@dataclass(frozen=True, slots=True)
class RecordingStatus:
    """The session file being written.

    Parameters
    ----------
    path : Path
        The file.
    elapsed_s : float, s
        Since the recording's zero.
    waiting_packets, unwritten_packets : int
        In the queue to the writer; given up after an error.
    flush_age_s : float, s
        Since what arrived was last made safe.
    error : ImuhipError or None
        Why nothing is written any more, such as a full disk.
    """

    path: Path
    elapsed_s: float
    waiting_packets: int
    unwritten_packets: int
    flush_age_s: float
    error: ImuhipError | None


@dataclass(frozen=True, slots=True)
class AcquisitionStatus:
    """Everything at one instant.

    Parameters
    ----------
    at_s : float, s
        On the host's clock of this acquisition.
    sensors : mapping of segment to SensorStatus
        In the order of the assignment.
    recording : RecordingStatus or None
        None when not recording.
    longest_stall_s : float, s
        Longest time for which the host did not get round to reading packets.
    faults : tuple of str
        Programming errors that were survived; worth a bug report.
    """

    at_s: float
    sensors: Mapping[str, SensorStatus]
    recording: RecordingStatus | None
    longest_stall_s: float = 0.0
    faults: tuple[str, ...] = ()

    @property
    def all_deliver(self) -> bool:
        """Return whether there are sensors and samples of every one arrive."""
        return bool(self.sensors) and all(s.is_delivering for s in self.sensors.values())


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """What a recording came to.

    Parameters
    ----------
    path : Path
        The file, closed.
    duration_s : float, s
        From the recording's zero to the stop.
    counters : mapping of segment to SensorCounters
        Exact account of samples.
    clock_fits : mapping of segment to tuple of ClockFit
        Final, on the recording's clock.
    error : ImuhipError or None
        What kept the file from being finished; what was flushed before is in it.
    interrupted : bool
        Whether Ctrl-C ended it.
    note : str
        Why the file, though complete, could not be made small; empty when it was.
    """

    path: Path
    duration_s: float
    counters: Mapping[str, SensorCounters]
    clock_fits: Mapping[str, tuple[ClockFit, ...]]
    error: ImuhipError | None = None
    interrupted: bool = False
    note: str = ""
