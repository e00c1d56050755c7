"""Means, scatter, sides, reserve, trends and published bands, where the answer is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from imuhip.analysis.gait_baseline import against_baseline, gait_rotation_reserve
from imuhip.analysis.gait_summary import ENOUGH_STRIDES, gait_summary
from imuhip.analysis.gait_trend import gait_trends
from imuhip.errors import AnalysisError, ConfigError
from imuhip.gait.bands import beside_bands, read_references, shipped_references
from imuhip.gait.estimates import mean_of, scatter_of, side_difference
from imuhip.gait.reserve import rotation_reserve
from imuhip.gait.trend import minute_means, trend_of

# -- estimates ----------------------------------------------------------------------------------


def test_more_strides_average_scatter_away_but_not_what_all_share():
    rng = np.random.default_rng(1)
    few, many = (mean_of(rng.normal(5.0, 1.0, n), 0.5) for n in (10, 4000))
    assert few.uncertainty > many.uncertainty > 0.5
    assert many.uncertainty == pytest.approx(0.5, abs=0.01)
    assert many.record()["n"] == 4000


def test_of_nothing_and_of_one_there_is_no_uncertainty():
    assert mean_of(np.array([np.nan])).record() == {
        "mean": None, "sd": None, "n": 0, "uncertainty": None,
    }  # fmt: skip
    one = mean_of(np.array([2.0]), 0.1).record()
    assert (one["mean"], one["uncertainty"]) == (2.0, None)


def test_the_interval_of_scatter_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(2)
    held_sd, held_cv = 0, 0
    for _ in range(600):
        found = scatter_of(rng.normal(1.0, 0.03, 40))
        held_sd += found.sd_interval[0] < 0.03 < found.sd_interval[1]
        held_cv += found.cv_interval_percent[0] < 3.0 < found.cv_interval_percent[1]
    assert 0.92 < held_sd / 600 < 0.98
    assert 0.92 < held_cv / 600 < 0.98


def test_two_strides_do_not_scatter():
    assert scatter_of(np.array([1.0, 1.1])).record("s")["sd_s"] is None


def test_what_both_sides_share_falls_out_of_their_difference():
    rng = np.random.default_rng(3)
    left, right = (mean_of(rng.normal(m, 0.01, 200), 0.02) for m in (0.62, 0.60))
    apart, shared = side_difference(left, right), side_difference(left, right, shared=0.02)
    assert not apart["beyond_uncertainty"]
    assert shared["beyond_uncertainty"]
    assert shared["left_minus_right"] == pytest.approx(0.02, abs=0.003)
    assert shared["percent_of_mean"] == pytest.approx(3.3, abs=0.6)


def test_no_percent_of_a_mean_that_may_be_zero():
    rng = np.random.default_rng(4)
    left, right = (mean_of(rng.normal(m, 1.0, 50), 1.0) for m in (0.5, -0.3))
    assert side_difference(left, right)["percent_of_mean"] is None


# -- rotation reserve ---------------------------------------------------------------------------


def test_the_reserve_carries_both_uncertainties():
    """9 of 18 degrees is a half, and its sd that of drawing both many times."""
    found = rotation_reserve(9.0, 1.0, 18.0, 1.5)
    assert found.share == pytest.approx(0.5)
    rng = np.random.default_rng(5)
    drawn = rng.normal(9.0, 1.0, 200_000) / rng.normal(18.0, 1.5, 200_000)
    assert found.share_sd == pytest.approx(drawn.std(), rel=0.05)
    assert found.record()["share_percent"] == 50.0


@pytest.mark.parametrize(
    ("available", "told"),
    [((3.0, 3.0), "too small or too uncertain"), ((np.nan, 1.0), "rotation test")],
)
def test_no_share_of_what_is_not_known(available, told):
    found = rotation_reserve(9.0, 1.0, *available)
    assert np.isnan(found.share)
    assert told in found.problem
    json.dumps(found.record(), allow_nan=False)
    with pytest.raises(ValueError, match="0 or more"):
        rotation_reserve(9.0, -1.0, 18.0, 1.0)


# -- trends -------------------------------------------------------------------------------------


def strides_at(minutes: int, per_minute: int = 60) -> np.ndarray:
    return np.arange(minutes * per_minute) * 60.0 / per_minute


def test_a_slope_is_found_with_its_interval():
    at_s = strides_at(20)
    values = 5.0 + 0.1 * at_s / 60.0 + np.random.default_rng(1).normal(0, 1.0, len(at_s))
    found = trend_of(at_s, values)
    assert found is not None
    assert found.drifts
    assert found.slope_interval[0] < 0.1 < found.slope_interval[1]
    assert found.n.tolist() == [60] * 20
    json.dumps(found.record(), allow_nan=False)


def test_nothing_drifts_where_nothing_changes():
    drifting = changing = 0
    at_s = strides_at(20)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values = np.repeat(rng.normal(0, 0.3, 20), 60) + rng.normal(0, 1.0, len(at_s))
        found = trend_of(at_s, values)
        assert found is not None
        drifting += found.drifts
        changing += np.isfinite(found.change_at_min)
    assert drifting <= 6
    assert changing <= 3


def test_a_step_is_a_change_point():
    at_s = strides_at(24)
    rng = np.random.default_rng(7)
    found = trend_of(at_s, np.where(at_s < 15 * 60, 4.0, 6.0) + rng.normal(0, 1.0, len(at_s)))
    assert found is not None
    assert found.change_at_min == pytest.approx(15.0, abs=1.0)
    assert found.change == pytest.approx(2.0, abs=0.3)


def test_minutes_with_few_strides_are_no_minutes():
    at_s = np.concatenate([strides_at(3), [200.0, 210.0]])
    assert minute_means(at_s, np.ones(len(at_s)))[0].tolist() == [0.5, 1.5, 2.5]
    assert trend_of(at_s, np.ones(len(at_s))) is None


# -- tables of strides --------------------------------------------------------------------------


def table(minutes: int, *, slip_deg: float = 0.0, valid: int | None = None) -> pd.DataFrame:
    """Return strides of a runner of clockwork, the left hip's extension off after half the time."""
    rng = np.random.default_rng(9)
    parts = []
    for side, shift in (("left", 0.0), ("right", 0.36)):
        start_s = np.arange(0.0, 60.0 * minutes, 0.72) + shift
        n = len(start_s)
        jump = slip_deg * (start_s > 30.0 * minutes) * (side == "left")
        columns = {
            "side": side, "gait": "run", "start_s": start_s, "initial_contact_s": start_s + 0.09,
            "initial_contact_sd_s": 0.009, "toe_off_s": start_s + 0.31, "toe_off_sd_s": 0.01,
            "end_s": start_s + 0.72, "stride_time_s": 0.72 + rng.normal(0, 0.01, n),
            "stride_time_sd_s": 0.002, "cadence_steps_per_min": 166.0 + rng.normal(0, 1.0, n),
            "step_time_s": 0.36 + rng.normal(0, 0.005, n),
            "stance_time_s": 0.22 + rng.normal(0, 0.005, n),
            "swing_time_s": 0.5 + rng.normal(0, 0.005, n), "double_support_s": np.nan,
            "flight_s": 0.28 + rng.normal(0, 0.005, n),
            "hip_extension_peak_deg": 12.0 + jump + rng.normal(0, 1.0, n),
            "pelvis_tilt_at_extension_peak_deg": 8.0 + rng.normal(0, 0.5, n),
            "pelvis_drop_deg": 5.0 + rng.normal(0, 0.5, n),
            "pelvis_hike_deg": 2.0 + rng.normal(0, 0.5, n),
        }  # fmt: skip
        for name in ("hip_rotation_left", "hip_rotation_right", "hip_flexion_left",
                     "hip_flexion_right", "pelvis_tilt", "pelvis_rotation"):  # fmt: skip
            for kind, size in (("min", -5), ("max", 6), ("range", 11), ("mean", 1)):
                columns[f"{name}_{kind}_deg"] = size + rng.normal(0, 0.5, n)
            for kind in ("at_contact", "at_toe_off"):
                columns[f"{name}_{kind}_deg"] = rng.normal(0, 0.5, n)
        columns["valid"] = np.arange(n) < (n if valid is None else valid)
        parts.append(pd.DataFrame(columns).assign(exclusion=""))
    return pd.concat(parts, ignore_index=True)


