"""``imuhip import`` on the real logs beside the checkout: damaged, irregular, empty."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import imuhip
from cli_process import run_cli


def test_a_session_of_which_one_file_is_half_lost(shared_data: Path, tmp_path: Path):
    folder = shared_data / "xsens_dot_csv"
    done = run_cli("import", folder, "--out", "s.h5", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["sensors"]) == {
        "pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right",
    }  # fmt: skip
    lost = {segment: one["faults"]["lost"] for segment, one in found["sensors"].items()}
    assert lost.pop("thigh_left") == 157
    assert set(lost.values()) == {0}
    assert found["sensors"]["thigh_left"]["to_s"] < found["sensors"]["pelvis"]["to_s"] - 0.4
    assert all("maker's orientations" in one["derived"] for one in found["sensors"].values())
    assert imuhip.open(tmp_path / "s.h5").rate_hz == 60.0


def test_the_table_shows_the_losses(shared_data: Path, tmp_path: Path):
    folder = shared_data / "xsens_dot_csv"
    left, pelvis = (next(folder.glob(f"{name}*")) for name in ("LFemur", "Pelvis"))
    done = run_cli(
        "import", folder, "--assign", f"pelvis={pelvis.name}", "--assign", f"thigh_left={left}",
        "--out", "s.h5", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "157 (45%)" in done.stdout
    assert "one clock, shared by the sensors" in done.stdout
    assert done.stdout.count("not used: ") == 3
    again = run_cli("import", folder, "--out", "s.h5", cwd=tmp_path)
    assert again.returncode == 1
    assert "exists already" in again.stderr


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("20250523_081305.csv", "E703", "no rows below it"),
        ("arc_fast.csv", "E704", "names 14 columns and 188 of 188 rows hold another number"),
        ("dual_arc.csv", "E705", "46% with the time of the row before"),
        ("multi_device.csv", "E705", "44% with the time of the row before"),
    ],
)
def test_logs_without_rates_are_refused_with_the_reason(shared_data, tmp_path, name, code, reason):
    done = run_cli("import", shared_data / "witmotion_csv" / name, "--out", "w.h5", cwd=tmp_path)
    assert done.returncode == 1
    assert f"error[{code}]" in done.stderr
    assert reason in done.stderr
    assert "hint: " in done.stderr
    assert not (tmp_path / "w.h5").exists()
