"""What a simulated session can be put through: each option does what it names, and no more."""

from __future__ import annotations

import numpy as np
import pytest

import imuhip
from imuhip.core import quaternion
from imuhip.errors import ConfigError

WALK_4 = (-9.5720182, -4.6208092, 2.7772739)
RUN_4 = (-1.0716560, 0.0351537, -0.7424893)

PERFECT = {"sensor_errors": 0.0, "calibration": False}


def test_the_legs_clocks_are_off_the_opposite_way():
    kept = imuhip.simulate("walk", 0.3, 3, **PERFECT)
    off = imuhip.simulate("walk", 0.3, 3, **PERFECT, sync_error_ms=20.0)
    np.testing.assert_array_equal(off.sensors["pelvis"].acc, kept.sensors["pelvis"].acc)
    for segment, late in (("thigh_left", 2), ("thigh_right", -2)):
        for channel in ("acc", "gyr"):
            found = np.roll(getattr(off.sensors[segment], channel), -late, axis=0)[5:-5]
            true = getattr(kept.sensors[segment], channel)[5:-5]
            np.testing.assert_allclose(found, true, atol=1e-6)
    np.testing.assert_array_equal(off.truth_motion.angles_rad, kept.truth_motion.angles_rad)


def test_the_truth_knows_how_the_sensors_are_turned():
    recording = imuhip.simulate("run", 0.3, 3, **PERFECT, soft_tissue=1.0, rate_hz=400.0)
    for segment, series in recording.sensors.items():
        q_WS = recording.truth_motion.sensor_orientations[segment]
        rate = quaternion.rotation_vector(
            quaternion.multiply(quaternion.conjugate(q_WS[:-2]), q_WS[2:])
        )
        np.testing.assert_allclose(0.5 * 400.0 * rate, series.gyr[1:-1], atol=0.05)


def markers(recording, name):
    return [m for m in recording.markers if m.name == name]


def angles_between(recording, start_s, end_s):
    return recording.truth.loc[start_s:end_s]


def test_options_left_alone_leave_the_samples_alone():
    kept = imuhip.simulate("walk", 0.3, 3, soft_tissue=1.0)
    same = imuhip.simulate(
        "walk", 0.3, 3, soft_tissue=1.0, tissue_change=(1.0, 1.0), hill_percent=0.0, stops=0
    )
    for segment, series in kept.sensors.items():
        np.testing.assert_allclose(same.sensors[segment].gyr, series.gyr, atol=1e-9)
        np.testing.assert_allclose(same.sensors[segment].acc, series.acc, atol=1e-9)


def test_a_known_seed_gives_the_samples_it_always_gave():
    """Figures in documents and limits in tests stand on these people."""
    walk = imuhip.simulate("walk", 0.5, 4, soft_tissue=1.0, packet_loss=0.02)
    run = imuhip.simulate("run", 0.5, 4)
    np.testing.assert_allclose(walk.sensors["pelvis"].acc[4000], WALK_4, atol=1e-6)
    np.testing.assert_allclose(run.sensors["thigh_left"].gyr[4000], RUN_4, atol=1e-6)


@pytest.mark.parametrize("activity", ["walk", "run"])
def test_on_a_treadmill_nobody_travels(activity):
    ground = imuhip.simulate(activity, 1, 3, **PERFECT)
    belt = imuhip.simulate(activity, 1, 3, **PERFECT, treadmill=True)
    ways = {}
    for name, recording in (("ground", ground), ("belt", belt)):
        gait = markers(recording, "gait")[0]
        rows = slice(round(100 * (gait.start_s + 5)), round(100 * (gait.end_s - 5)))
        q_WS = recording.truth_motion.sensor_orientations["pelvis"]
        force = quaternion.rotate(q_WS, recording.sensors["pelvis"].acc)
        heading = np.unwrap(2.0 * np.arctan2(q_WS[:, 3], q_WS[:, 0]))
        ways[name] = np.cumsum(np.cumsum(force[: rows.stop, :2], axis=0), axis=0)[-1] / 100.0**2
        turned = np.ptp(heading[rows])
        assert (turned < 1.0) == (name == "belt")
    assert np.linalg.norm(ways["belt"]) < 0.4
    assert np.linalg.norm(ways["ground"]) > 2.0
    # the same strides of the same person
    gait = markers(belt, "gait")[0]
    flexion = "hip_flexion_left_deg"
    np.testing.assert_allclose(
        angles_between(belt, gait.start_s, gait.end_s)[flexion],
        angles_between(ground, gait.start_s, gait.end_s)[flexion],
        atol=1e-6,
    )


