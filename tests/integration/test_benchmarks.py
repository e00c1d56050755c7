"""The benchmarks of angles and speed run, and print what they are."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from benchmarks import hip_angles, robustness, speed, straps, targets
from benchmarks._document import Printed, write_section
from benchmarks.orientation import read_trial

import imuhip
from imuhip.errors import ConfigError


def section(tmp_path: Path, name: str) -> Path:
    """Return a document with a place for the figures of one benchmark."""
    document = tmp_path / "accuracy.md"
    document.write_text(f"before\n<!-- {name}: begin -->\nold\n<!-- {name}: end -->\nafter\n")
    return document


def test_hip_angles_prints_a_row_for_each_method_and_keeps_it(capsys, tmp_path):
    document = section(tmp_path, "hip_angles")
    options = ["--minutes", "1.1", "--seeds", "1", "--activity", "walk", "--soft-tissue", "0"]
    options += ["--peers", "--ahrs", "madgwick"]
    kept = ["--processes", "1", "--write", "--document", str(document)]
    assert hip_angles.main([*options, *kept]) == 0
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert lines[0] == "$ python -m benchmarks hip_angles " + " ".join(options)
    rows = {line[:27].strip(): line[27:] for line in lines[6:]}
    assert list(rows) == [
        "ours offline",
        "ours live",
        "floor: known heading",
        "no heading correction",
        "detrended over 30 s",
        "detrended per stride",
        "ahrs madgwick",
        "ahrs madgwick, our heading",
    ]
    assert len({len(line) for line in lines[5:]}) == 1, "aligned"
    numbers = {name: re.findall(r"\d+\.\d+", row) for name, row in rows.items()}
    assert {len(found) for found in numbers.values()} == {2 * len(hip_angles.GROUPS) + 3}
    rmse = {name: float(found[4]) for name, found in numbers.items()}  # hip rotation
    assert rmse["floor: known heading"] < 0.5
    assert float(numbers["floor: known heading"][10]) < 0.05  # pelvis rotation without skin
    assert rmse["ours offline"] < rmse["no heading correction"]
    assert rmse["ahrs madgwick, our heading"] < rmse["ahrs madgwick"]
    page = document.read_text("utf-8")
    assert "old" not in page and page.startswith("before\n") and page.endswith("after\n")
    assert "\n".join(line.rstrip() for line in lines) in page


def test_targets_judges_every_promise(capsys):
    options = ["--minutes", "1.1", "--people", "1", "--first-seed", "3", "--rate", "50"]
    assert targets.main([*options, "--processes", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines[3:] if line.endswith(("yes", "NO"))]
    assert len(rows) == 36
    assert len({line.rstrip("yesNO ")[-1] for line in rows}) == 2  # degrees or milliseconds
    for row in rows:
        measured, limit = map(float, re.findall(r"(\d+\.\d+)(?:°| ms)", row)[-3:-1])
        assert row.endswith("yes") == (measured <= limit)
    missed = sum(row.endswith("NO") for row in rows)
    assert lines[-1].startswith("not measured: orientation on BROAD")
    assert lines[-2] == f"{len(rows) - missed} of {len(rows)} kept, {missed} missed"


def test_promises_on_broad_are_kept(shared_data):
    trials = [read_trial(path).stretch(20.0) for path in sorted(shared_data.glob("broad/*.hdf5"))]
    promises = list(targets.on_broad(trials))
    assert [promise.way for promise in promises] == 2 * ["ours offline"] + 2 * ["ours live"]
    for promise in promises:
        assert promise.kept, promise
        assert 0.0 < promise.found <= promise.largest < 1.0


def test_robustness_prints_two_rows_for_each_scenario_and_says_what_failed(capsys, monkeypatch):
    broken = robustness.Scenario("no pelvis", {"segments": ("thigh_left",)}, gaits=("walk",))
    monkeypatch.setattr(robustness, "SCENARIOS", (*robustness.SCENARIOS, broken))
    options = ["--minutes", "1.1", "--people", "1", "--only", "base", "no pelvis", "put right"]
    options += ["--activity", "walk"]
    assert robustness.main([*options, "--processes", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "$ python -m benchmarks robustness " + " ".join(options)
    rows = [line for line in lines[3:] if "failed" not in line]
    assert [line[:41].split() for line in rows] == [
        ["base", "walk"], [], ["strap", "slips", "by", "10°,", "put", "right", "walk"], []
    ]  # fmt: skip
    assert [line[41:49].strip() for line in rows] == ["offline", "live"] * 2
    assert len({len(line) for line in lines[2:-2]}) == 1, "aligned"
    assert all("failed: E603" in line for line in lines[-2:])


def test_scenarios_are_options_that_exist():
    known = set(inspect.signature(imuhip.simulate).parameters)
    chosen = set(inspect.signature(imuhip.analyze).parameters)
    names = [scenario.name for scenario in robustness.SCENARIOS]
    assert len(set(names)) == len(names)
    for scenario in robustness.SCENARIOS:
        assert set(scenario.options) <= known and set(scenario.analysis) <= chosen


def test_what_is_kept_names_no_folder_of_anybody(capsys):
    Printed("targets", ["--people", "3", "--data", "broad/here", "--write", "--processes", "1"])
    line = capsys.readouterr().out
    assert line == "$ python -m benchmarks targets --people 3 --data FOLDER\n"


def test_a_page_without_a_place_for_the_figures_is_refused(tmp_path):
    document = section(tmp_path, "robustness")
    with pytest.raises(ConfigError, match="0 sections of targets") as caught:
        write_section(document, "targets", "figures")
    assert "<!-- targets: begin -->" in caught.value.hint


def test_errors_are_split_into_mean_drift_and_stated():
    recording = imuhip.simulate("walk", 3, 1, rate_hz=50.0, stops=1)
    true = recording.truth["hip_rotation_left_deg"].to_numpy()
    time_s = recording.truth_motion.time_s
    pieces = [(m.start_s, m.end_s) for m in recording.markers if m.name == "gait"]
    second = time_s >= pieces[1][0]
    found = true + np.where(second, 3.0, 1.0)  # a step of 2 degrees in the stop
    found[:1000] = np.nan  # before gait: not counted
    found[(time_s > pieces[0][0]) & (time_s < pieces[0][0] + 9.0)] = np.nan
    sd = np.full_like(true, 2.0)
    one = hip_angles.errors({"hip_rotation_left": found}, recording, {"hip_rotation_left": sd})
    result = one["hip_rotation_left"]
    share = 90.0 / 171.0  # of the second piece in what is known
    assert result.squared == pytest.approx(9 * share + 1 * (1 - share), rel=1e-3)
    assert result.mean_free_squared == pytest.approx(4 * share * (1 - share), rel=1e-3)
    assert result.drift == pytest.approx(2.0)
    assert result.within_one == pytest.approx(1 - share, abs=1e-3)
    assert result.within_two == 1.0
    assert result.missing == pytest.approx(9.0 / 180.0, abs=1e-3)


def test_pooling_is_the_root_of_the_mean_square():
    one = {"a": hip_angles.Errors(9.0, 4.0), "b": hip_angles.Errors(16.0, 0.0)}
    other = {"a": hip_angles.Errors(0.0, 0.0), "b": hip_angles.Errors(25.0, 4.0)}
    found = hip_angles.pooled([one, other], ("a", "b"))
    assert found == pytest.approx((12.5**0.5, 2.0**0.5))


def test_speed_measures_both_ways(capsys):
    code = speed.main(["--minutes", "1", "--live-minutes", "0.7", "--repeats", "1"])
    text = capsys.readouterr().out
    assert text.startswith("$ python -m benchmarks speed --minutes 1")
    rows = {line[:34].strip(): line[34:] for line in text.splitlines()}
    taken = {
        name: float(rows[name].split()[0]) for name in ("imuhip.analyze", "vqf.offlineVQF alone")
    }
    steps = text.split("where the time goes\n")[1].split("\n\n")[0].splitlines()
    assert {"offline_motion", "find_headings"} <= {line.split()[0] for line in steps}
    total = sum(float(line.split()[-5]) for line in steps)
    assert total == pytest.approx(taken["imuhip.analyze"], rel=0.15, abs=0.05)
    assert float(rows["imuhip.analyze"].split()[2]) == pytest.approx(
        taken["imuhip.analyze"] / taken["vqf.offlineVQF alone"], rel=0.5
    )
    assert "too short to judge growth" in text and "share of one core" in text
    assert ("NOT KEPT" in text) == (code == 1)


def test_straps_are_told_for_what_they_are(capsys):
    assert straps.main(["--people", "1", "--processes", "1"]) == 0
    rows = [line.rsplit(maxsplit=3) for line in capsys.readouterr().out.splitlines()[1:]]
    assert [row[0] for row in rows[::2]] == [
        "as named", "thighs exchanged", "pelvis on a thigh", "loose straps"
    ]  # fmt: skip
    assert [row[1:] for row in rows] == [["walk", "1", "0"], ["run", "1", "0"]] * 4
