"""The examples run as they stand, with short settings, and what they say is true."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

import imuhip

FOLDER = Path(__file__).resolve().parents[2] / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_a_clinicians_retest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = example("clinician_retest").main(["--out", str(tmp_path), "--gain", "9"])
    true = {c.before.name: c for c in found.changes}["hip_internal_rotation_true"]
    assert true.verdict == "changed" and true.delta == pytest.approx(9.0, abs=2.0)
    said = capsys.readouterr().out
    assert "hip_external_rotation_true left" in said and "no detectable change" in said
    assert (tmp_path / "change.pdf").read_bytes().startswith(b"%PDF-")
    assert "SIMULATED PERSON" in (tmp_path / "change.html").read_text(encoding="utf-8")


def test_an_athletes_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    analysis = example("athlete_run").main(["--out", str(tmp_path), "--minutes", "1"])
    strides = pd.read_csv(tmp_path / "strides.csv")
    assert len(strides) == len(analysis.strides) > 80
    said = capsys.readouterr().out
    assert "steps/min" in said and "hip_extension_peak_deg" in said
    assert "R003" in (tmp_path / "run.html").read_text(encoding="utf-8")


def test_a_study_of_sessions_shares_nobodys_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--out", str(tmp_path), "--people", "3", "--minutes", "0.5"]
    found = example("study_of_forty").main(arguments)
    assert {one.n_people for one in found.values()} == {6, 3}  # legs; pelves
    copies = sorted((tmp_path / "shared").glob("*.h5"))
    assert len(copies) == 6 and not any(b"anna-" in path.read_bytes() for path in copies)
    subjects = [imuhip.open(path).subject for path in copies]
    assert len(set(subjects)) == 3 and all(subjects.count(one) == 2 for one in subjects)
    starts = {imuhip.open(path).subject: [] for path in copies}
    for path in copies:
        one = imuhip.open(path)
        starts[one.subject].append(one.start_time)
    assert all(abs((b - a).days) == 7 for a, b in starts.values())
    sessions = pd.read_parquet(tmp_path / "results", filters=[("record", "==", "session")])
    assert set(sessions["file"]) == {path.name for path in copies}
    said = capsys.readouterr().out
    assert "6 sessions analysed, 0 failed" in said and "MDC95" in said


def test_agreement_counts_strides_of_one_person_as_repeated(tmp_path: Path) -> None:
    module = example("against_optical")
    rng = np.random.default_rng(4)
    people = [1.0 + rng.normal(0, 2.0) + rng.normal(0, 1.0, 50) for _ in range(400)]
    found = module.agreement(people)
    assert found.bias == pytest.approx(1.0, abs=0.3)
    half = 1.96 * np.sqrt(2.0**2 + 1.0**2)
    assert (found.high - found.low) / 2.0 == pytest.approx(half, rel=0.05)
    short = module.main(["--out", str(tmp_path), "--people", "2", "--minutes", "0.5"])
    assert set(short) == {"hip_flexion", "hip_adduction", "hip_rotation"}
    assert all(one.people == 2 and one.low < one.bias < one.high for one in short.values())
    assert abs(short["hip_flexion"].bias) < 5.0
    assert (tmp_path / "bland_altman.png").stat().st_size > 10_000
