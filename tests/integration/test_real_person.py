"""A real person's motion: analysed as arrays, and after crossing virtual Bluetooth into a file.

One person, 100 s, 100 Hz, from the example data of the qmt package (MIT). On the file's own clock
(40 s to 140 s): standing 40-45 s, seated 54-79 s, standing 85-88.5 s, walking 95-139 s
with a half turn at about 116 s. There is no optical truth; what is tested is what can be known.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

import imuhip
from acquisition_kit import ACC_STEP, GYR_STEP, kit_and_engine, motion_rows, no_thread_left
from imuhip.acquisition.status import RecordingResult
from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.segments import SIDES
from imuhip.kinematics.strap_wobble import CUT_HZ
from imuhip.report.page import write_report
from imuhip.simulation.replay import load_motion
from virtual_time import VirtualClock, run_virtual

FILE_START_S = 40.0
SENSORS = {"pelvis": "hip", "thigh_left": "upper_leg_left", "thigh_right": "upper_leg_right"}
SEATED_S = (54.0, 79.0)
STANDING_S = ((0.0, 46.0), (80.0, 89.0))
"""From before the file begins: virtual sensors rest in its first sample until they are started."""
WALK_S = (95.0, 139.0)
TURN_S = 116.0


@pytest.fixture(scope="module")
def person_file(shared_data: Path) -> Path:
    return shared_data / "qmt_full_body" / "full_body_example_data.mat"


@pytest.fixture(scope="module")
def person(person_file) -> imuhip.Recording:
    content = loadmat(person_file, simplify_cells=True)
    return imuhip.Recording.from_arrays(
        rate_hz=100.0,
        sensors={
            segment: {"acc": content[name]["acc"], "gyr": content[name]["gyr"]}
            for segment, name in SENSORS.items()
        },
    )


@pytest.fixture(scope="module")
def from_arrays(person) -> imuhip.Analysis:
    return imuhip.analyze(person)


def stretches(analysis: imuhip.Analysis, name: str, shift_s: float) -> list[tuple[float, float]]:
    """Return where the analysis says so, on the file's clock."""
    return [(m.start_s + shift_s, m.end_s + shift_s) for m in analysis.activity if m.name == name]


def overlap_s(found: list[tuple[float, float]], span: tuple[float, float]) -> float:
    return sum(max(0.0, min(b, span[1]) - max(a, span[0])) for a, b in found)


def check_activity(analysis: imuhip.Analysis, shift_s: float) -> None:
    """Standing, sitting and walking are told apart."""
    gait = stretches(analysis, "gait", shift_s)
    assert min(a for a, _ in gait) == pytest.approx(WALK_S[0], abs=2.0)
    assert WALK_S[1] - 2.0 <= max(b for _, b in gait) <= WALK_S[1] + 2.0
    assert overlap_s(gait, WALK_S) > 0.93 * (WALK_S[1] - WALK_S[0])
    assert overlap_s(gait, (FILE_START_S, WALK_S[0] - 2.0)) == 0.0
    still = stretches(analysis, "still", shift_s)
    assert overlap_s(still, (40.0, 45.0)) >= 3.0
    assert overlap_s(still, (85.0, 88.5)) >= 2.0
    assert overlap_s(still, WALK_S) == 0.0
    ((start_s, end_s),) = stretches(analysis, "n_pose", shift_s)
    assert overlap_s([(start_s, end_s)], SEATED_S) == 0.0, "seated is never the pose"
    # stillness is judged by the second, and where seconds begin differs from way to way
    assert any(a - 0.5 <= start_s and end_s <= b + 0.5 for a, b in STANDING_S)


def check_strides(analysis: imuhip.Analysis, shift_s: float) -> None:
    strides = analysis.strides.assign(at_s=analysis.strides["start_s"] + shift_s)
    for side in SIDES:
        own = strides[strides["side"] == side]
        assert 40 <= len(own) <= 48, "44 s of walking, about a stride a second"
        assert own["at_s"].min() > WALK_S[0] - 2.0
        assert own["stride_time_s"].between(0.8, 1.25).all()
        assert own["stride_time_s"].median() == pytest.approx(1.0, abs=0.05)
        turning = own[own["exclusion"] == "turning"]
        assert (np.abs(turning["at_s"] + 0.5 - TURN_S) < 2.5).any(), "the half turn is seen"
        at_turn = np.abs(turning["at_s"] + 0.5 - TURN_S) < 4.0
        at_end = turning["at_s"] + turning["stride_time_s"] > 137.0  # a second turn begins
        assert (at_turn | at_end).all(), "nothing else passes for a turn"
        assert own["valid"].sum() >= 36


