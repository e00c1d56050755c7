"""Gait of whole sessions: simulated people against their truth, and one real walker.

`python -m benchmarks gait` does the same with twenty people; these were not looked at while the
method was made.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from benchmarks import gait as gait_benchmark
from benchmarks._gait_truth import score_strides, true_seconds
from benchmarks.gait import Job, limits_ms, session
from benchmarks.real_person import load_person

import imuhip
from imuhip.analysis.gait_baseline import against_baseline
from imuhip.core.segments import SIDES
from imuhip.gait.seconds import KINDS

JOBS = (
    Job("walk, overground", 3100, 1.0),
    Job("walk, treadmill", 3101, 1.0),
    Job("run, overground", 3102, 1.0),
    Job("mixed", 3103, 2.0),
)


@cache
def analysed(job: Job) -> tuple[imuhip.Recording, imuhip.Analysis]:
    recording = session(job)
    return recording, imuhip.analyze(recording)


def test_seconds_are_what_they_were():
    right = total = 0
    for job in JOBS:
        recording, analysis = analysed(job)
        found = [KINDS.index(kind) for kind in analysis.seconds["activity"]]
        true = true_seconds(recording)
        assert len(found) == len(true)
        right += int((np.array(found) == true).sum())
        total += len(true)
    assert right / total >= 0.97


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.case)
def test_strides_and_contacts_are_the_simulators(job: Job):
    recording, analysis = analysed(job)
    legs = [score_strides(analysis.strides, recording, side) for side in SIDES]
    assert sum(leg.n_missed for leg in legs) == 0
    assert sum(leg.n_false for leg in legs) == 0
    assert sum(leg.n_beyond for leg in legs) <= 6, "starts and stops, at most"
    stride = np.concatenate([leg.stride_s[leg.valid] for leg in legs])
    assert np.sqrt(np.mean(stride**2)) < 0.010
    bias, half = limits_ms([leg.contact_s[leg.valid] for leg in legs])
    assert abs(bias) + half < 25.0
    z = np.concatenate([leg.z[leg.valid] for leg in legs])
    assert np.mean(np.abs(z) < 2.0) > 0.9, "the stated sd is no boast"
    off = np.concatenate([leg.toe_off_s[leg.valid] for leg in legs])
    stated = analysis.strides["toe_off_sd_s"].median()
    assert abs(np.nanmean(off)) < 4.0 * stated


def test_the_summary_is_json_and_each_number_has_n_and_uncertainty():
    _, analysis = analysed(JOBS[3])
    json.dumps(analysis.summary, allow_nan=False)
    gait = analysis.summary["gait"]
    assert gait["walk"]["strides_used"] > 30
    assert gait["run"]["strides_used"] > 10
    leg = gait["walk"]["sides"]["left"]
    for name in ("stance_time_s", "hip_extension_peak_deg", "pelvis_drop_deg"):
        assert leg[name]["n"] >= 10
        assert leg[name]["uncertainty"] > 0.0
    assert "double_support_s" in gait["walk"]
    assert "flight_s" in gait["run"]
    assert gait["run"]["flight_s"]["mean"] > 0.1
    changes = against_baseline(analysis.summary, analysis.summary)["changes"]
    assert changes
    assert not any(one["beyond_uncertainty"] for one in changes.values())


def test_turning_and_unsteady_strides_are_left_out_and_say_so():
    _, analysis = analysed(JOBS[0])
    reasons = set(analysis.strides["exclusion"])
    assert {"", "turning", "unsteady"} <= reasons
    valid = analysis.strides[analysis.strides["valid"]]
    order = valid["initial_contact_s"] < valid["toe_off_s"]
    assert order.all()
    assert (valid["toe_off_s"] < valid["end_s"]).all()
    np.testing.assert_allclose(
        valid["stance_time_s"] + valid["swing_time_s"], valid["stride_time_s"], atol=1e-9
    )


def test_a_gait_marker_keeps_strides_outside_out():
    recording = session(Job("walk, treadmill", 3104, 0.7))
    gait = next(m for m in recording.markers if m.name == "gait")
    inner = imuhip.Recording.from_arrays(
        rate_hz=recording.rate_hz,
        sensors={
            segment: {"acc": series.acc, "gyr": series.gyr}
            for segment, series in recording.sensors.items()
        },
        markers=[("gait", gait.start_s + 5.0, gait.start_s + 15.0)],
    )
    strides = imuhip.analyze(inner).strides
    assert len(strides) >= 12
    assert strides["start_s"].min() >= gait.start_s + 5.0
    assert strides["end_s"].max() <= gait.start_s + 15.0


def test_one_thigh_tells_its_own_leg_and_says_what_is_missing():
    recording = session(Job("walk, treadmill", 3105, 0.7))
    some = imuhip.Recording.from_arrays(
        rate_hz=recording.rate_hz,
        sensors={
            segment: {"acc": recording.sensors[segment].acc, "gyr": recording.sensors[segment].gyr}
            for segment in ("pelvis", "thigh_left")
        },
    )
    walk = imuhip.analyze(some).summary["gait"]["walk"]
    assert walk["sides"]["left"]["stance_time_s"]["n"] >= 10
    assert walk["double_support_s"]["n"] == 0
    assert "asymmetry" not in walk
    assert walk["missing"] == ["right: no thigh sensor with strides"]


def test_the_benchmark_writes_what_it_prints(tmp_path: Path, capsys):
    document = tmp_path / "gait.md"
    document.write_text("before\n<!-- gait: begin -->\n<!-- gait: end -->\nafter\n", "utf-8")
    options = ["--people", "1", "--first-seed", "3110", "--minutes", "0.5", "--table", "thighs"]
    own = ["--processes", "1", "--write", "--document", str(document)]
    assert gait_benchmark.main([*options, *own]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("$ python -m benchmarks gait " + " ".join(options))
    for row in (*gait_benchmark.CASES, "all", "seconds, true kind in rows"):
        assert f"\n{row}" in printed
    assert printed.strip() in document.read_text("utf-8")


# -- a real person ------------------------------------------------------------------------------

FILE_START_S = 40.0


@pytest.fixture(scope="module")
def walker(shared_data: Path) -> imuhip.Analysis:
    return imuhip.analyze(load_person(shared_data / "qmt_full_body"))


def kinds(walker: imuhip.Analysis, column: str, start_s: float, end_s: float) -> list[str]:
    table = walker.seconds
    at_s = table["start_s"] + FILE_START_S
    return list(table.loc[(at_s >= start_s) & (at_s < end_s), column])


def test_standing_sitting_walking_and_the_turn_of_a_real_person(walker):
    assert kinds(walker, "activity", 40.0, 45.0).count("still") >= 4
    assert kinds(walker, "activity", 85.0, 88.0) == ["still"] * 3
    assert kinds(walker, "posture", 40.0, 46.0) == ["upright"] * 6
    assert kinds(walker, "posture", 54.0, 79.0) == ["sitting"] * 25
    assert kinds(walker, "posture", 84.0, 139.0) == ["upright"] * 55
    seated = kinds(walker, "activity", 54.0, 79.0)
    assert set(seated) <= {"still", "other"}
    assert seated.count("still") >= 20
    walking = kinds(walker, "activity", 95.0, 139.0)
    assert set(walking) == {"walk", "turn"}
    assert kinds(walker, "activity", 115.0, 117.0).count("turn") >= 1
    assert 1 <= walking.count("turn") <= 4
    assert "walk" not in kinds(walker, "activity", 40.0, 94.0)


def test_strides_of_a_real_person_are_in_the_walk_with_their_cadence(walker):
    at_s = walker.strides["initial_contact_s"] + FILE_START_S
    assert at_s.min() > 93.5
    assert at_s.max() < 140.0
    walk = walker.summary["gait"]["walk"]
    assert "run" not in walker.summary["gait"]
    assert walk["cadence_steps_per_min"]["mean"] == pytest.approx(124.0, abs=3.0)
    assert walk["cadence_steps_per_min"]["n"] >= 75
    stance = walk["sides"]["left"]["stance_percent"]["mean"]
    assert 54.0 < stance < 66.0
    assert "trend" in walk
    assert "5 minutes" in walk["trend"]["missing"]
