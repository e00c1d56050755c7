"""``imuhip record`` interrupted, terminated or killed: the file holds what another process sent."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import imuhip
from acquisition_kit import ACC_STEP, GYR_STEP, motion_rows, noise_motion
from cli_process import CliProcess
from imuhip.core.series import ImuSeries
from imuhip.recording.recovery import recover

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals"),
]

SEGMENTS = ("pelvis", "thigh_left")
SOURCE = noise_motion(SEGMENTS, 60.0)


@pytest.fixture(scope="module")
def sensors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Virtual sensors in a process of their own; yields the options that reach them."""
    folder = tmp_path_factory.mktemp("sensors")
    SOURCE.save(folder / "noise.h5")
    listen = ("--listen", "tcp-server:127.0.0.1:0", "--replay", "noise.h5")
    with CliProcess("simulate", "radio", *listen, cwd=folder) as process:
        words = process.until("listening on tcp-server:").split(";")[0].split()
        radio = "hci:" + words[-1].replace("tcp-server", "tcp-client")
        worn = [option for line in process.lines if "=" in line for option in ("--assign", line)]
        yield ["--radio", radio, *worn]


def record_and_send(sensors: list[str], number: signal.Signals, folder: Path) -> int:
    with CliProcess("record", *sensors, "--out", "a.h5", cwd=folder) as process:
        process.until_recorded(3.0)
        process.signal(number)
        code = process.wait()
    assert "Traceback" not in process.text
    return code


def assert_sent(recorded: ImuSeries, source: ImuSeries) -> int:
    """Every row from the first that moved on is the next one sent; return how many they are."""
    assert recorded.valid.all()
    rows = motion_rows(recorded)
    assert rows.stop == len(recorded)
    n_rows = rows.stop - rows.start
    assert np.abs(recorded.acc[rows] - source.acc[:n_rows]).max() <= 0.51 * ACC_STEP
    assert np.abs(recorded.gyr[rows] - source.gyr[:n_rows]).max() <= 0.51 * GYR_STEP
    return n_rows


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_leaves_a_complete_file(
    number: signal.Signals, sensors: list[str], tmp_path: Path
):
    assert record_and_send(sensors, number, tmp_path) == 130
    recording = imuhip.open(tmp_path / "a.h5")
    assert recording.state == "complete"
    for segment in SEGMENTS:
        series, counters = recording.sensors[segment], recording.devices[segment].counters
        assert assert_sent(series, SOURCE.sensors[segment]) > 100
        assert (counters.received, counters.lost, counters.reconnects) == (len(series), 0, 0)
        assert (counters.duplicated, counters.reordered, counters.bad_packets) == (0, 0, 0)


def test_a_kill_leaves_a_file_that_is_recovered(sensors: list[str], tmp_path: Path):
    path = tmp_path / "a.h5"
    assert record_and_send(sensors, signal.SIGKILL, tmp_path) == -signal.SIGKILL
    with pytest.raises(imuhip.ImuhipError, match="never closed"):
        imuhip.open(path)
    before = path.read_bytes()
    found = recover(path)
    assert path.read_bytes() == before
    recording = imuhip.open(found.recovered)
    assert recording.state == "recovered"
    for segment in SEGMENTS:
        series, counters = recording.sensors[segment], recording.devices[segment].counters
        assert assert_sent(series, SOURCE.sensors[segment]) > 100
        # Counters are stored once a second, so those of a killed file may be a second old.
        assert len(series) - 250 <= counters.received <= len(series)
        assert (counters.lost, counters.duplicated, counters.bad_packets) == (0, 0, 0)