def check_angles(analysis: imuhip.Analysis) -> None:
    """Bounds any healthy walker keeps; this one walks briskly with 50 to 56° of hip flexion."""
    side = analysis.summary["sides"]
    flexion = {s: side[s][f"hip_flexion_{s}"] for s in SIDES}
    for s in SIDES:
        print(s, {k: flexion[s][k] for k in ("min_deg", "max_deg", "range_deg")})
        assert 35.0 <= flexion[s]["range_deg"]["mean"] <= 65.0
        assert flexion[s]["range_deg"]["sd"] < 8.0
        assert 20.0 <= flexion[s]["max_deg"]["mean"] <= 55.0
        assert -25.0 <= flexion[s]["min_deg"]["mean"] <= 5.0
        assert 8.0 <= side[s][f"hip_adduction_{s}"]["range_deg"]["mean"] <= 30.0
    ranges = [flexion[s]["range_deg"]["mean"] for s in SIDES]
    assert abs(ranges[0] - ranges[1]) < 0.15 * np.mean(ranges)
    times = [side[s]["stride_time_s"]["mean"] for s in SIDES]
    assert times[0] == pytest.approx(times[1], rel=0.02)
    curves = [np.nanmean(analysis.cycles(s, "hip_flexion"), axis=0) for s in SIDES]
    assert np.corrcoef(curves)[0, 1] > 0.97, "left and right walk alike"
    for curve in curves:
        assert 40 <= int(np.argmin(curve)) <= 65, "greatest extension half a cycle later"
    whole = analysis.angles.iloc[10:-10]  # sensors do not start and end with the same sample
    assert whole.notna().all(axis=None)


def check_quality(analysis: imuhip.Analysis) -> None:
    """Two of the accelerometers read 2 % too much, and the person is told."""
    json.dumps(analysis.quality, allow_nan=False)
    assert analysis.quality["grade"] in "BC"
    reasons = analysis.quality["reasons"]
    assert any("pelvis: reads 9.9" in reason for reason in reasons), reasons
    assert any(re.match(r"thigh_left: reads (9\.9|10\.0)", why) for why in reasons), reasons
    assert not any(reason.startswith("thigh_right: reads") for reason in reasons)
    assert not any("missing" in reason for reason in reasons)


def check_findings(analysis: imuhip.Analysis, shift_s: float) -> None:
    check_activity(analysis, shift_s)
    check_strides(analysis, shift_s)
    check_angles(analysis)
    check_quality(analysis)


def test_arrays_of_a_real_person(from_arrays):
    check_findings(from_arrays, FILE_START_S)


# -- the heading, which nobody knows here ------------------------------------------------------


def between(analysis: imuhip.Analysis, column: str, span: tuple[float, float]) -> np.ndarray:
    """Return an angle between two times of the file's clock."""
    start_s, end_s = (s - FILE_START_S for s in span)
    return analysis.angles.loc[start_s:end_s, column].to_numpy()


def test_headings_of_both_legs_keep_to_a_smooth_line(from_arrays):
    """Over the whole walk: blocks within 2.5°, and mean hip rotation does not run with it."""
    for side in SIDES:
        heading = from_arrays.quality["heading"][side]
        assert heading["blocks"] >= 19, "22 blocks of walking, two of them half turns"
        assert heading["scatter_deg"] <= 2.5
        own = from_arrays.strides[(from_arrays.strides["side"] == side)]
        mean_deg = own.loc[own["valid"], f"hip_rotation_{side}_mean_deg"]
        assert mean_deg.std() <= 2.0


def test_the_rotation_goes_with_the_legs_and_not_with_the_drift(from_arrays):
    """A second opinion without any hip centre: nobody turns a leg out for good while walking.

    Straight on, the mean hip rotation of five strides stays where it is, before and after the turn.
    """
    for side in SIDES:
        own = from_arrays.strides[(from_arrays.strides["side"] == side)]
        mean_deg = own.loc[own["valid"], f"hip_rotation_{side}_mean_deg"]
        running = mean_deg.rolling(5, center=True).mean().dropna()
        assert np.ptp(running) <= 5.0


