"""Sensor files: written and read the same, broken ones answered with all of their problems."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from imuhip.calibration.intrinsics import Intrinsics, calibrate_sensor
from imuhip.calibration.intrinsics_file import (
    DATA_VARIABLE,
    SensorFile,
    find_sensor_file,
    read_sensor_file,
    sensor_file_name,
    user_sensor_folder,
)
from imuhip.calibration.intrinsics_writer import write_sensor_file
from imuhip.errors import ConfigError, DiskError
from imuhip.simulation.bench_calibration import simulate_bench


@pytest.fixture(scope="module")
def found() -> Intrinsics:
    return calibrate_sensor(simulate_bench(3).recording.sensors["pelvis"])


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "data"))
    return tmp_path / "data"


def sensor(found: Intrinsics, serial: str = "SN 7/é") -> SensorFile:
    made = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    return SensorFile(serial, 'a "model"', made, "imuhip 0.1.0", found)


def test_what_is_written_is_read(tmp_path: Path, found: Intrinsics):
    path = write_sensor_file(tmp_path / "new" / "one.toml", sensor(found))
    read = read_sensor_file(path)
    assert (read.serial, read.model, read.software) == ("SN 7/é", 'a "model"', "imuhip 0.1.0")
    assert read.made == sensor(found).made
    assert read.path == path
    mine, its = found.accelerometer, read.intrinsics.accelerometer
    np.testing.assert_allclose(its.scale, mine.scale, atol=1e-7)
    np.testing.assert_allclose(its.bias_m_s2, mine.bias_m_s2, atol=1e-7)
    assert (its.method, its.poses) == (mine.method, mine.poses)
    assert found.gyroscope is not None
    assert read.intrinsics.gyroscope is not None
    np.testing.assert_allclose(read.intrinsics.gyroscope.scale, found.gyroscope.scale, atol=1e-7)
    np.testing.assert_allclose(
        read.intrinsics.gyroscope.bias_rad_s, found.gyroscope.bias_rad_s, atol=1e-8
    )
    np.testing.assert_array_equal(read.intrinsics.gyroscope.full_turns, [10, 10, 10])


def test_without_gyroscope_and_with_notes(tmp_path: Path, found: Intrinsics):
    partial = Intrinsics(found.accelerometer, None, 9.81, ('say "why"', "second\nline"))
    read = read_sensor_file(write_sensor_file(tmp_path / "p.toml", sensor(partial)))
    assert read.intrinsics.gyroscope is None
    assert read.intrinsics.gravity_m_s2 == 9.81
    assert read.intrinsics.notes == ('say "why"', "second\nline")


def test_file_is_for_people(tmp_path: Path, found: Intrinsics):
    text = write_sensor_file(tmp_path / "p.toml", sensor(found)).read_text("utf-8")
    assert text.startswith("# Errors of one sensor: true = scale (read - bias).")
    for words in ('temperature = "unknown"', "made = 2026-11-21T12:30:00+00:00", "residual_m_s2"):
        assert words in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_every_problem_is_told_with_its_place(tmp_path: Path, found: Intrinsics):
    path = write_sensor_file(tmp_path / "p.toml", sensor(found))
    text = path.read_text("utf-8")
    head, gyr = text.split("[gyroscope]")
    head = head.replace("poses = 20", "poses = true").replace('"all directions"', '"magic"')
    head = head.replace("made = 2026-11-21T12:30:00+00:00", "made = 2026-11-21")
    gyr = gyr.replace("moves = 19\n", "speed = 1\n").replace("[10, 10, 10]", "[10, 10]")
    path.write_text(f"{head}[gyroscope]{gyr}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_sensor_file(path)
    problems = [line.strip() for line in str(caught.value).splitlines()[1:]]
    assert "expected a number, got True @ $.accelerometer.poses" in problems
    assert "entry 'moves' missing @ $.gyroscope.moves" in problems
    assert "unknown entries: speed @ $.gyroscope" in problems
    assert "expected three numbers, got [10, 10] @ $.gyroscope.full_turns" in problems
    assert any(problem.endswith("@ $.made") for problem in problems)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"all directions"', '"magic"', "magic"),
        ("[0.9954449, ", "[1.9954449, ", "1.00 off one, 0.2 is the limit"),
        ("[0.9954449, ", "[nan, ", "expected a number, got nan"),
        ("[accelerometer]", "[accelerometers]", "'accelerometer' missing"),
        ("[accelerometer]", "[accelerometer", "not TOML"),
    ],
)
def test_values_that_cannot_be_are_refused(
    tmp_path: Path, found: Intrinsics, old: str, new: str, told: str
):
    path = write_sensor_file(tmp_path / "p.toml", sensor(found))
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_sensor_file(path)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("serial", "name"),
    [("SIM-7", "SIM-7.toml"), ("../../etc", "_etc.toml"), ("a/b\\c:d", "a_b_c_d.toml")],
)
def test_names_of_files_stay_in_their_folder(serial: str, name: str):
    assert sensor_file_name(serial) == name


def test_no_serial_number_has_no_file():
    for serial in ("", "  ", "..", "//"):
        with pytest.raises(ValueError, match="serial number"):
            sensor_file_name(serial)
        assert find_sensor_file(serial) is None


def test_the_users_own_file_is_found_by_serial(own_folder: Path, found: Intrinsics):
    assert user_sensor_folder() == own_folder / "calibration" / "sensors"
    assert find_sensor_file("SN 7/é") is None
    write_sensor_file(user_sensor_folder() / sensor_file_name("SN 7/é"), sensor(found))
    assert find_sensor_file("SN 7/é") is not None
    assert find_sensor_file("SN 7:é") is None, "another serial number of the same file name"


def test_a_broken_file_is_not_passed_over(found: Intrinsics):
    folder = user_sensor_folder()
    folder.mkdir(parents=True)
    (folder / "A1.toml").write_text("serial = 3", encoding="utf-8")
    with pytest.raises(ConfigError):
        find_sensor_file("A1")


def test_a_folder_that_cannot_be_made(tmp_path: Path, found: Intrinsics):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError, match="cannot be written"):
        write_sensor_file(tmp_path / "file" / "x.toml", sensor(found))
