"""A session that holds a walk, tests and pain: what gait uses of the range, and what is said."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import imuhip
from cli_process import run_cli
from imuhip.core.series import Marker
from imuhip.errors import AnalysisError, ConfigError
from imuhip.simulation.performances import perform, perform_after_walk


def test_gait_uses_a_share_of_what_the_tests_found(tmp_path: Path) -> None:
    done = perform_after_walk("hip_rotation_supine", seed=901, side="left", direction="both")
    hurt_s = done.repetitions[0].end_s + 0.3
    recording = replace(
        done.recording, markers=(*done.recording.markers, Marker("pain_left_3", hurt_s, hurt_s))
    )
    assert not imuhip.assess(recording).reserves
    analysis = imuhip.analyze(recording)
    assessment = imuhip.assess(recording, analysis=analysis)
    found = {(one.name, one.side, one.gait): one.found for one in assessment.reserves}
    assert set(found) == {
        ("internal_rotation", "left", "walk"),
        ("rotation_range", "left", "walk"),
    }
    ranged = found["rotation_range", "left", "walk"]
    own = analysis.summary["gait"]["walk"]["sides"]["left"]["hip_rotation_range_deg"]["mean"]
    measured = {m.name: m.value for m in assessment.measures}
    available = measured["hip_internal_rotation_true"] + measured["hip_external_rotation_true"]
    assert ranged["share_percent"] == pytest.approx(100.0 * own / available, abs=0.1)
    assert ranged["share_sd_percent"] > 0.0

    path = tmp_path / "session.h5"
    recording.save(path)
    told = run_cli("assess", str(path), "--map", "--json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    record = json.loads(told.stdout)
    shares = [one["share_percent"] for one in record["reserves"]]
    assert shares[1] == pytest.approx(ranged["share_percent"], abs=0.5)
    assert record["pain"][0]["repetition"] == 1
    assert {"nodes", "lit"} <= set(record["map"])
    read = run_cli("assess", str(path), "--map", cwd=tmp_path)
    assert read.returncode == 0, read.stderr
    for words in ("rotation range", "3 of 10", "no diagnosis", "hip rotation supine left"):
        assert words in read.stdout, read.stdout


def test_extension_in_gait_stands_beside_extension_on_the_plinth() -> None:
    done = perform_after_walk("hip_extension_prone", seed=902, side="right")
    analysis = imuhip.analyze(done.recording)
    (one,) = imuhip.assess(done.recording, analysis=analysis).reserves
    assert (one.name, one.side, one.gait) == ("extension", "right", "walk")
    own = analysis.summary["gait"]["walk"]["sides"]["right"]
    assert one.found["used_deg"] == pytest.approx(own["hip_extension_peak_deg"]["mean"], abs=0.01)
    tilt = own["pelvis_tilt_at_extension_peak_deg"]["mean"]
    assert one.found["pelvis_tilt_deg"] == pytest.approx(tilt)
    assert one.found["share_percent"] is not None or one.found["problem"]


def test_an_unknown_norm_profile_is_refused_whatever_was_measured() -> None:
    assessment = imuhip.assess(perform("hinge", seed=4).recording)
    assert assessment.norms("clinic") == {}
    with pytest.raises(ConfigError, match="no norm profile 'mine'"):
        assessment.norms("mine")


def test_a_session_of_bows_alone_is_not_told_to_exchange_sensors() -> None:
    with pytest.raises(AnalysisError, match="walking or running found") as caught:
        imuhip.analyze(perform("hinge", seed=4).recording)
    assert "exchange" not in str(caught.value)


def test_clocks_that_a_walk_shows_apart_are_put_right_in_tests() -> None:
    done = perform_after_walk("knee_to_chest", seed=11, side="left", minutes=0.6)
    true_deg = done.truth["pelvis_onset_flexion_deg"]
    sensors = dict(done.recording.sensors)
    thigh = sensors["thigh_left"]
    sensors["thigh_left"] = replace(thigh, time_s=thigh.time_s + 0.05)
    late = replace(done.recording, sensors=sensors)

    (alone,) = imuhip.assess(late).trials
    assert abs(alone.measure("hip_flexion_pelvis_neutral").value - true_deg) > 3.0
    (told,) = imuhip.assess(late, analysis=imuhip.analyze(late)).trials
    assert abs(told.measure("hip_flexion_pelvis_neutral").value - true_deg) < 2.0
    assert any("thigh_left" in note and "ms late" in note for note in told.notes)
