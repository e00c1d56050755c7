"""The ten minutes of a session, in the real window: drawn into memory, and on an X server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from PySide6.QtGui import QImage
from session_flow import go_through

import imuhip

STEPS_SHOWN = (
    "person",
    "sensors",
    "calibrate",
    "calibrate_walk",
    "calibrate_done",
    "walk",
    "test_0_knee_to_chest",
    "test_1_hip_rotation_supine",
    "test_2_hinge",
    "test_3_knee_to_chest",
    "review",
    "retest",
    "report",
)


def assert_is_a_picture(image: QImage, name: str) -> None:
    """Something is drawn all over it, in more than a few colours."""
    assert (image.width(), image.height()) >= (1024, 700), name
    small = image.scaled(64, 40)
    colours = {small.pixel(x, y) for x in range(64) for y in range(40)}
    assert len(colours) > 15, f"{name} shows {len(colours)} colours"


@pytest.mark.usefixtures("nothing_left")
def test_a_whole_session_by_keys_alone(application, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown, headlines = [], {}

    def look(name: str, window) -> None:
        shown.append(name)
        headlines[name] = window.header.headline.toolTip() or window.header.headline.text()
        assert window.header.property("kind") != "alarm", headlines[name]
        assert_is_a_picture(window.grab().toImage(), name)

    report = go_through(tmp_path, look)
    assert tuple(shown) == STEPS_SHOWN
    assert "grade" in headlines["calibrate_done"]
    page = report.read_text("utf-8")
    assert "knee to chest" in page.lower() and "P001" in page
    recording = imuhip.open(tmp_path / "session.h5")
    assert recording.subject == "P001" and recording.state == "complete"
    names = [marker.name for marker in recording.markers if not marker.name.startswith("pain")]
    assert names == [
        "n_pose",
        "gait",
        "gait",
        "n_pose",
        "knee_to_chest_left",
        "n_pose",
        "hip_rotation_supine_left",
        "n_pose",
        "hinge",
        "n_pose",
        "knee_to_chest_left",
    ]
    trials = imuhip.assess(recording).trials
    assert [trial.test for trial in trials] == [
        "knee_to_chest",
        "hip_rotation_supine",
        "hinge",
        "knee_to_chest",
    ]
    assert all(sum(map(len, trial.repetitions.values())) == 3 for trial in trials)


# -- on an X server --------------------------------------------------------------------------------


@contextmanager
def x_server() -> Iterator[str]:
    """Yield the display of a fresh Xvfb."""
    program = shutil.which("Xvfb")
    if program is None:
        pytest.skip("Xvfb is not installed (apt-get install xvfb)")
    read, write = os.pipe()
    command = [program, "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as told:
            number = told.readline().strip()
        if not number:
            pytest.skip("Xvfb does not start here")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(20)


@pytest.mark.realtime
def test_a_whole_session_on_an_x_server(tmp_path: Path) -> None:
    script = Path(__file__).with_name("session_flow.py")
    with x_server() as display:
        done = subprocess.run(
            [sys.executable, str(script), str(tmp_path / "pictures")],
            env={**os.environ, "QT_QPA_PLATFORM": "xcb", "DISPLAY": display},
            capture_output=True,
            text=True,
            timeout=170,
            check=False,
        )
    if "could not load the Qt platform plugin" in done.stderr.lower():
        pytest.skip("Qt lacks libraries for X (apt-get install libxcb-cursor0)")
    assert done.returncode == 0, done.stderr[-3000:]
    assert tuple(done.stdout.split()[:-1]) == STEPS_SHOWN
    for name in STEPS_SHOWN:
        assert_is_a_picture(QImage(str(tmp_path / "pictures" / f"{name}.png")), name)