def thirds() -> tuple[float, float]:
    third_s = (WALK_S[1] - WALK_S[0]) / 3.0
    return WALK_S[0] + third_s, WALK_S[1] - third_s


@pytest.fixture(scope="module")
def without_a_third(person) -> dict[str, imuhip.Analysis]:
    """Return analyses with the last third cut off, and the first left out by a marker."""
    first_s, last_s = thirds()
    rows = slice(0, round((last_s - FILE_START_S) * person.rate_hz))
    sensors = {
        segment: {"acc": series.acc[rows], "gyr": series.gyr[rows]}
        for segment, series in person.sensors.items()
    }
    cut = imuhip.Recording.from_arrays(rate_hz=person.rate_hz, sensors=sensors)
    marked = imuhip.Recording.from_arrays(
        rate_hz=person.rate_hz,
        sensors={s: {"acc": v.acc, "gyr": v.gyr} for s, v in person.sensors.items()},
        markers=[("gait", first_s - FILE_START_S, WALK_S[1] - FILE_START_S)],
    )
    return {"last": imuhip.analyze(cut), "first": imuhip.analyze(marked)}


@pytest.mark.parametrize("missing", ["last", "first"])
def test_a_third_of_the_walk_less_changes_little(from_arrays, without_a_third, missing):
    first_s, last_s = thirds()
    common = (WALK_S[0] + 1, last_s - 1) if missing == "last" else (first_s + 1, WALK_S[1] - 1)
    for side in SIDES:
        for angle, limit_deg in (("flexion", 1.0), ("adduction", 1.0), ("rotation", 1.5)):
            column = f"hip_{angle}_{side}_deg"
            change = between(without_a_third[missing], column, common) - between(
                from_arrays, column, common
            )
            assert np.sqrt(np.mean(change**2)) <= limit_deg, column


def test_a_recording_may_end_in_the_middle_of_a_step(person, from_arrays):
    """A force cut off at a foot strike once turned the last heading by a right angle."""
    for end_s in (110.0, 110.17, 110.34, 110.5, 110.67, 110.84):
        rows = slice(0, round((end_s - FILE_START_S) * person.rate_hz))
        cut = imuhip.analyze(
            imuhip.Recording.from_arrays(
                rate_hz=person.rate_hz,
                sensors={
                    s: {"acc": v.acc[rows], "gyr": v.gyr[rows]} for s, v in person.sensors.items()
                },
            )
        )
        for side in SIDES:
            column = f"hip_rotation_{side}_deg"
            change = between(cut, column, (end_s - 3, end_s - 0.2)) - between(
                from_arrays, column, (end_s - 3, end_s - 0.2)
            )
            sd = between(cut, f"hip_rotation_{side}_sd_deg", (end_s - 3, end_s - 0.2))
            assert np.abs(change).max() <= np.median(sd), "half a walk says less, but says so"


def test_wobble_is_told_as_a_loose_strap_and_kept_out_of_rotation(from_arrays):
    """The sensors swing at 8-10 Hz; hip rotation shows none of it, its uncertainty does."""
    for side in SIDES:
        sensor = from_arrays.quality["sensors"][f"thigh_{side}"]
        assert sensor["grade"] == "C"
        assert any("loose strap" in reason for reason in sensor["reasons"])
        assert sensor["strap_fast_share"] > 0.7
        assert sensor["strap_wobble_deg"] > 3.0
        walk = (WALK_S[0] + 2, WALK_S[1] - 2)
        shown = between(from_arrays, f"hip_rotation_{side}_deg", walk)
        smooth = zero_phase(low_pass(CUT_HZ, 100.0, order=4), shown)
        assert np.std((shown - smooth)[100:-100]) < 0.25 * sensor["strap_wobble_deg"]
        sd = between(from_arrays, f"hip_rotation_{side}_sd_deg", walk)
        assert np.median(sd) > sensor["strap_wobble_deg"] / 3.0
        assert np.median(sd) > 2.0
    assert not any("pelvis: loose" in reason for reason in from_arrays.quality["reasons"])


