"""Before and after: what is called a change, and what norms say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import attrs
import numpy as np
import pytest

from imuhip.assessment.change import (
    ChangeLimit,
    clinic_limit,
    find_changes,
    of_several_tests,
    read_limits,
    shipped_limits,
)
from imuhip.assessment.measures import Measure, median_measure
from imuhip.assessment.norms import norms_for, read_norms, shipped_norms
from imuhip.assessment.reliability import find_reliability
from imuhip.errors import ConfigError


def _measure(value: float, *, sd: float = 1.0, name: str = "angle", note: str = "") -> Measure:
    return Measure(name, "left", value, sd, "deg", 3, note=note)


def _limit(mdc95: float, kind: str = "published", strapping: str = "same") -> ChangeLimit:
    return ChangeLimit("angle", strapping, mdc95, "deg", kind, 20, "a test")  # type: ignore[arg-type]


def test_only_more_than_the_limit_is_a_change() -> None:
    limits = [_limit(5.0)]
    for delta, verdict in ((5.1, "changed"), (-5.1, "changed"), (4.9, "no detectable change")):
        (change,) = find_changes([_measure(20.0)], [_measure(20.0 + delta)], limits, "same")
        assert change.verdict == verdict
        assert change.delta == pytest.approx(delta)


def test_strapping_chooses_the_limit_and_the_clinic_goes_first() -> None:
    limits = [_limit(9.0, strapping="again"), _limit(4.0, "simulated"), _limit(3.0, "clinic")]
    before, after = [_measure(20.0)], [_measure(26.0)]
    (same,) = find_changes(before, after, limits, "same")
    (again,) = find_changes(before, after, limits, "again")
    assert (same.verdict, again.verdict) == ("changed", "no detectable change")
    assert same.limit is limits[2]


def test_what_cannot_be_compared_says_why() -> None:
    limits = [_limit(5.0)]
    lost = _measure(np.nan, note="one repetition")
    (change,) = find_changes([lost], [_measure(3.0)], limits, "same")
    assert (change.verdict, change.reason) == ("not comparable", "before: one repetition")
    assert change.as_dict()["delta"] is None
    (unknown,) = find_changes([_measure(1.0)], [_measure(9.0)], [], "same")
    assert unknown.verdict == "no limit known"
    assert find_changes([_measure(1.0)], [_measure(1.0, name="other")], limits, "same") == ()


def test_seated_and_prone_are_two_things_with_limits_of_their_own() -> None:
    def of(test: str, value: float) -> Measure:
        return replace(_measure(value), test=test)

    before = [of("seated", 40.0), of("prone", 30.0)]
    after = [of("prone", 34.0), of("seated", 44.0)]
    limits = [_limit(5.0), attrs.evolve(_limit(3.0), test="prone")]
    seated, prone = find_changes(before, after, limits, "same")
    assert (seated.delta, prone.delta) == (4.0, 4.0)
    assert (seated.verdict, prone.verdict) == ("no detectable change", "changed")
    assert find_changes([of("seated", 40.0)], [of("prone", 20.0)], limits, "same") == ()
    assert of_several_tests((seated, prone)) == {"angle"}
    assert of_several_tests((seated,)) == frozenset()


def test_no_change_is_rarely_called_one_and_a_real_one_mostly() -> None:
    """Twenty clinics find their own limit from 40 people each, then retest others."""
    rng = np.random.default_rng(11)
    called: dict[float, list[bool]] = {0.0: [], 1.5: []}
    for _ in range(20):
        people = 40.0 + 8.0 * rng.normal(size=(40, 1))
        found = find_reliability(people + 2.0 * rng.normal(size=(40, 3)))
        limit = clinic_limit("angle", "deg", "same", found, "a test")
        for first, second in 2.0 * rng.normal(size=(200, 2)):
            for true, verdicts in called.items():
                after = _measure(second + true * limit.mdc95)
                (change,) = find_changes([_measure(first)], [after], [limit], "same")
                verdicts.append(change.verdict == "changed")
    assert np.mean(called[0.0]) < 0.06
    assert np.mean(called[1.5]) > 0.8


def test_median_measures_state_repetitions_and_instrument() -> None:
    found = median_measure("angle", "left", np.array([20.0, 23.0, np.nan, 26.0]), "deg",
                           instrument_sd=2.0)  # fmt: skip
    assert (found.value, found.n) == (23.0, 3)
    assert found.sd == pytest.approx(np.hypot(1.2533 * 3.0 / np.sqrt(3.0), 2.0))
    assert np.isnan(median_measure("angle", None, np.array([20.0]), "deg").sd)


def test_norms_speak_only_where_position_and_people_agree() -> None:
    norms = shipped_norms()
    name = "hip_internal_rotation"
    prone = norms_for(norms, _measure(35.0), name, profile="measured", position="prone", sex="male",
                      age=35, mode="passive")  # fmt: skip
    assert {view.norm.position for view in prone} == {"prone"}
    assert [view.z for view in prone if view.norm.sd == 8.0] == [pytest.approx(0.25)]
    old = norms_for(norms, _measure(35.0), name, profile="measured", position="prone", age=80)
    assert old == ()


@pytest.mark.parametrize(
    ("value", "sd", "standing"),
    [(12.0, 2.0, "limited"), (19.0, 2.0, "undecided"), (30.0, 2.0, "between"),
     (45.0, 1.0, "within"), (60.0, 2.0, "beyond"), (np.nan, np.nan, "undecided")],
)  # fmt: skip
def test_the_rule_decides_only_beyond_the_uncertainty(
    value: float, sd: float, standing: str
) -> None:
    (view,) = norms_for(
        shipped_norms(), _measure(value, sd=sd), "hip_internal_rotation",
        profile="clinic", position="seated",
    )  # fmt: skip
    assert view.standing == standing


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no norm profile 'mine'") as told:
        norms_for(shipped_norms(), _measure(1.0), "x", profile="mine", position="any")
    assert "clinic, measured" in told.value.hint


def test_broken_files_tell_all_problems_at_once(tmp_path: Path) -> None:
    bad = tmp_path / "norms.toml"
    bad.write_text('[[profiles]]\nname = "a"\ntitle = "A"\nabout = "x"\n'
                   '[[norms]]\nprofile = "a"\nmeasure = "m"\nposition = "any"\nmode = "lying"\n'
                   'population = "p"\nsource = 3\nevidence = "B"\nmean = "many"\n')  # fmt: skip
    with pytest.raises(ConfigError, match="3 problems") as told:
        read_norms(bad)
    assert "norms[0].mode" in told.value.message
    bad.write_text('[[limits]]\nmeasure = "m"\nstrapping = "same"\nmdc95 = -1\nunit = "kg"\n'
                   'kind = "clinic"\nn = 3\nsource = "s"\n')  # fmt: skip
    with pytest.raises(ConfigError, match="problem"):
        read_limits(bad)
    assert shipped_limits()