def test_hills_flex_the_hips_lean_the_pelvis_and_lift_the_body():
    from imuhip.simulation.course import lay_course
    from imuhip.simulation.motion import move_body
    from imuhip.simulation.people import draw_person
    from imuhip.simulation.plan import plan_session

    person = draw_person(np.random.default_rng(3))
    plan = plan_session("walk", 12, np.random.default_rng(0), calibration=False)
    time_s = np.arange(round(plan.duration_s * 100)) / 100.0
    course = lay_course(
        plan,
        person,
        time_s,
        np.random.default_rng(1),
        steepest=0.08,
        ground=np.random.default_rng(2),
    )
    body = move_body(person, course, np.random.default_rng(4))
    assert course.slope is not None and course.climb_m is not None
    assert np.abs(course.slope).max() == pytest.approx(0.08, rel=0.01)
    up, down = course.slope > 0.07, course.slope < -0.07
    assert up.sum() > 3000 and down.sum() > 3000
    mean = {n: np.degrees(v) for n, v in body.angles_rad.items()}
    assert mean["hip_flexion_left"][up].mean() - mean["hip_flexion_left"][down].mean() > 4.0
    assert mean["pelvis_tilt"][up].mean() - mean["pelvis_tilt"][down].mean() > 2.0
    assert course.relative_speed[up].mean() < 0.85 * course.relative_speed[down].mean()
    way = np.hypot(*np.diff(course.path_m, axis=0).T)
    climbed = np.diff(course.climb_m)
    assert climbed[up[1:]].sum() / way[up[1:]].sum() == pytest.approx(0.08, abs=0.005)
    rise = body.pelvis_W[:, 2] - course.climb_m
    assert np.ptp(rise) < 0.1
    # nobody jerks where the slope changes
    assert np.abs(np.diff(course.slope, 3)).max() < 1e-4


def test_changing_tissue_lies_between_its_ends():
    """Under-rotation of a quarter at scale 1: the skin turns against the bone by that much."""
    turned = {}
    for name, options in (
        ("one", {}),
        ("half", {"soft_tissue": 0.5}),
        ("changing", {"tissue_change": (1.0, 0.5)}),
    ):
        recording = imuhip.simulate("walk", 1, 3, **(PERFECT | {"soft_tissue": 1.0} | options))
        truth = recording.truth_motion
        q = quaternion.multiply(
            quaternion.conjugate(truth.orientations["thigh_left"]),
            truth.sensor_orientations["thigh_left"],
        )
        turned[name] = quaternion.rotation_vector(
            quaternion.multiply(q, quaternion.conjugate(q[0]))
        )[:, 1]
    gait = markers(recording, "gait")[0]
    time_s = recording.truth_motion.time_s
    for at_s, like in ((gait.start_s + 5.0, "one"), (gait.end_s - 5.0, "half")):
        rows = np.abs(time_s - at_s) < 2.0
        size = {name: np.std(values[rows]) for name, values in turned.items()}
        assert size["changing"] == pytest.approx(size[like], rel=0.12)
        assert size["half"] < 0.7 * size["one"]


def test_stops_and_an_end_pose_are_marked_and_still():
    recording = imuhip.simulate(
        "mixed", 4, 3, **PERFECT, stops=2, end_pose=True, stance_deg=3.0, rate_hz=50.0
    )
    poses, pieces = markers(recording, "n_pose"), markers(recording, "gait")
    assert [len(poses), len(pieces)] == [4, 3]
    assert sum(piece.end_s - piece.start_s for piece in pieces) == pytest.approx(240.0)
    assert recording.markers[-1].name == "n_pose"
    stood = []
    for pose in poses:
        angles = angles_between(recording, pose.start_s + 0.2, pose.end_s - 0.2)
        assert (angles.max() - angles.min()).max() < 1.0
        stood.append(angles.mean()[["hip_rotation_left_deg", "hip_rotation_right_deg"]])
    assert np.abs(stood[0]).max() < 0.3
    later = np.array(stood[1:])
    assert 0.5 < np.sqrt(np.mean(later**2)) < 8.0 and np.ptp(later, axis=0).min() > 0.3
    plain = imuhip.simulate("mixed", 4, 3, **PERFECT, stops=2, end_pose=True, rate_hz=50.0)
    for piece in pieces:  # gait itself is the same
        np.testing.assert_allclose(
            angles_between(recording, piece.start_s + 5, piece.start_s + 20),
            angles_between(plain, piece.start_s + 5, piece.start_s + 20),
            atol=1e-6,
        )


