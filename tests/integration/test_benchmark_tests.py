"""The benchmarks of tests and retests run, and say of each promise whether it is kept."""

from __future__ import annotations

import pytest
from benchmarks import assessment, retest


def test_promises_of_tests_are_judged(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # a small session is judged as an hour is; the hour itself takes 10 s to make
    monkeypatch.setattr(assessment, "_HOUR_S", 600.0)
    assert assessment.main(["--people", "2", "--tests", "hinge"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "$ python -m benchmarks assessment --people 2 --tests hinge"
    judged = {line[:44].strip(): line.split()[-1] for line in lines if line.endswith("kept")}
    assert judged["repetitions exact, 2 sets with fidgets"] == "kept"
    assert judged["hinge index, RMS"] == "kept"
    assert any(line.split()[1:2] == ["min"] and "13 tests" in line for line in lines)


def test_retests_say_what_too_few_people_do_not_tell(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--people", "1", "--retests", "1", "--tests", "squat", "--processes", "1"]
    assert retest.main(options) == 0
    printed = capsys.readouterr().out
    assert "no limits: 10 people or more tell them" in printed
    assert "squat, shift by squat_thigh_asymmetry" in printed
    assert "hip_flexion_total" not in printed, "only the tests that were asked for"
