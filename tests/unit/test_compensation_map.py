"""What stands out together, and how carefully it is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from imuhip.assessment.change import ChangeLimit
from imuhip.assessment.compensation_map import CompensationMap, draw_map, read_map, shipped_map
from imuhip.assessment.measures import Measure, Unit
from imuhip.core.segments import Side
from imuhip.errors import ConfigError

_LIMITS = tuple(
    ChangeLimit(name, strapping, 5.0, "deg", "published", 20, "a test")  # type: ignore[arg-type]
    for name in ("hip_internal_rotation_true", "gait_pelvis_hike", "hip_extension_pelvis_neutral")
    for strapping in ("same", "again")
)


def _measure(name: str, side: Side | None, value: float, unit: Unit = "deg") -> Measure:
    return Measure(name, side, value, 1.0, unit, 3)


def _hips(left: float, right: float) -> list[Measure]:
    name = "hip_internal_rotation_true"
    return [_measure(name, "left", left), _measure(name, "right", right)]


def _states(found: CompensationMap) -> dict[tuple[str, str | None], str]:
    return {(node.node.name, node.side): node.state for node in found.nodes}


def test_an_edge_lights_only_when_both_ends_stand_out() -> None:
    hips = _hips(18.0, 32.0)
    pain = [_measure("pain", "left", 4.0, "1"), _measure("pain", "right", 0.0, "1")]
    (lit,) = draw_map([*hips, *pain], _LIMITS).lit
    assert lit.sides == ("left", "left")
    assert lit.words.startswith("consistent with")
    assert "Avman" in lit.edge.source
    assert "Roach" in lit.edge.contrary
    # within the limit, or nobody hurts, or it hurts on the other side: nothing lights
    assert not draw_map([*_hips(29.0, 32.0), *pain], _LIMITS).lit
    assert not draw_map(hips, _LIMITS).lit
    assert not draw_map([*hips, _measure("pain", "right", 4.0, "1")], _LIMITS).lit


def test_the_own_baseline_goes_before_the_other_side() -> None:
    now, before = _hips(20.0, 32.0), _hips(20.0, 32.0)
    assert _states(draw_map(now, _LIMITS))["internal rotation", "left"] == "stands out"
    found = draw_map(now, _LIMITS, baseline=before)
    assert _states(found)["internal rotation", "left"] == "within"
    node = next(n for n in found.nodes if n.node.name == "internal rotation")
    assert node.against == "own baseline"


def test_nothing_is_lit_without_a_limit_or_a_measure() -> None:
    states = _states(draw_map(_hips(10.0, 40.0), ()))
    assert states["internal rotation", "left"] == "no limit known"
    assert states["hip extension", "left"] == "not measured"
    json.dumps(draw_map(_hips(10.0, 40.0), _LIMITS).as_dict())


def test_every_edge_has_a_source_a_grade_and_what_speaks_against_it() -> None:
    for edge in shipped_map().edges:
        assert edge.source
        assert edge.contrary
        assert "cause" not in edge.words


def test_a_broken_map_tells_where(tmp_path: Path) -> None:
    bad = tmp_path / "map.toml"
    bad.write_text('nodes = []\n[[edges]]\nends = ["a", "b"]\nsides = "same"\nwords = "w"\n'
                   'source = "s"\nevidence = "C"\ncontrary = "c"\n')  # fmt: skip
    with pytest.raises(ConfigError, match="edges end at nodes that are not described: a, b"):
        read_map(bad)
