"""OpenSim: orientations (.sto) with the set-up that reads them, and joint angles (.mot).

Orientations stay in imuhip's world, z up; OpenSim's ground is y up. Turning by -90° about x leads
from one to the other, and is what the set-up file asks OpenSim for. Segments have ISB axes, as the
bodies of OpenSim's gait models in their default pose: sensors sit on bodies without an offset.
Formats: Delp et al. 2007, doi:10.1109/TBME.2007.901024; Al Borno et al. 2022,
doi:10.1186/s12984-022-01001-x.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from xml.sax.saxutils import escape

import numpy as np

from imuhip.core import cardan, quaternion
from imuhip.core.segments import SIDES
from imuhip.core.series import BoolArray, FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.results import Exported, Results, check_free, whole_file

__all__ = ["BODIES", "OF_SEGMENTS", "coordinates", "ground_pelvis_angles", "write_opensim"]

BODIES: Mapping[str, str] = MappingProxyType(
    {
        "pelvis": "pelvis",
        "thigh_left": "femur_l",
        "thigh_right": "femur_r",
        "shank_left": "tibia_l",
        "shank_right": "tibia_r",
        "trunk": "torso",
    }
)
"""Segments and the bodies of OpenSim's gait models (Rajagopal 2016, gait2392)."""

OF_SEGMENTS: Final = "frames=segments"
"""Line of the header by which orientations of segments are told from those of sensors; OpenSim
keeps it as it keeps any other."""

Z_UP_TO_Y_UP: FloatArray = quaternion.about_axis(np.array([1.0, 0.0, 0.0]), -np.pi / 2)
Z_UP_TO_Y_UP.flags.writeable = False

_SETUP = """<?xml version="1.0" encoding="UTF-8" ?>
<OpenSimDocument Version="40000">
\t<IMUInverseKinematicsTool name="{name}">
\t\t<model_file>model.osim</model_file>
\t\t<time_range>{start!r} {end!r}</time_range>
\t\t<sensor_to_opensim_rotations>{turn!r} 0 0</sensor_to_opensim_rotations>
\t\t<orientations_file>{orientations}</orientations_file>
\t\t<results_directory>.</results_directory>
\t</IMUInverseKinematicsTool>
</OpenSimDocument>
"""


def write_opensim(results: Results, folder: Path, stem: str) -> Exported:
    """Write orientations, their mapping and set-up, and joint angles.

    Raises
    ------
    ExchangeError
        When the recording gives no angles.
    """
    analysis = results.angles("an OpenSim file")
    time_s = analysis.angles.index.to_numpy(dtype=float)
    names = [
        f"{stem}{ending}"
        for ending in ("_orientations.sto", "_mapping.csv", "_imu_ik_setup.xml", "_angles.mot")
    ]
    check_free(folder, names)
    orientations = {s: q for s, q in analysis.orientations.items() if np.isfinite(q).all(1).any()}
    known = np.logical_and.reduce([np.isfinite(q).all(axis=1) for q in orientations.values()])
    angles = {name: v for name, v in coordinates(results).items() if np.isfinite(v).any()}
    complete = np.logical_and.reduce([np.isfinite(values) for values in angles.values()])
    if not (known.any() and complete.any()):
        raise ExchangeError(
            "at no instant are all segments known",
            hint="imuhip check shows the losses",
            code="E710",
        )
    paths = [folder / name for name in names]
    with whole_file(paths[0]) as part:
        _write_orientations(part, time_s[known], {s: q[known] for s, q in orientations.items()})
    with whole_file(paths[1]) as part:
        rows = [f"{s},{BODIES[s]}_imu,{BODIES[s]}\n" for s in orientations]
        part.write_text("segment,sensor,body\n" + "".join(rows), encoding="utf-8")
    with whole_file(paths[2]) as part:
        start, end = (float(time_s[known][k]) for k in (0, -1))
        text = _SETUP.format(
            name=escape(stem, {'"': "&quot;"}),
            start=start,
            end=end,
            turn=-np.pi / 2,
            orientations=escape(names[0]),
        )
        part.write_text(text, encoding="utf-8")
    with whole_file(paths[3]) as part:
        _write_angles(part, stem, time_s[complete], {n: v[complete] for n, v in angles.items()})
    return Exported(tuple(paths), _not_held(known, complete))