SD_DEG = {
    "hip_flexion_left": 1.0,
    "hip_rotation_left": 2.0,
    "pelvis_tilt": 0.4,
    "pelvis_rotation": 0.8,
}


def summary(strides: pd.DataFrame) -> dict:
    found = {"gait": gait_summary(strides, np.full(60, 2), SD_DEG)}
    json.dumps(found, allow_nan=False)
    return found


def test_a_summary_tells_times_sides_and_pelvis_with_n_and_uncertainty():
    run = summary(table(2))["gait"]["run"]
    left = run["sides"]["left"]
    assert left["stance_time_s"]["mean"] == pytest.approx(0.22, abs=0.002)
    assert left["stance_time_s"]["uncertainty"] == pytest.approx(np.hypot(0.009, 0.01), rel=0.05)
    assert left["stride_time_variability"]["n"] == left["strides_used"]
    ranged, peak = (left[f"hip_rotation_{kind}_deg"] for kind in ("range", "max"))
    assert ranged["uncertainty"] < peak["uncertainty"], "a range does not know the pose"
    assert run["flight_s"]["mean"] == pytest.approx(0.28, abs=0.002)
    assert not run["asymmetry"]["stance_time_s"]["beyond_uncertainty"]
    assert {row["measure"] for row in run["beside"]} == {
        "pelvis_tilt_range", "pelvis_rotation_range",
    }, "no hip flexion was read for runners, and hip rotation has no band"  # fmt: skip
    assert run["missing"] == []


