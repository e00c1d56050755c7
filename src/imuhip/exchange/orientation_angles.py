"""Angles from orientations that another program estimated, told as such.

Nothing imuhip does to trust an angle can be done here: no drift is bounded, no strap is watched, no
uncertainty is known. What heading the maker's filter gave to each sensor is in every angle, and its
magnetometer with it. Only the definition of the angles is imuhip's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imuhip.core import quaternion
from imuhip.core.cardan import Q_WALK_ISB
from imuhip.core.segments import SIDES
from imuhip.core.series import FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.results import check_free, whole_file
from imuhip.exchange.sto_orientations import Orientations
from imuhip.kinematics.angles import hip_from_segments, pelvis_attitude

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FORWARDS",
    "MARK",
    "NOT_TOLD",
    "Placing",
    "angles_from",
    "placed",
    "segments_of",
    "write_angles",
]

MARK: Final = "another program's orientations"
NOT_TOLD: Final = (
    "uncertainties: the other program states none",
    "pelvis rotation: it needs the walking direction, and so strides",
    "strides and gait: they need what the sensors measured",
)
FORWARDS: Final[Mapping[str, FloatArray]] = {
    f"{sign}{axis}": (-1.0 if sign else 1.0) * np.eye(3)[k]
    for k, axis in enumerate("xyz")
    for sign in ("", "-")
}
_LEAST_POSE_ROWS: Final = 5
_LEAST_LEVEL: Final = 0.5
"""An axis that points forwards lies within 60° of level."""


@dataclass(frozen=True, slots=True)
class Placing:
    """How sensors are told from the segments they sit on, as OpenSim places them.

    Parameters
    ----------
    start_s, end_s : float, s
        While the person stood upright, feet forwards: all hip angles are zero there.
    forwards : str
        The axis of the pelvis' sensor that pointed forwards: ``x``, ``-x``, ``y`` and so on.
    """

    start_s: float
    end_s: float
    forwards: str = "z"


def segments_of(found: Orientations, placing: Placing | None) -> Mapping[str, FloatArray]:
    """Return the segments' orientations (n, 4), whatever the file holds.

    Raises
    ------
    ExchangeError
        When sensors have to be placed and nothing says how, or a file says they are none.
    """
    if found.of_segments and placing is not None:
        raise ExchangeError(
            f"{found.path}: says that its orientations are of segments: no pose can place them",
            hint="leave --pose away",
            code="E801",
        )
    if found.of_segments:
        return found.q
    if placing is None:
        raise ExchangeError(
            f"{found.path}: orientations of sensors; how they sit on the body is not known",
            hint="say when the person stood upright, and which axis of the pelvis' sensor pointed"
            " forwards: --pose 0:2 --forwards=-z",
            code="E801",
        )
    return placed(found, placing)


def placed(found: Orientations, placing: Placing) -> dict[str, FloatArray]:
    """Return the segments' orientations (n, 4) of those of sensors as they were mounted.

    Raises
    ------
    ExchangeError
        When nobody is known to have stood in these seconds, or the axis did not point forwards.
    """
    rows = (found.time_s >= placing.start_s) & (found.time_s <= placing.end_s)
    n_known = {s: int(np.isfinite(q[rows]).all(axis=1).sum()) for s, q in found.q.items()}
    if min(n_known.values()) < _LEAST_POSE_ROWS:
        raise ExchangeError(
            f"{found.path}: {min(n_known.values())} orientations of"
            f" {min(n_known, key=lambda s: n_known[s])} from {placing.start_s:g} to"
            f" {placing.end_s:g} s, at least {_LEAST_POSE_ROWS} are needed",
            hint=f"the file lasts from {found.time_s[0]:.2f} to {found.time_s[-1]:.2f} s",
            code="E801",
        )
    stood = {s: quaternion.average(_known(q[rows])) for s, q in found.q.items()}
    ahead = quaternion.rotate(stood["pelvis"], FORWARDS[placing.forwards])
    if np.hypot(ahead[0], ahead[1]) < _LEAST_LEVEL:
        raise ExchangeError(
            f"{found.path}: the axis {placing.forwards} of the pelvis' sensor pointed"
            f" {np.degrees(np.arcsin(np.clip(abs(ahead[2]), 0, 1))):.0f}° off level while the"
            f" person stood, at most {np.degrees(np.arccos(_LEAST_LEVEL)):.0f}° may be",
            hint="name the axis that pointed forwards with --forwards, such as -z for a sensor on"
            " the sacrum whose z axis points backwards",
            code="E801",
        )
    heading = float(np.arctan2(ahead[1], ahead[0]))
    q_WB = quaternion.multiply(
        quaternion.about_axis(np.array([0.0, 0.0, 1.0]), heading), Q_WALK_ISB
    )
    return {
        s: quaternion.multiply(q, quaternion.multiply(quaternion.conjugate(stood[s]), q_WB))
        for s, q in found.q.items()
    }


def _known(q: FloatArray) -> FloatArray:
    return q[np.isfinite(q).all(axis=1)]


def angles_from(time_s: FloatArray, q_WB: Mapping[str, FloatArray]) -> pd.DataFrame:
    """Return hip angles, pelvic tilt and obliquity in degrees, as `imuhip.analyze` names them.

    Parameters
    ----------
    time_s : (n,) array, s
    q_WB : mapping of segment to (n, 4) array
        ISB axes, in one world with z up.
    """
    import pandas as pd

    columns: dict[str, FloatArray] = {}
    for side in SIDES:
        if f"thigh_{side}" in q_WB:
            hip = hip_from_segments(q_WB["pelvis"], q_WB[f"thigh_{side}"], side)
            for k, angle in enumerate(("flexion", "adduction", "rotation")):
                columns[f"hip_{angle}_{side}_deg"] = np.degrees(hip[:, k])
    attitude = np.degrees(pelvis_attitude(q_WB["pelvis"]))
    columns |= {"pelvis_tilt_deg": attitude[:, 0], "pelvis_obliquity_deg": attitude[:, 1]}
    return pd.DataFrame(columns, index=pd.Index(time_s, name="time_s"))


def write_angles(table: pd.DataFrame, about: Mapping[str, Any], path: Path) -> tuple[Path, Path]:
    """Write the angles (CSV), and beside them (JSON) that they are another program's.

    Raises
    ------
    ExchangeError
        When a file exists already, or the disk refuses.
    """
    beside = path.with_name(f"{path.stem}_about.json")
    check_free(path.parent, [path.name, beside.name])
    with whole_file(path) as part:
        table.to_csv(part, lineterminator="\n")
    with whole_file(beside) as part:
        text = json.dumps(dict(about), indent=2, ensure_ascii=False, allow_nan=False)
        part.write_text(text + "\n", encoding="utf-8")
    return path, beside
