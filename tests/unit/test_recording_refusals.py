"""Files that are not what they should be: each is refused with the place and a way on."""

from __future__ import annotations

import contextlib
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import imuhip
from imuhip.errors import (
    FileFormatError,
    ImuhipError,
    RecordingError,
    UnfinishedRecordingError,
)
from imuhip.recording.finalise import finalise
from imuhip.recording.reader import read_packets
from imuhip.recording.recovery import recover
from recorded_motion import append_block, fit, writer


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "walk.h5"
    target = writer(path, ("pelvis",))
    target.append_clock_fit("pelvis", fit(), 1.0)
    for start in range(0, 3000, 100):
        append_block(target, "pelvis", np.arange(start, start + 100))
        target.flush()
    target.close()
    return path


def refusal(path: Path, kind: type[ImuhipError] = FileFormatError) -> ImuhipError:
    with pytest.raises(kind) as refused:
        imuhip.open(path)
    assert str(path) in refused.value.message
    assert refused.value.hint
    return refused.value


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"time,acc\n1,2\n", r"is not an HDF5 file \(13 bytes\)"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "cut short or damaged"),
    ],
)
def test_other_files_are_refused(tmp_path, content, said):
    path = tmp_path / "walk.h5"
    path.write_bytes(content)
    refusal(path)
    with pytest.raises(FileFormatError, match=said):
        imuhip.open(path)
    with pytest.raises(FileFormatError):
        recover(path)
    assert [p.name for p in tmp_path.iterdir()] == ["walk.h5"]


def test_missing_files_and_folders_are_named(tmp_path):
    assert "no such file" in refusal(tmp_path / "nowhere.h5", RecordingError).message
    assert "is a folder" in refusal(tmp_path).message


def test_foreign_hdf5_is_refused(tmp_path):
    path = tmp_path / "other.h5"
    h5py.File(path, "w").close()
    assert "not an imuhip session" in refusal(path).message


def test_a_newer_schema_is_refused_and_a_newer_minor_version_is_read(session):
    with h5py.File(session, "r+") as file:
        file.attrs["schema_minor"] = 99
        file.create_dataset("sensors/pelvis/temperature", data=[1.0])
    assert len(imuhip.open(session).sensors["pelvis"]) == 3000
    with h5py.File(session, "r+") as file:
        file.attrs["schema_major"] = 3
    error = refusal(session)
    assert "schema version 3, this imuhip reads up to 2" in error.message
    assert "update imuhip" in error.hint


def test_an_unfinished_file_points_to_recovery(tmp_path):
    path = tmp_path / "walk.h5"
    target = writer(path, ("pelvis",))
    append_block(target, "pelvis", np.arange(10))
    target.flush()
    error = refusal(path, UnfinishedRecordingError)
    assert error.hint == f"imuhip recover {path}"
    target.close()
    assert len(imuhip.open(path).sensors["pelvis"]) == 10


def remade(place: str, **options) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[place]
        file.create_dataset(place, **options)

    return change


