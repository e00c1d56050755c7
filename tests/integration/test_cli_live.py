"""``imuhip live``: the window over a real recording, as a process of its own."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

import imuhip
from cli_process import CliProcess, run_cli

pytest.importorskip("PySide6")

pytestmark = pytest.mark.realtime

OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


def test_the_window_records_and_closes(tmp_path: Path) -> None:
    options = ("--radio", "sim", "--record", "--duration", "3", "--out", "a.h5")
    done = run_cli("live", *options, cwd=tmp_path, **OFFSCREEN)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    words = done.stdout.split()
    assert words[0] == "a.h5:" and 3.0 <= float(words[1]) < 10.0
    recording = imuhip.open(tmp_path / "a.h5")
    assert recording.state == "complete"
    for segment, series in recording.sensors.items():
        assert len(series) >= 285, segment
        assert series.valid.all(), segment


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_ctrl_c_closes_the_window_and_finishes_the_file(tmp_path: Path) -> None:
    options = ("--radio", "sim", "--record", "--out", "a.h5")
    with CliProcess("live", *options, cwd=tmp_path, **OFFSCREEN) as process:
        process.until("connected thigh_right")
        deadline_s = time.monotonic() + 30.0
        while not (tmp_path / "a.h5").exists() and time.monotonic() < deadline_s:
            time.sleep(0.1)
        time.sleep(1.0)
        process.signal(signal.SIGINT)
        assert process.wait() == 130, process.text
    assert "Traceback" not in process.text
    assert imuhip.open(tmp_path / "a.h5").state == "complete"


@pytest.mark.skipif(sys.platform != "linux", reason="only there is a display optional")
def test_without_a_display_it_says_so(tmp_path: Path) -> None:
    unset = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    done = run_cli("live", "--radio", "sim", cwd=tmp_path, **unset)
    assert done.returncode == 1
    assert done.stderr.startswith("error[E100] there is no display to open a window on")


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_without_a_command_a_window_waits_for_a_person_and_closes(tmp_path: Path) -> None:
    with CliProcess("--debug", cwd=tmp_path, **OFFSCREEN) as process:
        process.until("propagateSizeHints")  # Qt's complaint about a window nobody sees
        process.signal(signal.SIGINT)
        assert process.wait() == 130, process.text
    assert "Traceback" not in process.text
    assert not list(tmp_path.rglob("*.h5"))
