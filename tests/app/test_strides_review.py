"""Strides under review: the brush, the cycles under it, leaving out and using again, by keys."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from played_source import PlayedSource
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

import imuhip
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.own_band import band_of
from imuhip.app.models.stride_review import MEASURES, StrideReview
from imuhip.app.views.live_window import LiveWindow
from imuhip.core.annotation import EXCLUDED, Annotation, exclusions_of, tags_of

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.7, seed=6)


@pytest.fixture(scope="module")
def analysis(walk) -> imuhip.Analysis:
    note = Annotation(EXCLUDED, "a door", "left", 50.0, 54.0)
    return imuhip.analyze(replace(walk, annotations=(note,)))


def test_points_and_bands_are_those_of_the_table(analysis) -> None:
    strides, table = StrideReview(analysis), analysis.strides
    for measure in MEASURES:
        assert strides.measure is measure
        for side in ("left", "right"):
            own = table[table["side"] == side]
            points = strides.points(side)
            column = measure.column.replace("SIDE", side)
            assert np.array_equal(points.value, own[column].to_numpy(), equal_nan=True)
            assert np.array_equal(points.used, own["valid"].to_numpy(dtype=bool))
            band = strides.band(side)
            expected = band_of(analysis.cycles(side, measure.angle))
            assert band.n == expected.n and np.allclose(band.mean_deg, expected.mean_deg)
        assert measure.title
        strides.turn_measure()
    assert strides.measure is MEASURES[0] and len(strides.listed) == len(table)


def test_the_brush_stays_in_the_session_and_chooses(analysis) -> None:
    strides = StrideReview(analysis)
    low, high = strides.span_s
    strides.widen_brush(0.25)
    start_s, end_s = strides.brush_s
    assert end_s - start_s == pytest.approx(0.25 * (high - low))
    middle_s = 0.5 * (analysis.strides["start_s"] + analysis.strides["end_s"]).to_numpy()
    assert strides.listed == list(np.flatnonzero((middle_s >= start_s) & (middle_s <= end_s)))
    for _ in range(50):
        strides.move_brush(1)
    assert strides.brush_s[1] == pytest.approx(high)
    for _ in range(50):
        strides.widen_brush(0.5)
    for _ in range(400):
        strides.move_brush(-1)
    assert strides.brush_s == pytest.approx((low, low + 2.0))
    strides.widen_brush(1000.0)
    assert strides.brush_s == pytest.approx((low, high))
    n_before = strides.n_changes
    strides.set_brush(*strides.brush_s)
    assert strides.n_changes == n_before


def test_a_stride_is_told_with_what_keeps_it_out(analysis) -> None:
    strides = StrideReview(analysis)
    by_hand = [k for k in range(len(strides)) if strides.is_by_hand(k)]
    assert 2 <= len(by_hand) <= 4
    line = strides.line(by_hand[0])
    assert (
        line.startswith(("✖ 0:49", "✖ 0:5")) and "left" in line and line.endswith("by hand: a door")
    )
    used = next(k for k in range(len(strides)) if strides.is_used(k))
    assert strides.line(used).startswith("● ") and "°" in strides.line(used)
    chosen = strides.chosen(used)
    assert len(chosen.percent) == 101 and np.isfinite(chosen.value_deg).all()
    at_s, value = strides.point(used)
    row = analysis.strides.iloc[used]
    assert row["start_s"] < at_s < row["end_s"]
    assert value == row[f"hip_rotation_{row['side']}_range_deg"]


def ramp(minutes: int, slope: float) -> StrideReview:
    """Return strides of several minutes whose drop grows, and whose time does not."""
    start_s = np.arange(0.0, 60.0 * minutes, 1.1)
    rng = np.random.default_rng(5)
    strides = pd.DataFrame(
        {
            "side": np.where(np.arange(len(start_s)) % 2, "right", "left"),
            "start_s": start_s,
            "end_s": start_s + 1.1,
            "stride_time_s": 1.1 + 0.01 * rng.standard_normal(len(start_s)),
            "pelvis_drop_deg": 4.0
            + slope * start_s / 60.0
            + 0.2 * rng.standard_normal(len(start_s)),
            "valid": True,
            "exclusion": "",
        }
    )
    quality = {"slips": [], "wearings": []}
    review = StrideReview(imuhip.Analysis(pd.DataFrame(), {}, strides, {}, quality))
    while review.measure.name != "pelvis_drop":
        review.turn_measure()
    return review


def test_what_goes_on_over_the_minutes_is_told_with_its_interval() -> None:
    review = ramp(8, 0.5)
    told = re.findall(
        r"(left|right) \+(\S+)° a minute \(\+(\S+)° to \+(\S+)°\)", review.trend_words
    )
    assert [side for side, *_ in told] == ["left", "right"]
    for _, slope, low, high in told:
        assert float(low) < 0.5 < float(high) and float(slope) == pytest.approx(0.5, abs=0.05)
    at_s, mean = review.minutes("left")
    assert list(at_s) == [60.0 * k + 30.0 for k in range(8)]
    assert mean == pytest.approx(4.0 + 0.5 * at_s / 60.0, abs=0.15)
    assert ramp(8, 0.0).trend_words.count("no change told") == 2
    assert "takes 5 minutes" in ramp(4, 0.5).trend_words
    review._analysis.quality["slips"].append({"segment": "pelvis", "corrected": False})
    assert "slipped" in review.trend_words
    while review.measure.name != "stride_time":
        review.turn_measure()
    assert "no change told" in review.trend_words, "times know nothing of straps"


@pytest.fixture
def window(application, walk, tmp_path: Path):
    plain = replace(walk, subject=None, truth_motion=None, devices={})
    source = PlayedSource(plain, writes=True)
    window = LiveWindow(LiveModel(source, simulated=True, out=tmp_path / "walk.h5"))
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    source.play_to(0.1)
    window.tick()
    window.toggle_recording()
    window.tick()
    source.now_s = 75.0
    window.toggle_recording()
    window.tick()
    window.go_to("review")
    settled(window)
    yield window
    window.close()


def settled(window: LiveWindow) -> None:
    deadline_s = time.monotonic() + 60.0
    window.tick()
    while window.session.review.is_busy:
        assert time.monotonic() < deadline_s, "waited in vain"
        QTest.qWait(10)
        window.tick()
    window.show_words()


def press(window: LiveWindow, *keys: Qt.Key, shift: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key, modifier)
    window.show_words()


def raw(path: Path) -> bytes:
    with h5py.File(path) as file:
        return b"".join(file[f"sensors/{s}/samples/gyr"][()].tobytes() for s in file["sensors"])


def test_strides_are_left_out_and_used_again_by_keys_alone(window, tmp_path) -> None:
    review, page = window.session.review, window.review_page
    path = tmp_path / "walk.h5"
    data, rows_before = raw(path), review.rows
    used = int(review.session.analysis.strides["valid"].sum())
    assert page.table.isVisible() and not page.strides.isVisible()
    press(window, Qt.Key.Key_V)
    assert page.strides.isVisible() and page.strides.strides.hasFocus()
    assert f"{used} of" in page.strides.counts.text()
    assert "Hip rotation, range (°)" in page.strides._above.accessibleName()
    assert "Over the minutes" in page.strides._below.accessibleName()
    press(window, Qt.Key.Key_X)
    assert not page.strides.reason.isVisible() and "Choose strides" in review.said
    press(window, *[Qt.Key.Key_Minus] * 3, Qt.Key.Key_Period)
    listed = review.strides.listed
    assert 3 < len(listed) < len(review.strides)
    assert page.strides.strides.count() == len(listed)
    # the first two in the list that are used
    press(window, Qt.Key.Key_Down)
    while not review.strides.is_used(page.strides._chosen[0]):
        press(window, Qt.Key.Key_Down)
    press(window, Qt.Key.Key_Down, shift=True)
    chosen = list(page.strides._chosen)
    assert len(chosen) == 2
    panel = page.strides.cycles["hip_rotation"]
    assert panel.isVisible() and panel._present["left"]._item.path().elementCount() == 101
    press(window, Qt.Key.Key_X)
    assert page.strides.reason.isVisible()
    press(window, Qt.Key.Key_Escape)
    assert not page.strides.reason.isVisible() and page.strides.strides.hasFocus()
    press(window, Qt.Key.Key_X)
    QTest.keyClicks(window.focusWidget(), "talked 10 to L and R")
    assert window.session.do.said == "", "keys typed here mean nothing else"
    press(window, Qt.Key.Key_Return)
    assert review.is_busy and window.header.headline.text().startswith("Noting it")
    settled(window)
    notes = exclusions_of(imuhip.open(path).annotations)
    n_out = sum(1 for k in chosen if not review.strides.is_used(k))
    assert n_out == 2 and {note.text for note in notes} == {"talked 10 to L and R"}
    assert raw(path) == data
    assert int(review.session.analysis.strides["valid"].sum()) == used - 2
    assert "2 strides left out" in window.header.detail.text()
    assert review.rows != rows_before
    assert any("by hand: talked" in cell for row in review.rows for cell in row.cells)
    assert page.strides._chosen == chosen, "the same strides are still chosen"
    press(window, Qt.Key.Key_U)
    settled(window)
    assert exclusions_of(imuhip.open(path).annotations) == ()
    assert len(imuhip.open(path).annotations) == 2 and review.rows == rows_before
    press(window, Qt.Key.Key_U)
    assert not review.is_busy and "by hand can be used again" in review.said
    press(window, Qt.Key.Key_G, Qt.Key.Key_W)
    assert page.strides.cycles["hip_flexion"].isVisible()
    assert review.strides.brush_s == review.strides.span_s
    press(window, Qt.Key.Key_V)
    assert page.table.isVisible() and not page.strides.isVisible()


def test_the_brush_is_dragged_and_everything_fits(window, application) -> None:
    press(window, Qt.Key.Key_V)
    page, strides = window.review_page.strides, window.session.review.strides
    press(window, *[Qt.Key.Key_Minus] * 2)
    plot = page.overview.plot
    box = plot.getPlotItem().getViewBox()
    start_s, end_s = strides.brush_s
    y = box.viewRect().center().y()
    at, to = (
        plot.mapFromScene(box.mapViewToScene(QPointF(x, y)))
        for x in (0.5 * (start_s + end_s), 0.5 * (start_s + end_s) + 6.0)
    )
    QTest.mousePress(plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
    for step in range(1, 6):
        QTest.mouseMove(plot.viewport(), at + (to - at) * step / 5)
        QTest.qWait(15)  # pyqtgraph looks at a hundred moves a second
    QTest.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=to)
    assert strides.brush_s[0] == pytest.approx(start_s + 6.0, abs=0.6)
    assert strides.brush_s[1] - strides.brush_s[0] == pytest.approx(end_s - start_s, abs=0.01)
    window.show_words()
    shown = page.detail.plot.getPlotItem().getViewBox().viewRange()[0]
    assert shown == pytest.approx(strides.brush_s)
    k = strides.listed[1]
    detail = page.detail.plot
    point = QPointF(*strides.point(k))
    spot = detail.mapFromScene(detail.getPlotItem().getViewBox().mapViewToScene(point))
    QTest.mouseClick(detail.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert page._chosen == [k] and page.strides.hasFocus()
    for size in ((1280, 800), (1024, 700)):
        window.resize(*size)
        window.show_words()
        application.processEvents()
        assert window.size().toTuple() == size
        assert page.detail.plot.height() > 60 and page.strides.height() > 60
    for button in (page.exclude, page.include, page.measure, page.whole):
        assert button.width() >= button.sizeHint().width()


def test_a_file_that_is_gone_is_told_and_nothing_is_lost(window, tmp_path) -> None:
    press(window, Qt.Key.Key_V, Qt.Key.Key_Down)
    page, review = window.review_page.strides, window.session.review
    while not review.strides.is_used(page._chosen[0]):
        press(window, Qt.Key.Key_Down)
    (tmp_path / "walk.h5").rename(tmp_path / "elsewhere.h5")
    press(window, Qt.Key.Key_X)
    QTest.keyClicks(window.focusWidget(), "stumbled")
    press(window, Qt.Key.Key_Return)
    settled(window)
    assert window.header.property("kind") == "alarm"
    assert "no such file" in window.header.headline.text()
    assert imuhip.open(tmp_path / "elsewhere.h5").annotations == ()
    assert all(review.strides.is_used(k) for k in page._chosen), "nothing was noted"
    assert review.strides is not None and page.strides.count() > 0


def test_more_is_left_out_while_the_rest_is_measured_again(window, tmp_path) -> None:
    review = window.session.review
    whole = review.strides
    used = [k for k in range(len(whole)) if whole.is_used(k)]
    review.exclude(used[3:5], "stumbled")
    assert not whole.is_used(used[3]) and whole.is_by_hand(used[4]), "they count no more at once"
    while review._reading is None:
        window.tick()
        QTest.qWait(1)
    review.exclude([used[8]], "a door")
    review.include([used[3]])
    assert review.is_busy
    settled(window)
    notes = exclusions_of(imuhip.open(tmp_path / "walk.h5").annotations)
    assert sorted(note.text for note in notes) == ["a door", "stumbled"]
    assert review.strides is not whole
    out = [k for k in used if not review.strides.is_used(k)]
    assert out == [used[4], used[8]]
    assert int(review.session.analysis.strides["valid"].sum()) == len(used) - 2


def test_a_window_closed_at_once_has_noted_it_all_the_same(window, tmp_path) -> None:
    strides = window.session.review.strides
    used = [k for k in range(len(strides)) if strides.is_used(k)]
    for k in used[:3]:
        window.session.review.exclude([k], "talked")
    window.close()
    assert len(exclusions_of(imuhip.open(tmp_path / "walk.h5").annotations)) == 3


def test_a_session_gets_tags_by_keys_and_gives_them_back(window, tmp_path) -> None:
    review, page = window.session.review, window.review_page
    assert page.tags.text() == "Tags: none"
    for words in ("before the drill", "10 km", "10 km"):
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
        assert page.tag.isVisible() and page.tag.hasFocus()
        QTest.keyClicks(window.focusWidget(), words)
        press(window, Qt.Key.Key_Return)
        assert not page.tag.isVisible() and page.table.hasFocus()
    settled(window)
    assert page.tags.text() == "Tags: before the drill"
    assert tags_of(imuhip.open(tmp_path / "walk.h5").annotations) == ("before the drill",)
    assert window.session.do.said == "" and review.said == ""
    QTest.keyClick(window.focusWidget(), Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    press(window, Qt.Key.Key_Escape)
    assert not page.tag.isVisible() and review.tags == ("before the drill",)