def linked(place: str, link: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[place]
        file[place] = link

    return change


def without(place: str) -> Callable[[h5py.File], None]:
    return lambda file: file.__delitem__(place)


def set_attribute(place: str, name: str, value: object) -> Callable[[h5py.File], None]:
    return lambda file: file[place].attrs.__setitem__(name, value)


SAMPLES = "sensors/pelvis/samples"
HOSTILE = [
    (remade(f"{SAMPLES}/acc", shape=(10**12, 3), dtype="f8", chunks=(1024, 3)), "above the limit"),
    (
        remade(f"{SAMPLES}/acc", shape=(30_000_000, 3), dtype="f8", chunks=(1024, 3)),
        "declares 720000000 bytes but stores 0",
    ),
    (remade(f"{SAMPLES}/acc", data=np.zeros((3000, 4))), r"expected shape \(n, 3\)"),
    (remade(f"{SAMPLES}/acc", data=np.zeros((2999, 3))), "columns of one length"),
    (remade(f"{SAMPLES}/acc", data=np.zeros((3000, 3), "S4")), "expected a type"),
    (remade(f"{SAMPLES}/seq", data=np.arange(3000) * 10**12), "above the limit of 4320000 lost"),
    (
        remade(f"{SAMPLES}/seq", data=np.array([-(2**63), 2**63 - 1] * 1500)),
        "above the limit of 4320000 lost",
    ),
    (remade(f"{SAMPLES}/time_s", data=np.full(3000, np.nan)), "none of its times is a number"),
    (remade(f"{SAMPLES}/gyr", shape=(3000, 3), dtype="f8", external="/etc/passwd"), "outside"),
    (without(f"{SAMPLES}/gyr"), f"{SAMPLES}/gyr: is missing"),
    (without("state"), "state: is missing"),
    (without("sensors/pelvis"), "expected among pelvis"),
    (without("sensors/pelvis/device/counters"), "counters"),
    (linked(f"{SAMPLES}/gyr", h5py.ExternalLink("x.h5", "/")), "soft or external link"),
    (linked(f"{SAMPLES}/gyr", h5py.SoftLink("/nowhere")), "soft or external link"),
    (lambda file: file.move("sensors/pelvis", "sensors/head"), r"got \['head'\]"),
    (set_attribute("/", "rate_hz", 0.0), "up to 100000 Hz, got 0.0"),
    (set_attribute("/", "rate_hz", "fast"), "expected a number"),
    (set_attribute("/", "rate_hz", np.zeros(1000)), "expected one value"),
    (set_attribute("/", "start_time", "yesterday"), "yesterday"),
    (remade("state", data=np.bytes_(b"nonsense")), "expected one of recording"),
    (remade("settings_json", data=np.bytes_(b"[1")), "settings_json"),
    (
        remade(
            "markers",
            data=np.array(
                [(b"a", 2.0, 1.0)], dtype=[("name", "S8"), ("start_s", "f8"), ("end_s", "f8")]
            ),
        ),
        "to end after it starts",
    ),
    (remade("markers", data=np.zeros(3)), "markers: expected a type"),
]


@pytest.mark.parametrize(("change", "said"), HOSTILE)
def test_changed_files_are_refused_where_they_are_wrong(session, change, said):
    with h5py.File(session, "r+") as file:
        change(file)
    refusal(session)
    with pytest.raises(FileFormatError, match=said):
        imuhip.open(session)


def test_packets_that_point_beyond_all_numbers_are_refused(session):
    with h5py.File(session, "r+") as file:
        file["sensors/pelvis/packets/start"][3] = 2**63 - 1
    with pytest.raises(FileFormatError, match="points outside"):
        read_packets(session, "pelvis")


@pytest.mark.parametrize("first", [2**63 - 1, -(2**63), 10**6])
def test_samples_that_packets_cannot_share_are_left_out(session, first):
    finalise(session)
    with h5py.File(session, "r+") as file:
        rows = file["sensors/pelvis/packets/first_row"]
        assert len(file["sensors/pelvis/packets/copies"])
        rows[3] = min(max(first, np.iinfo(rows.dtype).min), np.iinfo(rows.dtype).max)
    _, packets = read_packets(session, "pelvis")
    assert len(packets) == 600


def test_a_file_cut_anywhere_is_refused_or_recovered_never_misread(session):
    content = session.read_bytes()
    original = imuhip.open(session).sensors["pelvis"]
    rescued: list[int] = []
    for k, size in enumerate(np.linspace(9, len(content) - 1, 40).astype(int)):
        cut = session.with_name(f"cut{k}.h5")
        cut.write_bytes(content[:size])
        refusal(cut)
        with contextlib.suppress(FileFormatError):
            recovered = imuhip.open(recover(cut).recovered).sensors["pelvis"]
            n_rows = len(recovered)
            np.testing.assert_array_equal(recovered.acc, original.acc[:n_rows])
            np.testing.assert_array_equal(recovered.time_s, original.time_s[:n_rows])
            assert recovered.valid.all()
            rescued.append(n_rows)
    assert len(rescued) > 5
    assert max(rescued) > 2000


def test_flipped_bits_raise_nothing_but_our_own_errors(session):
    content = bytearray(session.read_bytes())
    rng = np.random.default_rng(0)
    refused = 0
    for k in range(150):
        damaged = bytearray(content)
        # Most of the file is plain numbers; its structure is at the front.
        for place in rng.integers(0, 20_000 if k % 2 else len(content), 3):
            damaged[place] ^= 1 << int(rng.integers(8))
        path = session.with_name("damaged.h5")
        path.write_bytes(damaged)
        try:
            imuhip.open(path)
        except ImuhipError:
            refused += 1
    assert refused > 10


def test_recovering_a_complete_file_says_there_is_nothing_to_do(session):
    with pytest.raises(RecordingError, match="is complete already") as refused:
        recover(session)
    assert "imuhip.open" in refused.value.hint


OPEN_WITH_LITTLE_MEMORY = """
import resource, sys, imuhip
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
for path in sys.argv[1:]:
    try:
        imuhip.open(path)
        print("opened")
    except imuhip.ImuhipError as error:
        print(error.code, error.message)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits memory as POSIX does")
def test_names_that_lead_in_a_circle_are_refused_before_memory_is_taken(tmp_path):
    """HDF5 would follow them until there is no memory left, and may crash then."""
    content = (Path(__file__).parents[1] / "golden/session_v2.h5").read_bytes()
    files = []
    for found in re.finditer(b"HEAP\0\0\0\0", content):
        _, part, data = struct.unpack_from("<QQQ", content, found.start() + 8)
        if part == 1:  # no part of it is free
            continue
        damaged = bytearray(content)
        struct.pack_into("<QQ", damaged, data + part, part, 0)
        files.append(tmp_path / f"{found.start()}.h5")
        files[-1].write_bytes(damaged)
    done = subprocess.run(
        [sys.executable, "-c", OPEN_WITH_LITTLE_MEMORY, *map(str, files)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    refused = [line for line in told if line != "opened"]
    assert len(told) == len(files) and len(refused) > 5
    assert all("E402" in line and "leads back to itself" in line for line in refused)
