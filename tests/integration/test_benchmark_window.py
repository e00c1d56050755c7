"""The benchmark of the window runs over its real processes, and judges what it measured."""

from __future__ import annotations

import re
import sys

import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")
pytest.importorskip("bumble", reason="virtual Bluetooth is not installed")

from benchmarks import window

pytestmark = [pytest.mark.realtime, pytest.mark.slow]


def test_the_window_loses_nothing_of_seven_sensors_and_judges_its_promises(capsys, tmp_path):
    document = tmp_path / "window.md"
    document.write_text("<!-- window: begin -->\n<!-- window: end -->\n")
    options = ["--minutes", "0.1", "--seed", "5"]
    status = window.main([*options, "--write", "--document", str(document)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "$ python -m benchmarks window " + " ".join(options)
    assert lines[2].startswith("12 curves of 10 s at 1280 x 800, 0.1 min, ")
    n_frames = int(re.search(r", (\d+) frames", lines[2])[1])
    judged = re.compile(r"(.{46}) *([-\d.]+) .* at (most|least) +([\d.]+): (.*)")
    told = {
        about.strip(): (float(found), side, float(limit), verdict)
        for about, found, side, limit, verdict in (
            line.groups() for line in map(judged.match, lines) if line
        )
    }
    for name, (found, side, limit, verdict) in told.items():
        kept = found >= limit if side == "least" else found <= limit
        assert verdict == ("kept" if kept else "NOT KEPT"), name
    assert status == int(any(verdict != "kept" for *_, verdict in told.values()))
    held_up = [name for name in told if "thread held up twice" in name]
    assert len(held_up) == 3
    for name in (*held_up, "samples that never came to the screen", "threads left when closed"):
        assert told[name][0] == 0, name
    if sys.version_info < (3, 12):
        assert told["references to None lost per frame"][0] <= 0.05
    # How quick all this is only a quiet computer can tell.
    assert n_frames > 20 and 1 < told["frames per second"][0] < 60
    assert 0 < told["window's thread, of one core"][0] < 100
    assert 0 < told["motion to pixel beside the radio's, median"][0] < 5000
    assert lines[2] in document.read_text("utf-8")
