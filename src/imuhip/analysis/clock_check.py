"""Clocks of the sensors checked against each other by the motion they measured, and put right.

The pelvis sensor's clock is the reference of the thighs', a thigh's that of its shank's. Only what
is beyond doubt is corrected, and of shanks nothing: no angle of gait needs them. What was found is
told in ``quality["sync"]`` either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from imuhip.analysis.grid import GridBlock, on_grid
from imuhip.analysis.motion import SensorMotion, offline_motion
from imuhip.analysis.settings import Settings
from imuhip.calibration.anatomy import (
    knee_prior_unfacing,
    pelvis_prior_unfacing,
    thigh_prior_unfacing,
)
from imuhip.calibration.pose import Pose
from imuhip.calibration.stillness import stretches
from imuhip.core.butterworth import band_pass, zero_phase
from imuhip.core.segments import SIDES
from imuhip.core.series import BoolArray, FloatArray, ImuSeries, IntArray
from imuhip.kinematics.hip_centre import PointForce, angular_acceleration, point_force
from imuhip.kinematics.joint_vectors import VectorPrior
from imuhip.kinematics.sync import SYNC_BAND_HZ, SYNC_BLOCK_S, SyncEstimate, estimate_sync

__all__ = [
    "REFERENCES",
    "beyond_doubt",
    "check_clocks",
    "measure_sync",
    "put_right",
    "sync_quality",
]

REFERENCES: Final[Mapping[str, str]] = {
    **{f"thigh_{side}": "pelvis" for side in SIDES},
    **{f"shank_{side}": f"thigh_{side}" for side in SIDES},
}
"""Whose clock each segment's is held against: the neighbour it shares a joint with."""

_MOST_BLOCKS = 10
"""Spread evenly over the gait: more would tell no more, because soft tissue repeats itself."""

_SMALLEST_S = 0.002
"""Costs nothing worth correcting."""

_SIGMAS = 3.0
_USABLE_SHARE = 0.7
_EDGE_S = 0.1
"""Left out at both ends of a block: the next one is from another time."""

_MARGIN_S = 2.0
"""Filtered along on both sides of a block, so that the filter does not begin inside."""

_FORCE_RATE_HZ = 100.0


def measure_sync(
    grid: GridBlock, motions: Mapping[str, SensorMotion], gait: BoolArray, pose: Pose
) -> dict[str, SyncEstimate]:
    """Estimate how late thighs are against the pelvis, and shanks against their thigh.

    Segments that tell are given.
    """
    thin = max(1, int(grid.rate_hz / _FORCE_RATE_HZ))
    rate_hz = grid.rate_hz / thin
    block = round(SYNC_BLOCK_S * rate_hz)
    edge = round(_EDGE_S * rate_hz)
    found: dict[str, SyncEstimate] = {}
    forces: dict[tuple[str, int], PointForce] = {}  # both thighs mostly ask for the same blocks

    def force(segment: str, start: int) -> PointForce:
        if (segment, start) not in forces:
            rows = block * thin
            forces[segment, start] = _force(motions[segment], start, rows, grid.rate_hz, thin)
        return forces[segment, start]

    for segment, reference in REFERENCES.items():
        if segment not in motions or reference not in motions or segment not in pose.up_S:
            continue
        usable = gait & motions[reference].trusted & motions[segment].trusted
        starts = _block_starts(usable, block * thin)
        if len(starts) == 0:
            continue
        rows = (starts[:, None] + thin * np.arange(block)).ravel()
        within = np.tile(np.arange(block), len(starts))
        above, other = (
            PointForce.joined([force(s, int(start)) for start in starts])
            for s in (reference, segment)
        )
        inside = (within >= edge) & (within < block - edge)
        estimate = estimate_sync(
            above,
            other,
            usable[rows] & inside,
            grid.time_s[rows],
            _priors(segment, reference, pose),
            rate_hz,
        )
        if estimate is not None:
            found[segment] = estimate
    return found


def _priors(segment: str, reference: str, pose: Pose) -> tuple[VectorPrior, VectorPrior]:
    """Return where the joint between two segments is expected from their sensors."""
    up_S = pose.up_S
    if reference == "pelvis":
        return (
            VectorPrior(*pelvis_prior_unfacing(up_S[reference])),
            VectorPrior(*thigh_prior_unfacing(up_S[segment])),
        )
    return (
        VectorPrior(*knee_prior_unfacing(up_S[reference], from_thigh=True)),
        VectorPrior(*knee_prior_unfacing(up_S[segment], from_thigh=False)),
    )


