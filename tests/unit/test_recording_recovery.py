"""What recovery makes of interrupted files, and what it says about them."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import imuhip
from imuhip.core.sensor import ClockFit
from imuhip.core.series import Marker
from imuhip.errors import DiskError
from imuhip.recording.reader import read_packets
from imuhip.recording.recovery import recover
from recorded_motion import append_block, counters, fit, vectors, writer


class StepClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic_ns(self) -> int:
        return int(self.now_s * 1e9)

    def unix_s(self) -> float:
        return 1.7e9 + self.now_s


def interrupted(tmp_path: Path, feed) -> Path:
    """Return a copy of a file as a kill would leave it: everything flushed, never closed."""
    clock = StepClock()
    target = writer(tmp_path / "running.h5", ("pelvis", "thigh_left"), clock=clock)
    feed(target, clock)
    shutil.copyfile(tmp_path / "running.h5", tmp_path / "walk.h5")
    target.close()
    return tmp_path / "walk.h5"


def test_rows_losses_markers_and_the_tail_are_reported(tmp_path):
    def feed(target, clock):
        append_block(target, "pelvis", np.r_[0:50, 60:80, 70:75], mag=True)
        append_block(target, "thigh_left", np.arange(100))
        target.append_clock_fit("pelvis", fit(0.55), 0.2)
        target.append_clock_fit("pelvis", fit(0.6), 0.7)
        target.append_marker(Marker("n_pose", 0.0, 0.5))
        target.append_event(0.1, None, "started", "")
        target.update_counters("pelvis", counters(70))
        clock.now_s = 0.25
        target.flush()
        clock.now_s = 0.65
        target.flush()
        append_block(target, "pelvis", np.arange(80, 90), mag=True)  # never flushed

    path = interrupted(tmp_path, feed)
    before = path.read_bytes()
    report = recover(path, tmp_path / "rescued.h5")
    assert path.read_bytes() == before
    pelvis = report.sensors["pelvis"]
    assert (pelvis.samples, pelvis.missing_numbers, pelvis.repeated_numbers) == (75, 10, 5)
    assert pelvis.packets == 15
    assert report.lost_tail_s == pytest.approx(0.4)
    assert any("pelvis: 10 samples were lost" in note for note in report.notes)
    recording = imuhip.open(tmp_path / "rescued.h5")
    assert recording.state == "recovered"
    assert recording.markers == (Marker("n_pose", 0.0, 0.5),)
    assert recording.events[0].kind == "started"
    assert recording.devices["pelvis"].counters.received == 70
    assert recording.devices["pelvis"].clock_fits == (fit(0.6),)
    series = recording.sensors["pelvis"]
    assert len(series) == 80
    # The last live mapping, not the one each row had when it came.
    np.testing.assert_allclose(series.time_s, 0.6 + np.arange(80) / 100, atol=1e-9)
    np.testing.assert_array_equal(series.mag[60:], vectors(np.arange(60, 80), 0.25))
    assert recording.sensors["thigh_left"].mag is None
    assert len(read_packets(tmp_path / "rescued.h5", "thigh_left")[1]) == 20


def test_uncommitted_rows_are_left_out(tmp_path):
    def feed(target, _clock):
        append_block(target, "pelvis", np.arange(50))
        target.flush()

    path = interrupted(tmp_path, feed)
    with h5py.File(tmp_path / "running.h5", "r+") as file:
        # As if killed after the data of a second flush but before its commit.
        table = file["n_committed"][:]
        table["rows"][table["stream"] == b"sensors/pelvis/samples"] = 30
        table["rows"][table["stream"] == b"sensors/pelvis/packets/bytes"] = 20
        file["n_committed"][...] = table
        file["state"][()] = b"recording"
    path = tmp_path / "running.h5"
    report = recover(path)
    assert report.sensors["pelvis"].samples == 30
    assert report.sensors["pelvis"].dropped_samples == 20
    arrival_s, packets = read_packets(report.recovered, "pelvis")
    assert sum(map(len, packets)) <= 20
    assert len(arrival_s) == len(packets) == report.sensors["pelvis"].packets


def test_a_kill_while_the_final_times_are_written_loses_nothing(tmp_path):
    path = tmp_path / "walk.h5"
    target = writer(path, ("pelvis", "thigh_left"))
    append_block(target, "pelvis", np.arange(100))
    target.close(final_fits={"pelvis": (ClockFit(0, 0.0, 0.7, 1.0, 0.001),)})
    with h5py.File(path, "r+") as file:
        file["state"][()] = b"recording"
        file["sensors/pelvis/samples/time_s"][50:] += 3.0
    series = imuhip.open(recover(path).recovered).sensors["pelvis"]
    np.testing.assert_allclose(series.time_s, 0.7 + np.arange(100) / 100, atol=1e-9)


def test_a_file_without_a_sample_is_recovered_empty_and_says_so(tmp_path):
    report = recover(interrupted(tmp_path, lambda *_: None))
    assert any("no sample had been committed" in note for note in report.notes)
    assert len(imuhip.open(report.recovered).sensors["pelvis"]) == 0


def test_recovery_does_not_overwrite(tmp_path):
    path = interrupted(tmp_path, lambda *_: None)
    (tmp_path / "walk_recovered.h5").write_bytes(b"precious")
    with pytest.raises(DiskError, match="exists already"):
        recover(path)
    assert (tmp_path / "walk_recovered.h5").read_bytes() == b"precious"


def test_fsync_every_five_seconds(tmp_path, monkeypatch):
    synced = []
    clock = StepClock()
    target = writer(tmp_path / "walk.h5", ("pelvis",), clock=clock)
    monkeypatch.setattr("imuhip.recording.writer.os.fsync", lambda fd: synced.append(clock.now_s))
    for step in range(49):
        clock.now_s = step * 0.25
        target.flush()
    assert synced == [5.0, 10.0]
    target.close()
