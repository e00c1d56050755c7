"""Angles from segments, their uncertainty, and the tables, summaries and grades made of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from imuhip.analysis.result import Analysis
from imuhip.analysis.summary import summarise
from imuhip.analysis.tables import angle_table, stride_table
from imuhip.core import quaternion
from imuhip.core.segments import ANGLES
from imuhip.core.series import Marker
from imuhip.gait.leg_events import LegEvents, swing_only
from imuhip.gait.strides import StrideCut
from imuhip.kinematics.angles import hip_from_segments, pelvis_attitude
from imuhip.kinematics.uncertainty import LIVE, OFFLINE, hip_sd, pelvis_sd, softness
from strategies import unit_quaternions

RATE_HZ = 100.0


# -- angles -------------------------------------------------------------------------------------


def matrices(q: np.ndarray) -> np.ndarray:
    return Rotation.from_quat(np.roll(q, -1, axis=-1)).as_matrix()


@given(
    unit_quaternions(),
    st.floats(-3.1, 3.1),
    st.tuples(st.floats(-1.3, 1.9), st.floats(-1.2, 1.2), st.floats(-1.4, 1.4)),
)
def test_hip_angles_are_scipys_cardan_angles(q_WP, heading, angles):
    """`R_pelvis^T R_thigh = Rz(flexion) Rx(s·adduction) Ry(s·rotation)`, however turned."""
    for side, s in (("right", 1.0), ("left", -1.0)):
        flexion, adduction, rotation = angles
        R_PT = Rotation.from_euler("ZXY", [flexion, s * adduction, s * rotation])
        q_PT = np.roll(R_PT.as_quat(), 1)
        q_turn = quaternion.about_axis(np.array([0.0, 0.0, 1.0]), heading)  # the world's own
        found = hip_from_segments(
            np.atleast_2d(quaternion.multiply(q_turn, q_WP)),
            np.atleast_2d(quaternion.multiply(q_turn, quaternion.multiply(q_WP, q_PT))),
            side,
        )
        np.testing.assert_allclose(found[0], angles, atol=1e-7)


@given(unit_quaternions(), unit_quaternions())
def test_any_two_segments_give_angles_that_rebuild_their_rotation(q_WP, q_WT):
    found = hip_from_segments(np.atleast_2d(q_WP), np.atleast_2d(q_WT), "right")[0]
    assume(abs(found[1]) < np.pi / 2 - 1e-4)  # abducted by a right angle, two angles are one
    rebuilt = Rotation.from_euler("ZXY", found).as_matrix()
    np.testing.assert_allclose(rebuilt, matrices(q_WP).T @ matrices(q_WT), atol=1e-5)


def test_turning_the_whole_person_changes_only_the_pelvis_heading():
    rng = np.random.default_rng(0)
    q_WP = np.roll(Rotation.from_euler("zxy", rng.normal(0, 0.1, (50, 3))).as_quat(), 1, axis=1)
    q_WP = quaternion.multiply(q_WP, quaternion.about_axis(np.eye(3)[0], np.pi / 2))
    turned = quaternion.multiply(quaternion.about_axis(np.eye(3)[2], 0.8), q_WP)
    before, after = pelvis_attitude(q_WP), pelvis_attitude(turned)
    np.testing.assert_allclose(after[:, :2], before[:, :2], atol=1e-12)
    np.testing.assert_allclose(after[:, 2] - before[:, 2], 0.8, atol=1e-12)


# -- uncertainty --------------------------------------------------------------------------------


@given(st.floats(-2.0, 2.0), st.floats(0.0, 0.5), st.floats(0.0, 3.0), st.floats(0.0, 0.2))
def test_uncertainty_grows_with_everything_that_is_wrong(flexion, heading_sd, soft, wobble):
    angle, sd = np.array([flexion]), np.array([heading_sd])
    for budget in (OFFLINE, LIVE):
        known = hip_sd(angle, sd, soft, wobble, budget)
        assert known.shape == (1, 3)
        assert np.all(known > 0)
        for worse in (
            hip_sd(angle, sd + 0.1, soft, wobble, budget),
            hip_sd(angle, sd, soft + 0.5, wobble, budget),
            hip_sd(angle, sd, soft, wobble + 0.05, budget),
        ):
            assert np.all(worse > known)


def test_heading_doubt_is_above_all_doubt_of_rotation():
    straight = np.zeros(1)
    sure = hip_sd(straight, np.zeros(1), 0.0, 0.0)
    doubted = hip_sd(straight, np.radians([5.0]), 0.0, 0.0)
    grown = np.sqrt(doubted**2 - sure**2)[0]
    assert grown[2] > 3 * max(grown[0], grown[1])


def test_softness_is_the_misfit_that_wobble_does_not_explain():
    assert softness(0.105, 0.0) == pytest.approx(1.0)
    assert softness(0.21, 0.0) == pytest.approx(2.0)
    assert softness(0.2, 5.0) < softness(0.2, 1.0) < softness(0.2, 0.0)
    assert softness(0.1, 50.0) > 0.0


def test_pelvis_uncertainty_has_a_row_per_sample():
    rigid, soft = pelvis_sd(7, 0.0), pelvis_sd(7, 1.0)
    assert rigid.shape == (7, 3)
    assert np.all((rigid > 0) & (soft > rigid))


# -- tables -------------------------------------------------------------------------------------


def walk(duration_s: float = 6.0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    values = {
        name: np.radians((k + 1) * np.cos(2 * np.pi * time_s)) for k, name in enumerate(ANGLES)
    }
    return time_s, values


def strides(side: str, start_s: list[float], regular: list[bool] | None = None) -> LegEvents:
    start = np.array(start_s)
    ok = np.ones(len(start), dtype=bool) if regular is None else np.array(regular)
    return swing_only(StrideCut(side, start, start + 0.55, start + 1.0, ok))


def table(values, legs, time_s, turn_rate=None):
    return stride_table(
        time_s, values, legs, np.zeros(len(time_s)) if turn_rate is None else turn_rate
    )


def test_angles_are_in_degrees_and_named_so():
    time_s, values = walk()
    sd = {name: np.full(len(time_s), np.radians(1.5)) for name in ANGLES}
    angles = angle_table(time_s, values, sd)
    assert angles.index.name == "time_s"
    assert list(angles.columns[:9]) == [f"{name}_deg" for name in ANGLES]
    assert angles["hip_flexion_left_deg"].max() == pytest.approx(1.0)
    np.testing.assert_allclose(angles["pelvis_tilt_sd_deg"], 1.5)


def test_only_what_was_worn_has_columns():
    time_s, values = walk()
    worn = {name: v for name, v in values.items() if not name.endswith("_left")}
    angles = angle_table(time_s, worn, {})
    assert not [c for c in angles.columns if "left" in c]
    assert len(angles.columns) == 6


def test_strides_are_listed_in_time_with_their_statistics():
    time_s, values = walk()
    cuts = {"left": strides("left", [0.5, 1.5]), "right": strides("right", [1.0, 2.0])}
    found = table(values, cuts, time_s)
    assert list(found["side"]) == ["left", "right", "left", "right"]
    assert found["start_s"].is_monotonic_increasing
    np.testing.assert_allclose(found["stride_time_s"], 1.0)
    np.testing.assert_allclose(found["cadence_steps_per_min"], 120.0)
    np.testing.assert_allclose(found["hip_adduction_left_range_deg"], 6.0, atol=1e-9)
    np.testing.assert_allclose(found["hip_adduction_left_mean_deg"], 0.0, atol=1e-9)
    assert found["valid"].all()
    assert (found["exclusion"] == "").all()


def test_each_exclusion_has_its_reason_and_missing_samples_come_first():
    time_s, values = walk()
    values["hip_rotation_left"][120:130] = np.nan
    turn_rate = np.where((time_s >= 2) & (time_s < 3), 1.5, 0.0)
    cuts = {"left": strides("left", [0.0, 1.0, 2.0, 3.0, 4.0], [True, False, True, False, True])}
    found = table(values, cuts, time_s, -turn_rate)
    expected = ["", "samples missing", "turning", "irregular stride time", ""]
    assert list(found["exclusion"]) == expected
    np.testing.assert_array_equal(found["valid"], [e == "" for e in expected])


def test_a_sensor_lost_on_the_other_leg_leaves_this_leg_its_strides():
    time_s, values = walk()
    values["hip_flexion_right"][100:] = np.nan
    found = table(
        values, {"left": strides("left", [0.0, 1.0]), "right": strides("right", [0.5])}, time_s
    )
    left, right = found[found["side"] == "left"], found[found["side"] == "right"]
    assert left["valid"].all()
    assert list(np.isnan(left["hip_flexion_right_max_deg"])) == [False, True]
    assert np.isfinite(left["hip_flexion_left_max_deg"]).all()
    assert list(right["exclusion"]) == ["samples missing"]


def test_no_strides_still_make_a_table():
    time_s, values = walk()
    found = table(values, {"left": strides("left", []), "right": strides("right", [])}, time_s)
    assert len(found) == 0
    assert {"side", "start_s", "toe_off_s", "end_s", "valid", "exclusion"} <= set(found.columns)


# -- summary and cycles -------------------------------------------------------------------------


def analysis(gap: slice | None = None) -> Analysis:
    time_s, values = walk()
    if gap is not None:
        values["hip_flexion_left"][gap] = np.nan
    cuts = {"left": strides("left", [0.5, 1.5, 2.5]), "right": strides("right", [1.0, 2.0])}
    found = table(values, cuts, time_s)
    activity = (Marker("n_pose", 0.0, 1.0), Marker("gait", 1.0, 4.5), Marker("gait", 5.0, 6.0))
    summary = summarise(activity, found, 6.0, RATE_HZ, ("pelvis", "thigh_left", "thigh_right"))
    return Analysis(angle_table(time_s, values, {}), {}, found, summary, {}, activity)


def test_the_summary_counts_and_averages():
    summary = analysis(slice(160, 170)).summary
    json.dumps(summary, allow_nan=False)
    left = summary["sides"]["left"]
    assert (left["strides"], left["strides_used"]) == (3, 2)
    assert left["strides_excluded"] == {"samples missing": 1}
    assert left["stride_time_s"] == {"mean": 1.0, "sd": 0.0, "n": 2}
    assert summary["activity_s"] == {"still": 0, "gait": 4.5, "n_pose": 1.0}
    assert summary["sides"]["right"]["strides_used"] == 2
    assert summary["pelvis"]["pelvis_tilt"]["range_deg"]["n"] == 4


def test_a_summary_of_nothing_is_json_too():
    time_s, values = walk()
    empty = table(values, {"left": strides("left", [])}, time_s)
    summary = summarise((), empty, 6.0, RATE_HZ, ("pelvis", "thigh_left"))
    json.dumps(summary, allow_nan=False)
    assert list(summary["sides"]) == ["left"]
    assert summary["sides"]["left"]["stride_time_s"] == {"mean": None, "sd": None, "n": 0}


def test_cycles_leave_excluded_strides_out_unless_asked():
    found = analysis(slice(160, 170))
    assert found.cycles("left", "hip_flexion").shape == (2, 101)
    every = found.cycles("left", "hip_flexion", only_valid=False)
    assert every.shape == (3, 101)
    assert np.isnan(every[1]).all()
    assert found.cycles("right", "pelvis_tilt").shape == (2, 101)
    other = found.cycles("left", "hip_rotation_right")
    assert not np.array_equal(other, found.cycles("left", "hip_rotation"))


def test_cycles_of_unknown_things_are_mistakes():
    with pytest.raises(ValueError, match="side left or right"):
        analysis().cycles("middle", "hip_flexion")
    with pytest.raises(ValueError, match="Expected an angle among"):
        analysis().cycles("left", "knee_flexion")
