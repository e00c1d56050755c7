"""Sessions with a magnetometer: learnt from where it deserves it, shown where it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from benchmarks import magnetometer as benchmark
from typer.testing import CliRunner

import imuhip
from imuhip.cli.commands import build
from imuhip.core import quaternion
from imuhip.core.segments import SIDES

PLACE = (52.52, 13.40)
DISTURBED = {"building": 2.0, "iron": 1.0}


def cli(*arguments: object):
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


def rotation_rmse(analysis: imuhip.Analysis, recording: imuhip.Recording, side: str) -> float:
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    truth = recording.truth
    rows = (truth.index >= gait.start_s) & (truth.index <= gait.end_s)
    column = f"hip_rotation_{side}_deg"
    error = analysis.angles[column].to_numpy()[rows] - truth[column].to_numpy()[rows]
    return float(np.sqrt(np.nanmean(error**2)))


@pytest.fixture(scope="module")
def outdoors() -> imuhip.Recording:
    return imuhip.simulate("walk", 1.5, 61, magnetometer=True)


@pytest.fixture(scope="module")
def indoors() -> imuhip.Recording:
    return imuhip.simulate("walk", 1.5, 61, magnetometer=DISTURBED)


@pytest.fixture(scope="module")
def asked(outdoors) -> imuhip.Analysis:
    return imuhip.analyze(outdoors, magnetometer=True)


@pytest.fixture(scope="module")
def plain(outdoors) -> imuhip.Analysis:
    return imuhip.analyze(outdoors)


def test_it_is_off_unless_asked_for(plain):
    assert "magnetometer" not in plain.quality and "magnetometer" not in plain.summary


def test_an_undisturbed_field_is_believed_and_north_is_known(asked, outdoors):
    told = asked.quality["magnetometer"]
    assert told["used"] and told["grade"] == "A" and told["reasons"] == []
    assert told["orientations_y_axis"] == "magnetic north"
    for one in told["sensors"].values():
        assert one["disturbed_percent"] < 5.0
        # walking hardly tells the hard iron along the vertical: 2 sigma of what was left in
        assert one["measured_strength_ut"][1] == pytest.approx(49.0, abs=4.0)
        assert one["measured_dip_deg"][1] == pytest.approx(65.0, abs=3.0)
    off = quaternion.multiply(
        asked.orientations["pelvis"],
        quaternion.conjugate(outdoors.truth_motion.orientations["pelvis"]),
    )
    assert np.degrees(np.abs(quaternion.heading_about_z(off))).max() < 6.0
    assert json.loads(json.dumps(asked.quality)) == asked.quality


def test_what_is_relative_stays_as_it_was(asked, plain):
    for segment in ("thigh_left", "thigh_right"):
        apart = [
            quaternion.multiply(
                quaternion.conjugate(found.orientations["pelvis"]), found.orientations[segment]
            )
            for found in (asked, plain)
        ]
        turn = quaternion.multiply(quaternion.conjugate(apart[0]), apart[1])
        assert np.degrees(np.abs(quaternion.rotation_vector(turn))).max() < 1.0


@pytest.mark.parametrize("activity", ["walk", "run"])
@pytest.mark.parametrize(
    "place", [{"building": 1.0}, {"iron": 2.0}, {"motor": 1.0}, {"motor": 3.0}]
)
def test_no_disturbance_makes_a_hip_worse(activity, place):
    recording = imuhip.simulate(activity, 1.0, 62, magnetometer=place)
    without, with_it = imuhip.analyze(recording), imuhip.analyze(recording, magnetometer=True)
    for side in SIDES:
        excess = rotation_rmse(with_it, recording, side) - rotation_rmse(without, recording, side)
        assert excess < 0.3


def test_a_disturbed_field_is_named_and_left_alone(indoors):
    without, with_it = imuhip.analyze(indoors), imuhip.analyze(indoors, magnetometer=True)
    told = with_it.quality["magnetometer"]
    assert not told["used"] and told["grade"] == "B"
    np.testing.assert_array_equal(without.angles.to_numpy(), with_it.angles.to_numpy())
    assert any("disturbed" in reason for reason in told["reasons"])
    assert {f"magnetometer: {reason}" for reason in told["reasons"]} <= set(
        with_it.quality["reasons"]
    )
    assert with_it.quality["grade"] >= "B"
    shares = with_it.summary["magnetometer"]["disturbed_percent"]
    assert set(shares) == set(indoors.sensors) and max(shares.values()) > 30.0
    for quantity, expected in (("strength_ut", 49.0), ("dip_deg", 65.0)):
        for one in with_it.summary["magnetometer"][quantity].values():
            assert one["expected"] == one["measured"] == pytest.approx(expected, abs=6.0)


def test_the_times_of_a_disturbance_are_those_it_had(outdoors):
    sensors = dict(outdoors.sensors)
    series = sensors["thigh_left"]
    mag = series.mag.copy()
    away = (series.time_s >= 50.0) & (series.time_s < 56.0)
    mag[away] *= 1.3
    sensors["thigh_left"] = replace(series, mag=mag)
    told = imuhip.analyze(replace(outdoors, sensors=sensors), magnetometer=True)
    found = told.quality["magnetometer"]["sensors"]
    assert found["thigh_left"]["disturbed_s"] == [[50.0, 56.0]]
    assert found["pelvis"]["disturbed_s"] == []
    share = 100.0 * 6.0 / outdoors.duration_s
    assert found["thigh_left"]["disturbed_percent"] == pytest.approx(share, abs=0.5)


def test_a_thigh_that_was_away_before_the_walk_is_told_by_the_field_alone(outdoors):
    series = outdoors.sensors["thigh_left"]
    away = (series.time_s >= 18.0) & (series.time_s < 22.0)
    lost = {
        name: np.where(away[:, None], np.nan, getattr(series, name))
        for name in ("acc", "gyr", "mag")
    }
    gone = replace(series, valid=series.valid & ~away, **lost)
    lossy = replace(outdoors, sensors=dict(outdoors.sensors) | {"thigh_left": gone})
    gait = slice(4000, 11000)
    without = imuhip.analyze(lossy).angles["hip_rotation_left_deg"].to_numpy()[gait]
    assert np.isnan(without).all()
    found = imuhip.analyze(lossy, magnetometer=True).angles
    sd = np.nanmedian(found["hip_rotation_left_sd_deg"].to_numpy()[gait])
    assert sd < 4.0
    truth = outdoors.truth["hip_rotation_left_deg"].to_numpy()[gait]
    error = found["hip_rotation_left_deg"].to_numpy()[gait] - truth
    assert np.isfinite(error).all() and np.sqrt(np.mean(error**2)) < 2.0 * sd


def at_the_place(recording: imuhip.Recording) -> imuhip.Recording:
    return replace(recording, start_time=datetime(2026, 5, 12, 9, 30, tzinfo=UTC))


def test_the_place_tells_what_to_expect(outdoors):
    here = at_the_place(imuhip.simulate("walk", 1.0, 61, magnetometer={"dip_deg": 68.1}))
    told = imuhip.analyze(here, magnetometer=True, place=PLACE).quality["magnetometer"]
    assert told["reference"] == {
        "from": "WMM-2025",
        "day": "2026-05-12",
        "covered": True,
        "strength_ut": pytest.approx(50.1, abs=0.1),
        "dip_deg": pytest.approx(68.1, abs=0.1),
        "declination_deg": pytest.approx(5.1, abs=0.2),
    }
    assert told["orientations_y_axis"] == "true north"
    assert max(one["disturbed_percent"] for one in told["sensors"].values()) < 10.0
    elsewhere = imuhip.analyze(here, magnetometer=True, place=(0.0, 0.0)).quality["magnetometer"]
    assert min(one["disturbed_percent"] for one in elsewhere["sensors"].values()) > 95.0
    assert elsewhere["orientations_y_axis"] == "arbitrary" and not elsewhere["used"]


def test_a_day_after_the_model_is_said(outdoors):
    late = replace(outdoors, start_time=datetime(2031, 5, 12, tzinfo=UTC))
    told = imuhip.analyze(late, magnetometer=True, place=PLACE).quality["magnetometer"]
    assert not told["reference"]["covered"]
    assert any("was not made for 2031-05-12" in reason for reason in told["reasons"])


def test_live_it_is_shown_and_nothing_else(outdoors):
    told = imuhip.analyze(outdoors, magnetometer=True, live=True)
    field = told.quality["magnetometer"]
    assert not field["used"] and field["grade"] == "A" and field["reasons"] == []
    assert field["hips"]["left"]["why_not"] == "the live view does not use it"
    alone = imuhip.analyze(outdoors, live=True)
    np.testing.assert_array_equal(told.angles.to_numpy(), alone.angles.to_numpy())


@pytest.mark.parametrize("name", ["madgwick", "ekf"])
def test_it_goes_with_every_filter(name):
    recording = imuhip.simulate("walk", 0.5, 61, magnetometer=True)
    told = imuhip.analyze(recording, magnetometer=True, orientation_filter=name)
    assert set(told.quality["magnetometer"]["sensors"]) == set(recording.sensors)


@pytest.fixture(scope="module")
def session(indoors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sessions") / "walk.h5"
    at_the_place(indoors).save(path)
    return path


def test_the_command_line_prints_the_field(session):
    printed = cli("analyze", session, "--magnetometer", "--place", "52.52,13.40")
    assert printed.exit_code == 0, printed.output
    assert "magnetic field (expected from WMM-2025, 2026-05-12)" in printed.stdout
    assert "pelvis: disturbed" in printed.stdout and "expected 50.1 µT" in printed.stdout
    assert "left hip: not used, the field was disturbed" in printed.stdout
    told = json.loads(cli("analyze", session, "--magnetometer", "--json").stdout)
    assert told["summary"]["magnetometer"]["used"] is False


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--place", "52.52,13.40"), "of use to the magnetometer only"),
        (("--magnetometer", "--place", "Berlin"), "expected LAT,LON"),
        (("--magnetometer", "--place", "52.52"), "expected LAT,LON"),
    ],
)
def test_a_place_typed_wrongly_is_wrong_usage(session, options, told):
    result = cli("analyze", session, *options)
    assert result.exit_code == 2 and told in result.stderr


def test_a_session_without_one_says_so(tmp_path):
    path = tmp_path / "walk.h5"
    imuhip.simulate("walk", 0.3, 61).save(path)
    result = cli("analyze", path, "--magnetometer")
    assert result.exit_code == 1
    assert "error[E611] pelvis: the magnetometer was asked for, and it has none" in result.stderr
    assert "hint: " in result.stderr


def test_the_page_shows_it_only_when_asked(session, tmp_path):
    asked, plain = tmp_path / "asked.html", tmp_path / "plain.html"
    assert cli("report", session, "--out", asked, "--magnetometer").exit_code == 0
    assert cli("report", session, "--out", plain).exit_code == 0
    page = asked.read_text("utf-8")
    assert "Magnetic field, expected and measured" in page
    assert "Left hip: not used, the field was disturbed" in page
    assert "Magnetic field" not in plain.read_text("utf-8")


def test_the_benchmark_prints_what_it_is_worth(capsys):
    options = ["--minutes", "1.5", "--seeds", "61", "--activity", "walk", "--places", "outdoors"]
    assert benchmark.main(options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "$ python -m benchmarks magnetometer " + " ".join(options)
    row = lines[3].split()
    off, on, worst, filtered = (float(value) for value in row[2:6])
    assert abs(on - off) < 0.3 and worst < 0.3 and filtered > off
    assert lines[-1].split()[:4] == ["walk", "outdoors", "0/1", "1/1"]
