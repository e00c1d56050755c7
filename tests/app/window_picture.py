"""Draw the window's steps as they look with a simulated person, and write docs/images.

``python tests/app/window_picture.py [FOLDER]`` makes the pictures anew; the tests use `walked`.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
if "QT_QPA_PLATFORM" not in os.environ:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

from played_source import PlayedSource
from step_pictures import draw_steps

import imuhip
from imuhip.app.models.live_model import LiveModel
from imuhip.simulation.performances import perform_after_walk

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "images"
FRAME_S = 1 / 30
TEST = "knee_to_chest_left"


def walked(source: PlayedSource, model: LiveModel, until_s: float, frame_s: float = FRAME_S):
    """Let time pass, pulling as the window's timer does."""
    while source.now_s < until_s:
        source.play_to(min(until_s, source.now_s + frame_s))
        model.pull()


def draw(folder: Path) -> list[Path]:
    """Write the pictures of the user guide."""
    from imuhip.app.views.live_window import LiveWindow, make_application

    application = make_application()
    recording = imuhip.simulate("walk", 1.6, seed=4, turns=False)
    source = PlayedSource(recording)
    model = LiveModel(source, simulated=True, out=Path("recordings/walk.h5"))
    window = LiveWindow(model, title="imuhip (simulated)")
    window.show()
    written = []

    def picture(name: str) -> None:
        for _ in range(4):  # texts settle the layout, the layout the texts
            window.tick()
            window.show_words()
            application.processEvents()
        folder.mkdir(parents=True, exist_ok=True)
        written.append(folder / f"{name}.png")
        assert window.grab().save(str(written[-1]), "PNG")

    walked(source, model, 40.0, 0.1)
    picture("live_window_calibrating")
    walked(source, model, 52.0, 0.1)
    model.toggle_recording()
    walked(source, model, 101.3, 0.1)
    model.mark()
    walked(source, model, 101.5)
    picture("live_window")
    source.silence("thigh_left")
    walked(source, model, 105.6)
    picture("live_window_sensor_lost")
    window.close()
    return written


def draw_session(folder: Path) -> list[Path]:
    """Write the pictures of a walk and a test, of their review and their retest.

    Parameters
    ----------
    folder : Path
        Of the pictures. The recordings that are reviewed go to ``recordings``.
    """
    sessions = Path("recordings")
    sessions.mkdir(exist_ok=True)
    from imuhip.app.views.live_window import LiveWindow, make_application

    application = make_application()
    three = ("pelvis", "thigh_left", "thigh_right")
    before, after = (
        perform_after_walk("knee_to_chest", seed=33, sensors=three, visit=visit).recording
        for visit in (0, 1)
    )
    plain = replace(before, truth_motion=None, devices={}, subject="S01")
    plain.save(sessions / "session-2026-10-02_10-12-31.h5")
    source = PlayedSource(replace(after, subject="S01"), writes=True)
    model = LiveModel(source, simulated=True, out=sessions / "session-2026-11-21_10-05-12.h5")
    window = LiveWindow(model, title="imuhip (simulated)")
    window.show()
    session, do, written = window.session, window.session.do, []
    walk, test = (next(m for m in after.markers if m.name == n) for n in ("gait", TEST))
    poses = [m for m in after.markers if m.name == "n_pose"]

    def to(until_s: float) -> None:
        while source.now_s < until_s:
            source.play_to(min(until_s, source.now_s + 0.1))
            window.tick()

    def picture(name: str) -> None:
        waited_s = time.monotonic() + 0.3
        while do.is_measuring or session.retest.is_busy or time.monotonic() < waited_s:
            window.tick()
            application.processEvents()
        window.show_words()
        application.processEvents()
        written.append(folder / f"{name}.png")
        assert window.grab().save(str(written[-1]), "PNG")

    to(0.1)
    window.go_to("do")
    window.go_on()
    to(3.0)
    picture("window_stand_still")
    to(walk.start_s)
    window.go_on()
    to(walk.start_s + 22.0)
    picture("window_walk")
    do.turn_view()
    picture("window_movement")
    limit = do.movement.feedback
    limit.choose_angle("pelvis_rotation")
    while not limit.state.is_wrong:
        to(source.now_s + 0.1)
    picture("window_limit")
    do.turn_view()
    picture("window_limit_alone")
    do.turn_view()
    to(walk.end_s)
    window.go_on()
    window.go_on()
    names = [known.name if known else "" for known in do.tests]
    window.do_page.tests.setCurrentRow(names.index("knee_to_chest"))
    picture("window_choose")
    to(poses[-1].start_s)
    window.go_on()
    do.stand_again()
    to(test.start_s)
    window.go_on()
    to(test.end_s - 2.0)
    do.tell_pain(4)
    picture("window_test")
    do.turn_view()
    limit.choose_angle("hip_flexion_left")
    picture("window_movement_test")
    do.view = "numbers"
    to(test.end_s)
    window.go_on()
    window.go_to("review")
    window.go_on()
    window.tick()
    picture("window_review")
    window.go_to("retest")
    window.tick()
    picture("window_retest")
    window.go_to("review")
    window.review_page.turn_view()
    strides = session.review.strides
    strides.widen_brush(0.4)
    window.show_words()
    window.review_page.strides.strides.setFocus()
    for row in (5, 6):
        window.review_page.strides.strides.item(row).setSelected(True)
    session.review.exclude(strides.listed[5:7], "looked back")
    while session.review.is_busy:
        window.tick()
        application.processEvents()
    picture("window_strides")
    window.close()
    return written


if __name__ == "__main__":
    pictures = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else PICTURES
    drawn = []
    for part in (draw_steps, draw, draw_session):  # each keeps recordings of its own
        with tempfile.TemporaryDirectory() as away, contextlib.chdir(away):
            drawn += part(pictures)
    for path in drawn:
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
