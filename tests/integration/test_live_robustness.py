"""Live sessions as they happen: late sensors, breaks, slips and wrong names, told and survived."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import imuhip
from imuhip.analysis.grid import to_grid
from imuhip.analysis.live import LivePipeline
from imuhip.analysis.live_angles import LiveAngles
from imuhip.analysis.live_grid import START_PATIENCE_S, LiveGrid
from imuhip.analysis.live_leg import LegCourse
from imuhip.core.segments import SIDES
from imuhip.core.series import FloatArray, ImuSeries


def without(
    recording: imuhip.Recording, segment: str, start_s: float, end_s: float
) -> imuhip.Recording:
    """Return the recording with one sensor's samples missing for a while."""
    series = recording.sensors[segment]
    gone = (series.time_s >= start_s) & (series.time_s < end_s)
    acc, gyr = (np.where(gone[:, None], np.nan, values) for values in (series.acc, series.gyr))
    lossy = ImuSeries(series.time_s, acc, gyr, valid=series.valid & ~gone)
    return replace(recording, sensors={**recording.sensors, segment: lossy})


def live(recording: imuhip.Recording) -> tuple[LivePipeline, LiveAngles, list[tuple[float, str]]]:
    """Run the pipeline by blocks of 1 s; returns also what it said it was waiting for, and when."""
    grid = to_grid(recording.sensors, recording.rate_hz, causal=True)
    pipeline = LivePipeline(grid.segments, recording.rate_hz)
    parts, said = [], []
    step = round(recording.rate_hz)
    for start in range(0, len(grid), step):
        parts.append(pipeline.update(grid.part(slice(start, start + step))))
        told = [pipeline.phase, *(f"{note.about}: {note.text}" for note in pipeline.notes)]
        said.append((float(parts[-1].time_s[-1]), "; ".join(told)))
    values, sd = (
        {name: np.concatenate([getattr(part, kind)[name] for part in parts]) for name in names}
        for kind, names in (("values", parts[0].values), ("sd", parts[0].sd))
    )
    angles = LiveAngles(np.concatenate([p.time_s for p in parts]), values, sd, {}, np.empty(0))
    return pipeline, angles, said


def error_deg(angles: LiveAngles, recording: imuhip.Recording, name: str) -> FloatArray:
    truth = recording.truth[f"{name}_deg"].to_numpy()
    return np.degrees(angles.values[name]) - truth[: len(angles.time_s)]


def rmse_deg(
    angles: LiveAngles, recording: imuhip.Recording, name: str, start_s: float, end_s: float
) -> float:
    rows = (angles.time_s >= start_s) & (angles.time_s < end_s)
    error = error_deg(angles, recording, name)[rows]
    assert np.isfinite(error).mean() > 0.9, f"{name} is not known from {start_s} s on"
    return float(np.sqrt(np.nanmean(error**2)))


def spans(recording: imuhip.Recording, name: str) -> list[tuple[float, float]]:
    return [(m.start_s, m.end_s) for m in recording.markers if m.name == name]


# -- sensors that are not there ------------------------------------------------------------------


def test_a_thigh_that_comes_late_joins_at_the_next_pose() -> None:
    recording = imuhip.simulate("walk", 1.5, 61, calibration=False, stops=1)
    (_, first_end), (stop_s, stop_end_s) = spans(recording, "n_pose")
    _, angles, said = live(without(recording, "thigh_left", 0.0, first_end + 4.0))
    assert rmse_deg(angles, recording, "hip_rotation_right", first_end + 16.0, stop_s) < 1.5
    waiting = angles.time_s < stop_end_s
    assert np.isnan(angles.values["hip_flexion_left"][waiting]).all()
    told = [text for at_s, text in said if first_end + 20.0 < at_s < stop_s]
    assert all("left thigh: stand still for 5 s, then walk" in text for text in told)
    after_s = stop_end_s + 16.0
    for name, limit in (("hip_flexion_left", 1.5), ("hip_rotation_left", 2.0)):
        assert rmse_deg(angles, recording, name, after_s, after_s + 20.0) < limit
    assert "left thigh" not in said[-1][1]


