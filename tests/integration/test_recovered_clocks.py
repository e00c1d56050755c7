"""A recording that was killed has, once recovered, the clocks it would have been stopped with."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pytest

import imuhip.recording.reader as reader
from imuhip.acquisition.rescued_clocks import rescued_clocks
from imuhip.errors import UnfinishedRecordingError
from imuhip.recording.final_clocks import RescuedClocks
from imuhip.recording.recovery import recover

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")

HERE = Path(__file__).parent
SEGMENTS = ("pelvis", "thigh_left")
SENSORS = ("imuhip", "movella_dot", "witmotion")


@dataclass(frozen=True)
class Pair:
    """Two files of the same data: one stopped, one whose process was killed."""

    stopped: Path
    killed: Path


@pytest.fixture(scope="module", params=SENSORS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return made(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def dots(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return made(tmp_path_factory.mktemp("dots"), "movella_dot")


def made(folder: Path, sensor: str) -> Pair:
    files = Pair(folder / "stopped.h5", folder / "killed.h5")
    script = str(HERE / "killed_clocks_child.py")
    done = subprocess.run(
        [sys.executable, script, str(files.stopped), str(files.killed), sensor],
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with pytest.raises(UnfinishedRecordingError):
        reader.open_recording(files.killed)
    return files


def test_a_killed_recording_gets_the_clocks_of_a_stopped_one(pair: Pair, tmp_path: Path) -> None:
    before = pair.killed.read_bytes()
    report = recover(pair.killed, tmp_path / "recovered.h5", clocks=rescued_clocks)
    assert pair.killed.read_bytes() == before
    assert report.final_clocks == SEGMENTS
    assert not any("clock" in note for note in report.notes)
    live = recover(pair.killed, tmp_path / "live.h5").recovered
    whole = reader.open_recording(pair.stopped)
    again = reader.open_recording(report.recovered)
    assert again.state == "recovered"
    apart_s, live_apart_s = [], []
    for segment in SEGMENTS:
        (arrival_s, packets), (arrival_again_s, packets_again) = (
            reader.read_packets(path, segment) for path in (pair.stopped, report.recovered)
        )
        assert packets == packets_again and len(packets) > 200
        np.testing.assert_array_equal(arrival_again_s, arrival_s)
        expected = reader.read_sample_times(pair.stopped, segment)
        found = reader.read_sample_times(report.recovered, segment)
        np.testing.assert_array_equal(found.device_time_s, expected.device_time_s)
        np.testing.assert_array_equal(again.sensors[segment].acc, whole.sensors[segment].acc)
        apart_s.append(np.abs(found.time_s - expected.time_s).max())
        live_s = reader.read_sample_times(live, segment).time_s
        live_apart_s.append(np.abs(live_s - expected.time_s).max())
        fits, wanted = (one.devices[segment].clock_fits for one in (again, whole))
        assert [fit.epoch for fit in fits] == [fit.epoch for fit in wanted]
        for fit, other in zip(fits, wanted, strict=True):
            assert fit.slope == pytest.approx(other.slope, abs=20e-6)
            assert fit.uncertainty_s == pytest.approx(other.uncertainty_s, rel=0.3, abs=1e-4)
        assert report.sensors[segment].last_time_s == found.time_s[-1]
    print(
        f"{pair.stopped.parent.name}: up to {1e3 * max(apart_s):.3f} ms from the stopped recording,"
        f" {1e3 * max(live_apart_s):.3f} ms by the clocks known while recording"
    )
    assert max(apart_s) < 0.3e-3
    if pair.stopped.parent.name.startswith("imuhip"):
        assert max(live_apart_s) > 3 * max(apart_s), "it would pass without"


def test_counts_that_began_before_the_recording_are_told_from_those_of_its_packets(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A sensor's samples are counted from connecting, those of its file's packets from zero."""
    pair = made(tmp_path_factory.mktemp("counted"), "witmotion")
    recovered = recover(pair.killed, tmp_path / "recovered.h5", clocks=rescued_clocks).recovered
    times = reader.read_sample_times(recovered, "pelvis")
    assert times.device_time_s[0] > 2.0  # it streamed for 3 s before
    (fit,) = reader.open_recording(recovered).devices["pelvis"].clock_fits
    np.testing.assert_allclose(fit.to_recording(times.device_time_s), times.time_s, atol=1e-9)


def test_a_model_that_nobody_knows_keeps_its_live_clocks(dots: Pair, tmp_path: Path) -> None:
    def of_nobody(part: Path) -> RescuedClocks:
        with h5py.File(part, "r+") as file:
            file["sensors/pelvis/device"].attrs["driver"] = np.bytes_(b"of nobody")
        return rescued_clocks(part)

    report = recover(dots.killed, tmp_path / "unknown.h5", clocks=of_nobody)
    assert report.final_clocks == ()
    assert any("'of nobody'" in note for note in report.notes)


def test_packets_that_do_not_give_the_samples_leave_a_clock_as_it_was(
    dots: Pair, tmp_path: Path
) -> None:
    def torn(part: Path) -> RescuedClocks:
        with h5py.File(part, "r+") as file:
            arrival_s = file["sensors/pelvis/packets/arrival_s"]
            arrival_s[...] = arrival_s[...] + 0.5
        return rescued_clocks(part)

    live = reader.open_recording(recover(dots.killed, tmp_path / "live.h5").recovered)
    report = recover(dots.killed, tmp_path / "torn.h5", clocks=torn)
    assert report.final_clocks == ("thigh_left",)
    assert any(note.startswith("pelvis: clock as known while recording") for note in report.notes)
    found = reader.open_recording(report.recovered)
    assert found.devices["pelvis"].clock_fits == live.devices["pelvis"].clock_fits
    np.testing.assert_array_equal(found.sensors["pelvis"].time_s, live.sensors["pelvis"].time_s)