def test_live_says_the_same_of_the_real_person(person):
    analysis = imuhip.analyze(person, live=True)
    check_activity_live(analysis)
    for side in SIDES:
        own = analysis.strides[analysis.strides["side"] == side]
        assert own["start_s"].min() + FILE_START_S > WALK_S[0]
        assert own["stride_time_s"].median() == pytest.approx(1.0, abs=0.05)
        assert 35.0 <= own[f"hip_flexion_{side}_range_deg"].median() <= 65.0


def check_activity_live(analysis: imuhip.Analysis) -> None:
    """A window that ends now needs its 4 s before it knows."""
    gait = stretches(analysis, "gait", FILE_START_S)
    assert overlap_s(gait, WALK_S) > 0.8 * (WALK_S[1] - WALK_S[0])
    assert overlap_s(gait, (FILE_START_S, WALK_S[0])) == 0.0
    ((start_s, end_s),) = stretches(analysis, "n_pose", FILE_START_S)
    assert overlap_s([(start_s, end_s)], SEATED_S) == 0.0


# -- the same person over virtual Bluetooth -----------------------------------------------------


@pytest.fixture(scope="module")
def replayed(person_file, tmp_path_factory) -> tuple[Path, RecordingResult]:
    """Replay the file by virtual sensors, and record through GATT, Bleak, engine and writer."""
    source = load_motion(person_file, segments=tuple(SENSORS))
    path = tmp_path_factory.mktemp("real_person") / "walk.h5"

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(path, subject="QMT")
            kit.begin()
            await kit.finished()
            await asyncio.sleep(0.5)
            return await engine.stop_recording()

    with no_thread_left():
        return path, run_virtual(main)


@pytest.fixture(scope="module")
def recorded(replayed) -> imuhip.Recording:
    return imuhip.open(replayed[0])


def first_row(recorded: imuhip.Recording, person: imuhip.Recording, segment: str) -> int:
    """Return the row of the recording that holds the first sample of the source."""
    starts = [motion_rows(r.sensors[segment]).start for r in (recorded, person)]
    return starts[0] - starts[1]


def test_nothing_is_lost_on_the_way(replayed, recorded, person):
    """Every sample once, in order, within the resolution of 16 bits at ±16 g and ±2000 °/s."""
    _, result = replayed
    assert result.error is None
    assert recorded.state == "complete"
    for segment, source in person.sensors.items():
        counters = result.counters[segment]
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0), segment
        assert (counters.bad_packets, counters.overrun_packets, counters.reconnects) == (0, 0, 0)
        found, first = recorded.sensors[segment], first_row(recorded, person, segment)
        assert first >= 0
        rows = slice(first, first + len(source))
        assert found.valid[rows].sum() == len(source) == 10_000
        assert np.abs(found.acc[rows] - source.acc).max() <= 0.51 * ACC_STEP
        assert np.abs(found.gyr[rows] - source.gyr).max() <= 0.51 * GYR_STEP
        np.testing.assert_allclose(np.diff(found.time_s[rows]), 0.01, atol=1e-5)


def test_the_recording_tells_the_same_as_the_arrays(recorded, from_arrays, person, tmp_path):
    analysis = imuhip.analyze(recorded)
    first = first_row(recorded, person, "pelvis")
    shift_s = FILE_START_S - float(recorded.sensors["pelvis"].time_s[first])
    check_findings(analysis, shift_s)
    offset_s = shift_s - FILE_START_S
    for side in SIDES:
        pair = [
            table[(table["side"] == side) & table["valid"]]
            for table in (analysis.strides, from_arrays.strides)
        ]
        assert abs(len(pair[0]) - len(pair[1])) <= 1
        expected = pair[1]["start_s"].to_numpy()
        found = pair[0]["start_s"].to_numpy() + offset_s
        assert np.median(np.abs(found[:, None] - expected).min(axis=1)) < 0.02
        column = f"hip_flexion_{side}_range_deg"
        assert pair[0][column].mean() == pytest.approx(pair[1][column].mean(), abs=1.5)
    page = tmp_path / "report.html"
    write_report(recorded, analysis, page)
    text = page.read_text(encoding="utf-8")
    assert len(text) > 50_000
    assert "QMT" in text
    assert "at rest" in text, "what the grade complains about is on the page"
