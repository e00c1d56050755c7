"""A recording process is killed, or its disk fills: what a flush acknowledged is there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import imuhip
from imuhip.errors import DiskError, UnfinishedRecordingError
from imuhip.recording.reader import read_packets
from imuhip.recording.recovery import recover
from recorded_motion import SEGMENTS, packet, vectors

HERE = Path(__file__).parent
posix = pytest.mark.skipif(os.name != "posix", reason="signals and file limits of POSIX")


def start(path: Path, block: int, pause_s: float, limit_bytes: int = 0, end: str = "close"):
    script = str(HERE / "recording_child.py")
    arguments = [str(path), str(block), str(pause_s), str(limit_bytes), end]
    return subprocess.Popen(
        [sys.executable, script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
    )


def check_rescued(path: Path, acknowledged: int) -> int:
    recording = imuhip.open(path)
    for segment in SEGMENTS:
        series = recording.sensors[segment]
        seq = np.arange(len(series))
        assert len(series) >= acknowledged
        assert series.valid.all()
        np.testing.assert_array_equal(series.acc, vectors(seq))
        np.testing.assert_array_equal(series.gyr, vectors(seq, 0.5))
        np.testing.assert_allclose(series.time_s, seq / 100 + 0.6, atol=1e-9)
        arrival_s, packets = read_packets(path, segment)
        assert len(packets) * 5 >= acknowledged
        assert packets == [packet(s) for s in 5 * np.arange(len(packets))]
        np.testing.assert_allclose(arrival_s, np.arange(len(packets)) / 20 + 0.52)
        assert recording.devices[segment].counters.received >= acknowledged
    assert len(recording.markers) >= 1
    return len(recording.sensors["pelvis"])


# Seeds make the moments reproducible in kind; the scheduler makes them random in fact.
KILLS = [(25, 0.0, seed) for seed in range(18)] + [(20, 0.2, seed) for seed in range(6)]


@posix
@pytest.mark.realtime
@pytest.mark.parametrize(("block", "pause_s", "seed"), KILLS)
def test_everything_acknowledged_before_a_kill_is_recovered(tmp_path, block, pause_s, seed):
    path = tmp_path / "walk.h5"
    child = start(path, block, pause_s)
    first = child.stdout.readline()
    time.sleep(np.random.default_rng([seed, block]).uniform(0.0, 0.6))
    child.kill()
    rest, errors = child.communicate()
    acknowledged = [int(line.split()[1]) for line in (first + rest).splitlines(keepends=False)]
    before = path.read_bytes()
    with pytest.raises(UnfinishedRecordingError) as unfinished:
        imuhip.open(path)
    assert f"imuhip recover {path}" in unfinished.value.hint
    report = recover(path)
    assert path.read_bytes() == before, errors
    n_rescued = check_rescued(report.recovered, acknowledged[-1])
    # At most the flush under way when the kill came was not yet acknowledged.
    assert n_rescued - acknowledged[-1] in (0, block)
    assert {s.missing_numbers + s.repeated_numbers for s in report.sensors.values()} == {0}
    assert imuhip.open(report.recovered).state == "recovered"


@posix
@pytest.mark.realtime
def test_a_full_disk_is_reported_at_once_and_the_file_is_closed_properly(tmp_path):
    path = tmp_path / "walk.h5"
    child = start(path, 100, 0.0, limit_bytes=12_000_000)
    output, errors = child.communicate(timeout=60)
    lines = output.splitlines()
    assert child.returncode == 0, errors
    assert lines[-1] == "closed"
    assert "File too large" in lines[-2]
    acknowledged = int(lines[-3].split()[1])
    recording = imuhip.open(path)
    assert recording.state == "complete"
    assert len(recording.sensors["pelvis"]) == acknowledged + 100
    assert recording.events[-1].kind == "disk_full"
    assert path.stat().st_size < 12_000_000


@posix
@pytest.mark.realtime
def test_after_a_full_disk_and_no_proper_end_the_file_is_recovered(tmp_path):
    path = tmp_path / "walk.h5"
    child = start(path, 100, 0.0, limit_bytes=12_000_000, end="leave")
    output, _ = child.communicate(timeout=60)
    acknowledged = int(output.splitlines()[-2].split()[1])
    with pytest.raises(UnfinishedRecordingError):
        imuhip.open(path)
    check_rescued(recover(path).recovered, acknowledged)


WRITE_REFUSED = """
import os, resource, sys
import numpy as np
from pathlib import Path
from recorded_motion import append_block, writer
from imuhip.errors import DiskError
from imuhip.recording.disk import DiskReserve
DiskReserve.claim = lambda self, used, wanted=0: None   # a disk that promises and then refuses
target = writer(Path(sys.argv[1]), ("pelvis",))
n = 0
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
try:
    while True:
        append_block(target, "pelvis", np.arange(n, n + 100)); target.flush(); n += 100
except DiskError as error:
    print(n)
    assert "writing failed: File too large (" in error.message, error.message
try:
    target.append_event(0.0, None, "late", "")
except DiskError:
    target.close()
    print("told again")
"""


@posix
@pytest.mark.realtime
def test_a_write_that_fails_in_hdf5_neither_crashes_nor_loses_what_was_committed(tmp_path):
    path = tmp_path / "walk.h5"
    done = subprocess.run(
        [sys.executable, "-c", WRITE_REFUSED, str(path)],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    acknowledged = int(done.stdout.split()[0])
    assert done.stdout.split()[1:] == ["told", "again"]
    report = recover(path)
    assert report.sensors["pelvis"].samples >= acknowledged
    assert len(imuhip.open(report.recovered).sensors["pelvis"]) >= acknowledged


@posix
def test_recovering_onto_a_full_disk_says_so_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "walk.h5"
    child = start(path, 500, 0.0)
    for _ in range(40):
        child.stdout.readline()
    child.kill()
    child.communicate()
    code = (
        "import resource, sys; from imuhip.recording.recovery import recover;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); recover(sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert DiskError.__name__ in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["walk.h5"]
