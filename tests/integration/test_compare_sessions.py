"""Sessions compared, and a clinic's own limits found, from files on the command line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import imuhip
from cli_process import run_cli
from imuhip.assessment.change import read_limits
from imuhip.simulation.performances import perform


def _walk(seed: int) -> imuhip.Recording:
    return imuhip.simulate("walk", minutes=1, seed=seed, rate_hz=100.0, calibration=False)


def test_gait_of_two_recordings_is_compared() -> None:
    first, second = (imuhip.analyze(_walk(seed)) for seed in (81, 82))
    found = imuhip.compare(first, second)
    names = {change.before.name for change in found.changes}
    assert {"walk_hip_rotation_range", "walk_pelvis_drop", "walk_hip_extension_peak"} <= names
    # an offset of hip rotation is the pose's, and never compared
    assert not [name for name in names if "rotation_mean" in name]
    assert {change.verdict for change in found.changes} <= {
        "no limit known", "changed", "no detectable change",
    }  # fmt: skip
    json.dumps(found.as_dict())


def test_a_clinic_finds_its_own_limits_and_compares_by_them(tmp_path: Path) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for person in range(3):
        for visit in range(2):
            done = perform("hip_extension_prone", seed=90 + person, visit=visit, restrapped=True)
            one = imuhip.Recording.from_arrays(
                rate_hz=100.0,
                sensors={
                    s: {"acc": series.acc, "gyr": series.gyr}
                    for s, series in done.recording.sensors.items()
                },
                markers=[(m.name, m.start_s, m.end_s) for m in done.recording.markers],
                start_time=start + timedelta(days=visit, hours=person),
                subject=f"P{person}",
            )
            one.save(tmp_path / f"p{person}v{visit}.h5")
    limits = tmp_path / "limits.toml"
    told = run_cli("repeats", str(tmp_path), "--out", str(limits), "--json", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)["measures"]["hip_extension_total"]
    assert (found["n_people"], found["n_occasions"]) == (3, 2)
    own = {limit.measure: limit for limit in read_limits(limits)}
    assert own["hip_extension_total"].mdc95 == pytest.approx(found["mdc95"], rel=1e-3)
    again = run_cli("repeats", str(tmp_path), "--out", str(limits), cwd=tmp_path)
    assert again.returncode == 1
    assert "never overwritten" in again.stderr
    files = [str(tmp_path / f"p0v{visit}.h5") for visit in range(2)]
    compared = run_cli("compare", *files, "--limits", str(limits), "--json", cwd=tmp_path)
    assert compared.returncode == 0, compared.stderr
    kinds = {
        change["name"]: change["limit"]["kind"] for change in json.loads(compared.stdout)["changes"]
    }
    assert kinds["hip_extension_total"] == "clinic"


def test_assess_prints_what_a_person_reads(tmp_path: Path) -> None:
    path = tmp_path / "test.h5"
    perform("knee_to_chest", seed=4).recording.save(path)
    told = run_cli(
        "assess", str(path), "--norms", "measured", "--sex", "male", "--age", "35", cwd=tmp_path
    )
    assert told.returncode == 0, told.stderr
    assert "knee_to_chest, left" in told.stdout
    assert "Roaas and Andersson 1982" in told.stdout
    listed = run_cli("assess", "--list", cwd=tmp_path)
    assert "hip_airplane" in listed.stdout
    wrong = run_cli("assess", str(path), "--norms", "mine", cwd=tmp_path)
    assert wrong.returncode == 1
    assert "There is no norm profile 'mine'" in wrong.stderr
    none = tmp_path / "walk.h5"
    _walk(3).save(none)
    nothing = run_cli("assess", str(none), cwd=tmp_path)
    assert nothing.returncode == 1
    assert "no marker names a test" in nothing.stderr
