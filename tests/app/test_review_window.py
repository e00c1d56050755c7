"""Review and retest: a session is recorded in the window, read again, and held against others."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from played_source import PlayedSource
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import imuhip
from imuhip.app.models import wording
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.session_file import norm_text, read_session, stride_lines
from imuhip.app.models.session_model import SessionModel
from imuhip.app.models.table_rows import change_rows, review_rows
from imuhip.app.models.worker import InPlace
from imuhip.app.views.live_window import LiveWindow
from imuhip.assessment.change import find_changes, shipped_limits
from imuhip.assessment.measures import Measure
from imuhip.assessment.norms import norms_for, shipped_norms
from imuhip.core.series import Marker
from imuhip.simulation.performances import perform, perform_after_walk

THREE = ("pelvis", "thigh_left", "thigh_right")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Return a folder with a walk and a test, before and after; the walk is there once."""
    folder = tmp_path_factory.mktemp("sessions")
    before = perform("knee_to_chest", seed=33, sensors=THREE).recording
    after = perform_after_walk("knee_to_chest", seed=33, sensors=THREE, visit=1).recording
    pain = Marker("pain_left_4", after.markers[-1].end_s - 1.0, after.markers[-1].end_s - 1.0)
    for name, recording in (("before", before), ("after", after)):
        told = replace(recording, truth_motion=None, devices={}, subject="S01")
        if name == "after":
            told = replace(told, markers=(*told.markers, pain))
        told.save(folder / f"{name}.h5")
    (folder / "broken.h5").write_bytes(b"no such file")
    return folder


@pytest.fixture(scope="module")
def after(files):
    return read_session(files / "after.h5")


def test_the_table_holds_tests_gait_and_pain_with_what_was_left_out(after) -> None:
    rows = review_rows(after, "clinic")
    headings = [row.cells[0] for row in rows if row.kind == "heading"]
    assert headings[0].startswith("Knee to chest, left: 3 repetitions")
    assert headings[1:] == ["Walk or run", "Pain"]
    cells = {row.cells[0]: row for row in rows if row.kind == "row"}
    neutral = cells["Hip flexion pelvis neutral, left"]
    measure = after.assessment.trials[0].measure("hip_flexion_pelvis_neutral")
    assert neutral.cells[1] == f"{measure.value:.1f}° ± {measure.sd:.1f}°"
    assert neutral.cells[3] == "▼ below: normal from 120°" and neutral.hint
    measured = review_rows(after, "measured")
    assert [r.cells[:3] for r in measured] == [r.cells[:3] for r in rows] and measured != rows
    lines = stride_lines(after.analysis)
    used = after.analysis.strides["valid"].astype(bool)
    assert sum(int(line.split()[1]) for line in lines) == int(used.sum()) > 20
    assert any("excluded (" in line for line in lines) or used.all()
    assert "4 of 10, left" in rows[-1].cells[0] and "repetition" in rows[-1].cells[0]


@pytest.mark.parametrize(
    ("value", "sd", "word"),
    [(45.0, 1.0, "within"), (15.0, 1.0, "▼ limited"), (30.0, 1.0, "betw"), (39.0, 3.0, "undec")],
)
def test_standing_beside_a_norm_is_told_by_shape_and_word(value, sd, word) -> None:
    measure = Measure("hip_internal_rotation_true", "left", value, sd, "deg", 3)
    views = norms_for(
        shipped_norms(),
        measure,
        "hip_internal_rotation",
        profile="clinic",
        position="supine_90",
    )
    text = norm_text(views)
    assert word in text and not text[0].isalnum()


def test_verdicts_are_told_by_shape_and_word() -> None:
    limit = next(limit for limit in shipped_limits() if limit.unit == "deg")
    first = Measure(limit.measure, "left", 20.0, 1.0, "deg", 3, test=limit.test)
    unknown = Measure("no_such_measure", None, 20.0, float("nan"), "deg", 3)
    later = [replace(first, value=80.0), replace(unknown, value=20.04)]
    rows = change_rows(find_changes([first, unknown], later, shipped_limits(), "same"))
    assert rows[0].cells[3:] == ("+60.0°", rows[0].cells[4], "▲ changed")
    assert rows[1].cells[1:] == ("20.0° ± ?", "20.0° ± ?", "0.0°", "–", "? no limit known")
    assert len({text.split()[0] for text in wording.VERDICTS.values()}) == 4