def coordinates(results: Results) -> dict[str, FloatArray]:
    """Return the angles (n,) in degrees by OpenSim's names of coordinates.

    Hips are defined alike. The pelvis is not: OpenSim turns it about tilt first and calls posterior
    tilt and right side down positive, so its angles are computed anew from the same orientation.
    """
    table = results.angles("an OpenSim file").angles
    found: dict[str, FloatArray] = {}
    pelvis = [f"pelvis_{angle}_deg" for angle in ("tilt", "obliquity", "rotation")]
    if set(pelvis) <= set(table.columns):
        turned = ground_pelvis_angles(np.radians(table[pelvis].to_numpy(dtype=float)))
        names = ("pelvis_tilt", "pelvis_list", "pelvis_rotation")
        found |= {name: np.degrees(turned[:, k]) for k, name in enumerate(names)}
    for side in SIDES:
        for angle in ("flexion", "adduction", "rotation"):
            column = f"hip_{angle}_{side}_deg"
            if column in table.columns:
                found[f"hip_{angle}_{side[0]}"] = table[column].to_numpy(dtype=float)
    return found


def ground_pelvis_angles(angles_rad: FloatArray) -> FloatArray:
    """Return OpenSim's tilt, list and rotation (n, 3), rad, of imuhip's tilt, obliquity, rotation.

    Body-fixed about z, x and y of a ground with y up, which is how a right hip is taken apart.
    """
    q_GP = quaternion.multiply(Z_UP_TO_Y_UP, cardan.pelvis_quaternion(angles_rad))
    return cardan.hip_angles(q_GP, "right")


def _write_orientations(path: Path, time_s: FloatArray, q_WB: Mapping[str, FloatArray]) -> None:
    header = (
        f"DataRate={_rate_hz(time_s):.6f}\nDataType=Quaternion\nversion=3\nOpenSimVersion=4.5\n"
        f"{OF_SEGMENTS}\nendheader\n" + "\t".join(["time", *(f"{BODIES[s]}_imu" for s in q_WB)])
    )
    row = "\t".join(["%.17g", *(["%.17g,%.17g,%.17g,%.17g"] * len(q_WB))])
    table = np.column_stack([time_s, *q_WB.values()])
    np.savetxt(path, table, fmt=row, header=header, comments="", encoding="utf-8")


def _write_angles(
    path: Path, stem: str, time_s: FloatArray, angles: Mapping[str, FloatArray]
) -> None:
    title = " ".join(stem.split())
    header = (
        f"{title}\nversion=1\nnRows={len(time_s)}\nnColumns={1 + len(angles)}\ninDegrees=yes\n"
        "endheader\n" + "\t".join(["time", *angles])
    )
    table = np.column_stack([time_s, *angles.values()])
    np.savetxt(
        path, table, fmt="%.17g", delimiter="\t", header=header, comments="", encoding="utf-8"
    )


def _rate_hz(time_s: FloatArray) -> float:
    return float(1.0 / np.median(np.diff(time_s))) if len(time_s) > 1 else 1.0


def _not_held(known: BoolArray, complete: BoolArray) -> tuple[str, ...]:
    gaps = [
        f"{n} of {len(rows)} instants of the {what}, at which something is unknown: left out"
        for rows, what in ((known, "orientations"), (complete, "angles"))
        if (n := int(np.count_nonzero(~rows)))
    ]
    return (
        *gaps,
        "uncertainties, strides, measures, seconds, markers and quality: --format csv holds them",
        "raw samples, packets, clocks and events: the session file stays their place",
        "where the person is: pelvis_tx, pelvis_ty, pelvis_tz are not measured",
    )
