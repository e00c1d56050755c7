"""The numbers of the report, its figures' arithmetic, and its colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.core.series import ImuSeries
from imuhip.recording.digest import samples_digest
from imuhip.report.figures import mean_and_sd
from imuhip.report.numbers import (
    Spread,
    angle_rows,
    degrees,
    essentials,
    measurement_sd_deg,
    stride_rows,
)
from imuhip.report.palette import ACTIVITIES, GRADES, INK, MUTED, PAPER, SIDE_STYLES
from imuhip.report.sensors import gaps_s, sensor_facts
from imuhip.report.timeline import envelope
from report_session import analysis, device, quality, recording


def test_the_three_essential_numbers() -> None:
    rotation, pelvis, flexion = essentials(analysis(sd_deg=1.5))
    assert [r.label for r in rotation.readings] == ["Left", "Right"]
    assert rotation.readings[0].value.mean == pytest.approx(20.0, abs=0.05)
    assert rotation.readings[0].value.n == 39  # of 40, one is irregular
    assert rotation.readings[0].measurement_sd_deg == pytest.approx(1.5)
    assert pelvis.readings[0].value.n == 78
    assert [r.label for r in flexion.readings] == [
        "Left flexion", "Left extension", "Right flexion", "Right extension",
    ]  # fmt: skip
    # extension is said as a positive number: the curve goes down to -10°
    assert flexion.readings[1].value.mean == pytest.approx(10.0, abs=0.05)
    assert not any(r.low_confidence for e in (rotation, pelvis, flexion) for r in e.readings)


def test_low_confidence_by_sigma_by_heading_and_by_absence() -> None:
    assert all(r.low_confidence for e in essentials(analysis(sd_deg=5.1)) for r in e.readings)
    record = quality()
    record["heading"]["left"] = {"grade": "D", "reasons": ["never measured"]}
    rotation, pelvis, flexion = essentials(analysis(quality_record=record))
    assert [r.low_confidence for r in rotation.readings] == [True, False]
    assert not any(r.low_confidence for r in (*pelvis.readings, *flexion.readings))
    rotation, _, _ = essentials(analysis(unknown=("hip_rotation_right",)))
    assert [r.low_confidence for r in rotation.readings] == [False, True]


def test_offset_of_hip_rotation_is_stated_only_with_the_best_calibration() -> None:
    record = quality()
    assert not any(row.offset_hidden for row in angle_rows(analysis(quality_record=record)))
    record["calibration"] = record["calibration"] | {"grade": "B"}
    hidden = [row.angle for row in angle_rows(analysis(quality_record=record)) if row.offset_hidden]
    assert hidden == ["hip_rotation_left", "hip_rotation_right"]


def test_stride_rows_account_for_every_stride() -> None:
    for row in stride_rows(analysis().summary):
        assert row.found == 40
        assert row.used + sum(count for _, count in row.excluded) == row.found
        assert dict(row.excluded) == {"irregular stride time": 1}
        assert row.stride_time.mean == pytest.approx(1.0)


def test_uncertainty_is_that_of_gait_alone() -> None:
    found = analysis(sd_deg=1.0)
    column = found.angles["hip_rotation_left_sd_deg"]
    outside = (column.index < 9.9) | (column.index > 50.1)
    found.angles.loc[outside, "hip_rotation_left_sd_deg"] = 80.0
    assert measurement_sd_deg(found, "hip_rotation_left") == pytest.approx(1.0)
    assert measurement_sd_deg(found, "no_such_angle") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(31.66, "31.7°"), (-4.0, "−4.0°"), (-0.04, "0.0°"), (None, "–"), (float("nan"), "–")],
)
def test_degrees_in_words(value: float | None, text: str) -> None:
    assert degrees(value) == text


def test_spread_in_words() -> None:
    assert Spread(31.66, 3.31, 42).text() == "31.7° ± 3.3°"
    assert Spread(-1.0, 0.25, 9).text("", 2) == "−1.00 ± 0.25"
    assert Spread(5.0, None, 1).text() == "5.0° (one stride)"
    assert Spread.of(None).text() == "–"
    assert (-Spread.of({"mean": None, "sd": None, "n": 0})).text() == "–"


def test_counters_of_the_device_are_preferred_to_counting_rows() -> None:
    made = recording(devices={"pelvis": device()}, gap=(1.0, 3.0))
    pelvis, left, right = sensor_facts(made, quality())
    assert (pelvis.received, pelvis.lost, pelvis.longest_gap_s) == (5940, 60, 0.6)
    assert pelvis.lost_percent == pytest.approx(1.0)
    assert (left.lost, left.longest_gap_s, left.reconnects) == (0, 0.0, None)
    assert right.lost == 200 and right.longest_gap_s == pytest.approx(2.01)


@given(
    st.lists(st.booleans(), min_size=2, max_size=60),
    st.integers(0, 3),
)
def test_gaps_hold_every_invalid_row_and_no_valid_one(valid: list[bool], skip: int) -> None:
    time_s = np.arange(len(valid)) * 0.01
    time_s[len(valid) // 2 :] += skip * 0.05
    n = len(valid)
    series = ImuSeries(time_s, np.zeros((n, 3)), np.zeros((n, 3)), valid=np.array(valid))
    gaps = gaps_s(series)
    for at, good in zip(time_s, valid, strict=True):
        inside = bool(np.any((gaps[:, 0] < at) & (at < gaps[:, 1])))
        assert not (good and inside)
        if not good:
            # a lone invalid row at an end lies on the edge of the recording, not within it
            on_edge = at in (time_s[0], time_s[-1])
            assert inside or on_edge


def test_no_gaps_without_loss_and_one_without_any_sample() -> None:
    time_s = np.arange(10) / 10.0
    zeros = np.zeros((10, 3))
    assert len(gaps_s(ImuSeries(time_s, zeros, zeros))) == 0
    nothing = gaps_s(ImuSeries(time_s, zeros, zeros, valid=np.zeros(10, dtype=bool)))
    assert nothing.tolist() == [[0.0, 0.9]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_envelope_holds_the_curve(seed: int, n_bins: int) -> None:
    rng = np.random.default_rng(seed)
    time_s = np.arange(400) / 100.0
    values = rng.normal(size=400)
    values[100:250] = np.nan
    at_s, low, high, mean = envelope(time_s, values, n_bins)
    known = np.isfinite(mean)
    assert np.all((low <= mean + 1e-12)[known] & (mean <= high + 1e-12)[known])
    assert np.nanmin(low) == np.nanmin(values) and np.nanmax(high) == np.nanmax(values)
    width = time_s[-1] / n_bins
    within = (at_s - width / 2 > 1.01) & (at_s + width / 2 < 2.49)
    assert np.isnan(mean[within]).all() and np.array_equal(np.isnan(low), ~known)


def test_envelope_of_nothing_is_nan_throughout() -> None:
    at_s, *rest = envelope(np.arange(10.0), np.full(10, np.nan), 5)
    assert len(at_s) == 5
    assert all(np.isnan(part).all() for part in rest)


def test_mean_and_sd_leave_broken_strides_out() -> None:
    curves = np.array([[1.0, 2.0], [3.0, 4.0], [np.nan, 5.0]])
    mean, sd, n = mean_and_sd(curves)  # type: ignore[misc]
    assert n == 2 and mean.tolist() == [2.0, 3.0]
    assert sd == pytest.approx(np.sqrt(2.0))
    assert mean_and_sd(curves[2:]) is None
    assert mean_and_sd(np.empty((0, 101))) is None


def test_digest_follows_the_samples() -> None:
    assert samples_digest(recording()) == samples_digest(recording())
    assert samples_digest(recording()) != samples_digest(recording(gap=(1.0, 1.01)))


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_can_be_seen_on_paper() -> None:
    assert contrast(INK, PAPER) >= 7.0 and contrast(MUTED, PAPER) >= 7.0
    for _, colour, _ in ACTIVITIES.values():
        assert contrast(colour, PAPER) >= 3.0
    for style in SIDE_STYLES.values():
        assert contrast(style.colour, PAPER) >= 3.0
    for grade in GRADES.values():
        assert contrast(grade.colour, PAPER) >= 4.5  # the letter in it is white


def test_no_colour_carries_a_meaning_alone() -> None:
    left, right = SIDE_STYLES["left"], SIDE_STYLES["right"]
    assert left.colour != right.colour and left.dash != right.dash and left.letter != right.letter
    assert len({grade.shape for grade in GRADES.values()}) == len(GRADES)
    assert len({grade.word for grade in GRADES.values()}) == len(GRADES)
    assert len({label for label, _, _ in ACTIVITIES.values()}) == len(ACTIVITIES)