def test_few_strides_are_reported_with_what_is_missing():
    run = summary(table(2, valid=4))["gait"]["run"]
    assert run["sides"]["left"]["stance_time_s"]["n"] == 4
    assert "asymmetry" not in run
    assert "stride_time_variability" not in run["sides"]["left"]
    assert len(run["missing"]) == 2
    assert f"4 strides used, {ENOUGH_STRIDES}" in run["missing"][0]


def test_no_strides_at_all_say_so():
    found = summary(table(1).iloc[:0])["gait"]
    assert set(found) == {"activity_s", "missing"}
    assert "20 strides" in found["missing"][0]


def test_no_trend_is_told_across_a_slipped_strap():
    slip = {"segment": "thigh_left", "at_s": 360.0, "corrected": False}
    run = gait_trends(table(12, slip_deg=8.0), [slip])["run"]
    refused = run["hip_extension_peak_left_deg"]
    assert "slipped at 360 s" in refused["refused"]
    assert len(refused["parts"]) == 2
    assert not any(part["drifts"] for part in refused["parts"])
    assert "slope_per_min" in run["hip_extension_peak_right_deg"], (
        "the other leg knows nothing of it"
    )
    assert "slope_per_min" in run["cadence_steps_per_min"]
    unknown = gait_trends(table(12, slip_deg=8.0), [])["run"]["hip_extension_peak_left_deg"]
    assert unknown["drifts"], "which is what would have been read as fatigue"
    put_right = gait_trends(table(12), [slip | {"corrected": True}])["run"]
    assert "corrected" in put_right["hip_extension_peak_left_deg"]["note"]


def test_sensors_put_on_anew_part_angles_but_not_times():
    run = gait_trends(table(12), [], anew_s=[360.0])["run"]
    assert "put on anew at 360 s" in run["pelvis_drop_right_deg"]["refused"]
    assert "slope_per_min" in run["stance_time_s"]


def test_a_short_session_has_no_trend():
    assert "5 minutes" in gait_trends(table(3), [])["run"]["missing"]


# -- baseline -----------------------------------------------------------------------------------


