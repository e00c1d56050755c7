"""Protocol files: the shipped one holds, a broken one is answered with all of its problems."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import imuhip
from imuhip.calibration.protocol import (
    Limit,
    read_protocol,
    shipped_protocol,
    shipped_protocol_names,
)
from imuhip.core.series import ImuSeries
from imuhip.errors import ConfigError
from imuhip.simulation.plan import MOVEMENTS

GOOD = """
name = "mine"
title = "Stand"
[[steps]]
name = "n_pose"
prompt = "Stand."
duration_s = 5
[acceptance]
pose_s = 3
sway_deg = { grade_b = 1, grade_c = 3 }
gravity_error_m_s2 = { grade_b = 0.1, grade_c = 0.5 }
missing_percent = { grade_b = 1, grade_c = 5 }
"""


def read(tmp_path: Path, text: str) -> object:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return read_protocol(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert caught.value.code == "E100"
    assert caught.value.hint
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_shipped_protocol_asks_for_the_markers_the_analysis_uses():
    protocol = shipped_protocol("n_pose_walk")
    assert [step.name for step in protocol.steps] == ["n_pose", "gait"]
    assert protocol.steps[0].duration_s > protocol.acceptance.pose_s


def test_every_shipped_protocol_can_be_read():
    names = shipped_protocol_names()
    assert names == ("full", "n_pose_leg_swing_walk", "n_pose_squat_hinge_walk", "n_pose_walk")
    for name in names:
        assert shipped_protocol(name).name == name
        assert shipped_protocol(name).acceptance == shipped_protocol().acceptance


def test_movements_are_what_is_done_between_the_first_pose_and_the_gait():
    assert shipped_protocol("n_pose_walk").movements == ()
    full = shipped_protocol("full")
    assert full.movements == ("squat", "n_pose", "hinge", "n_pose", "leg_swing", "n_pose")
    assert set(full.movements) == set(MOVEMENTS)  # all that can be simulated
    assert [step.repetitions for step in full.steps if step.name == "squat"] == [4]
    assert full.duration_s > shipped_protocol().duration_s


def test_repetitions_and_the_limits_of_movements_may_be_left_out_but_not_be_nonsense(
    tmp_path: Path,
):
    plain = read(tmp_path, GOOD)
    assert plain.steps[0].repetitions == 1
    assert plain.acceptance.pose_spread_deg == Limit(3.0, 5.0)
    for wrong in ("0", "2.5", "true"):
        text = GOOD.replace("duration_s = 5", f"duration_s = 5\nrepetitions = {wrong}")
        (told,) = problems(tmp_path, text)
        assert "expected a whole number from 1" in told
        assert "repetitions" in told


def test_good_file_with_whole_numbers_is_read(tmp_path: Path):
    assert read(tmp_path, GOOD).acceptance.pose_s == 3.0


@pytest.mark.parametrize(
    ("value", "grade"), [(0.0, "A"), (0.99, "A"), (1.0, "B"), (2.9, "B"), (3.0, "C")]
)
def test_limit_grades_at_and_above(value: float, grade: str):
    assert Limit(1.0, 3.0).grade(value) == grade


def test_all_problems_are_told_at_once_each_with_its_place(tmp_path: Path):
    text = (
        GOOD.replace('"mine"', '" "')
        .replace("duration_s = 5", 'duration_s = "5"')
        .replace("pose_s = 3", "pose_s = -3\nsurprise = 1")
        .replace("{ grade_b = 1, grade_c = 3 }", "{ grade_b = 3, grade_c = 1 }")
        .replace("{ grade_b = 0.1, grade_c = 0.5 }", "7")
        .replace("{ grade_b = 1, grade_c = 5 }", "{ grade_b = nan }")
    )
    assert sorted(problems(tmp_path, text)) == sorted(
        [
            "expected text, got ' ' @ $.name",
            "expected a positive number, got '5' @ $.steps[0].duration_s",
            "expected a positive number, got -3 @ $.acceptance.pose_s",
            "unknown entries: surprise @ $.acceptance",
            "grade_c (1) lies below grade_b (3) @ $.acceptance.sway_deg",
            "expected a table of entries @ $.acceptance.gravity_error_m_s2",
            "expected a positive number, got nan @ $.acceptance.missing_percent.grade_b",
            "entry 'grade_c' missing @ $.acceptance.missing_percent.grade_c",
        ]
    )


def test_protocol_without_steps_is_refused(tmp_path: Path):
    head, _, tail = GOOD.partition("[[steps]]")
    text = head + "steps = []\n" + tail[tail.index("[acceptance]") :]
    assert len(problems(tmp_path, text)) == 1


def test_what_is_not_toml_or_far_too_long_is_refused(tmp_path: Path):
    assert problems(tmp_path, "name = ")[0].startswith("not TOML")
    assert "131072 are allowed" in problems(tmp_path, "#" * 200_000)[0]
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        read_protocol(tmp_path / "absent.toml")


def test_acceptance_limits_are_those_the_quality_is_graded_by():
    recording = imuhip.simulate("walk", 0.5, 3, calibration=False)
    missing = shipped_protocol().acceptance.missing_percent
    between = 0.5 * (missing.grade_b + missing.grade_c)
    for share, grade in ((0.5 * missing.grade_b, "A"), (between, "B")):
        series = recording.sensors["thigh_left"]
        start = int(0.6 * len(series))
        lost = np.zeros(len(series), dtype=bool)
        lost[start : start + round(share / 100 * len(series))] = True
        sensors = dict(recording.sensors)
        sensors["thigh_left"] = ImuSeries(
            time_s=series.time_s,
            acc=np.where(lost[:, None], np.nan, series.acc),
            gyr=np.where(lost[:, None], np.nan, series.gyr),
            valid=series.valid & ~lost,
        )
        quality = imuhip.analyze(dataclasses.replace(recording, sensors=sensors)).quality
        assert quality["sensors"]["thigh_left"]["grade"] == grade