def test_after_minutes_without_samples_a_new_pose_is_wanted() -> None:
    recording = imuhip.simulate("walk", 3.0, 62, calibration=False, stops=1)
    _, (stop_s, stop_end_s) = spans(recording, "n_pose")
    pipeline, angles, _ = live(without(recording, "thigh_right", 30.0, stop_s - 4.0))
    back = (angles.time_s > stop_s - 4.0) & (angles.time_s < stop_end_s)
    assert np.isnan(angles.values["hip_rotation_right"][back]).all()
    assert rmse_deg(angles, recording, "hip_rotation_left", 30.0, stop_s) < 1.5
    end_s = stop_end_s + 60.0
    assert rmse_deg(angles, recording, "hip_rotation_right", stop_end_s + 16.0, end_s) < 2.0
    assert any("no samples for more than a minute" in e.text for e in pipeline.log.events)


def test_the_grid_does_not_wait_for_ever_for_a_sensor_never_heard() -> None:
    recording = imuhip.simulate("walk", 0.1, 63)
    grid = LiveGrid(tuple(recording.sensors), recording.rate_hz)
    given = {"pelvis", "thigh_right"}
    n_early, n_late = 0, 0
    for start in range(0, 600, 10):
        if start == 400:
            given.add("thigh_left")
        rows = slice(start, start + 10)
        block = grid.update(
            {
                s: ImuSeries(x.time_s[rows], x.acc[rows], x.gyr[rows])
                for s, x in recording.sensors.items()
                if s in given
            }
        )
        if start < START_PATIENCE_S * recording.rate_hz:
            assert len(block) == 0
        assert np.isfinite(block.acc["thigh_left"]).all()
        n_early += int(block.valid["thigh_left"].sum()) if start < 400 else 0
        n_late += int(block.valid["thigh_left"].sum())
    assert n_early == 0
    assert n_late > 150


# -- sensors taken off ---------------------------------------------------------------------------


@pytest.mark.parametrize("activity", ["walk", "run"])
def test_sensors_taken_off_are_noticed_and_calibrated_anew(activity: str) -> None:
    recording = imuhip.simulate(
        activity, 2.4, 64, soft_tissue=1.0, pause="sensors_off", pause_min=2.0
    )
    ((off_s, on_s),) = spans(recording, "pause")
    (_, pose_end_s) = spans(recording, "n_pose")[-1]
    pipeline, angles, said = live(recording)
    away = (angles.time_s > off_s + 25.0) & (angles.time_s < pose_end_s)
    for side in SIDES:
        assert np.isnan(angles.values[f"hip_rotation_{side}"][away]).all()
        assert rmse_deg(angles, recording, f"hip_rotation_{side}", 50.0, off_s) < 4.5
        after = (f"hip_rotation_{side}", pose_end_s + 16.0, pose_end_s + 60.0)
        assert rmse_deg(angles, recording, *after) < 4.5
    assert any("the hips cannot be bent like that" in e.text for e in pipeline.log.events)
    told = [text for at_s, text in said if off_s + 30.0 < at_s < on_s]
    assert all("stand still" in text or "walk: " in text for text in told)


def test_sitting_down_is_no_reason_to_calibrate_anew() -> None:
    recording = imuhip.simulate("walk", 1.6, 65, soft_tissue=1.0, pause="sit", pause_min=1.5)
    ((sat_s, up_s),) = spans(recording, "pause")
    pipeline, angles, _ = live(recording)
    assert not pipeline.removed
    for side in SIDES:
        assert rmse_deg(angles, recording, f"hip_flexion_{side}", sat_s, up_s) < 3.0
    rows = (angles.time_s > up_s + 30.0) & (angles.time_s < up_s + 40.0)
    assert np.degrees(angles.sd["hip_rotation_left"][rows]).max() < 10.0


# -- how sensors sit -----------------------------------------------------------------------------


def first_said(said: list[tuple[float, str]], words: str) -> float:
    return next((at_s for at_s, text in said if words in text), np.inf)


@pytest.mark.parametrize("segment", ["thigh_left", "pelvis"])
def test_a_slip_is_told_within_a_minute_and_counted_in(segment: str) -> None:
    recording = imuhip.simulate("run", 2.7, 66, soft_tissue=1.0, strap_slip=(segment, 110.0, 12.0))
    _, angles, said = live(recording)
    at_s = first_said(said, f"{segment}: the strap slipped by 1")
    assert 110.0 < at_s < 170.0
    sd = np.degrees(angles.sd["hip_rotation_left"])
    assert np.nanmedian(sd[(angles.time_s > 90.0) & (angles.time_s < 110.0)]) < 6.0
    assert np.nanmedian(sd[(angles.time_s > at_s + 2.0) & (angles.time_s < at_s + 15.0)]) > 10.0


