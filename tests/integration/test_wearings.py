"""Sensors taken off in the middle of a session, left on a table and put on again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import imuhip
from imuhip.core.segments import HIP_ANGLES

LIMIT_DEG = {"flexion": 1.0, "adduction": 1.2, "rotation": 1.6}


@pytest.fixture(scope="module")
def session() -> imuhip.Recording:
    return imuhip.simulate("walk", 2.0, seed=63, pause="sensors_off", pause_min=1.5)


def error_deg(analysis, session, name: str, start_s: float, end_s: float) -> float:
    index = analysis.angles.index
    rows = (index >= start_s + 2.0) & (index <= end_s - 2.0)
    off = analysis.angles[f"{name}_deg"].to_numpy() - session.truth[f"{name}_deg"].to_numpy()
    return float(np.sqrt(np.mean(off[rows] ** 2)))


def test_each_wearing_has_a_zero_of_its_own(session):
    analysis = imuhip.analyze(session)
    gaits = [marker for marker in session.markers if marker.name == "gait"]
    assert len(gaits) == 2
    for gait in gaits:
        for name in HIP_ANGLES:
            error = error_deg(analysis, session, name, gait.start_s, gait.end_s)
            assert error < LIMIT_DEG[name.split("_")[1]], (name, gait.start_s)
    parts = analysis.quality["wearings"]
    assert [("pose_s" in part) for part in parts] == [True, True]
    assert parts[1]["pose_s"][0] > gaits[0].end_s
    assert any("off the body" in reason for reason in analysis.quality["reasons"])
    # on the table there are no hips
    table = (parts[0]["end_s"] + parts[1]["start_s"]) / 2
    assert np.isnan(analysis.angles.loc[table - 5 : table + 5, list_of_hips()]).all(axis=None)
    assert set(analysis.strides.side) == {"left", "right"}
    assert analysis.strides.start_s.max() > gaits[1].start_s


def list_of_hips() -> list[str]:
    return [f"{name}_deg" for name in HIP_ANGLES]


def test_without_a_pose_the_second_wearing_has_no_angles(session):
    """Nobody stands still after putting them on: no zero, no numbers, and the reason."""
    gaits = [marker for marker in session.markers if marker.name == "gait"]
    start_s = gaits[0].end_s + 20.0
    restless = {}
    for segment, series in session.sensors.items():
        standing = (series.time_s > start_s) & (series.time_s < gaits[1].start_s)
        standing |= series.time_s > gaits[1].end_s
        sway = 0.6 * np.sin(2 * np.pi * 0.7 * series.time_s)[:, None] * np.ones(3)
        gyr = np.where(standing[:, None], series.gyr + sway, series.gyr)
        restless[segment] = replace(series, gyr=gyr)
    markers = tuple(m for m in session.markers if m.end_s < start_s or m.name == "gait")
    moved = replace(session, sensors=restless, markers=markers, truth_motion=None)
    analysis = imuhip.analyze(moved)
    second = analysis.angles.loc[gaits[1].start_s + 2 : gaits[1].end_s - 2, list_of_hips()]
    assert np.isnan(second).all(axis=None)
    first = analysis.angles.loc[gaits[0].start_s + 2 : gaits[0].end_s - 2, list_of_hips()]
    assert np.isfinite(first).all(axis=None)
    assert "problem" in analysis.quality["wearings"][1]


def test_a_rest_on_a_chair_is_no_taking_off():
    session = imuhip.simulate("walk", 1.0, seed=64, pause="sit", pause_min=1.0)
    assert "wearings" not in imuhip.analyze(session).quality


@pytest.mark.parametrize(("start_s", "end_s", "gait"), [(110.0, None, 1), (0.0, 150.0, 0)])
def test_a_recording_may_begin_and_end_off_the_body(session, start_s, end_s, gait):
    """Pressed before the sensors were strapped on, or left running when they were off again."""
    rate = int(session.rate_hz)
    rows = slice(int(start_s * rate), None if end_s is None else int(end_s * rate))
    part = imuhip.Recording.from_arrays(
        rate_hz=session.rate_hz,
        sensors={s: {"acc": m.acc[rows], "gyr": m.gyr[rows]} for s, m in session.sensors.items()},
    )
    analysis = imuhip.analyze(part)
    assert len(analysis.quality["wearings"]) == 1
    assert not any("off the body" in reason for reason in analysis.quality["reasons"])
    marker = [marker for marker in session.markers if marker.name == "gait"][gait]
    inside = slice(marker.start_s - start_s + 2.0, marker.end_s - start_s - 2.0)
    true = session.truth.set_index(session.truth.index - start_s)
    for name in HIP_ANGLES:
        found = analysis.angles.loc[inside, f"{name}_deg"]
        off = found.to_numpy() - np.interp(found.index, true.index, true[f"{name}_deg"])
        assert np.sqrt(np.mean(off**2)) < 2.0
