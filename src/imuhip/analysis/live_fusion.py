"""Orientation of the sensors while they arrive, also of those that vanish and come back."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from imuhip.analysis.grid import GridBlock
from imuhip.analysis.live_gap_fill import LONGEST_BRIDGE_S, LiveGapFill
from imuhip.analysis.motion import SensorMotion, live_motion
from imuhip.core.series import BoolArray, FloatArray
from imuhip.fusion.filters import make_filter

__all__ = ["LiveFusion"]

_SETTLE_S = 3.0
"""After a return: the vertical is found anew, and the forces' filters forget the jump."""


class LiveFusion:
    """One orientation filter a sensor; a fresh one when the sensor was gone for long.

    Parameters
    ----------
    segments : tuple of str
    rate_hz : float
    filter_name : str
    """

    def __init__(self, segments: tuple[str, ...], rate_hz: float, filter_name: str) -> None:
        self._name, self._rate_hz = filter_name, rate_hz
        self._filters = {segment: make_filter(filter_name, rate_hz) for segment in segments}
        self._last_rate: dict[str, FloatArray] = {}
        self._bridges = {segment: LiveGapFill(rate_hz) for segment in segments}
        self.period_s = np.nan
        self._missing = dict.fromkeys(segments, 0)
        self._since_return = dict.fromkeys(segments, int(_SETTLE_S * rate_hz))
        self._returned: set[str] = set()

    def update(self, block: GridBlock) -> dict[str, SensorMotion]:
        """Fuse the next samples; sensors that came back are not trusted until they settled."""
        returns = {segment: self._returns(segment, block.valid[segment]) for segment in block.acc}
        block, catch_up = self._bridged(block)
        rows = [np.flatnonzero(flags) for flags in returns.values()]
        cuts = np.unique(np.concatenate([[0, len(block)], *rows])).astype(int)
        parts = []
        for start, end in pairwise(cuts):
            for segment, flags in returns.items():
                if flags[start]:
                    self._filters[segment] = make_filter(self._name, self._rate_hz)
                    self._last_rate.pop(segment, None)
                    self._returned.add(segment)
            part = block if len(cuts) == 2 else block.part(slice(start, end))
            late = {segment: values[start:end] for segment, values in catch_up.items()}
            parts.append(live_motion(part, self._filters, self._last_rate, late, self._rate_hz))
        motions = {
            s: parts[0][s] if len(parts) == 1 else SensorMotion.joined([part[s] for part in parts])
            for s in block.acc
        }
        return {s: self._settled(s, motion, returns[s]) for s, motion in motions.items()}

    def _bridged(self, block: GridBlock) -> tuple[GridBlock, dict[str, FloatArray]]:
        """Return the block with its gaps filled, and what the filters must catch up with."""
        found = {
            segment: self._bridges[segment].update(
                block.acc[segment], block.gyr[segment], block.measured[segment], self.period_s
            )
            for segment in block.acc
        }
        filled = replace(
            block,
            acc={segment: bridged.acc for segment, bridged in found.items()},
            gyr={segment: bridged.gyr for segment, bridged in found.items()},
        )
        return filled, {segment: bridged.catch_up for segment, bridged in found.items()}

    def take_unseen(self) -> dict[str, float]:
        """Return the heading variance (rad²) that gaps added since the last call."""
        unseen = {segment: bridge.unseen_rad2 for segment, bridge in self._bridges.items()}
        for bridge in self._bridges.values():
            bridge.unseen_rad2 = 0.0
        return unseen

    def take_returned(self) -> set[str]:
        """Return the sensors that came back since the last call: their headings are new."""
        returned, self._returned = self._returned, set()
        return returned

    def _returns(self, segment: str, valid: BoolArray) -> BoolArray:
        """Return the rows at which the sensor comes back after a long gap."""
        if len(valid) == 0:
            return valid
        at = np.arange(len(valid))
        last = np.maximum.accumulate(np.where(valid, at, -1 - self._missing[segment]))
        before = np.concatenate([[-1 - self._missing[segment]], last[:-1]])
        self._missing[segment] = int(at[-1] - last[-1])
        return np.asarray(valid & (at - before - 1 > LONGEST_BRIDGE_S * self._rate_hz + 1e-6))

    def _settled(self, segment: str, motion: SensorMotion, returns: BoolArray) -> SensorMotion:
        settle, since = int(_SETTLE_S * self._rate_hz), self._since_return[segment]
        if len(returns) == 0 or (since >= settle and not returns.any()):
            return motion
        at = np.arange(len(returns))
        rows = at - np.maximum.accumulate(np.where(returns, at, -1 - since))
        self._since_return[segment] = int(rows[-1])
        return motion.doubted(rows < settle)
