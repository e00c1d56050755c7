"""What is kept for drawing, and the words around it. No Qt in here."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.status import SensorStatus
from imuhip.acquisition.supervisor import LinkState
from imuhip.analysis.live_angles import LiveAngles
from imuhip.app.models import palette, wording
from imuhip.app.models.angle_history import AngleHistory
from imuhip.app.models.display_ring import DisplayRing
from imuhip.app.models.panels import PANELS, axis_range
from imuhip.app.models.recording_control import FilePlan
from imuhip.app.models.sample_feed import RingReader
from imuhip.app.models.sensor_cards import card_of, cards_of
from imuhip.core.segments import ANGLES, SEGMENTS
from imuhip.core.sensor import SensorCounters
from imuhip.errors import DiskError
from imuhip.recording.plan import SampleRows


def test_models_load_no_qt() -> None:
    code = (
        "import sys, imuhip.app.window, imuhip.app.models.live_model;"
        "bad = [m for m in sys.modules if m.startswith(('PySide6', 'pyqtgraph'))];"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# -- rings -----------------------------------------------------------------------------------------


@given(
    capacity=st.integers(1, 12),
    blocks=st.lists(st.integers(0, 30), max_size=12),
    start=st.floats(-1, 120),
)
def test_the_display_ring_is_the_end_of_everything_written(capacity, blocks, start) -> None:
    ring = DisplayRing(2, capacity)
    time_s = np.arange(sum(blocks), dtype=float)
    values = np.stack([time_s * 10, -time_s], axis=1)
    at = 0
    for n in blocks:
        ring.append(time_s[at : at + n], values[at : at + n])
        at += n
    first_row, kept_s, kept = ring.since(start)
    expected = np.flatnonzero((time_s >= start) & (np.arange(at) >= at - capacity))
    np.testing.assert_array_equal(kept_s, time_s[expected])
    np.testing.assert_array_equal(kept, values[expected])
    assert first_row == (expected[0] if len(expected) else at)
    assert kept.base is not None, "a window must be a view, not a copy"


def test_the_display_ring_refuses_rows_of_another_width() -> None:
    with pytest.raises(ValueError, match=r"Expected values of shape \(3, 2\), got \(3, 4\)"):
        DisplayRing(2, 10).append(np.arange(3.0), np.zeros((3, 4)))


def rows(time_s: np.ndarray) -> SampleRows:
    n = len(time_s)
    ones = np.ones(n, dtype=np.int64)
    vectors = np.repeat(time_s[:, None], 3, axis=1)
    return SampleRows(ones, ones, time_s, time_s, time_s, vectors, vectors, None, ones)


def test_late_samples_are_passed_over_and_overwritten_ones_counted() -> None:
    ring = SampleRing(10)
    ring.append(rows(np.array([0.0])))
    reader = RingReader(ring)
    assert reader.new_samples() is None
    ring.append(rows(np.array([1.0, 2.0, 1.5, 3.0])))
    np.testing.assert_array_equal(reader.new_samples().time_s, [1.0, 2.0, 3.0])
    ring.append(rows(np.array([2.5])))
    assert reader.new_samples() is None
    ring.append(rows(np.arange(4.0, 19.0)))
    series = reader.new_samples()
    np.testing.assert_array_equal(series.acc[:, 0], np.arange(9.0, 19.0))
    assert reader.n_missed == 5


# -- angles ----------------------------------------------------------------------------------------


def block(time_s: np.ndarray, value_deg: float, sd_deg: float = 2.0) -> LiveAngles:
    ones = np.ones(len(time_s))
    names = [name for name in ANGLES if not name.endswith("_left")]
    return LiveAngles(
        time_s,
        {name: np.radians(value_deg) * ones for name in names},
        {name: np.radians(sd_deg) * ones for name in names},
        {},
        ones,
    )


def test_readings_are_the_newest_value_in_degrees_and_the_span() -> None:
    history = AngleHistory(100.0, 10.0)
    history.append(block(np.arange(0.0, 20.0, 0.01), 50.0))
    history.append(block(np.arange(20.0, 25.0, 0.01), -10.0, 3.0))
    reading = history.reading("hip_rotation_right")
    assert reading.value_deg == pytest.approx(-10.0)
    assert reading.sd_deg == pytest.approx(3.0)
    assert (reading.lowest_deg, reading.highest_deg) == pytest.approx((-10.0, 50.0))
    history.append(block(np.arange(25.0, 31.0, 0.01), -10.0, 3.0))
    assert history.reading("hip_rotation_right").highest_deg == pytest.approx(-10.0)
    curve = history.curve("hip_rotation_right")
    assert -10.0 <= curve.age_s[0] <= -9.98 and curve.age_s[-1] == 0.0


def test_what_is_not_worn_or_old_is_unknown() -> None:
    history = AngleHistory(100.0, 10.0)
    history.append(block(np.arange(0.0, 5.0, 0.01), 50.0))
    assert history.reading("hip_rotation_right").is_known
    assert not history.reading("hip_rotation_left").is_known
    history.move_to(5.6)
    assert not history.reading("hip_rotation_right").is_known


def test_axes_hold_every_curve_and_never_less_than_the_usual_range() -> None:
    history = AngleHistory(100.0, 10.0)
    rotation, flexion = PANELS[:2]
    assert axis_range(rotation, history) == rotation.least_deg
    history.append(block(np.arange(0.0, 1.0, 0.01), 57.0))
    assert axis_range(rotation, history) == (-20.0, 60.0)
    assert axis_range(flexion, history) == (-20.0, 60.0)


def test_every_angle_is_in_one_panel() -> None:
    assert sorted(a for plan in PANELS for a in plan.angles) == sorted(ANGLES)


# -- words -----------------------------------------------------------------------------------------

HEALTHY = SensorStatus(
    segment="thigh_left",
    address="C4:5C:4E:00:2C:3D",
    name="imuhip-2C3D",
    serial="S",
    model="imuhip",
    battery_percent=87,
    rssi_dbm=-50,
    state=LinkState.STREAMING,
    nominal_rate_hz=100.0,
    measured_rate_hz=100.2,
    counters=SensorCounters(received=9990, lost=10),
    last_packet_age_s=0.02,
)


def test_a_healthy_card_has_figures_with_units_and_nothing_to_do() -> None:
    card = card_of(HEALTHY)
    assert (card.title, card.grade, card.state) == ("Left thigh", "good", "streaming")
    assert (card.battery, card.rate, card.loss, card.age) == ("87 %", "100 Hz", "0.10 %", "20 ms")
    assert card.next_step == ""
    assert "Left thigh: streaming" in card.spoken


@pytest.mark.parametrize("state", list(LinkState))
def test_every_state_has_words_and_every_bad_one_a_next_step(state: LinkState) -> None:
    card = card_of(replace(HEALTHY, state=state, last_packet_age_s=3.2))
    assert card.state
    if state is not LinkState.STREAMING:
        assert card.grade == "bad" and card.next_step and "3 s" in card.state
        assert card.rate == "0 Hz"


@pytest.mark.parametrize(
    ("change", "grade", "words"),
    [
        ({"counters": SensorCounters(received=980, lost=20)}, "warn", "20 samples lost"),
        ({"counters": SensorCounters(received=90, lost=10)}, "bad", "10 samples lost"),
        ({"battery_percent": 9}, "warn", "Charge it"),
        ({"measured_rate_hz": 80.0}, "warn", "100 Hz"),
        ({"counters": SensorCounters(received=99, overrun_packets=1)}, "bad", "too slow"),
    ],
)
def test_faults_are_told_with_what_to_do(change, grade, words) -> None:
    card = card_of(replace(HEALTHY, **change))
    assert card.grade == grade and words in card.next_step


def test_an_expected_segment_without_sensor_gets_a_red_card() -> None:
    cards = cards_of({"thigh_left": HEALTHY}, ["pelvis", "thigh_left"])
    assert [(c.segment, c.grade) for c in cards] == [("thigh_left", "good"), ("pelvis", "bad")]
    assert cards[1].next_step


def test_symbols_differ_in_shape_and_all_segments_have_names() -> None:
    assert len(set(wording.GRADE_SYMBOLS.values())) == 3
    assert set(wording.SEGMENT_NAMES) == set(SEGMENTS)
    assert set(wording.STATE_WORDS) >= {state.value for state in LinkState}


def test_numbers_have_true_minus_signs() -> None:
    assert [wording.degrees(v) for v in (-0.4, -12.6, 7.5)] == ["0°", "−13°", "8°"]
    assert wording.duration(3725.0) == "1:02:05" and wording.duration(65.9) == "1:05"
    assert [wording.age(v) for v in (0.02, 4.2, 75.0)] == ["20 ms", "4 s", "1:15 min"]


@pytest.mark.parametrize("theme", [palette.LIGHT, palette.DARK], ids=lambda t: t.name)
def test_colours_are_legible_and_never_alone(theme: palette.Theme) -> None:
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    for colour in (theme.ink, theme.muted, theme.good, theme.warn, theme.bad):
        assert palette.contrast(colour, theme.panel) >= 4.5, colour
    assert palette.contrast(theme.bad, theme.bad_paper) >= 4.5
    assert palette.contrast(theme.muted, theme.bad_paper) >= 4.5
    assert palette.contrast(theme.on_accent, theme.accent) >= 4.5
    for colour in theme.curves.values():
        assert palette.contrast(colour, theme.panel) >= 3.0, colour
    for plan in PANELS:
        for one, other in combinations(plan.styles, 2):
            assert theme.curves[one] != theme.curves[other]
            assert palette.PATTERNS[one] != palette.PATTERNS[other]


def test_sides_have_the_colours_of_the_report() -> None:
    from imuhip.report.palette import SIDE_STYLES

    for side, style in SIDE_STYLES.items():
        assert palette.LIGHT.curves[side] == style.colour.lower()


# -- files -----------------------------------------------------------------------------------------


def test_files_are_never_chosen_twice(tmp_path: Path) -> None:
    plan = FilePlan(tmp_path / "new" / "walk.h5")
    names = []
    for _ in range(3):
        path = plan.next_path()
        path.touch()
        names.append(path.name)
    assert names == ["walk.h5", "walk_2.h5", "walk_3.h5"]
    dated = FilePlan(None, tmp_path, lambda: datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC))
    assert dated.next_path().name == "session-2026-03-04_05-06-07.h5"


def test_a_folder_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="cannot be made") as caught:
        FilePlan(tmp_path / "file" / "walk.h5").next_path()
    assert "--out" in caught.value.hint
