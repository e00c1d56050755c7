"""APDM recordings and MetaMotion's pairs of files, written here by the layout they are known by."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imuhip
from exchange_kit import inertial, written
from imuhip.errors import ExchangeError
from imuhip.exchange.importers import read_logs
from imuhip.exchange.session import assigned, joined

START_US = 1_700_000_000_000_000
GRAVITY = 9.80665


def apdm(path: Path, labels=("Lumbar", "Left Thigh"), n_samples: int = 256) -> Path:
    values = inertial(n_samples, 128.0)
    with h5py.File(path, "w") as file:
        file.attrs["FileFormatVersion"] = np.uint32(5)
        for k, label in enumerate(labels):
            sensor = file.create_group(f"Sensors/{1000 + k}")
            steps = np.arange(n_samples) * 1_000_000 // 128
            sensor["Time"] = (START_US + steps).astype(np.uint64)
            sensor["Accelerometer"] = values[:, :3] + k
            sensor["Gyroscope"] = np.radians(values[:, 3:])
            sensor["Magnetometer"] = values[:, :3] * 5
            settings = sensor.create_group("Configuration")
            settings.attrs["Label 0"] = np.bytes_(label.ljust(16, "\0"))
            settings.attrs["Sample Rate"] = np.int64(128)
    return path


def test_every_opal_keeps_its_numbers_and_the_shared_clock(tmp_path):
    logs = read_logs(apdm(tmp_path / "s.h5"))
    values = inertial(256, 128.0)
    assert [log.name for log in logs] == ["Lumbar", "Left Thigh"]
    np.testing.assert_array_equal(logs[1].series.acc, values[:, :3] + 1)
    np.testing.assert_array_equal(logs[1].series.gyr, np.radians(values[:, 3:]))
    np.testing.assert_array_equal(logs[1].series.mag, values[:, :3] * 5)
    assert (logs[0].rate_hz, logs[0].faults.lost, logs[0].clock) == (128.0, 0, "synced")
    wanted = {"pelvis": "Lumbar", "thigh_left": "Left Thigh"}
    imported = joined(assigned(logs, wanted)[0])
    assert imported.recording.start_time.timestamp() == START_US / 1e6
    assert imported.recording.sensors["pelvis"].time_s[0] == 0.0


def test_opals_that_missed_samples_say_how_many(tmp_path):
    path = apdm(tmp_path / "s.h5", labels=("Lumbar",))
    with h5py.File(path, "r+") as file:
        sensor = file["Sensors/1000"]
        keep = np.r_[0:100, 120:256]
        for name in ("Time", "Accelerometer", "Gyroscope", "Magnetometer"):
            kept = sensor[name][keep]
            del sensor[name]
            sensor[name] = kept
    (log,) = read_logs(path)
    assert (log.faults.lost, len(log.series)) == (20, 256)


def spoil_shape(sensor: h5py.Group) -> None:
    sensor["Gyroscope"] = np.zeros((256, 2))


def spoil_length(sensor: h5py.Group) -> None:
    sensor["Gyroscope"] = np.zeros((10, 3))


def spoil_size(sensor: h5py.Group) -> None:
    sensor.create_dataset("Gyroscope", (1 << 40, 3), "f8", chunks=(1024, 3))


def spoil_link(sensor: h5py.Group) -> None:
    sensor["Gyroscope"] = h5py.ExternalLink("/etc/passwd", "/x")


def spoil_type(sensor: h5py.Group) -> None:
    sensor["Gyroscope"] = np.array([[b"a"] * 3] * 256)


@pytest.mark.parametrize(
    "spoil", [spoil_shape, spoil_length, spoil_size, spoil_link, spoil_type, lambda _: None]
)
def test_hostile_and_damaged_opal_files_are_refused(tmp_path, spoil):
    path = apdm(tmp_path / "s.h5", labels=("Lumbar",))
    with h5py.File(path, "r+") as file:
        del file["Sensors/1000/Gyroscope"]
        spoil(file["Sensors/1000"])
    with pytest.raises(ExchangeError, match="Sensors/1000") as caught:
        read_logs(path)
    assert caught.value.code == "E704"
    assert caught.value.hint


def test_other_hdf5_is_refused_and_our_own_needs_no_import(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["data"] = np.zeros(3)
    with pytest.raises(ExchangeError, match="without the group Sensors") as caught:
        read_logs(tmp_path / "x.h5")
    assert caught.value.code == "E702"
    own = {"pelvis": {"acc": np.ones((20, 3)), "gyr": np.ones((20, 3))}}
    imuhip.Recording.from_arrays(rate_hz=50, sensors=own).save(tmp_path / "own.h5")
    with pytest.raises(ExchangeError) as caught:
        read_logs(tmp_path / "own.h5")
    assert "session of imuhip already" in caught.value.hint
    whole = apdm(tmp_path / "s.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(ExchangeError):
        read_logs(tmp_path / "cut.h5")


# -- MetaMotion ---------------------------------------------------------------------------------

STEM = "M1_Left_2023-03-22T20.06.42.945_DFE264DC19EA"


def meta_text(values: np.ndarray, unit: str, late_s: float = 0.0) -> str:
    head = "epoc (ms),timestamp (-0800),elapsed (s)," + ",".join(
        f"{a}-axis ({unit})" for a in "xyz"
    )
    at_s = np.arange(len(values)) / 100 + late_s
    rows = [
        f"{1.7e12 + round(1e3 * t):.0f},2023-03-22T20.06.42.945,{t - late_s:.4f},"
        + ",".join(f"{v:.6f}" for v in row)
        for t, row in zip(at_s, values, strict=True)
    ]
    return "\n".join([head, *rows]) + "\n"


def pair(folder: Path, values: np.ndarray, late_s: float = 0.002) -> Path:
    written(
        folder / f"{STEM}_Gyroscope_100.000Hz_1.7.3.csv", meta_text(values[:, 3:], "deg/s", late_s)
    )
    text = meta_text(values[:, :3] / GRAVITY, "g")
    return written(folder / f"{STEM}_Accelerometer_100.000Hz_1.7.3.csv", text)


def test_two_files_become_one_sensor_at_the_times_of_its_accelerations(tmp_path):
    values = inertial(200, 100.0)
    path = pair(tmp_path, values)
    (log,) = read_logs(path)
    assert (log.name, log.rate_hz, log.clock) == ("DF:E2:64:DC:19:EA", 100.0, "unix")
    # the first acceleration comes before the first turn rate
    np.testing.assert_allclose(log.series.acc, values[1:, :3], atol=1e-4)
    at_s = np.arange(1, 200) / 100 - 0.002
    expected = np.column_stack(
        [np.interp(at_s, np.arange(200) / 100, column) for column in np.radians(values[:, 3:]).T]
    )
    np.testing.assert_allclose(log.series.gyr, expected, atol=1e-4)
    assert "2.0 ms apart" in log.notes[0]
    assert read_logs(tmp_path / f"{STEM}_Gyroscope_100.000Hz_1.7.3.csv") == []


def test_half_a_pair_is_refused(tmp_path):
    path = pair(tmp_path, inertial(100, 100.0))
    (tmp_path / f"{STEM}_Gyroscope_100.000Hz_1.7.3.csv").unlink()
    with pytest.raises(ExchangeError, match="0 files begin with") as caught:
        read_logs(path)
    assert caught.value.code == "E705"
    other = written(tmp_path / "x_Euler.csv", meta_text(inertial(20)[:, :3], "deg"))
    with pytest.raises(ExchangeError, match="neither acceleration"):
        read_logs(other)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_spoilt_pairs_and_opals_are_read_or_refused(tmp_path, data):
    paths = [pair(tmp_path, inertial(30, 100.0)), apdm(tmp_path / "s.h5", ("Lumbar",), 20)]
    paths.append(tmp_path / f"{STEM}_Gyroscope_100.000Hz_1.7.3.csv")
    path = data.draw(st.sampled_from(paths))
    spoilt = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(spoilt) - 1))
        spoilt[at : at + data.draw(st.integers(0, 30))] = data.draw(
            st.sampled_from([b"", b"\n", b",", b"\xff\xff", b"1e30", b"\x00", b"nan"])
        )
    path.write_bytes(bytes(spoilt))
    for one in paths[:2]:
        try:
            for log in read_logs(one):
                assert np.isfinite(log.series.acc[log.series.valid]).all()
        except ExchangeError as error:
            assert error.hint
