"""One sensor's log as it was read from somebody else's file, and what was wrong with it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from imuhip.core.sensor import SensorCounters
from imuhip.core.series import ImuSeries

__all__ = ["Clock", "Faults", "SensorLog"]

Clock = Literal["synced", "unix", "own"]
"""Which clock stamped the samples: one the sensors share, the time of day, or the sensor's own."""

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Faults:
    """What was wrong with the rows of a file; every number counts rows unless it says otherwise."""

    rows: int = 0
    """In the file, below its header."""
    ragged: int = 0
    """Dropped: more or fewer values than the header names."""
    unreadable: int = 0
    """Dropped: a value that is no number, or none that a sensor can measure."""
    repeated: int = 0
    """Dropped: a sample that stands there already."""
    outside: int = 0
    """Dropped: before or after the clock started anew; the longest stretch is kept."""
    reordered: int = 0
    """Put back where their time belongs."""
    lost: int = 0
    """Samples missing between the first and the last, by number or by time."""
    longest_gap_s: float = 0.0
    time_jumps: int = 0
    """Times the clock fell back, or leapt by more than 10 s."""
    wraps: int = 0
    """Times a counter passed its end and went on from zero: no loss."""

    @property
    def dropped(self) -> int:
        """Return how many rows were not used."""
        return self.ragged + self.unreadable + self.repeated + self.outside

    def with_text(self, rows: int, ragged: int, wraps: int = 0) -> Faults:
        """Return them with what reading the text had counted."""
        return replace(self, rows=rows, ragged=ragged, wraps=wraps)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON-safe values."""
        return {**asdict(self), "dropped": self.dropped}

    def counters(self, received: int) -> SensorCounters:
        """Return them as the session file keeps them."""
        return SensorCounters(
            received=received,
            lost=self.lost,
            duplicated=self.repeated,
            reordered=self.reordered,
            bad_packets=self.ragged + self.unreadable,
            longest_gap_s=self.longest_gap_s,
            resynced=self.time_jumps,
        )


@dataclass(frozen=True, slots=True)
class SensorLog:
    """What one sensor measured.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What the file calls the sensor: tag, address or label; may be empty.
    model : str
    series : ImuSeries
        SI units; times on the log's own clock.
    rate_hz : float
    clock : {"synced", "unix", "own"}
        What those times count from.
    faults : Faults
    start : datetime, optional
        When the file says that it begins.
    firmware : str
    wraps_at_s : float
        Where the clock begins anew from zero; 0 for one that does not.
    derived : str
        How acc and gyr were computed where the file does not hold them; empty where it does.
    notes : tuple of str
        What else a reader has to know: units that were inferred, times that were made regular.
    """

    path: Path
    name: str
    model: str
    series: ImuSeries
    rate_hz: float
    clock: Clock
    faults: Faults
    start: datetime | None = None
    firmware: str = ""
    wraps_at_s: float = 0.0
    derived: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # from a file that nobody vouches for, on its way to a terminal
        name = "".join(filter(str.isprintable, self.name))[:LONGEST_NAME]
        object.__setattr__(self, "name", name)

    @property
    def title(self) -> str:
        """Return the file's name, and the sensor's where it has one."""
        return f"{self.path.name} ({self.name})" if self.name else self.path.name
