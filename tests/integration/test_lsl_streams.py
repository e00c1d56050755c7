"""Streams to Lab Streaming Layer, received by its own inlets."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import imuhip
import imuhip.recording.reader as reader
from acquisition_kit import noise_motion
from imuhip.acquisition.host_time import HostTime
from imuhip.acquisition.ring import SampleRing
from imuhip.analysis.live_angles import LiveAngles, joined, unknown
from imuhip.cli.commands import build
from imuhip.core.segments import ANGLES
from imuhip.exchange.lsl_streams import LslClock, LslStreams, SensorFacts
from imuhip.recording.plan import SampleRows

LSL_CONFIGURATION = """
[multicast]
ResolveScope = machine
[lab]
KnownPeers = {127.0.0.1}
SessionID = %s
[log]
level = -3
"""
WAIT_S = 10.0


@pytest.fixture(scope="module")
def lsl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Return pylsl, kept on this machine and apart from whatever else streams on it."""
    path = tmp_path_factory.mktemp("lsl") / "lsl_api.cfg"
    path.write_text(LSL_CONFIGURATION % f"imuhip-test-{os.getpid()}")
    before = os.environ.get("LSLAPICFG")
    os.environ["LSLAPICFG"] = str(path)
    try:
        yield pytest.importorskip("pylsl", reason="the optional package pylsl is not installed")
    finally:
        if before is None:
            del os.environ["LSLAPICFG"]
        else:
            os.environ["LSLAPICFG"] = before


class Clock:
    """A host's clock that says what it is told."""

    now_s = 0.0

    def monotonic_ns(self) -> int:
        return round(1e9 * self.now_s)

    def unix_s(self) -> float:
        return 1.7e9


def inlet(lsl, name: str):
    found = lsl.resolve_byprop("name", name, timeout=WAIT_S)
    assert len(found) == 1, name
    opened = lsl.StreamInlet(found[0], processing_flags=0, recover=False)
    opened.open_stream(timeout=WAIT_S)
    return opened


