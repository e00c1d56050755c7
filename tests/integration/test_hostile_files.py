"""Files that pretend, lie or are broken: refused by every command, in little time and memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

import imuhip
from hostile_files import HOSTILE, SCRIPT, TRAVERSAL, disguised, hostile_file
from imuhip.cli.commands import build

_LONGEST_S = 5.0
_MOST_BYTES = 200 << 20
"""Beyond what Python and its libraries take by themselves."""

_READ_ALL = """
import json, pathlib, sys, time
import imuhip
from imuhip.recording.overview import read_overview
from imuhip.recording.recovery import recover

imuhip.open(sys.argv[1])

def kilobytes(row):
    status = pathlib.Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith(row)), 0)

before, told = kilobytes("VmHWM"), {}
for name in sys.argv[2:]:
    began_s = time.process_time()
    said = []
    for read in (imuhip.open, read_overview, recover):
        try:
            read(pathlib.Path(name))
            said.append("")
        except imuhip.ImuhipError as error:
            assert error.hint
            said.append(error.code)
    told[pathlib.Path(name).stem] = {"said": said, "took_s": time.process_time() - began_s}
print(json.dumps({"kilobytes": kilobytes("VmHWM") - before, "told": told}))
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "walk.h5"
    return imuhip.simulate("walk", 0.3, seed=1, rate_hz=100.0).save(path)


@pytest.fixture
def hostile(good: Path, tmp_path: Path) -> list[Path]:
    return [hostile_file(kind, good, tmp_path / f"{kind}.h5") for kind in HOSTILE]


def read_all(good: Path, *paths: Path) -> dict:
    command = [sys.executable, "-c", _READ_ALL, *map(str, (good, *paths))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def cli(*arguments: object):
    return CliRunner().invoke(build(), [str(one) for one in arguments])


def test_every_reader_refuses_in_bounded_time_and_memory(good: Path, hostile: list[Path]) -> None:
    found = read_all(good, *hostile)
    assert set(found["told"]) == set(HOSTILE)
    for kind, told in found["told"].items():
        assert told["said"][0], f"{kind} was opened"
        assert told["took_s"] < _LONGEST_S, kind
    assert found["kilobytes"] * 1024 < _MOST_BYTES


def test_a_bomb_that_keeps_what_it_declares_is_refused(good: Path, tmp_path: Path) -> None:
    """Every row is there, all zeros: 30 million rows of each column from a few hundred kilobytes.

    Chunks of the same content are written as they are, without packing gigabytes here.
    """
    path = tmp_path / "bomb.h5"
    path.write_bytes(good.read_bytes())
    n, rows = 30_000_000, 1_000_000
    with h5py.File(path, "r+") as file:
        for segment in file["sensors"]:
            samples = file[f"sensors/{segment}/samples"]
            for name in list(samples):
                before = samples[name]
                width, kind = before.shape[1:], before.dtype
                del samples[name]
                made = samples.create_dataset(
                    name, (n, *width), kind, chunks=(rows, *width), compression="gzip"
                )
                packed = zlib.compress(bytes(rows * int(np.prod(width or 1)) * kind.itemsize), 9)
                for begin in range(0, n, rows):
                    made.id.write_direct_chunk((begin, *(0 for _ in width)), packed)
    assert path.stat().st_size < 30 << 20
    found = read_all(good, path)
    assert found["told"]["bomb"]["said"][0] == "E402"
    assert found["told"]["bomb"]["took_s"] < _LONGEST_S
    assert found["kilobytes"] * 1024 < _MOST_BYTES


@pytest.mark.parametrize("command", ["analyze", "report", "check", "recompute", "export", "assess"])
def test_commands_refuse_with_a_reason_and_write_nothing(
    command: str, hostile: list[Path], tmp_path: Path
) -> None:
    more = ("--format", "csv") if command == "export" else ()
    before = sorted(tmp_path.rglob("*"))
    for path in hostile:
        result = cli(command, path, *more)
        assert result.exit_code == 1, (path.name, result.output)
        assert re.match(r"error\[E4\d\d\] ", result.stderr), (path.name, result.stderr)
        assert "\nhint: " in result.stderr
        assert "Traceback" not in result.stderr
        assert result.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("subject", [f"{SCRIPT}\x1b[2J\x07", TRAVERSAL])
def test_a_persons_code_is_text_wherever_it_goes(
    good: Path, tmp_path: Path, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    path = disguised(good, folder / "odd.h5", subject)
    for arguments in (
        ("report", path),
        ("export", path, "--format", "csv"),
        ("export", path, "--format", "bids"),
    ):
        result = cli(*arguments)
        assert result.exit_code in (0, 1), (arguments, result.output)
        assert "Traceback" not in result.output and "E999" not in result.output, arguments
        assert "\x1b" not in result.output
    page = (folder / "odd.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    written = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert all(p.is_relative_to(folder) for p in written)
    assert not (Path(os.sep) / "escaped").exists()


def test_a_renamed_file_is_what_it_is(good: Path, tmp_path: Path) -> None:
    """A session under another ending opens; another file under .h5 does not become one."""
    renamed = tmp_path / "walk.pdf"
    renamed.write_bytes(good.read_bytes())
    assert imuhip.open(renamed).duration_s == imuhip.open(good).duration_s
    results = tmp_path / "results.h5"
    assert cli("recompute", renamed).exit_code == 0
    (tmp_path / "walk.results.hdf5").rename(results)
    result = cli("check", results)
    assert result.exit_code == 1
    assert "not an imuhip session" in result.stderr
