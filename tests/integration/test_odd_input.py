"""Bad input: refused with the evidence, or a lower grade; never a confident wrong number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import imuhip
from imuhip.core.series import FloatArray, ImuSeries
from imuhip.errors import AnalysisError

ALL = ("pelvis", "thigh_left", "thigh_right")
Change = Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 1.2, seed=5, soft_tissue=1.0)


def changed(
    recording: imuhip.Recording, change: Change, segments: tuple[str, ...] = ALL
) -> imuhip.Recording:
    sensors = dict(recording.sensors)
    for segment in segments:
        series = sensors[segment]
        acc, gyr = change(series.acc.copy(), series.gyr.copy())
        sensors[segment] = ImuSeries(time_s=series.time_s, acc=acc, gyr=gyr)
    return replace(recording, sensors=sensors)


def without(
    recording: imuhip.Recording, segment: str, start_s: float, end_s: float, *, rows: bool = False
) -> imuhip.Recording:
    """Return the recording with a sensor gone: its rows NaN, or absent."""
    series = recording.sensors[segment]
    gone = (series.time_s >= start_s) & (series.time_s < end_s)
    if rows:
        keep = ~gone
        lost = ImuSeries(series.time_s[keep], series.acc[keep], series.gyr[keep])
    else:
        acc, gyr = series.acc.copy(), series.gyr.copy()
        acc[gone], gyr[gone] = np.nan, np.nan
        lost = ImuSeries(series.time_s, acc, gyr)
    return replace(recording, sensors={**recording.sensors, segment: lost})


def rmse(recording: imuhip.Recording, analysis: imuhip.Analysis, name: str) -> float:
    """Return the RMSE over gait of what is given, NaN when nothing is."""
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    rows = np.asarray(
        (recording.truth.index >= gait.start_s) & (recording.truth.index < gait.end_s)
    )
    error = (analysis.angles[name].to_numpy() - recording.truth[name].to_numpy())[rows]
    return float(np.sqrt(np.nanmean(error**2))) if np.isfinite(error).any() else float("nan")


# -- units and dead channels --------------------------------------------------------------------


def constant(column: int, rows: slice, value: float = 0.0) -> Change:
    def change(acc: FloatArray, gyr: FloatArray) -> tuple[FloatArray, FloatArray]:
        values = np.concatenate([acc, gyr], axis=1)
        values[rows, column] = value
        return values[:, :3], values[:, 3:]

    return change


def frozen(acc: FloatArray, gyr: FloatArray) -> tuple[FloatArray, FloatArray]:
    acc[6000:6300], gyr[6000:6300] = acc[6000], gyr[6000]
    return acc, gyr


REFUSED: dict[str, tuple[Change, tuple[str, ...], str, str, str]] = {
    "g": (
        lambda a, g: (a / 9.80665, g),
        ALL,
        "E607",
        r"reads (1\.0|0\.9)",
        "multiply them by 9.80665",
    ),
    "mg": (lambda a, g: (a * 102.0, g), ("thigh_left",), "E607", "thigh_left.* 7 to 13", "mg"),
    "no gravity": (lambda a, g: (a - a[:500].mean(axis=0), g), ALL, "E607", "7 to 13", "gravity"),
    "deg/s": (lambda a, g: (a, np.degrees(g)), ALL, "E608", "rad/s rms", "numpy.radians"),
    "one deg/s": (lambda a, g: (a, np.degrees(g)), ("pelvis",), "E608", "pelvis", "deg/s"),
    "radians twice": (lambda a, g: (a, np.radians(g)), ALL, "E608", "shaken by", "rad/s"),
    "dead gyroscope": (lambda a, g: (a, 0 * g), ("thigh_right",), "E609", "gyr x", "dead"),
    "dead axis": (constant(5, slice(None)), ("thigh_left",), "E609", "thigh_left.*gyr z", "NaN"),
    "stuck axis": (constant(1, slice(5000, 5200), 3.0), ("pelvis",), "E609", "pelvis.*acc y", ""),
    "held sensor": (frozen, ("thigh_right",), "E609", "thigh_right: all channels", "NaN"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_wrong_units_and_dead_channels_are_refused(walk, case: str):
    change, segments, code, words, hint = REFUSED[case]
    for live in (False, True):
        with pytest.raises(AnalysisError, match=words) as caught:
            imuhip.analyze(changed(walk, change, segments), live=live)
        assert caught.value.code == code
        assert hint in caught.value.hint


@pytest.mark.parametrize("gravity", [9.66, 10.06])
def test_honest_sensors_pass(walk, gravity: float):
    imuhip.analyze(changed(walk, lambda a, g: (a * gravity / 9.80665, g)))
    imuhip.analyze(imuhip.simulate("run", 0.4, seed=3, strap_wobble=1.0, impact=1.7))


# -- sensors that are gone for a while ----------------------------------------------------------

GONE = {"middle": (60.0, 80.0), "to the end": (75.0, 1e9), "late": (0.0, 60.0)}


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("when", GONE)
def test_the_other_leg_is_kept(walk, when: str, rows: bool):
    start_s, end_s = GONE[when]
    whole = imuhip.analyze(walk)
    found = imuhip.analyze(without(walk, "thigh_left", start_s, end_s, rows=rows))
    angles = found.angles
    assert angles["hip_flexion_right_deg"].notna().all()
    assert rmse(walk, found, "hip_flexion_right_deg") <= 1.3
    assert rmse(walk, found, "hip_rotation_right_deg") <= 3.0
    right = [(table["side"] == "right").sum() for table in (whole.strides, found.strides)]
    assert abs(right[0] - right[1]) <= 1
    inside = (angles.index > start_s + 0.06) & (angles.index < end_s - 0.06)
    assert angles.loc[inside, "hip_flexion_left_deg"].isna().all()
    assert angles["hip_flexion_left_deg"].notna().mean() > 0.2
    assert rmse(walk, found, "hip_flexion_left_deg") <= 1.6
    assert rmse(walk, found, "hip_rotation_left_deg") <= 3.5
    left = found.strides[found.strides["side"] == "left"]
    assert len(left) > 5
    assert not ((left["start_s"] > start_s) & (left["end_s"] < end_s)).any()
    assert found.quality["grade"] in "CD"


@pytest.mark.parametrize("when", ["middle", "to the end"])
def test_the_other_leg_is_kept_live(walk, when: str):
    start_s, end_s = GONE[when]
    whole = imuhip.analyze(walk, live=True)
    found = imuhip.analyze(without(walk, "thigh_left", start_s, end_s), live=True)
    counts = [(table["side"] == "right").sum() for table in (whole.strides, found.strides)]
    assert abs(counts[0] - counts[1]) <= 1
    assert found.angles["hip_flexion_right_deg"].notna().mean() > 0.5
    assert rmse(walk, found, "hip_flexion_left_deg") <= 2.2
    assert rmse(walk, found, "hip_rotation_left_deg") <= 4.5
    inside = (found.angles.index > start_s + 0.06) & (found.angles.index < min(end_s, 130.0) - 0.06)
    assert found.angles.loc[inside, "hip_flexion_left_deg"].isna().all()


@pytest.mark.parametrize("live", [False, True])
def test_without_the_pelvis_there_is_nothing(walk, live: bool):
    found = imuhip.analyze(without(walk, "pelvis", 60.0, 75.0), live=live)
    inside = (found.angles.index > 60.06) & (found.angles.index < 74.94)
    assert found.angles.loc[inside].isna().all(axis=None)
    for name in ("hip_flexion_left_deg", "hip_flexion_right_deg"):
        assert rmse(walk, found, name) <= 2.2
    strides = found.strides
    assert not ((strides["start_s"] > 60.0) & (strides["end_s"] < 75.0)).any()


def test_a_thigh_without_a_pose_has_no_angles(walk):
    """The stand at the end is cut off, so that the late sensor never stood still."""
    late = without(walk, "thigh_left", 0.0, 45.0)
    sensors = {
        s: ImuSeries(x.time_s[:10000], x.acc[:10000], x.gyr[:10000])
        for s, x in late.sensors.items()
    }
    found = imuhip.analyze(replace(late, sensors=sensors))
    assert found.angles["hip_flexion_left_deg"].isna().all()
    assert found.angles["hip_rotation_left_sd_deg"].isna().all()
    assert any("missing in the standing pose" in why for why in found.quality["reasons"])
    assert (found.strides["side"] == "right").all()
    assert len(found.strides) > 40
    assert found.quality["grade"] in "CD"
    found = imuhip.analyze(replace(late, sensors=sensors), live=True)
    assert found.angles["hip_flexion_left_deg"].isna().all()
    assert any("missing in the standing pose" in why for why in found.quality["reasons"])
    assert found.angles["hip_flexion_right_deg"].notna().mean() > 0.5


@pytest.mark.parametrize("short", [1, 3])
def test_recordings_a_few_rows_short_of_whole_blocks_have_angles(short):
    """Rows are thinned before blocks are cut: the last block must not seem whole for that."""
    whole = imuhip.simulate("walk", 0.4, 5, rate_hz=200.0, calibration=False)
    n_rows = len(whole.sensors["pelvis"].time_s) // 400 * 400 - short
    cut = imuhip.Recording.from_arrays(
        rate_hz=200.0,
        sensors={
            s: {"acc": series.acc[:n_rows], "gyr": series.gyr[:n_rows]}
            for s, series in whole.sensors.items()
        },
    )
    found = imuhip.analyze(cut).angles
    assert len(found) == n_rows
    assert np.isfinite(found["hip_rotation_left_deg"].to_numpy()[n_rows // 2 :]).all()
