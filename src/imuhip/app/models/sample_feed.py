"""New samples from the rings of an acquisition, and the angles they give."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.acquisition.ring import SampleRing
from imuhip.analysis.live import LivePipeline
from imuhip.analysis.live_angles import LiveAngles
from imuhip.analysis.live_grid import LiveGrid
from imuhip.analysis.live_intrinsics import LiveIntrinsics
from imuhip.core.series import ImuSeries

__all__ = ["AngleFeed", "RingReader"]

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
        self._rings = dict(rings)
        self._readers = {s: RingReader(ring) for s, ring in rings.items() if s in _ANGLES_OF}
        self.segments = tuple(self._readers)
        self.pipeline = LivePipeline(self.segments, rate_hz)
        self.intrinsics = LiveIntrinsics(serials or {})
        self._grid = LiveGrid(self.segments, rate_hz)

    @property
    def n_missed(self) -> int:
        """Return how many samples were overwritten before they were read."""
        return sum(reader.n_missed for reader in self._readers.values())

    def reads(self, rings: dict[str, SampleRing], rate_hz: float) -> bool:
        """Return whether these are the rings and the rate this feed was made for."""
        return rate_hz == self.rate_hz and rings == self._rings

    def new_angles(self) -> LiveAngles:
        """Return the angles of the samples that came since the last call."""
        blocks = {}
        for segment, reader in self._readers.items():
            series = reader.new_samples()
            if series is not None:
                blocks[segment] = self.intrinsics.applied(segment, series)
        return self.pipeline.update(self._grid.update(blocks))
