"""Each sensor's own errors, taken out of its samples while they arrive."""

from __future__ import annotations

from collections.abc import Mapping

from imuhip.calibration.intrinsics import Intrinsics, apply_intrinsics
from imuhip.calibration.intrinsics_file import find_sensor_file
from imuhip.core.series import ImuSeries
from imuhip.errors import ConfigError

__all__ = ["LiveIntrinsics"]


class LiveIntrinsics:
    """The corrections of the sensors worn, looked up by serial number.

    A file that cannot be used must not end a running session: that sensor stays as it is, and
    `problems` says why.

    Parameters
    ----------
    serials : mapping of segment to str
        Empty for a sensor that did not tell.
    """

    def __init__(self, serials: Mapping[str, str]) -> None:
        self.problems: dict[str, str] = {}
        self._known: dict[str, Intrinsics] = {}
        for segment, serial in serials.items():
            try:
                found = find_sensor_file(serial) if serial else None
            except ConfigError as error:
                self.problems[segment] = str(error)
                continue
            if found is not None:
                self._known[segment] = found.intrinsics

    @property
    def segments(self) -> tuple[str, ...]:
        """Return the segments whose sensors are corrected."""
        return tuple(self._known)

    def applied(self, segment: str, series: ImuSeries) -> ImuSeries:
        """Return new samples of a sensor as a perfect one would have read them."""
        known = self._known.get(segment)
        return series if known is None else apply_intrinsics(series, known)
