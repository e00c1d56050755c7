"""From a simulated session file to angles, verdict and page, through the command line."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import imuhip
from imuhip.cli.check import sensor_facts
from imuhip.cli.commands import build
from imuhip.core.sensor import SensorCounters, SensorIdentity, StreamConfig
from imuhip.core.series import ImuSeries
from imuhip.recording.session import DeviceRecord


def cli(*arguments: object):
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sessions") / "walk.h5"
    result = cli("simulate", "--minutes", "1", "--seed", "1", "--out", path, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["file"] == str(path)
    assert told["sensors"] == ["pelvis", "thigh_left", "thigh_right"]
    return path


def test_the_simulated_file_is_what_the_api_simulates(session: Path) -> None:
    stored, made = imuhip.open(session), imuhip.simulate("walk", 1.0, 1)
    for segment, series in made.sensors.items():
        np.testing.assert_allclose(stored.sensors[segment].gyr, series.gyr, rtol=1e-6, atol=1e-6)
    assert stored.truth is not None


def test_simulate_does_the_movements_of_a_protocol(tmp_path: Path) -> None:
    path = tmp_path / "swings.h5"
    arguments = ("simulate", "--minutes", "0.2", "--out", path, "--protocol")
    assert cli(*arguments, "n_pose_leg_swing_walk").exit_code == 0
    names = [marker.name for marker in imuhip.open(path).markers]
    assert names == ["n_pose", "leg_swing_right", "leg_swing_left", "n_pose", "gait", "stand"]
    refused = cli(*arguments, "jumps")
    assert refused.exit_code == 2
    assert "n_pose_squat_hinge_walk" in refused.stderr


def test_simulate_refuses_an_unknown_activity(tmp_path: Path) -> None:
    result = cli("simulate", "--activity", "fly", "--out", tmp_path / "a.h5")
    assert result.exit_code == 1
    assert "error[E100] cannot simulate activity 'fly'" in result.stderr
    assert not (tmp_path / "a.h5").exists()


def test_analyze_prints_what_the_api_computes(session: Path) -> None:
    expected = imuhip.analyze(imuhip.open(session))
    told = json.loads(cli("analyze", session, "--json").stdout)
    assert told["quality"]["grade"] == expected.quality["grade"]
    left = expected.summary["sides"]["left"]
    assert told["summary"]["sides"]["left"] == left
    text = cli("analyze", session).stdout
    assert f"left: {left['strides_used']} of {left['strides']} strides used" in text
    spread = left["hip_rotation_left"]["range_deg"]
    assert f"{spread['mean']:.1f} ± {spread['sd']:.1f}°" in text


def test_analyze_with_another_filter_and_an_unknown_one(session: Path) -> None:
    assert cli("analyze", session, "--filter", "madgwick").exit_code == 0
    result = cli("analyze", session, "--filter", "kalman1960")
    assert result.exit_code == 1
    assert "error[E110] orientation filter 'kalman1960' is not known" in result.stderr


def test_report_writes_one_page_once(session: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = cli("report", session, "--out", page, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["report"] == str(page)
    assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html>")
    again = cli("report", session, "--out", page)
    assert again.exit_code == 1
    assert "exists already" in again.stderr


def test_check_of_a_good_recording(session: Path) -> None:
    told = json.loads(cli("check", session, "--json").stdout)
    assert told["verdict"] == "good"
    assert told["sensors"]["pelvis"]["lost"] == 0
    assert told["calibration"]["grade"] == "A"
    result = cli("check", session)
    assert result.exit_code == 0
    assert "verdict: good" in result.stdout
    assert {s: one["against"] for s, one in told["sync"].items()} == {
        "thigh_left": "pelvis",
        "thigh_right": "pelvis",
    }
    told_ms = told["sync"]["thigh_left"]["offset_ms"]
    assert f"clocks by the motion itself: thigh_left {told_ms:+.1f} ±" in result.stdout


def test_a_recovered_recording_is_not_sent_to_be_recovered_again(
    session: Path, tmp_path: Path
) -> None:
    path = replace(imuhip.open(session), state="recovered").save(tmp_path / "rescued.h5")
    told = json.loads(cli("check", path, "--json").stdout)
    assert told["verdict"] == "doubtful" and told["next"].startswith("imuhip report ")
    assert any("recovered" in finding for finding in told["findings"])


def _with_gap(session: Path, path: Path, gap_s: float) -> Path:
    whole = imuhip.open(session)
    sensors = {}
    for segment, series in whole.sensors.items():
        acc, gyr = series.acc.copy(), series.gyr.copy()
        if segment == "thigh_left":
            rows = (series.time_s >= 60.0) & (series.time_s < 60.0 + gap_s)
            acc[rows] = gyr[rows] = np.nan
        sensors[segment] = {"acc": acc, "gyr": gyr}
    return imuhip.Recording.from_arrays(rate_hz=100.0, sensors=sensors).save(path)


@pytest.mark.parametrize(("gap_s", "verdict", "code"), [(0.5, "doubtful", 0), (6.0, "unusable", 1)])
def test_check_counts_a_gap(
    session: Path, tmp_path: Path, gap_s: float, verdict: str, code: int
) -> None:
    path = _with_gap(session, tmp_path / "gap.h5", gap_s)
    result = cli("check", path, "--json")
    told = json.loads(result.stdout)
    facts = told["sensors"]["thigh_left"]
    assert (facts["lost"], facts["gaps"]) == (round(gap_s * 100), 1)
    assert facts["longest_gap_s"] == pytest.approx(gap_s + 0.01, abs=1e-6)
    assert (told["verdict"], result.exit_code) == (verdict, code)
    assert any(finding.startswith("thigh_left: ") for finding in told["findings"])


def test_check_of_a_recording_without_a_walk(tmp_path: Path) -> None:
    still = np.tile([0.0, 9.81, 0.0], (2000, 1))
    path = imuhip.Recording.from_arrays(
        rate_hz=100.0,
        sensors={s: {"acc": still, "gyr": 0 * still} for s in ("pelvis", "thigh_left")},
    ).save(tmp_path / "still.h5")
    result = cli("check", path)
    assert result.exit_code == 1
    assert "verdict: unusable" in result.stdout
    assert "cannot be analysed" in result.stdout


def test_check_of_a_folder_gives_a_line_for_each_file(session: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    (study / "day 2").mkdir(parents=True)
    shutil.copyfile(session, study / "anna.h5")
    _with_gap(session, study / "day 2" / "bert.h5", 6.0)
    (study / "letter.h5").write_text("dear reader")
    (study / "notes.txt").write_text("not looked at")
    result = cli("check", study)
    assert result.exit_code == 3
    lines = [line.split() for line in result.stdout.splitlines()]
    assert [line[0] for line in lines[:2]] == ["file", "anna.h5"]
    assert lines[1][1] == "good"
    assert lines[2][2] == "unusable"
    assert lines[3][:2] == ["letter.h5", "unreadable"]
    assert result.stdout.splitlines()[-1] == "1 good, 1 unusable, 1 unreadable"
    told = json.loads(cli("check", study, "--json").stdout)
    assert [one["verdict"] for one in told["files"]] == ["good", "unusable", "unreadable"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert cli("check", empty).exit_code == 1


def test_check_says_which_losses_are_estimates() -> None:
    series = ImuSeries(np.arange(200) / 100.0, np.ones((200, 3)), np.ones((200, 3)))
    counters = SensorCounters(received=200, lost=50)
    for clock_hz, lost, is_estimated in ((0.0, 50, True), (1e6, 0, False)):
        identity = SensorIdentity("any", "SN1", "1.0", clock_hz)
        device = DeviceRecord(identity, "C0:01", StreamConfig(), counters, driver="any")
        facts = sensor_facts(series, 100.0, device)
        assert (facts.lost, facts.loss_is_estimated) == (lost, is_estimated)
        assert facts.loss_percent == pytest.approx(100 * lost / (200 + lost))


def test_a_short_step_is_no_gap() -> None:
    time_s = np.arange(200) / 100.0
    values = np.ones((200, 3))
    values[50:54] = np.nan
    facts = sensor_facts(ImuSeries(time_s, values, values), 100.0, None)
    assert (facts.lost, facts.gaps, facts.samples) == (4, 0, 196)


def test_strides_are_left_out_and_used_again(session: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copyfile(session, tmp_path / "walk.h5"))
    assert cli("exclude", copy).stdout == f"{copy}: no stride is left out by hand\n"
    result = cli("exclude", copy, "--at", "45", "--reason", "looked back", "--json")
    assert result.exit_code == 0, result.output
    notes = json.loads(result.stdout)["excluded_by_hand"]
    assert {note["side"] for note in notes} == {"left", "right"}
    assert all(note["start_s"] <= 45 <= note["end_s"] for note in notes)
    assert cli("tag", copy, "before the drill", "knee").stdout == "before the drill\nknee\n"
    assert cli("tag", copy, "knee", "--remove").stdout == "before the drill\n"
    shown = cli("check", copy).stdout
    assert shown.count("left out by hand: ") == 2 and "right leg: looked back" in shown
    assert "tags: before the drill\n" in shown
    told = json.loads(cli("analyze", copy, "--json").stdout)
    assert told["summary"]["sides"]["left"]["strides_excluded"]["by hand: looked back"] == 1
    page = tmp_path / "walk.html"
    assert cli("report", copy, "--out", page).exit_code == 0
    assert "by hand: looked back" in page.read_text("utf-8")
    result = cli("exclude", copy, "--take-back", "45", "--side", "left")
    assert "left leg" not in result.stdout and "right leg: looked back" in result.stdout
    for options, code in (
        (("--at", "1", "--reason", "x"), "E743"),
        (("--take-back", "1"), "E741"),
        (("--from", "5", "--to", "4", "--reason", "x"), "E740"),
        (("--from", "5"), "E101"),
        (("--at", "45"), "E101"),
        (("--at", "45", "--side", "middle"), "E101"),
    ):
        result = cli("exclude", copy, *options)
        assert result.exit_code == (2 if code == "E101" else 1)
        assert f"error[{code}]" in result.stderr and result.stdout == ""


def test_recover_has_nothing_to_do_for_a_complete_file(session: Path) -> None:
    result = cli("recover", session)
    assert result.exit_code == 1
    assert "there is nothing to recover" in result.stderr


def test_finalise_makes_a_file_smaller_once(session: Path, tmp_path: Path) -> None:
    path = Path(shutil.copyfile(session, tmp_path / "walk.h5"))
    told = json.loads(cli("finalise", path, "--json").stdout)
    assert told["before_bytes"] > told["after_bytes"] == path.stat().st_size
    before, after = imuhip.open(session), imuhip.open(path)
    for segment, series in before.sensors.items():
        assert series.gyr.tobytes() == after.sensors[segment].gyr.tobytes()
    pd.testing.assert_frame_equal(before.truth, after.truth, check_exact=True)
    again = cli("finalise", path)
    assert again.exit_code == 0
    assert f"{path}: is small already" in again.stdout


def test_doctor_looks_at_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMUHIP_SETTINGS_DIR", str(tmp_path))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    told = json.loads(cli("doctor", "--json").stdout)
    subjects = [one["subject"] for one in told]
    assert subjects[:2] == ["imuhip", "packages"]
    assert {"bumble", "Bluetooth", "window", "kit", "disk"} <= set(subjects)
    for one in told:
        assert one["fine"] or one["advice"] or one["subject"] == "window"
    text = cli("doctor").stdout
    assert text.startswith("ok    imuhip: ")
