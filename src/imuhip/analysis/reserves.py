"""What gait uses of what the hip has: rotation and extension, by session that holds both.

Above the line stands gait, by a thigh sensor from the standing pose's zero; below it a test. The
errors of both are different and are printed with it. Used and available going together in one
person says nothing about why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from imuhip.analysis.gait_baseline import gait_rotation_reserve
from imuhip.assessment.measures import Measure
from imuhip.core.segments import SIDES, Side
from imuhip.errors import AnalysisError
from imuhip.gait.reserve import rotation_reserve

__all__ = ["GaitReserve", "find_reserves"]

_GAITS = ("walk", "run")
_INTERNAL, _EXTERNAL = "hip_internal_rotation_true", "hip_external_rotation_true"
_EXTENSION = "hip_extension_of_hip"
_ROTATION_NOTE = "a thigh sensor under-reads the bone's rotation, and the pose sets its zero"
_RANGE_NOTE = "no zero is in it; a thigh sensor under-reads the bone's rotation"
_EXTENSION_NOTE = "counted from the standing pose in gait, from lying in the test"


@dataclass(frozen=True, slots=True)
class GaitReserve:
    """How much of what a test found gait uses.

    Parameters
    ----------
    name : {"internal_rotation", "rotation_range", "extension"}
    side : {"left", "right"}
    gait : {"walk", "run"}
    found : dict
        ``used_deg``, ``available_deg``, ``share_percent``, each with its sigma; ``problem`` says
        why there is no share. Of extension also ``pelvis_tilt_deg`` at its peak in gait.
    note : str
    """

    name: str
    side: Side
    gait: str
    found: dict[str, Any]
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        return {"name": self.name, "side": self.side, "gait": self.gait} | self.found | {
            "note": self.note
        }  # fmt: skip


def find_reserves(
    measures: Sequence[Measure], summary: Mapping[str, Any]
) -> tuple[GaitReserve, ...]:
    """Return the reserves that a session's tests and gait tell together.

    Parameters
    ----------
    measures : sequence of Measure
        Of its tests: true internal (and external) rotation, and hip extension.
    summary : mapping
        `imuhip.Analysis.summary` of the same session. A leg without steady strides has none.
    """
    known = {(m.name, m.side): (m.value, m.sd) for m in measures if np.isfinite(m.value)}
    found: list[GaitReserve] = []
    for gait in _GAITS:
        for side in SIDES:
            internal, external = known.get((_INTERNAL, side)), known.get((_EXTERNAL, side))
            if internal is not None:
                found += _rotation(summary, side, gait, internal, external)
            extension = known.get((_EXTENSION, side))
            if extension is not None:
                found += _extension(summary, side, gait, extension)
    return tuple(found)


def _rotation(
    summary: Mapping[str, Any], side: Side, gait: str,
    internal: tuple[float, float], external: tuple[float, float] | None,
) -> list[GaitReserve]:  # fmt: skip
    try:
        one = gait_rotation_reserve(summary, side, internal, external, gait)
    except AnalysisError:  # no such gait of that leg
        return []
    found = [GaitReserve("internal_rotation", side, gait, one["internal"], _ROTATION_NOTE)]
    if "range" in one:
        found.append(GaitReserve("rotation_range", side, gait, one["range"], _RANGE_NOTE))
    return found


def _extension(
    summary: Mapping[str, Any], side: Side, gait: str, available: tuple[float, float]
) -> list[GaitReserve]:
    own = summary.get("gait", {}).get(gait, {}).get("sides", {}).get(side, {})
    peak = own.get("hip_extension_peak_deg") or {}
    if peak.get("mean") is None or peak.get("uncertainty") is None:
        return []
    share = rotation_reserve(peak["mean"], peak["uncertainty"], *available).record()
    tilt = (own.get("pelvis_tilt_at_extension_peak_deg") or {}).get("mean")
    return [
        GaitReserve("extension", side, gait, share | {"pelvis_tilt_deg": tilt}, _EXTENSION_NOTE)
    ]