def test_a_side_that_became_worse_is_told_against_the_persons_own_baseline():
    before, after = table(3), table(3)
    after.loc[after["side"] == "left", "pelvis_drop_deg"] += 4.0
    now, then = summary(after), summary(before)
    for one in (now, then):
        for side in ("left", "right"):
            drop = one["gait"]["run"]["asymmetry"]["pelvis_drop_deg"]
            drop["uncertainty"] = 0.5
            assert side in one["gait"]["run"]["sides"]
    found = against_baseline(now, then, "run")
    drop = found["changes"]["pelvis_drop_deg"]
    assert drop["change"] == pytest.approx(4.0, abs=0.1)
    assert drop["beyond_uncertainty"]
    assert not found["changes"]["stance_time_s"]["beyond_uncertainty"]
    assert found["cautions"] == []


def test_another_speed_is_a_caution_and_too_few_strides_an_error():
    before, after = table(3), table(3)
    after["cadence_steps_per_min"] += 15.0
    assert (
        "another speed" in against_baseline(summary(after), summary(before), "run")["cautions"][0]
    )
    with pytest.raises(AnalysisError, match="4 strides used"):
        against_baseline(summary(table(3, valid=4)), summary(before), "run")
    with pytest.raises(AnalysisError, match="it has no walk"):
        against_baseline(summary(after), summary(before), "walk")


def test_the_reserve_of_a_session_and_a_test():
    found = gait_rotation_reserve(summary(table(3)), "left", (18.0, 2.0), (38.0, 3.0), "run")
    assert found["internal"]["share_percent"] == pytest.approx(100 * 6 / 18, abs=2)
    assert found["range"]["share_percent"] == pytest.approx(100 * 11 / 56, abs=2)
    assert found["internal"]["share_sd_percent"] > found["range"]["share_sd_percent"]
    with pytest.raises(AnalysisError, match="no steady walk strides"):
        gait_rotation_reserve(summary(table(3)), "left", (18.0, 2.0))


# -- published bands ----------------------------------------------------------------------------


def test_bands_are_chosen_by_cadence_and_say_who_was_measured():
    references = shipped_references()
    assert references.speed_of("walk", 85.0) == "slow"
    assert references.speed_of("walk", 112.0) == "free"
    assert references.speed_of("run", 170.0) == "any"
    rows = beside_bands("walk", 112.0, {"hip_flexion_range_left": (45.0, 1.0)}, references)
    assert {row["speed"] for row in rows} == {"free"}
    assert all(row["children"] and row["doi"] for row in rows)
    slow = beside_bands("walk", 85.0, {"hip_flexion_range_left": (45.0, 1.0)}, references)
    assert slow[0]["published_deg"][0] < rows[0]["published_deg"][0]


def test_where_hip_rotation_lies_has_no_band():
    references = shipped_references()
    assert not any(band.measure.startswith("hip_rotation") for band in references.bands)
    assert beside_bands("walk", 112.0, {"hip_rotation_range_left": (9.0, 2.0)}, references) == []


def test_within_a_published_span_nothing_is_beyond_it():
    references = shipped_references()
    for value, beyond in ((12.0, 0.0), (15.0, 1.4), (9.0, -0.69)):
        rows = beside_bands("run", 170.0, {"pelvis_rotation_range": (value, 0.5)}, references)
        assert next(r for r in rows if r["sex"] == "male")["beyond_deg"] == pytest.approx(beyond)


def test_a_broken_file_of_bands_lists_every_problem(tmp_path: Path):
    path = tmp_path / "gait.toml"
    path.write_text(
        '[[bands]]\ngait = "hop"\nmeasure = "pelvis_tilt_range"\nspeed = "free"\nrange_deg = 2.0\n'
        'population = "x"\nchildren = false\nsex = "any"\nsource = "y"\nevidence = "B"\n'
        '[[bands]]\ngait = "run"\nmeasure = "pelvis_tilt_range"\nspeed = "free"\n'
        'population = "x"\nchildren = false\nsex = "any"\nsource = "y"\nevidence = "Z"\n'
        '[[cadence_classes]]\nspeed = "free"\nbelow_steps_per_min = -3.0\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        read_references(path)
    message = str(caught.value)
    assert "hop" in message
    assert "'Z'" in message
    assert "-3.0" in message
