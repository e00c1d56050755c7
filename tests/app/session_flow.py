"""A whole session in the window, by keys alone: from the person to the report.

``python tests/app/session_flow.py FOLDER`` goes through it on whatever display Qt is given, and
writes a picture of every step to FOLDER.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from played_source import PlayedSource

import imuhip
from imuhip.core.series import ImuSeries, Marker
from imuhip.recording.session import Recording
from imuhip.simulation.performances import perform

WORN = ("pelvis", "thigh_left", "thigh_right", "shank_left")
RATE_HZ = 100.0
WALKED_S = 62.0


@dataclass(frozen=True)
class Visit:
    """What the sensors of one person measure during a session.

    Parameters
    ----------
    recording : Recording
    parts : list of (str, list of Marker)
        Tests in their order, and the markers of each on the recording's clock.
    """

    recording: Recording
    parts: list[tuple[str, list[Marker]]]


def visit(seed: int = 33) -> Visit:
    """Let a person stand, walk, do knee to chest, a rotation, a drill, and knee to chest again."""
    worn = {"seed": seed, "mounting": "nominal", "rate_hz": RATE_HZ}
    walk = imuhip.simulate(
        "walk", WALKED_S / 60.0, segments=WORN, calibration=False, turns=False, **worn
    )
    tests = (
        ("knee_to_chest", {}),
        ("hip_rotation_supine", {"direction": "internal"}),
        ("hinge", {}),
        ("knee_to_chest", {"visit": 1}),
    )
    whole, parts = [walk], []
    later_s = _after(walk)
    for name, options in tests:
        done = perform(name, sensors=WORN, **worn, **options).recording
        markers = [
            replace(m, start_s=m.start_s + later_s, end_s=m.end_s + later_s) for m in done.markers
        ]
        parts.append((name, markers))
        whole.append(done)
        later_s += _after(done)
    sensors = {segment: _chained([one.sensors[segment] for one in whole]) for segment in WORN}
    recording = replace(walk, sensors=sensors, markers=(), truth_motion=None, devices={})
    return Visit(recording, parts)


def _after(recording: Recording) -> float:
    return len(recording.sensors["pelvis"]) / RATE_HZ


def _chained(parts: list[ImuSeries]) -> ImuSeries:
    acc, gyr = (np.concatenate([getattr(part, name) for part in parts]) for name in ("acc", "gyr"))
    return ImuSeries(np.arange(len(acc)) / RATE_HZ, acc, gyr)


def go_through(
    folder: Path,
    picture: Callable[[str, object], None] = lambda _name, _window: None,
    frame_s: float = 0.2,
) -> Path:
    """Go through a session as somebody with a keyboard would; return the report.

    Parameters
    ----------
    folder : Path
        Of the recording, which must not exist.
    picture : callable
        Told the name of each step and the window, when there is something to see.
    frame_s : float, s
        Played between two looks.
    """
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from imuhip.app.models.live_model import LiveModel
    from imuhip.app.models.session_model import SessionParts
    from imuhip.app.views.live_window import LiveWindow, make_application

    application = make_application()
    done = visit()
    source = PlayedSource(done.recording, writes=True)
    model = LiveModel(source, simulated=True, out=folder / "session.h5")
    parts = SessionParts(mounting_file=folder / "mounting.json")
    window = LiveWindow(model, parts=parts, step="person")
    session, do, keys = window.session, window.session.do, Qt.Key
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window, 30_000)

    def to(until_s: float) -> None:
        while source.now_s < until_s:
            source.play_to(min(until_s, source.now_s + frame_s))
            window.tick()

    def press(*pressed: Qt.Key, control: bool = False) -> None:
        modifier = Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier(0)
        for key in pressed:
            QTest.keyClick(window.focusWidget() or window, key, modifier)
        window.show_words()

    def until(condition: Callable[[], bool], what: str) -> None:
        deadline_s = time.monotonic() + 120.0
        while not condition():
            assert time.monotonic() < deadline_s, f"waited in vain: {what}"
            QTest.qWait(5)
            window.tick()
        window.show_words()

    def look(name: str) -> None:
        for _ in range(3):  # texts settle the layout, the layout the texts
            window.tick()
            window.show_words()
            application.processEvents()
        picture(name, window)

    to(0.2)
    look("person")
    press(keys.Key_Space)
    assert session.step == "sensors", session.step
    to(0.6)
    look("sensors")
    press(keys.Key_Space)
    assert session.step == "calibrate", session.step
    look("calibrate")
    press(keys.Key_Space)
    to(20.0)
    look("calibrate_walk")
    until(lambda: not session.calibrate.is_busy, "the check of the straps")
    to(41.0)
    until(lambda: not session.calibrate.is_busy, "the grade")
    look("calibrate_done")
    assert session.calibrate.phase == "done", session.calibrate.phase
    press(keys.Key_Space)
    assert session.step == "do", session.step
    press(keys.Key_Space)  # the first of the list is a walk
    press(keys.Key_Space)
    assert do.phase == "doing", do.phase
    to(52.0)
    look("walk")
    to(WALKED_S - 1.0)
    press(keys.Key_Space, keys.Key_Space)
    for nth, (name, (pose, *trials)) in enumerate(done.parts):
        _choose(window, press, name)
        trial = trials[0]
        to(pose.start_s + 0.1)
        press(keys.Key_Space)
        if do.phase == "going":
            press(keys.Key_C)
        to(trial.start_s)
        assert do.phase == "going", (name, do.phase)
        press(keys.Key_Space)
        to(trial.end_s)
        press(keys.Key_4)
        look(f"test_{nth}_{name}")
        press(keys.Key_Space)
        until(lambda: not do.is_measuring, name)
        press(keys.Key_Space)
    press(keys.Key_F5)
    press(keys.Key_Space)
    until(lambda: session.review.session is not None or bool(session.review.error[0]), "review")
    look("review")
    press(keys.Key_F6)
    until(lambda: bool(session.retest.rows), "retest")
    look("retest")
    press(keys.Key_P, control=True)
    assert session.step == "review", session.step
    until(lambda: not session.review.is_busy, "report")
    look("report")
    assert session.review.report is not None, session.review.error
    report = session.review.report
    window.close()
    window.deleteLater()
    return report


def _choose(window, press, name: str) -> None:
    """Walk through the list with arrow keys."""
    from PySide6.QtCore import Qt

    do = window.session.do
    names = [test.name if test else "" for test in do.tests]
    if do.choice.side == "right":
        press(Qt.Key.Key_L)
    for _ in names:
        at = names.index(do.choice.test.name if do.choice.test else "")
        if at == names.index(name):
            break
        press(Qt.Key.Key_Down if at < names.index(name) else Qt.Key.Key_Up)
    press(Qt.Key.Key_L)


if __name__ == "__main__":
    pictures = Path(sys.argv[1]).absolute()
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as away, contextlib.chdir(away):
        for place in ("SETTINGS_DIR", "CACHE_DIR", "PEOPLE_DIR", "NAMES_FILE"):
            os.environ[f"IMUHIP_{place}"] = str(Path(away) / place.lower())

        def save(name: str, window) -> None:
            assert window.grab().save(str(pictures / f"{name}.png"), "PNG")
            print(name, flush=True)

        print(go_through(Path(away), save))
