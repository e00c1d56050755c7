"""From a calibration by hand to better angles: the command, its file and the analyses."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks import intrinsics as benchmark
from scipy.io import loadmat
from typer.testing import CliRunner

import imuhip
from imuhip.acquisition.ring import SampleRing
from imuhip.calibration.intrinsics import Intrinsics
from imuhip.calibration.intrinsics_file import DATA_VARIABLE, user_sensor_folder
from imuhip.cli.commands import build
from imuhip.cli.intrinsics_recording import BenchWatch
from imuhip.cli.output import Following
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.core.series import ImuSeries
from imuhip.recording.plan import SampleRows
from imuhip.recording.session import DeviceRecord, Recording
from imuhip.simulation.bench_calibration import simulate_bench


def sample_rows(series: ImuSeries, rows: slice) -> SampleRows:
    time_s = series.time_s[rows]
    seq = np.arange(len(series))[rows]
    zeros = np.zeros(len(seq), dtype=np.int64)
    return SampleRows(
        epoch=zeros,
        seq=seq,
        device_time_s=time_s,
        time_s=time_s,
        arrival_s=time_s,
        acc=series.acc[rows],
        gyr=series.gyr[rows],
        mag=None,
        flags=zeros,
    )


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))


@pytest.fixture(scope="module")
def walk() -> tuple[Recording, dict[str, Intrinsics]]:
    """A walk of sensors with known serial numbers, and what calibrating them finds."""
    session = benchmark.worn("walk", 0.5, 2)
    recording, intrinsics = session.as_read, dict(session.intrinsics)
    devices = {
        segment: DeviceRecord(SensorIdentity("m", f"SN-{k}", "1", 100.0), "", StreamConfig())
        for k, segment in enumerate(recording.sensors)
    }
    return replace(recording, devices=devices), intrinsics


def cli(*arguments: object):
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


def test_command_writes_what_analyses_find(tmp_path: Path, walk):
    recording, _ = walk
    bench = simulate_bench(200, rest_s=2.0)
    path = bench.recording.save(tmp_path / "bench.h5")
    done = cli("calibrate-sensor", "--file", path, "--serial", "SN-0", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["serial"] == "SN-0"
    assert Path(told["file"]) == user_sensor_folder() / "SN-0.toml"
    assert all(one["after"] < 0.2 * one["before"] for one in told["improvements"])
    sensors = imuhip.analyze(recording).quality["sensors"]
    assert sensors["pelvis"]["intrinsics"].startswith("calibrated 20")
    assert sensors["pelvis"]["intrinsics"].endswith("accelerometer and gyroscope")
    assert sensors["thigh_left"]["intrinsics"] == "none"
    without = imuhip.analyze(recording, intrinsics=False).quality["sensors"]
    assert {one["intrinsics"] for one in without.values()} == {"none"}


def test_a_second_calibration_keeps_the_first(tmp_path: Path):
    path = simulate_bench(1, turns=0).recording.save(tmp_path / "bench.h5")
    for _ in range(2):
        assert cli("calibrate-sensor", "--file", path).exit_code == 0
    assert sorted(p.name for p in user_sensor_folder().iterdir()) == [
        "BENCH-1.previous",
        "BENCH-1.toml",
    ]
    done = cli("calibrate-sensor", "--file", path, "--out", user_sensor_folder() / "BENCH-1.toml")
    assert done.exit_code == 1
    assert done.stderr.startswith("error[E403]")


def test_command_refuses_with_the_next_step(tmp_path: Path):
    series = simulate_bench(1).recording.sensors["pelvis"]
    short = {"acc": series.acc[:2000], "gyr": series.gyr[:2000]}
    path = Recording.from_arrays(rate_hz=100, sensors={"trunk": short}).save(tmp_path / "short.h5")
    for arguments, code, words in (
        ((), 2, "error[E101] expected either --sensor ADDRESS or --file FILE"),
        (("--file", path), 2, "error[E101] --segment pelvis: the recording has trunk"),
        (("--file", path, "--segment", "trunk"), 1, "error[E103] trunk"),
        (("--file", path, "--segment", "trunk", "--serial", "S"), 1, "error[E511]"),
    ):
        done = cli("calibrate-sensor", *arguments)
        assert done.exit_code == code
        assert done.stderr.startswith(words)
        assert "hint: " in done.stderr


def test_given_intrinsics_take_the_errors_out_of_the_angles(walk):
    recording, intrinsics = walk
    taken = imuhip.analyze(recording, intrinsics=intrinsics)
    told = {one["intrinsics"] for one in taken.quality["sensors"].values()}
    assert told == {"given, accelerometer and gyroscope"}
    gravity = [one["gravity_m_s2"] for one in taken.quality["sensors"].values()]
    assert np.abs(np.array(gravity) - 9.80665).max() < 0.02
    before = imuhip.analyze(recording, intrinsics=False).quality["sensors"].values()
    assert max(abs(one["gravity_m_s2"] - 9.80665) for one in before) > 0.05


def test_live_uses_them_too(walk):
    recording, intrinsics = walk
    one, other = (
        imuhip.analyze(recording, live=True, intrinsics=given) for given in (intrinsics, False)
    )
    column = "hip_flexion_left_deg"
    assert not np.allclose(one.angles[column], other.angles[column], equal_nan=True)


def test_raw_samples_stay_raw(walk):
    recording, intrinsics = walk
    before = recording.sensors["pelvis"].acc.copy()
    imuhip.analyze(recording, intrinsics=intrinsics)
    np.testing.assert_array_equal(recording.sensors["pelvis"].acc, before)


def test_the_sensors_part_of_the_drift_falls():
    session = benchmark.worn("run", 0.5, 1)
    perfect, as_read, calibrated = (
        benchmark.drift_deg_min(one)
        for one in (session.perfect, session.as_read, session.calibrated)
    )
    assert np.linalg.norm(calibrated - perfect) < np.linalg.norm(as_read - perfect) / 3


def test_benchmark_prints_its_tables(capsys):
    options = ["--chips", "2", "--poor", "1", "--minutes", "0.6", "--seeds", "1"]
    assert benchmark.main([*options, "--activity", "walk"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("$ python -m benchmarks intrinsics --chips 2")
    rows = {line[:20].strip(): line[20:].split() for line in lines[1:]}
    assert float(rows["gyr by both"][1]) < 0.1 * float(rows["gyr as read"][1])
    assert float(rows["acc calibrated"][3]) < 0.05 * float(rows["acc as read"][3])
    assert len(rows["calibrated"]) == len(rows["as read"]) == 4


def test_prompts_follow_the_samples():
    """Every prompt once, in the order of the bench, and the end when nothing is missing."""
    series = simulate_bench(4).recording.sensors["pelvis"]
    told: list[str] = []

    class Told(Following):
        def note(self, text: str) -> None:
            told.append(text)

    ring = SampleRing(4096)
    watch = BenchWatch(ring, Told(1.0))
    complete = []
    for start in range(0, len(series), 100):
        rows = slice(start, start + 100)
        ring.append(sample_rows(series, rows))
        complete.append(watch.look(float(series.time_s[start])))
    assert complete[-1]
    assert not any(complete[:-300])
    assert told[0].startswith("0 poses; next: lay it still for 3 s")
    assert told[-1].startswith("20 poses, turned about x, y, z; next: done")
    assert len(told) == len(set(told))


def test_a_real_sensor_that_needs_it_is_told_so(shared_data: Path):
    """The example person's sensors read 9.68 to 10.06 m/s² at rest."""
    content = loadmat(
        shared_data / "qmt_full_body" / "full_body_example_data.mat", simplify_cells=True
    )
    names = {"pelvis": "hip", "thigh_left": "upper_leg_left", "thigh_right": "upper_leg_right"}
    person = Recording.from_arrays(
        rate_hz=100.0,
        sensors={
            segment: {"acc": content[name]["acc"], "gyr": content[name]["gyr"]}
            for segment, name in names.items()
        },
    )
    quality = imuhip.analyze(person).quality
    told = quality["sensors"]["pelvis"]
    assert told["grade"] != "A"
    assert told["intrinsics"] == "none"
    assert any(
        "m/s² at rest" in reason and "imuhip calibrate-sensor corrects it" in reason
        for reason in quality["reasons"]
    )
