"""Judging pose and straps: what is certain, what is not, and what cannot be judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import imuhip
from imuhip.analysis.strap_check import judge_calibration, judge_pose
from imuhip.calibration.protocol import shipped_protocol
from imuhip.calibration.stillness import unrest
from imuhip.core.series import Marker
from imuhip.errors import ImuhipError

ACCEPTED = shipped_protocol().acceptance
MARKERS = (Marker("n_pose", 2.0, 7.0), Marker("gait", 8.0, 18.0))
STANDING = np.tile([0.0, 9.80665, 0.0], (500, 1))


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate(
        "walk", 0.3, seed=7, calibration=False, turns=False, sensor_errors=0.0, soft_tissue=0.3
    )


def cut(sensors, end_s: float = 18.5):
    return {segment: series.between(1.5, end_s) for segment, series in sensors.items()}


def test_a_pose_is_graded_by_the_protocols_limits() -> None:
    still = judge_pose({"pelvis": STANDING, "thigh_left": STANDING}, 100.0, ACCEPTED)
    assert (still.grade, still.reasons) == ("A", ())
    assert still.up_S["pelvis"] == pytest.approx([0.0, 1.0, 0.0])
    swaying = STANDING.copy()
    swaying[:, 0] = 9.80665 * np.sin(np.radians(2.0)) * np.sqrt(2) * np.sin(np.arange(500) / 20)
    judged = judge_pose({"pelvis": STANDING, "thigh_left": swaying}, 100.0, ACCEPTED)
    assert judged.grade == "B" and judged.reasons == ("swayed by 2.0°",)
    short = judge_pose({"pelvis": STANDING[:250]}, 100.0, ACCEPTED)
    assert short.grade == "B" and "2.5 s, 3 s are wanted" in short.reasons[0]
    off = judge_pose({"pelvis": 1.06 * STANDING}, 100.0, ACCEPTED)
    assert off.grade == "C" and "10.40 m/s²" in off.reasons[0]


def test_unrest_is_one_at_the_limit_of_standing_still() -> None:
    gyr = np.zeros((50, 3))
    assert unrest(gyr, STANDING[:50]) == pytest.approx(0.0, abs=1e-6)
    assert unrest(gyr + np.array([0.15, 0.0, 0.0]), STANDING[:50]) == pytest.approx(1.0)
    assert unrest(gyr[:0], gyr[:0]) == np.inf
    assert unrest(gyr * np.nan, STANDING[:50]) == np.inf


def test_what_is_worn_right_is_not_complained_of(walk) -> None:
    judged = judge_calibration(cut(walk.sensors), 100.0, MARKERS)
    assert {one.check: one.weight for one in judged.straps} == {
        "segments": "good", "sides": "good", "straps": "good", "way_up": "unknown"
    }  # fmt: skip
    assert not judged.misplaced and judged.grade in "AB"
    again = judge_calibration(cut(walk.sensors), 100.0, MARKERS, judged.up_S)
    assert again.straps[-1].weight == "good"
    over = {"thigh_left": -judged.up_S["thigh_left"]}
    assert judge_calibration(cut(walk.sensors), 100.0, MARKERS, over).misplaced


def test_one_thigh_is_enough_and_may_be_on_the_other_leg(walk) -> None:
    body = {s: walk.sensors[s] for s in ("pelvis", "thigh_left")}
    judged = judge_calibration(cut(body), 100.0, MARKERS)
    assert judged.straps[1].weight == "good"
    wrong = {"pelvis": body["pelvis"], "thigh_left": walk.sensors["thigh_right"]}
    judged = judge_calibration(cut(wrong), 100.0, MARKERS)
    assert judged.straps[1].weight == "bad" and "other leg" in judged.straps[1].text
    both = {**body, "thigh_right": walk.sensors["thigh_left"]}
    judged = judge_calibration(cut(both), 100.0, MARKERS)
    assert judged.straps[1].weight == "bad" and "same leg" in judged.straps[1].text


def test_what_cannot_be_judged_is_an_error_with_a_hint(walk) -> None:
    still = {s: one.between(0.0, 7.5) for s, one in walk.sensors.items()}
    markers = (Marker("n_pose", 1.0, 4.0), Marker("gait", 4.0, 7.0))
    with pytest.raises(ImuhipError) as caught:
        judge_calibration(still, 100.0, markers)
    assert caught.value.hint
    lost = dict(cut(walk.sensors))
    nothing = np.full_like(lost["thigh_left"].gyr, np.nan)
    lost["thigh_left"] = replace(lost["thigh_left"], gyr=nothing, acc=nothing)
    with pytest.raises(ImuhipError) as caught:
        judge_calibration(lost, 100.0, MARKERS)
    assert caught.value.hint
