"""Reserves and the drawn map: what they say, and that nobody needs colour to read it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from imuhip.analysis.reserves import GaitReserve
from imuhip.assessment.change import ChangeLimit
from imuhip.assessment.measures import Measure
from imuhip.core.segments import Side
from imuhip.gait.reserve import rotation_reserve
from imuhip.report.page import environment
from imuhip.report.reserves import reserve_rows
from imuhip.report.together import map_box

LIMITS = (
    ChangeLimit("hip_internal_rotation_true", "same", 5.0, "deg", "clinic", 9, "here"),
    ChangeLimit("squat_thigh_asymmetry", "same", 2.0, "deg", "clinic", 9, "here"),
)


def measure(name: str, side: Side | None, value: float, unit: str = "deg") -> Measure:
    return Measure(name, side, value, 1.0, unit, 3)  # type: ignore[arg-type]


def found(left_ir: float, pain: float = 4.0) -> list[Measure]:
    return [
        measure("hip_internal_rotation_true", "left", left_ir),
        measure("hip_internal_rotation_true", "right", 30.0),
        measure("squat_thigh_asymmetry", None, 6.0),
        measure("pain", "left", pain, "1"),
    ]


def test_lit_edges_are_drawn_numbered_and_said_with_source_grade_and_contrary_study() -> None:
    box = map_box(found(left_ir=18.0), LIMITS)
    assert box is not None
    ends = [line.ends for line in box.lit]
    assert "internal rotation (left) and pain (left)" in ends
    assert "internal rotation (left) and shift to one side" in ends
    lit = [edge for edge in box.drawing.edges if edge.number]
    assert sorted(edge.number for edge in lit) == list(range(1, len(box.lit) + 1))
    states = {(n.name, n.x): (n.sign, n.frame) for n in box.drawing.nodes}
    left, _, right = sorted({n.x for n in box.drawing.nodes})
    assert states["Internal rotation", left] == ("◆", "thick")
    assert states["Internal rotation", right] == ("○", "plain")
    assert states["Hip extension", left] == ("–", "dashed")
    html = environment().get_template("map.html.j2").render(map=box)
    said = re.sub(r"\s+", " ", html)
    for line in box.lit:
        assert f"evidence {line.evidence}" in said and line.contrary in said
    assert "consistent with" in box.drawing.words and "caused" not in said
    # grey only: nothing is said by colour
    for colour in re.findall(r"#[0-9a-fA-F]{3,6}\b", html):
        digits = colour[1:] if len(colour) == 7 else "".join(2 * d for d in colour[1:])
        assert len({digits[k : k + 2] for k in (0, 2, 4)}) == 1


def test_nothing_is_lit_by_what_measuring_alone_gives() -> None:
    box = map_box(found(left_ir=27.0), LIMITS)
    assert box is not None
    assert not any("internal rotation" in line.ends for line in box.lit)
    assert not any(edge.number for edge in map_box(found(27.0, 0.0), LIMITS[:1]).drawing.edges)  # type: ignore[union-attr]


def test_the_own_first_visit_goes_before_the_other_side() -> None:
    limits = (ChangeLimit("hip_internal_rotation_true", "again", 5.0, "deg", "clinic", 9, "here"),)
    first = [measure("hip_internal_rotation_true", "left", 32.0)]
    box = map_box(found(left_ir=24.0), limits, baseline=first)
    assert box is not None
    left = next(n for n in box.nodes if (n.name, n.side) == ("Internal rotation", "left"))
    assert (left.state, left.by, left.against) == ("stands out", "+8.0°", "own baseline")
    walked = [measure("walk_stride_time", None, 1.0, "s"), measure("walk_pelvis_drop", "left", 4.0)]
    ran = [measure("run_stride_time", None, 0.7, "s"), measure("run_pelvis_drop", "left", 9.0)]
    for before, against in ((walked, "own baseline"), (ran, "")):
        box = map_box(walked, limits, baseline=before)
        drops = [] if box is None else [n.against for n in box.nodes if "drop" in n.name]
        assert drops == ([against] if against else [])


def test_limits_of_walking_speak_of_the_gait_on_the_map() -> None:
    limits = (ChangeLimit("walk_pelvis_drop", "same", 0.6, "deg", "clinic", 9, "here"),)
    walked = [
        measure("walk_stride_time", None, 1.0, "s"),
        measure("walk_pelvis_drop", "left", 4.0),
        measure("walk_pelvis_drop", "right", 3.0),
    ]
    box = map_box(walked, limits)
    assert box is not None
    states = {(n.name, n.side): (n.state, n.limit) for n in box.nodes}
    assert states["Pelvic drop in gait", "left"] == ("stands out", "0.6°")
    assert states["Pelvic drop in gait", "right"] == ("within", "0.6°")


def test_boxes_do_not_cover_each_other_and_lie_in_the_drawing() -> None:
    box = map_box(found(left_ir=18.0), LIMITS)
    assert box is not None
    drawing = box.drawing
    wide, high = drawing.box
    for one, other in combinations(drawing.nodes, 2):
        assert abs(one.x - other.x) >= wide or abs(one.y - other.y) >= high
    for node in drawing.nodes:
        assert 0 <= node.x <= drawing.width - wide and 0 <= node.y <= drawing.height - high


def reserve(used: float, available: float, name: str = "internal_rotation") -> GaitReserve:
    record = rotation_reserve(used, 2.0, available, 1.0).record()
    return GaitReserve(name, "left", "walk", record, "different zeros")


def test_reserve_says_both_ends_with_their_uncertainty_and_the_share() -> None:
    (row,) = reserve_rows([reserve(9.0, 18.0)])
    assert (row.used, row.available) == ("9.0° ± 2.0°", "18.0° ± 1.0°")
    sd = 50.0 * np.hypot(2.0 / 9.0, 1.0 / 18.0)
    assert row.share == f"50 % ± {sd:.0f} %"
    assert row.bar == pytest.approx(row.whole / 2)
    assert row.low is not None and row.high is not None and row.bar is not None
    assert row.low < row.bar < row.high <= 1.25 * row.whole


def test_reserve_without_a_share_says_why_and_draws_none() -> None:
    (row,) = reserve_rows([reserve(9.0, -1.0)])
    assert row.bar is None and "too small or too uncertain to divide by" in row.share
    html = (
        environment()
        .get_template("reserves.html.j2")
        .render(
            reserves=reserve_rows([reserve(30.0, 18.0), replace(reserve(9.0, -1.0), side="right")])
        )
    )
    assert html.count("<svg") == 1 and "167 %" in html
