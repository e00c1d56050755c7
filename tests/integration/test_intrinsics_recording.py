"""``imuhip calibrate-sensor`` with a virtual sensor over virtual Bluetooth, as a real process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import imuhip
from cli_process import CliProcess, run_cli

pytestmark = pytest.mark.realtime


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals to another process")
def test_ctrl_c_keeps_the_recording_and_names_what_is_missing(tmp_path: Path) -> None:
    with CliProcess(
        "calibrate-sensor", "--radio", "sim", cwd=tmp_path, IMUHIP_DATA_DIR=str(tmp_path)
    ) as process:
        process.until("0 poses; next: lay it still for 3 s with +z upwards")
        process.until("1 poses; next: ")
        process.signal()
        assert process.wait() == 1
    assert "error[E511] 1 still poses do not cover all directions" in process.text
    (path,) = (tmp_path / "recordings").glob("calibration-*.h5")
    recording = imuhip.open(path)
    assert recording.state == "complete"
    assert recording.settings["purpose"] == "sensor calibration"
    assert list(recording.sensors) == ["pelvis"]
    assert not list(tmp_path.rglob("*.toml"))


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_guided_calibration_ends_by_itself(tmp_path: Path) -> None:
    done = run_cli(
        *("calibrate-sensor", "--radio", "sim"),
        cwd=tmp_path,
        timeout_s=400.0,
        IMUHIP_DATA_DIR=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert "20 poses, turned about x, y, z; next: done" in done.stderr
    assert "20 poses (all directions), 19 moves, 30 full turns" in done.stdout
    assert len(list((tmp_path / "calibration" / "sensors").glob("*.toml"))) == 1