def test_in_a_pause_the_person_sits_and_rises():
    recording = imuhip.simulate("walk", 1, 3, **PERFECT, pause="sit", pause_min=1.0)
    pause = markers(recording, "pause")[0]
    assert pause.end_s - pause.start_s == 60.0
    seated = angles_between(recording, pause.start_s + 10, pause.end_s - 10)
    assert seated["hip_flexion_left_deg"].between(70, 90).all()
    assert seated["pelvis_tilt_deg"].mean() < -10
    pose = markers(recording, "n_pose")[1]
    assert pose.start_s > pause.end_s
    standing = angles_between(recording, pose.start_s, pose.end_s)
    assert standing.abs().max().max() < 1.0
    assert np.abs(recording.sensors["thigh_left"].acc).max() < 60.0


@pytest.mark.parametrize("pause", ["sensors_off", "sensors_off_same_mount"])
def test_in_a_pause_the_sensors_are_taken_off(pause):
    recording = imuhip.simulate("walk", 1, 3, **PERFECT, pause=pause, pause_min=2.0)
    rest = markers(recording, "pause")[0]
    truth = recording.truth_motion
    poses = markers(recording, "n_pose")
    assert len(poses) == 2 and rest.end_s < poses[1].start_s
    off = []
    for segment, series in recording.sensors.items():
        q_BS = quaternion.multiply(
            quaternion.conjugate(truth.orientations[segment]), truth.sensor_orientations[segment]
        )
        first, second = (
            quaternion.average(q_BS[(truth.time_s > p.start_s) & (truth.time_s < p.end_s)])
            for p in poses
        )
        turn = quaternion.rotation_vector(quaternion.multiply(quaternion.conjugate(first), second))
        off.append(np.degrees(np.linalg.norm(turn)))
        resting = (series.time_s > rest.start_s + 30) & (series.time_s < rest.start_s + 45)
        assert np.linalg.norm(series.gyr[resting], axis=1).max() < 1e-3  # on the table
        assert np.linalg.norm(series.acc[resting], axis=1) == pytest.approx(9.80665, abs=1e-3)
        handled = (series.time_s > rest.start_s) & (series.time_s < rest.end_s)
        assert 0.5 < np.linalg.norm(series.gyr[handled], axis=1).max() < 15.0
        assert np.abs(series.acc[handled]).max() < 30.0
        # what it reads is its own motion
        rate = quaternion.rotation_vector(
            quaternion.multiply(
                quaternion.conjugate(truth.sensor_orientations[segment][:-2]),
                truth.sensor_orientations[segment][2:],
            )
        )
        np.testing.assert_allclose(
            50.0 * rate[handled[1:-1]], series.gyr[1:-1][handled[1:-1]], atol=0.1
        )
    assert max(off) < 25.0
    assert (max(off) < 0.5) == (pause == "sensors_off_same_mount")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sync_error_ms": 1e9}, "sync_error_ms"),
        ({"hill_percent": -3.0}, "hill_percent"),
        ({"stops": -1}, "stops"),
        ({"stops": 5}, "into 6 pieces"),
        ({"stops": 0.5, "pause": "sit"}, "stops=0.5"),
        ({"pause": "sleep"}, "sleep"),
        ({"pause": "sit", "pause_min": 0.1}, "pause for 0.1 min"),
        ({"tissue_change": (1.0, -1.0)}, "tissue_change"),
        ({"activity": "stand", "stops": 1}, "standing"),
    ],
)
def test_scenarios_that_cannot_be_are_refused(options, message):
    with pytest.raises(ConfigError, match=message) as caught:
        imuhip.simulate(**({"activity": "walk", "minutes": 0.5} | options))
    assert caught.value.hint


def test_another_visit_is_the_same_person_who_does_not_repeat_exactly():
    def visit(number, **options):
        return imuhip.simulate("walk", 0.5, 3, calibration=False, visit=number, **options)

    first, again = visit(0), visit(1, restrapped=True)
    stayed = visit(1)
    np.testing.assert_array_equal(visit(1).sensors["pelvis"].acc, stayed.sensors["pelvis"].acc)
    ranges = []
    for one in (first, stayed, again):
        angles = one.truth_motion.angles_rad
        ranges.append(np.ptp(np.degrees(angles[np.isfinite(angles).all(axis=1)]), axis=0))
    for later in ranges[1:]:
        assert np.abs(later - ranges[0]).max() > 0.01
        assert np.abs(later - ranges[0]).max() < 12.0

    def gravity(one):
        return np.median(one.sensors["thigh_left"].acc[:400], axis=0)

    assert np.linalg.norm(gravity(stayed) - gravity(first)) < 0.8  # the strap as it was
    assert np.linalg.norm(gravity(again) - gravity(first)) > 1.5