def received(one, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and their times; nothing more may come than is waited for."""
    rows, times = [], []
    while len(rows) < n_rows:
        sample, at_s = one.pull_sample(timeout=WAIT_S)
        assert sample is not None, f"{len(rows)} of {n_rows} came"
        rows.append(sample)
        times.append(at_s)
    assert one.pull_sample(timeout=0.0)[0] is None
    return np.array(rows), np.array(times)


def channels(one) -> list[dict[str, str]]:
    """Return the description of channels, as an XDF recorder stores it."""
    found = []
    channel = one.info(timeout=WAIT_S).desc().child("channels").child("channel")
    while not channel.empty():
        names = ("label", "object", "type", "unit")
        found.append({name: channel.child_value(name) for name in names})
        channel = channel.next_sibling("channel")
    return found


def rows_of(series, numbers: np.ndarray, *, mag: bool) -> SampleRows:
    n_rows = len(numbers)
    return SampleRows(
        epoch=np.zeros(n_rows, dtype=np.int64),
        seq=numbers,
        device_time_s=series.time_s[numbers],
        time_s=series.time_s[numbers],
        arrival_s=series.time_s[numbers],
        acc=series.acc[numbers],
        gyr=series.gyr[numbers],
        mag=0.5 * series.acc[numbers] if mag else None,
        flags=np.zeros(n_rows, dtype=np.int64),
    )


@pytest.mark.parametrize("mag", [False, True])
def test_raw_samples_come_once_at_our_times_with_their_names_and_units(lsl, mag):
    series = noise_motion(("pelvis",), 2.0).sensors["pelvis"]
    host_clock = Clock()
    clock = LslClock(HostTime(host_clock), lambda: 5000.0 + host_clock.now_s)
    streams = LslStreams(clock, {"pelvis": SensorFacts("SN7", "imuhip v1", 100.0)})
    ring = SampleRing(1000)
    ring.append(rows_of(series, np.arange(50), mag=mag))
    streams.push_raw("pelvis", ring.since(0))  # nobody listens yet: these go nowhere
    one = inlet(lsl, "imuhip pelvis raw")
    kept = np.delete(np.arange(50, 200), slice(40, 60))  # 20 samples were lost
    ring.append(rows_of(series, kept, mag=mag))
    streams.push_raw("pelvis", ring.since(50))
    rows, times = received(one, len(kept))
    np.testing.assert_array_equal(rows[:, :3], series.acc[kept])
    np.testing.assert_array_equal(rows[:, 3:6], series.gyr[kept])
    np.testing.assert_array_equal(rows[:, -1], kept)
    np.testing.assert_allclose(times, 5000.0 + series.time_s[kept], atol=1e-9)
    if mag:
        np.testing.assert_array_equal(rows[:, 6:9], 0.5 * series.acc[kept])
    info = one.info(timeout=WAIT_S)
    assert info.type() == "IMU" and info.nominal_srate() == lsl.IRREGULAR_RATE
    assert info.source_id() == "imuhip SN7 imuhip pelvis raw"
    told = channels(one)
    assert [c["label"] for c in told[:4]] == [f"pelvis_acc_{a}" for a in "xyz"] + ["pelvis_gyr_x"]
    assert [(c["type"], c["unit"]) for c in told[2:4]] == [("ACCEL", "m/s^2"), ("GYRO", "rad/s")]
    assert len(told) == info.channel_count() == (11 if mag else 8)
    assert info.desc().child("acquisition").child_value("serial_number") == "SN7"
    assert info.desc().child("synchronization").child_value("can_drop_samples") == "true"
    one.close_stream()
    streams.close()


def test_orientations_and_angles_come_where_they_are_known(lsl):
    clock = LslClock(HostTime(Clock()), lambda: 100.0)
    segments = ("pelvis", "thigh_left")
    facts = {s: SensorFacts(s, "", 100.0) for s in segments}
    streams = LslStreams(clock, facts, segments)
    orientations = inlet(lsl, "imuhip orientations")
    angles = inlet(lsl, "imuhip angles")
    names = [n for n in ANGLES if n.startswith("pelvis") or n.endswith("left")]
    time_s = np.arange(100) / 100.0
    rng = np.random.default_rng(3)
    values = {name: rng.normal(size=100) for name in names}
    sd = {name: rng.uniform(size=100) for name in names}
    q_WB = {s: rng.normal(size=(100, 4)) for s in segments}
    for table in (values, sd, q_WB):
        for column in table.values():
            column[30:45] = np.nan  # a sensor was away
    values["hip_rotation_left"][:10] = np.nan  # the leg came later
    streams.push_angles(joined([], np.empty(0)))  # before the first sample
    streams.push_angles(unknown(time_s, ["left"]))  # before the calibration
    streams.push_angles(LiveAngles(time_s, values, sd, q_WB, np.zeros(100)))
    known = np.delete(np.arange(100), slice(30, 45))
    rows, times = received(angles, len(known))
    expected = np.degrees(np.stack([*values.values(), *sd.values()], axis=1))[known]
    np.testing.assert_allclose(rows, expected, rtol=1e-15)
    np.testing.assert_allclose(times, 100.0 + time_s[known])
    told = channels(angles)
    assert told[0]["label"] == f"{names[0]}_deg" and told[-1]["label"] == f"{names[-1]}_sd_deg"
    assert {c["unit"] for c in told} == {"degrees"}
    rows, _ = received(orientations, len(known))
    np.testing.assert_array_equal(rows, np.hstack([q_WB[s] for s in segments])[known])
    told = channels(orientations)
    assert [c["type"] for c in told[:4]] == [f"Orientation{letter}" for letter in "ABCD"]
    assert [c["object"] for c in told] == ["pelvis"] * 4 + ["thigh_left"] * 4
    for one in (orientations, angles):
        assert one.info(timeout=WAIT_S).type() == "MoCap"
        one.close_stream()
    streams.close()


def test_our_clock_is_moved_to_that_of_lsl(lsl):
    """On the real clocks: a sample of now has LSL's time of now."""
    from imuhip.core.clock import SystemClock

    host = HostTime(SystemClock())
    clock = LslClock(host, lsl.local_clock)
    assert clock.uncertainty_s < 1e-3
    before_s = lsl.local_clock()
    now_s = clock.lsl_s(np.array([host.now_s()]))[0]
    assert before_s - 1e-3 < now_s < lsl.local_clock() + 1e-3


@pytest.mark.realtime
def test_what_is_recorded_is_what_was_streamed(lsl, tmp_path: Path):
    """``imuhip record --lsl`` in a process of its own: the file and the stream hold the same."""
    path = tmp_path / "walk.h5"
    command = [
        sys.executable,
        "-c",
        "from imuhip.cli.main import run; run()",
        "record",
        "--radio",
        "sim",
        "--lsl",
        "--json",
    ]
    child = subprocess.Popen(
        [*command, "--out", str(path), "--duration", "8"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"IMUHIP_SETTINGS_DIR": str(tmp_path / "settings")},
    )
    try:
        found = lsl.resolve_byprop("name", "imuhip thigh_left raw", timeout=60.0)
        one = lsl.StreamInlet(found[0], processing_flags=0, recover=False)
        rows, times = [], []
        with suppress(lsl.util.LostError):  # so does a stream end that its sender takes back
            while child.poll() is None:
                chunk, at_s = one.pull_chunk(timeout=0.2, max_samples=512)
                rows += chunk
                times += at_s
    finally:
        output, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    assert "streaming to LSL: raw of pelvis" in errors and "orientations and angles" in errors
    assert "streaming to LSL ended" not in errors
    assert json.loads(output)
    found_rows, found_s = np.array(rows), np.array(times)
    assert len(found_rows) > 50
    series = imuhip.open(path).sensors["thigh_left"]
    stored = reader.read_sample_times(path, "thigh_left")
    acc = found_rows[:, :3].astype(np.float32)
    # who stands still repeats samples: a row of the stream that stands once in the file tells
    told = next(k for k in range(len(acc)) if (series.acc == acc[k]).all(axis=1).sum() == 1)
    first = int(np.flatnonzero((series.acc == acc[told]).all(axis=1))[0]) - told
    assert first >= 0
    n_rows = min(len(series) - first, len(acc))
    own = slice(first, first + n_rows)
    assert n_rows > 50
    np.testing.assert_array_equal(series.acc[own], acc[:n_rows])
    assert np.all(np.diff(found_rows[:, -1]) == 1)
    # both clocks count the same seconds; a machine that stalls gives some live times late
    apart_s = found_s[:n_rows] - stored.time_s[own]
    apart_s = np.abs(apart_s - np.median(apart_s))
    assert np.median(apart_s) < 0.01 and apart_s.max() < 0.5


@pytest.mark.parametrize("command", ["record", "live"])
def test_without_the_library_nobody_is_let_wait_for_sensors(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IMUHIP_SETTINGS_DIR", str(tmp_path))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setitem(sys.modules, "pylsl", None)
    done = CliRunner().invoke(build(), [command, "--radio", "sim", "--lsl"])
    assert done.exit_code == 1
    assert "error[E709]" in done.stderr and 'pip install "imuhip[lsl]"' in done.stderr
    assert "scanning" not in done.stderr
