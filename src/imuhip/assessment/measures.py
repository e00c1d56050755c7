"""Measures: one number with its unit, how many repetitions it rests on, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = ["Measure", "MeasureKey", "Unit", "median_measure"]

Unit = Literal["deg", "s", "1", "%", "deg/s"]

MeasureKey = tuple[str, str, Side | None]

_MEDIAN_EFFICIENCY = 1.2533
"""Standard error of a median over that of a mean, of many normal values; of three it is 1.16."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number a test gives.

    Parameters
    ----------
    name : str
        What is measured: ``"hip_internal_rotation_true"``. The same name is used by the norms and
        by the limits of change.
    side : {"left", "right"}, optional
        Whose; None for measures of the whole body.
    value : float
        NaN where it could not be measured; `note` says why.
    sd : float
        One sigma of `value`: repetitions, sensors and their alignment together.
    unit : {"deg", "s", "1", "%", "deg/s"}
    n : int
        Repetitions or strides it rests on.
    per_repetition : tuple of float
        In order of time.
    note : str
        What a reader has to know, such as ``"the pelvis never moved by 5 deg"``.
    test : str
        Which test gave it, as its protocol is called; empty for gait and pain. Rotation seated and
        prone are two things: what is compared has to be of one test.
    """

    name: str
    side: Side | None
    value: float
    sd: float
    unit: Unit
    n: int
    per_repetition: tuple[float, ...] = ()
    note: str = ""
    test: str = ""

    @property
    def key(self) -> MeasureKey:
        """Return test, name and side: two measures with the same key can be compared."""
        return self.test, self.name, self.side

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values; what is not known is None."""
        return {
            "name": self.name,
            "test": self.test,
            "side": self.side,
            "value": _plain(self.value),
            "sd": _plain(self.sd),
            "unit": self.unit,
            "n": self.n,
            "per_repetition": [_plain(value) for value in self.per_repetition],
            "note": self.note,
        }


def median_measure(
    name: str,
    side: Side | None,
    per_repetition: FloatArray,
    unit: Unit,
    *,
    instrument_sd: float = 0.0,
    note: str = "",
) -> Measure:
    """Return the median over repetitions as a measure.

    Parameters
    ----------
    name : str
    side : {"left", "right"}, optional
    per_repetition : (k,) array
        NaN where a repetition has no value.
    unit : str
    instrument_sd : float
        One sigma of what all repetitions share: sensors and their alignment.
    note : str
    """
    values = np.asarray(per_repetition, dtype=float)
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return Measure(name, side, np.nan, np.nan, unit, 0, tuple(values), note)
    scatter = float(np.std(known, ddof=1)) if len(known) > 1 else np.nan
    # one repetition alone says nothing of its scatter: nobody is told it were certain
    error = _MEDIAN_EFFICIENCY * scatter / np.sqrt(len(known)) if len(known) > 2 else scatter
    sd = float(np.hypot(error, instrument_sd))
    return Measure(name, side, float(np.median(known)), sd, unit, len(known), tuple(values), note)


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
