"""A sensor's own errors are found from one recording by hand, or the reason why not is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imuhip.calibration.bench_progress import bench_progress
from imuhip.calibration.bench_rests import Move, chained, find_moves, find_rests, turned
from imuhip.calibration.intrinsics import (
    apply_intrinsics,
    calibrate_sensor,
    local_gravity_m_s2,
)
from imuhip.calibration.intrinsics_accelerometer import fit_accelerometer, missing_directions
from imuhip.calibration.intrinsics_gyroscope import count_full_turns, fit_gyroscope
from imuhip.core import quaternion
from imuhip.core.series import ImuSeries
from imuhip.errors import CalibrationError
from imuhip.simulation.bench_calibration import simulate_bench
from imuhip.simulation.ideal_imu import SegmentMotion, ideal_imu
from imuhip.simulation.packet_loss import lost_samples

G = 9.80665
FACES = np.concatenate([np.eye(3), -np.eye(3)])
EDGES = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, -1, 1], [-1, 0, 1], [-1, 1, 0]]) / np.sqrt(2)
OFF = ~np.eye(3, dtype=bool)


@pytest.fixture(scope="module")
def bench():
    return simulate_bench(3)


@pytest.fixture(scope="module")
def found(bench):
    return calibrate_sensor(bench.recording.sensors["pelvis"])


def part(series: ImuSeries, until_s: float) -> ImuSeries:
    rows = series.time_s < until_s
    return ImuSeries(series.time_s[rows], series.acc[rows], series.gyr[rows])


# -- accelerometer ------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-0.02, 0.02), min_size=6, max_size=6),
    st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=3),
    st.integers(0, 1000),
)
def test_exact_poses_give_exact_errors(factors, bias, seed):
    scale = np.eye(3)
    scale[np.tril_indices(3)] += factors
    turn = quaternion.from_rotation_vector(np.random.default_rng(seed).normal(0, 1, 3))
    true = G * quaternion.rotate(turn, np.concatenate([FACES, EDGES]))
    read = true @ np.linalg.inv(scale).T + bias
    fit = fit_accelerometer(read, G)
    assert fit.method == "all directions"
    np.testing.assert_allclose(fit.scale, scale, atol=1e-8)
    np.testing.assert_allclose(fit.bias_m_s2, bias, atol=1e-7)
    np.testing.assert_allclose(fit.applied(read), true, atol=1e-7)


def test_six_faces_give_bias_and_scale_and_say_what_is_left_out():
    scale, bias = np.diag([1.01, 0.99, 1.005]), np.array([0.1, -0.2, 0.3])
    read = G * FACES @ np.linalg.inv(scale).T + bias
    fit = fit_accelerometer(read, G)
    assert fit.method == "six faces"
    np.testing.assert_allclose(fit.scale, scale, atol=1e-9)
    np.testing.assert_allclose(fit.bias_m_s2, bias, atol=1e-9)
    assert "cross-axis factors were left out" in fit.notes[0]


@pytest.mark.parametrize("left_out", range(6))
def test_a_missing_face_is_named(left_out):
    name = f"{'+' if left_out < 3 else '-'}{'xyz'[left_out % 3]}"
    read = G * np.delete(FACES, left_out, axis=0)
    with pytest.raises(CalibrationError) as caught:
        fit_accelerometer(read, G)
    assert caught.value.code == "E511"
    assert "5 still poses" in str(caught.value)
    assert name in str(caught.value).split("upwards: ")[1].split("; ")
    assert caught.value.hint


def test_covered_sphere_misses_nothing_and_poses_there_are_not_asked_for():
    assert missing_directions(np.concatenate([FACES, EDGES])) == []
    wanted = missing_directions(FACES)
    assert wanted
    assert all(" and " in name for name in wanted)


def test_half_of_the_sphere_is_refused():
    upper = np.concatenate([FACES[[0, 1, 2]], EDGES[:3], [[0.5, 0.5, 0.7], [0.9, 0.3, 0.3]]])
    with pytest.raises(CalibrationError, match="do not cover all directions"):
        fit_accelerometer(G * upper / np.linalg.norm(upper, axis=1, keepdims=True), G)


def test_units_of_g_are_noticed():
    with pytest.raises(CalibrationError, match=r"reads 1\.00 m/s² at rest") as caught:
        fit_accelerometer(np.concatenate([FACES, EDGES]), G)
    assert caught.value.code == "E512"


def test_poses_that_no_sensor_could_read_are_refused():
    read = G * np.concatenate([FACES, EDGES, -EDGES])
    read[::3] *= 1.03
    with pytest.raises(CalibrationError, match="gravity stays wrong") as caught:
        fit_accelerometer(read, G)
    assert caught.value.code == "E513"


def test_gravity_of_places():
    """Values of the WGS 84 ellipsoid, NIMA TR8350.2 table 3.4, and the free-air gradient."""
    assert local_gravity_m_s2(0.0) == pytest.approx(9.7803253359, abs=1e-9)
    assert local_gravity_m_s2(90.0) == pytest.approx(9.8321849378, abs=1e-8)
    assert local_gravity_m_s2(45.0) - local_gravity_m_s2(45.0, 1000.0) == pytest.approx(
        3.086e-3, abs=3e-6
    )
    with pytest.raises(ValueError, match="latitude_deg"):
        local_gravity_m_s2(91.0)


# -- rests and moves ----------------------------------------------------------------------------


def test_rests_and_moves_are_found(bench):
    series = bench.recording.sensors["pelvis"]
    rests = find_rests(series)
    assert len(rests) == 6 + 8 + 2 * 3
    moves, left_out = find_moves(series, rests)
    assert len(moves) == len(rests) - 1
    assert left_out == []
    up = np.stack([rest.acc for rest in rests])
    turns = count_full_turns(moves, up / np.linalg.norm(up, axis=1, keepdims=True))
    np.testing.assert_array_equal(turns, [10, 10, 10])


def test_a_trembling_hand_is_no_rest(bench):
    series = bench.recording.sensors["pelvis"]
    tremor = 0.05 * np.sin(2 * np.pi * 9.0 * series.time_s)[:, None] * np.ones(3)
    assert find_rests(ImuSeries(series.time_s, series.acc, series.gyr + tremor)) == []


def test_gaps_are_bridged_when_short_and_cost_a_move_when_long(bench):
    series = bench.recording.sensors["pelvis"]
    rests = find_rests(series)
    middle = (rests[4].rows.end + rests[5].rows.start) // 2
    for n_lost, expected in ((5, 0), (6, 1), (30, 1)):
        acc, gyr = series.acc.copy(), series.gyr.copy()
        acc[middle : middle + n_lost], gyr[middle : middle + n_lost] = np.nan, np.nan
        holed = ImuSeries(series.time_s, acc, gyr)
        moves, left_out = find_moves(holed, find_rests(holed))
        assert len(left_out) == expected
        assert len(moves) == 19 - expected


def test_a_clipped_move_is_left_out(bench):
    series = bench.recording.sensors["pelvis"]
    rests = find_rests(series)
    limit = np.radians(250.0)
    moves, left_out = find_moves(
        ImuSeries(series.time_s, series.acc, np.clip(series.gyr, -limit, limit)), rests
    )
    assert len(moves) + len(left_out) == 19
    assert any("faster than the gyroscope's range" in why for why in left_out)


@given(st.integers(1, 40), st.integers(0, 100))
def test_chained_is_the_product_in_order(n, seed):
    q = quaternion.normalize(np.random.default_rng(seed).normal(0, 1, (2, n, 4)))
    expected = q[:, 0]
    for k in range(1, n):
        expected = quaternion.multiply(expected, q[:, k])
    np.testing.assert_allclose(chained(q), expected, atol=1e-12)


def test_a_coning_move_is_integrated_well_at_100_hz():
    """Tilting by 11 degrees round and round twice a second, rates as of a perfect sensor."""
    time_s = np.arange(1201) / 400.0
    angle = 2.0 * np.pi * 2.0 * time_s
    tilt = 0.2 * np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    q_WS = quaternion.from_rotation_vector(tilt)
    _, _, gyr = ideal_imu(SegmentMotion(time_s, q_WS, np.zeros((1201, 3))), rate_hz=100.0)
    got = turned(Move(0, 0.0, 3.0, np.full(300, 0.01), gyr), np.eye(3))
    off = quaternion.multiply(
        quaternion.multiply(quaternion.conjugate(q_WS[0]), q_WS[-1]), quaternion.conjugate(got)
    )
    assert np.degrees(np.linalg.norm(quaternion.rotation_vector(off))) < 0.02


# -- gyroscope and the whole --------------------------------------------------------------------


def left_over(bench, found):
    errors, fit = bench.errors, found.accelerometer
    left, _, right = np.linalg.svd(fit.scale @ errors.acc_scale)
    return (left @ right).T @ found.gyroscope.scale @ errors.gyr_scale - np.eye(3)


def test_a_chip_is_calibrated(bench, found):
    off = left_over(bench, found)
    assert np.abs(bench.errors.gyr_scale - np.eye(3)).max() > 0.009
    assert np.abs(np.diag(off)).max() < 0.0003
    assert np.abs(off[OFF]).max() < 0.0005
    np.testing.assert_allclose(found.accelerometer.bias_m_s2, bench.errors.acc_bias, atol=0.002)
    assert found.accelerometer.residual_m_s2 < 0.002 < found.accelerometer.error_before_m_s2 / 10
    assert found.gyroscope.residual_deg < 0.05
    assert found.gyroscope.edge_deg < 1.0 < found.gyroscope.edge_before_deg
    assert found.notes == ()


def test_stated_uncertainty_holds():
    ratios = []
    for seed in range(4):
        bench = simulate_bench(20 + seed)
        found = calibrate_sensor(bench.recording.sensors["pelvis"])
        ratios.append(left_over(bench, found) / found.gyroscope.scale_sd)
    assert np.mean(np.abs(ratios) < 2.0) > 0.95


def test_poor_chips_and_other_rates_are_calibrated_too():
    bench = simulate_bench(5, sensor_errors=3.0, rate_hz=200.0)
    off = left_over(bench, calibrate_sensor(bench.recording.sensors["pelvis"]))
    assert np.abs(off).max() < 0.0012


def test_applied_samples_read_gravity_at_rest(bench, found):
    series = bench.recording.sensors["pelvis"]
    taken = apply_intrinsics(series, found)
    assert taken.time_s is series.time_s or np.array_equal(taken.time_s, series.time_s)
    for rest in find_rests(taken):
        assert np.linalg.norm(rest.acc) == pytest.approx(G, abs=0.003)
        assert np.linalg.norm(rest.gyr) < np.radians(0.15)


def test_lost_packets_cost_little():
    bench = simulate_bench(6)
    series = bench.recording.sensors["pelvis"]
    lost = lost_samples(len(series), 100.0, 0.01, np.random.default_rng(0))
    acc, gyr = series.acc.copy(), series.gyr.copy()
    acc[lost], gyr[lost] = np.nan, np.nan
    found = calibrate_sensor(ImuSeries(series.time_s, acc, gyr))
    assert lost.sum() > 100
    assert np.abs(left_over(bench, found)).max() < 0.001


def test_missed_edge_is_left_out_and_told(bench):
    """A sensor pushed back against another edge: 30 degrees would be 0.8 % of scale."""
    series = bench.recording.sensors["pelvis"]
    rests = find_rests(series)
    moves, _ = find_moves(series, rests)
    at = next(k for k, move in enumerate(moves) if len(move.step_s) > 1000)
    move = moves[at]
    spin = np.sign(move.gyr.sum(axis=0)) * (np.abs(move.gyr) == np.abs(move.gyr).max())
    axis = int(np.argmax(np.abs(spin).sum(axis=0)))
    extra = np.zeros_like(move.gyr)
    extra[:, axis] = np.radians(30.0) / (move.end_s - move.start_s)
    moves[at] = replace(move, gyr=move.gyr + extra)
    up = apply_intrinsics(series, calibrate_sensor(series)).acc
    up_S = np.stack([up[rest.rows.start : rest.rows.end].mean(axis=0) for rest in rests])
    up_S /= np.linalg.norm(up_S, axis=1, keepdims=True)
    fit, notes = fit_gyroscope(moves, up_S, np.zeros(3))
    assert fit is not None
    assert fit.full_turns.sum() == 20
    assert any("from the edge they began at" in note for note in notes)


def test_without_turns_gravity_alone_calibrates():
    bench = simulate_bench(7, turns=0)
    found = calibrate_sensor(bench.recording.sensors["pelvis"])
    assert found.gyroscope is not None
    assert found.gyroscope.full_turns.sum() == 0
    assert np.isnan(found.gyroscope.edge_deg)
    assert np.abs(left_over(bench, found)).max() < 0.002


def test_six_faces_without_turns_leave_the_gyroscope_alone_and_say_why():
    bench = simulate_bench(7, oblique=False, turns=0)
    series = bench.recording.sensors["pelvis"]
    found = calibrate_sensor(series)
    assert found.gyroscope is None
    assert any("ten full turns" in note for note in found.notes)
    np.testing.assert_array_equal(apply_intrinsics(series, found).gyr, series.gyr)


def test_a_recording_without_rest_is_refused():
    walking = np.random.default_rng(0).normal(0, 3, (1000, 3))
    with pytest.raises(CalibrationError, match="never lay still") as caught:
        calibrate_sensor(ImuSeries(np.arange(1000) / 100, walking, walking))
    assert caught.value.code == "E510"


def test_progress_leads_from_pose_to_pose_to_turns(bench):
    series = bench.recording.sensors["pelvis"]
    ends = [rest.rows.end / 100.0 for rest in find_rests(series)]
    start = bench_progress(part(series, 0.5))
    assert (start.poses, start.is_complete) == (0, False)
    faces = bench_progress(part(series, ends[5]))
    assert faces.poses == 6
    assert all(" and " in name for name in faces.missing)
    covered = bench_progress(part(series, ends[13]))
    assert covered.missing == ()
    assert "ten times flat" in covered.prompt
    once = bench_progress(part(series, ends[15]))
    assert once.turned == ("x",)
    assert "with y upwards" in once.prompt
    assert bench_progress(series).is_complete


def test_the_same_seed_is_the_same_bench():
    one, other = (simulate_bench(9, turns=0).recording.sensors["pelvis"] for _ in range(2))
    np.testing.assert_array_equal(one.gyr, other.gyr)