def test_a_retest_compares_within_a_session_and_with_files(files, tmp_path) -> None:
    twice = perform("knee_to_chest", seed=33, sensors=THREE).recording
    pose, test = twice.markers
    middle_s = 0.5 * (test.start_s + test.end_s)
    halves = (replace(test, end_s=middle_s), replace(test, start_s=middle_s + 0.5))
    replace(twice, markers=(pose, *halves), truth_motion=None, devices={}).save(tmp_path / "t.h5")
    (tmp_path / "before.h5").write_bytes((files / "before.h5").read_bytes())
    (tmp_path / "broken.h5").write_bytes(b"no such file")
    source = PlayedSource(twice)
    session = SessionModel(LiveModel(source, out=tmp_path / "none.h5"), InPlace(), InPlace())
    session.review.session = read_session(tmp_path / "t.h5")
    session.go_to("retest")
    session.pull()
    retest = session.retest
    assert retest.choices[0].title.startswith("Knee to chest, left: ")
    assert {choice.title for choice in retest.choices[1:]} == {"before", "broken"}
    assert retest.strapping == "same" and retest.rows
    titles = [choice.title for choice in retest.choices]
    retest.choose(titles.index("before"))
    for _ in range(2):
        session.pull()
    assert retest.strapping == "again" and len(retest.rows) > 4
    verdicts = {row.cells[-1] for row in retest.rows}
    assert verdicts <= set(wording.VERDICTS.values())
    assert "same person" in retest.guidance.headline, "the codes of the two files differ"
    retest.turn_strapping()
    assert "left on" in retest.guidance.detail
    retest.choose(titles.index("broken"))
    for _ in range(2):
        session.pull()
    assert retest.guidance.kind == "alarm" and retest.guidance.detail and retest.rows == []
    session.close()


@pytest.mark.usefixtures("nothing_left")
def test_a_session_is_recorded_reviewed_reported_and_compared_by_keys(
    application, files, tmp_path
) -> None:
    done = perform_after_walk("knee_to_chest", seed=33, sensors=THREE, visit=1)
    markers = {m.name: m for m in done.recording.markers}
    poses = [m for m in done.recording.markers if m.name == "n_pose"]
    (tmp_path / "before.h5").write_bytes((files / "before.h5").read_bytes())
    source = PlayedSource(replace(done.recording, subject="S01"), writes=True)
    window = LiveWindow(LiveModel(source, simulated=True, out=tmp_path / "after.h5"))
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    session, do = window.session, window.session.do

    def to(until_s: float) -> None:
        while source.now_s < until_s:
            source.play_to(min(until_s, source.now_s + 0.25))
            window.tick()

    def press(key: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(window.focusWidget() or window, key, modifier)

    def until(condition) -> None:
        deadline_s = time.monotonic() + 60.0
        while not condition():
            assert time.monotonic() < deadline_s, "waited in vain"
            QTest.qWait(10)
            window.tick()
        window.show_words()

    press(Qt.Key.Key_F5)
    assert "Nothing was recorded" in session.guidance.headline
    press(Qt.Key.Key_F4)
    to(0.2)
    press(Qt.Key.Key_Space)
    to(markers["gait"].start_s)
    press(Qt.Key.Key_Space)
    to(markers["gait"].end_s)
    press(Qt.Key.Key_Space)
    press(Qt.Key.Key_Space)
    window.do_page.tests.setCurrentRow(
        [test and test.name for test in do.tests].index("knee_to_chest")
    )
    to(poses[-1].start_s)
    press(Qt.Key.Key_Space)
    press(Qt.Key.Key_C)
    to(markers["knee_to_chest_left"].start_s)
    press(Qt.Key.Key_Space)
    to(markers["knee_to_chest_left"].end_s)
    press(Qt.Key.Key_Space)
    until(lambda: not do.is_measuring)
    on_screen = do.result
    press(Qt.Key.Key_F5)
    assert "running" in session.guidance.headline
    press(Qt.Key.Key_Space)
    until(lambda: session.review.session is not None)
    (trial,) = session.review.session.assessment.trials
    for measure in trial.measures:
        assert on_screen.measure(measure.name).value == pytest.approx(measure.value, abs=0.3)
    table = window.review_page.table
    assert table.hasFocus() and table.rowCount() == len(session.review.rows) > 20
    shown = table.item(1, 3).text()
    press(Qt.Key.Key_N)
    window.show_words()
    assert table.item(1, 3).text() != shown
    press(Qt.Key.Key_F6)
    until(lambda: session.retest.rows and not session.retest.is_busy)
    assert window.retest_page.earlier.hasFocus()
    verdicts = [row.cells[-1] for row in session.retest.rows]
    assert verdicts.count("= no detectable change") > len(verdicts) / 2
    assert session.guidance.kind == "well" and "anew" in session.guidance.detail
    press(Qt.Key.Key_F5)
    press(Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    until(lambda: not session.review.is_busy)
    assert session.review.report == tmp_path / "after.html"
    assert session.review.report.stat().st_size > 50_000
    assert window.review_page.open.isVisible()
    sizes = []
    for size in ((1280, 800), (1024, 700)):
        window.resize(*size)
        for step in ("review", "retest"):
            window.go_to(step)
            QApplication.processEvents()
            sizes.append(window.size().toTuple() == size)
    assert all(sizes)
    window.close()
    assert imuhip.open(tmp_path / "after.h5").subject == "S01"
