"""The benchmarks of angles and speed run, and print what they are."""

from __future__ import annotations

import re

import pytest
from benchmarks import hip_angles, speed


def test_hip_angles_prints_a_row_for_each_method(capsys):
    options = ["--minutes", "0.6", "--seeds", "1", "--activity", "walk", "--soft-tissue", "0"]
    options += ["--peers"]
    assert hip_angles.main(options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "$ python -m benchmarks hip_angles " + " ".join(options)
    rows = {line[:26].strip(): line[26:] for line in lines[5:]}
    assert list(rows) == [*hip_angles.OURS, *hip_angles.PEERS]
    assert len({len(line) for line in lines[4:]}) == 1, "aligned"
    numbers = {name: re.findall(r"\d+\.\d+", row) for name, row in rows.items()}
    assert {len(found) for found in numbers.values()} == {2 * len(hip_angles.GROUPS)}
    rmse = {name: float(found[4]) for name, found in numbers.items()}  # hip rotation
    assert rmse["imuhip offline"] < rmse["no heading correction"]


def test_pooling_is_the_root_of_the_mean_square():
    one = {"a": hip_angles.Errors(9.0, 4.0), "b": hip_angles.Errors(16.0, 0.0)}
    other = {"a": hip_angles.Errors(0.0, 0.0), "b": hip_angles.Errors(25.0, 4.0)}
    found = hip_angles.pooled([one, other], ("a", "b"))
    assert found == pytest.approx((12.5**0.5, 2.0**0.5))


def test_speed_measures_both_ways(capsys):
    code = speed.main(["--minutes", "1", "--live-minutes", "0.7", "--repeats", "1"])
    text = capsys.readouterr().out
    assert text.startswith("$ python -m benchmarks speed --minutes 1")
    for words in ("imuhip.analyze", "offlineVQF alone", "peak memory", "share of one core", "99 %"):
        assert words in text
    assert ("NOT KEPT" in text) == (code == 1)