def test_swapped_thighs_and_wrong_segments_are_told() -> None:
    person = imuhip.simulate("walk", 1.0, 41, soft_tissue=1.0, pose_error_deg=2.0)
    own = person.sensors
    swapped = {**own, "thigh_left": own["thigh_right"], "thigh_right": own["thigh_left"]}
    _, angles, said = live(replace(person, sensors=swapped))
    assert first_said(said, "left and right thigh sensors look swapped") < 32.0 + 60.0
    assert np.degrees(np.nanmedian(angles.sd["hip_flexion_left"])) > 20.0
    exchanged = {**own, "pelvis": own["thigh_left"], "thigh_left": own["pelvis"]}
    _, _, said = live(replace(person, sensors=exchanged))
    assert first_said(said, "the sensor named pelvis swings like a thigh") < 32.0 + 60.0
    _, _, said = live(person)
    assert first_said(said, "swings") == first_said(said, "swapped") == np.inf


def test_a_loose_strap_is_told_and_kept_out_of_the_rotation() -> None:
    loose = imuhip.simulate("walk", 1.0, 67, soft_tissue=1.0, strap_wobble=1.0, turns=False)
    pipeline, angles, said = live(loose)
    assert first_said(said, "thigh_left: loose strap") < 32.0 + 60.0
    offline = imuhip.analyze(loose).quality["sensors"]["thigh_left"]["strap_wobble_deg"]
    assert np.degrees(pipeline.wobble["left"].amplitude_rad) == pytest.approx(offline, rel=0.25)
    rows = (angles.time_s > 60.0) & (angles.time_s < 90.0)
    shown = np.degrees(angles.values["hip_rotation_left"][rows])
    spectrum = np.abs(np.fft.rfft(shown - shown.mean())) ** 2
    hertz = np.fft.rfftfreq(len(shown), 1.0 / loose.rate_hz)
    assert spectrum[(hertz > 7.5) & (hertz < 11.0)].sum() < 0.08 * spectrum.sum()


# -- refinement ----------------------------------------------------------------------------------


def test_improvements_are_handed_over_without_steps() -> None:
    """From one sample to the next, a renewal must move an angle no more than walking does."""
    recording = imuhip.simulate("walk", 1.3, 68, soft_tissue=1.0)
    pipeline, angles, _ = live(recording)
    block = round(2.0 * recording.rate_hz)
    for name in ("hip_rotation_left", "hip_adduction_right", "hip_flexion_right"):
        jerk = np.abs(np.diff(np.degrees(angles.values[name]), n=2))
        known = np.isfinite(jerk)
        edges = np.zeros(len(jerk), dtype=bool)
        for k in range(0, len(jerk), block):
            edges[max(0, k - 3) : k + 2] = True
        assert jerk[known & edges].max() < 1.5 * jerk[known & ~edges].max()
    assert pipeline.calibration is not None
    assert pipeline.calibration.frozen


def test_a_stance_after_gait_does_not_make_it_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    squared: dict[bool, list[float]] = {True: [], False: []}
    for seed in (71, 72):
        recording = imuhip.simulate(
            "run", 2.0, seed, soft_tissue=1.0, calibration=False, stops=2, stance_deg=2.0
        )
        for anchored, found in squared.items():
            with monkeypatch.context() as patch:
                if not anchored:
                    patch.setattr(LegCourse, "new_stance", lambda self, reference: None)
                _, angles, _ = live(recording)
            stops = spans(recording, "n_pose")[1:]
            for (_, start_s), (end_s, _) in pairwise([*stops, (130.0, 130.0)]):
                for side in SIDES:
                    name = f"hip_rotation_{side}"
                    found.append(rmse_deg(angles, recording, name, start_s + 4.0, end_s) ** 2)
    assert np.mean(squared[True]) < 1.05 * np.mean(squared[False])


def test_what_was_told_is_stored_with_the_result(tmp_path: Path) -> None:
    recording = imuhip.simulate("walk", 1.0, 67, soft_tissue=1.0, strap_wobble=1.0)
    recording.save(tmp_path / "loose.h5")
    told = imuhip.analyze(imuhip.open(tmp_path / "loose.h5"), live=True).quality["live"]
    assert {"thigh_left", "thigh_right"} <= {entry["about"] for entry in told}
    assert all(32.0 < entry["at_s"] < 100.0 and entry["text"] for entry in told)
    assert "live" not in imuhip.analyze(recording).quality
