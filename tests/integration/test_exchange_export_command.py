"""``imuhip export`` as people type it."""

from __future__ import annotations

import json

import pandas as pd

import imuhip
from cli_process import run_cli


def test_tables_of_a_walk(tmp_path):
    imuhip.simulate("walk", 0.6, seed=4, rate_hz=100).save(tmp_path / "walk.h5")
    done = run_cli("export", "walk.h5", "--format", "csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "csv has no place for:" in done.stdout
    strides = pd.read_csv(tmp_path / "walk_csv" / "walk_strides.csv")
    about = json.loads((tmp_path / "walk_csv" / "walk_about.json").read_text("utf-8"))
    assert len(strides) > 20
    assert len(about["source_sha256"]) == 64
    again = run_cli("export", "walk.h5", "--format", "csv", "--json", cwd=tmp_path)
    assert again.returncode == 1
    assert "error[E710]" in again.stderr
    assert again.stdout == ""


def test_a_session_of_tests_alone_gives_its_measures(tmp_path):
    done = run_cli("simulate", "test", "hip_rotation_seated", "--out", "t.h5", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = run_cli("export", "t.h5", "--format", "csv", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    measures = pd.read_csv(tmp_path / "t_csv" / "t_measures.csv")
    assert {"test", "name", "side", "value", "sd", "unit"} <= set(measures.columns)
    assert measures["value"].notna().any()
