"""Wrong mounting of whole sessions: named with its reason, counted into the uncertainty."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

import imuhip
from imuhip.errors import ImuhipError


def reasons(analysis: imuhip.Analysis) -> str:
    return "\n".join(analysis.quality["mounting"]["reasons"])


def renamed(recording: imuhip.Recording, **names: str) -> imuhip.Recording:
    """Return the recording with each segment carrying the sensor of another one."""
    return imuhip.Recording(
        rate_hz=recording.rate_hz,
        sensors={segment: recording.sensors[name] for segment, name in names.items()},
        markers=recording.markers,
    )


@pytest.fixture(scope="module", params=["walk", "run"])
def person(request) -> imuhip.Recording:
    return imuhip.simulate(request.param, 1.0, 41, soft_tissue=1.0, pose_error_deg=2.0)


def test_right_names_are_not_doubted(person):
    analysis = imuhip.analyze(person)
    assert analysis.quality["mounting"]["grade"] == "A"
    assert analysis.quality["mounting"]["left_right_sigma"] > 2.0
    assert "axis up" in analysis.quality["sensors"]["pelvis"]["pointing"]


def test_swapped_thighs_are_named(person):
    swapped = renamed(person, pelvis="pelvis", thigh_left="thigh_right", thigh_right="thigh_left")
    right, wrong = imuhip.analyze(person), imuhip.analyze(swapped)
    assert wrong.quality["grade"] == "D"
    assert "left and right thigh sensors look swapped" in reasons(wrong)
    column = "hip_flexion_left_sd_deg"
    assert wrong.angles[column].median() > right.angles[column].median() + 20.0


def test_pelvis_and_thigh_exchanged_are_named(person):
    exchanged = renamed(person, pelvis="thigh_left", thigh_left="pelvis", thigh_right="thigh_right")
    try:
        told = reasons(imuhip.analyze(exchanged))
    except ImuhipError as error:
        told = str(error)
    assert "the sensor named pelvis swings like a thigh" in told
    assert "thigh_left like a pelvis" in told


def test_live_tells_as_much(person):
    swapped = renamed(person, pelvis="pelvis", thigh_left="thigh_right", thigh_right="thigh_left")
    assert imuhip.analyze(person, live=True).quality["mounting"]["grade"] == "A"
    assert "look swapped" in reasons(imuhip.analyze(swapped, live=True))


def rotation_rmse_deg(analysis: imuhip.Analysis, recording: imuhip.Recording) -> float:
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    rows = (recording.truth.index >= gait.start_s) & (recording.truth.index <= gait.end_s)
    column = "hip_rotation_left_deg"
    error = analysis.angles[column].to_numpy() - recording.truth[column].to_numpy()
    return float(np.sqrt(np.nanmean(error[rows] ** 2)))


@pytest.mark.parametrize("activity", ["walk", "run"])
def test_a_slip_is_found_and_put_right_on_request(activity):
    options = {"soft_tissue": 1.0, "strap_slip": ("thigh_left", 100.0, 10.0)}
    kept = imuhip.simulate(activity, 3.0, 42, soft_tissue=1.0)
    slipped = imuhip.simulate(activity, 3.0, 42, **options)
    raw = slipped.sensors["thigh_left"].gyr.copy()
    plain, mended = imuhip.analyze(slipped), imuhip.analyze(slipped, correct_slips=True)
    for analysis, corrected in ((plain, False), (mended, True)):
        (slip,) = json.loads(json.dumps(analysis.quality["slips"]))
        assert slip["segment"] == "thigh_left" and slip["corrected"] is corrected
        assert slip["at_s"] == pytest.approx(100.0, abs=3.0)
        assert slip["degrees"] == pytest.approx(10.0, abs=1.5)
    assert "slipped at" in reasons(plain) and "correct_slips=True" in reasons(plain)
    assert plain.quality["mounting"]["grade"] == "C" and mended.quality["mounting"]["grade"] == "B"
    floor = rotation_rmse_deg(imuhip.analyze(kept), kept)
    assert rotation_rmse_deg(plain, slipped) > 5.0
    assert rotation_rmse_deg(mended, slipped) < floor + 1.0
    sd = plain.angles["hip_rotation_left_sd_deg"]
    assert sd.loc[110.0:].median() > 8.0 > 2.0 * sd.loc[:90.0].median()
    np.testing.assert_array_equal(slipped.sensors["thigh_left"].gyr, raw)


def test_changes_of_gait_are_no_slips():
    recording = imuhip.simulate("mixed", 6.0, 43, soft_tissue=1.0, strap_wobble=0.5)
    assert imuhip.analyze(recording).quality["slips"] == []


def test_a_real_person_is_worn_right_and_swapped_wrong(shared_data: Path):
    content = loadmat(
        shared_data / "qmt_full_body" / "full_body_example_data.mat", simplify_cells=True
    )
    names = {"pelvis": "hip", "thigh_left": "upper_leg_left", "thigh_right": "upper_leg_right"}
    person = imuhip.Recording.from_arrays(
        rate_hz=100.0,
        sensors={
            segment: {"acc": content[name]["acc"], "gyr": content[name]["gyr"]}
            for segment, name in names.items()
        },
    )
    found = imuhip.analyze(person)
    assert found.quality["mounting"]["grade"] == "A", reasons(found)
    swapped = renamed(person, pelvis="pelvis", thigh_left="thigh_right", thigh_right="thigh_left")
    assert "look swapped" in reasons(imuhip.analyze(swapped))
    exchanged = renamed(person, pelvis="thigh_left", thigh_left="pelvis", thigh_right="thigh_right")
    assert "swings like a thigh" in reasons(imuhip.analyze(exchanged))
