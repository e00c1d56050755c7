"""How far the angles of a recorded virtual person are from what the simulator knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imuhip.cli.output import print_table
from imuhip.core.segments import ANGLES

if TYPE_CHECKING:
    from imuhip.analysis.result import Analysis
    from imuhip.core.series import BoolArray, FloatArray
    from imuhip.recording.session import Recording

__all__ = ["AngleError", "compared", "print_errors"]


@dataclass(frozen=True, slots=True)
class AngleError:
    """One angle against what the simulator knows, over the walk."""

    angle: str
    range_deg: float | None
    """Mean over strides of the range in one stride."""
    range_sd_deg: float | None
    true_range_deg: float | None
    rmse_deg: float
    mean_error_deg: float
    shape_rmse_deg: float
    """The root-mean-square error after the mean error is taken away."""


def compared(analysis: Analysis, person: Recording, begin_s: float) -> list[AngleError]:
    """Compare the angles over the walk with the simulator's own.

    Parameters
    ----------
    analysis : Analysis
        Of the recording made over Bluetooth.
    person : Recording
        The simulated person, with its truth.
    begin_s : float, s
        When the simulated motion began, on the recording's clock.
    """
    truth = person.truth
    if truth is None:
        raise ValueError("Expected a simulated person with truth, got none")
    time_s = analysis.angles.index.to_numpy()
    gait = _walking(analysis, time_s)
    ranges = _ranges(analysis)
    found = []
    for angle in ANGLES:
        column = f"{angle}_deg"
        if angle not in ranges:
            continue
        true_deg = np.interp(time_s - begin_s, truth.index.to_numpy(), truth[column].to_numpy())
        error_deg = (analysis.angles[column].to_numpy() - true_deg)[gait]
        error_deg = error_deg[np.isfinite(error_deg)]
        found.append(
            AngleError(
                angle=angle,
                range_deg=ranges[angle]["mean"],
                range_sd_deg=ranges[angle]["sd"],
                true_range_deg=_true_range_deg(analysis, angle, time_s, true_deg),
                rmse_deg=float(np.sqrt(np.mean(error_deg**2))),
                mean_error_deg=float(error_deg.mean()),
                shape_rmse_deg=float(error_deg.std()),
            )
        )
    return found


def _walking(analysis: Analysis, time_s: FloatArray) -> BoolArray:
    walking = np.zeros(len(time_s), dtype=bool)
    for marker in analysis.activity:
        if marker.name == "gait":
            walking |= (time_s >= marker.start_s) & (time_s <= marker.end_s)
    return walking


def _ranges(analysis: Analysis) -> dict[str, dict[str, float | None]]:
    groups = (analysis.summary["pelvis"], *analysis.summary["sides"].values())
    return {
        name: found["range_deg"]
        for group in groups
        for name, found in group.items()
        if name in ANGLES
    }


def _true_range_deg(
    analysis: Analysis, angle: str, time_s: FloatArray, true_deg: FloatArray
) -> float | None:
    """Return the mean over the same strides of the true range in one stride."""
    strides = analysis.strides[analysis.strides["valid"].astype(bool)]
    side = angle.rsplit("_", 1)[-1]
    if side in ("left", "right"):
        strides = strides[strides["side"] == side]
    ranges = [
        float(np.ptp(true_deg[(time_s >= start_s) & (time_s < end_s)]))
        for start_s, end_s in zip(strides["start_s"], strides["end_s"], strict=True)
    ]
    return float(np.mean(ranges)) if ranges else None


def print_errors(errors: list[AngleError]) -> None:
    """Print one line per angle."""
    print_table(
        ("walking", "range per stride", "true range", "shape error", "mean error"),
        [
            (
                one.angle.replace("_", " "),
                _degrees(one.range_deg, one.range_sd_deg),
                _degrees(one.true_range_deg),
                f"{one.shape_rmse_deg:.2f}° RMS",
                f"{one.mean_error_deg:+.2f}°",
            )
            for one in errors
        ],
    )


def _degrees(value: float | None, sd: float | None = None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}°" + ("" if sd is None else f" ± {sd:.1f}°")