def _block_starts(usable: BoolArray, block: int) -> IntArray:
    """Return the first rows of blocks of usable gait, spread over the session."""
    starts = [
        row
        for bout in stretches(usable, minimum=block)
        for row in range(bout.start, bout.end - block + 1, block)
    ]
    if not starts:  # gaps everywhere: blocks that are mostly usable must do
        n_blocks = len(usable) // block
        share = usable[: n_blocks * block].reshape(n_blocks, block).mean(axis=1)
        starts = [int(k) * block for k in np.flatnonzero(share > _USABLE_SHARE)]
    n_chosen = min(_MOST_BLOCKS, len(starts))
    chosen = np.linspace(0, len(starts) - 1, n_chosen).astype(int)
    return np.asarray(np.asarray(starts, dtype=int)[chosen])


def _force(motion: SensorMotion, start: int, n_rows: int, rate_hz: float, thin: int) -> PointForce:
    """Return every `thin`-th of `n_rows` rows of the filtered force."""
    margin = round(_MARGIN_S * rate_hz)
    first = max(0, start - margin)
    part = motion.part(slice(first, start + n_rows + margin))
    sections = band_pass(*SYNC_BAND_HZ, rate_hz)
    force = point_force(
        part.q_WS,
        part.acc,
        part.gyr,
        angular_acceleration(part.gyr, rate_hz),
        lambda values: zero_phase(sections, values, mirrored=True),
    )
    return force.part(slice(start - first, start - first + n_rows, thin))


def beyond_doubt(estimate: SyncEstimate, duration_s: float) -> bool:
    """Return whether the times are off by more than 2 ms and 3 sigma anywhere in the session."""
    worst_s = abs(estimate.offset_s) + 0.5 * abs(estimate.skew) * duration_s
    return worst_s > max(_SMALLEST_S, _SIGMAS * estimate.sd_s)


def put_right(
    grid: GridBlock, sensors: Mapping[str, ImuSeries], late: Mapping[str, SyncEstimate]
) -> GridBlock:
    """Return the grid with the late (or early) sensors read at the instants they truly measured."""
    columns: dict[str, dict[str, Any]] = {
        name: dict(getattr(grid, name)) for name in ("acc", "gyr", "valid", "mag", "measured")
    }
    for segment, estimate in late.items():
        series = sensors[segment]
        true_s: FloatArray = series.time_s - estimate.at(series.time_s)
        for name, values in on_grid(replace(series, time_s=true_s), grid.time_s).items():
            columns[name][segment] = values
    return GridBlock(time_s=grid.time_s, **columns)


def sync_quality(
    estimates: Mapping[str, SyncEstimate], corrected: Mapping[str, SyncEstimate]
) -> dict[str, Any]:
    """Return the record for people and files, JSON-safe."""
    return {
        segment: {
            "offset_ms": round(1e3 * found.offset_s, 2),
            "sd_ms": round(1e3 * found.sd_s, 2),
            "skew_ppm": round(1e6 * found.skew, 2),
            "middle_s": round(found.middle_s, 3),
            "corrected": segment in corrected,
            "against": REFERENCES[segment],
        }
        for segment, found in estimates.items()
    }


def check_clocks(
    sensors: Mapping[str, ImuSeries],
    grid: GridBlock,
    motions: Mapping[str, SensorMotion],
    gait: BoolArray,
    pose: Pose,
    settings: Settings,
) -> tuple[GridBlock, dict[str, SensorMotion], dict[str, Any]]:
    """Measure the clocks, put right what is beyond doubt, and return grid, motions and record."""
    found = measure_sync(grid, motions, gait, pose)
    duration_s = float(grid.time_s[-1] - grid.time_s[0])
    late = {
        s: e for s, e in found.items() if REFERENCES[s] == "pelvis" and beyond_doubt(e, duration_s)
    }
    if not settings.correct_sync:
        late = {}
    if late:
        grid = put_right(grid, sensors, late)
        motions = dict(motions) | offline_motion(
            grid,
            grid.rate_hz,
            settings.orientation_filter,
            segments=tuple(late),
        )
    return grid, dict(motions), sync_quality(found, late)
