"""A process is killed while it makes a finished file small, or its disk fills: nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import imuhip
from imuhip.recording.finalise import finalise
from imuhip.recording.reader import read_packets
from packed_motion import record

HERE = Path(__file__).parent
posix = pytest.mark.skipif(os.name != "posix", reason="signals and file limits of POSIX")

STEPS = """
import sys
from pathlib import Path
import imuhip.recording.save as save
from imuhip.recording.finalise import finalise

def wait(name):
    # Told to the test, which answers with a line or kills this process here.
    print(name, flush=True)
    sys.stdin.readline()

replace = Path.replace
def replaced(self, target):
    wait("before the exchange")
    replace(self, target)
    wait("after the exchange")

Path.replace = replaced
finalise(sys.argv[1], progress=lambda fraction: wait(f"{fraction:.3f}"))
print("done", flush=True)
"""


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
    )


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "walk.h5"
    record(path, 120)
    return path


def seen(path: Path) -> list[bytes]:
    recording = imuhip.open(path)
    assert recording.state == "complete"
    return [
        content
        for segment, series in recording.sensors.items()
        for content in (
            series.time_s.tobytes(),
            series.acc.tobytes(),
            series.gyr.tobytes(),
            *read_packets(path, segment)[1],
        )
    ]


PLACES = [*(f"{k / 6:.3f}" for k in range(1, 7)), "before the exchange", "after the exchange"]


@posix
@pytest.mark.realtime
@pytest.mark.parametrize("place", PLACES)
def test_killed_anywhere_the_file_is_the_old_or_the_new_one(live, tmp_path, place):
    path = Path(shutil.copyfile(live, tmp_path / "walk.h5"))
    expected, before = seen(live), live.read_bytes()
    child = run(STEPS, path)
    assert child.stdin is not None and child.stdout is not None
    while (told := child.stdout.readline().strip()) != place:
        assert told, child.stderr and child.stderr.read()
        child.stdin.write("\n")
        child.stdin.flush()
    child.kill()
    child.communicate()
    assert child.returncode == -9
    assert seen(path) == expected
    exchanged = place == "after the exchange"
    assert (path.read_bytes() == before) == (not exchanged)
    left = [p.name for p in tmp_path.iterdir() if p != path]
    assert len(left) == (0 if exchanged else 1), "a half is there under another name"
    finalise(path)
    assert seen(path) == expected
    assert path.stat().st_size < len(before) / 1.5
    assert [p.name for p in tmp_path.iterdir()] == ["walk.h5"]


FULL = """
import resource, sys
from pathlib import Path
from imuhip.recording.finalise import try_to_finalise
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
print(try_to_finalise(Path(sys.argv[1])))
"""


@posix
@pytest.mark.parametrize("limit_bytes", [1_000, 60_000, 150_000])
def test_a_disk_that_fills_meanwhile_keeps_the_old_file_and_says_so(live, tmp_path, limit_bytes):
    path = Path(shutil.copyfile(live, tmp_path / "walk.h5"))
    child = run(FULL, path, limit_bytes)
    output, errors = child.communicate(timeout=60)
    assert child.returncode == 0 and not errors, errors
    assert output.startswith(f"{path} is complete, but was not made small: saving failed")
    assert "File too large" in output
    assert path.read_bytes() == live.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == ["walk.h5"]
