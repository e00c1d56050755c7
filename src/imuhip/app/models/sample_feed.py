"""New samples from the rings of an acquisition, and the angles they give."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from imuhip.acquisition.ring import SampleRing
from imuhip.analysis.live import LivePipeline
from imuhip.analysis.live_angles import LiveAngles
from imuhip.analysis.live_grid import LiveGrid
from imuhip.analysis.live_intrinsics import LiveIntrinsics
from imuhip.core.series import ImuSeries

__all__ = ["AngleFeed", "RingReader", "WornReader"]

_ANGLES_OF = ("pelvis", "thigh_left", "thigh_right")


class RingReader:
    """Reads one ring from where it left off.

    Parameters
    ----------
    ring : SampleRing
        Samples already in it are passed over.
    """

    def __init__(self, ring: SampleRing) -> None:
        self.ring = ring
        self.n_missed = 0
        self._next = ring.n_written
        self._newest_s = -np.inf

    def new_samples(self) -> ImuSeries | None:
        """Return the samples that came since the last call, None when there are none.

        Samples that came late are left out: they are in the file, but a live view that went back
        for them would draw the past again.
        """
        view = self.ring.since(self._next)
        self._next = view.next_index
        self.n_missed += view.n_missed
        if len(view) == 0:
            return None
        before_s = np.maximum.accumulate(np.concatenate([[self._newest_s], view.time_s[:-1]]))
        kept = view.time_s > before_s
        if not kept.any():
            return None
        self._newest_s = float(view.time_s[kept][-1])
        return ImuSeries(view.time_s[kept], view.acc[kept], view.gyr[kept])


class WornReader:
    """Reads the rings of a set of sensors, each sensor's own errors taken out.

    Parameters
    ----------
    rings : mapping of segment to SampleRing
    rate_hz : float
    serials : mapping of segment to str
        By which the sensors' own errors are known.
    segments : collection of str, optional
        Those that are read; all without it.
    """

    def __init__(
        self,
        rings: Mapping[str, SampleRing],
        rate_hz: float,
        serials: Mapping[str, str],
        segments: Collection[str] | None = None,
    ) -> None:
        self._rings, self._rate_hz = dict(rings), rate_hz
        self._readers = {
            s: RingReader(ring) for s, ring in rings.items() if segments is None or s in segments
        }
        self.segments = tuple(self._readers)
        self.intrinsics = LiveIntrinsics(serials)

    @property
    def n_missed(self) -> int:
        """Return how many samples were overwritten before they were read."""
        return sum(reader.n_missed for reader in self._readers.values())

    def reads(self, rings: Mapping[str, SampleRing], rate_hz: float) -> bool:
        """Return whether these are the rings and the rate it was made for."""
        return rate_hz == self._rate_hz and dict(rings) == self._rings

    def new_blocks(self) -> dict[str, ImuSeries]:
        """Return what came since the last call, of the sensors that gave anything."""
        blocks = {}
        for segment, reader in self._readers.items():
            series = reader.new_samples()
            if series is not None:
                blocks[segment] = self.intrinsics.applied(segment, series)
        return blocks


class AngleFeed:
    """Rings in, angles out: the live grid and the live pipeline of one set of sensors.

    Parameters
    ----------
    rings : dict of segment to SampleRing
        The pelvis and at least one thigh among them. Other segments have no part in these angles,
        and are neither waited for nor fused.
    rate_hz : float
        Of the grid.
    serials : mapping of segment to str, optional
        By which the sensors' own errors are known.
    """

    def __init__(
        self,
        rings: dict[str, SampleRing],
        rate_hz: float,
        serials: Mapping[str, str] | None = None,
    ) -> None:
        self.rate_hz = rate_hz
        self._reader = WornReader(rings, rate_hz, serials or {}, _ANGLES_OF)
        self.segments = self._reader.segments
        self.pipeline = LivePipeline(self.segments, rate_hz)
        self._grid = LiveGrid(self.segments, rate_hz)

    @property
    def intrinsics(self) -> LiveIntrinsics:
        """Return what was taken out of the sensors' own errors."""
        return self._reader.intrinsics

    @property
    def n_missed(self) -> int:
        """Return how many samples were overwritten before they were read."""
        return self._reader.n_missed

    def reads(self, rings: Mapping[str, SampleRing], rate_hz: float) -> bool:
        """Return whether these are the rings and the rate this feed was made for."""
        return self._reader.reads(rings, rate_hz)

    def new_angles(self) -> LiveAngles:
        """Return the angles of the samples that came since the last call."""
        return self.pipeline.update(self._grid.update(self._reader.new_blocks()))
