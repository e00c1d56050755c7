"""Xsens DOT and WitMotion logs: what is read, what is counted, what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imuhip
from exchange_kit import (
    DOT_INERTIAL,
    DOT_ORIENTATION,
    RATE_HZ,
    TICK_US,
    dot_text,
    inertial,
    turning,
    written,
)
from imuhip.core.quaternion import conjugate, rotate
from imuhip.errors import ExchangeError
from imuhip.exchange.importers import FORMATS, read_logs
from imuhip.exchange.samples import unwrapped
from imuhip.exchange.session import assigned, joined

GRAVITY = 9.80665
WIT = "time\tDeviceName\tAccX(g)\tAccY(g)\tAccZ(g)\tAsX(°/s)\tAsY(°/s)\tAsZ(°/s)\tAngleX(°)\n"
BARE = "address,timestamp,AccX,AccY,AccZ,AsX,AsY,AsZ,AngX\n"


def dot(tmp_path: Path, text: str, name: str = "Pelvis.csv"):
    (log,) = read_logs(written(tmp_path / name, text))
    return log


def wit_rows(n_rows: int, at_s, *, address: str = "F3:89:79:49:6C:B3", scale: float = 9.81) -> str:
    values = inertial(n_rows, 100.0)
    values[:, :3] *= scale / 9.81
    return "".join(
        f"{address},{at_s[n]:.6f}," + ",".join(f"{v:.5f}" for v in values[n]) + ",1.5\n"
        for n in range(n_rows)
    )


# -- Xsens DOT ----------------------------------------------------------------------------------


def test_inertial_log_keeps_every_number(tmp_path):
    values = inertial()
    log = dot(tmp_path, dot_text(values, DOT_INERTIAL))
    np.testing.assert_allclose(log.series.acc, values[:, :3], atol=1e-6)
    np.testing.assert_allclose(log.series.gyr, np.radians(values[:, 3:]), atol=1e-7)
    np.testing.assert_allclose(np.diff(log.series.time_s), TICK_US * 1e-6, atol=1e-9)
    assert (log.rate_hz, log.name, log.clock, log.derived) == (60.0, "zdt", "synced", "")
    assert log.start.isoformat() == "2021-08-20T20:21:13.829000+08:00"
    assert log.faults.dropped == log.faults.lost == log.faults.wraps == 0


def test_orientation_log_gives_rate_and_force_and_says_that_they_are_derived(tmp_path):
    q_WS, gyr = turning(300)
    free = np.tile([0.3, -0.2, 0.1], (300, 1))
    log = dot(tmp_path, dot_text(np.hstack([q_WS, free]), DOT_ORIENTATION))
    assert "maker's orientations" in log.derived
    inner = slice(1, -1)
    # central differences over two samples at 60 Hz flatten 0.64 Hz by (ω dt)²/6 = 0.07 %
    np.testing.assert_allclose(log.series.gyr[inner], gyr[inner], atol=0.004)
    expected = rotate(conjugate(q_WS), free + np.array([0, 0, GRAVITY]))
    np.testing.assert_allclose(log.series.acc, expected, atol=1e-4)


def test_rates_across_a_lost_packet_keep_their_place_and_long_gaps_stay_unknown(tmp_path):
    q_WS, gyr = turning(300)
    keep = np.ones(300, bool)
    keep[40] = keep[100:130] = False
    values = np.hstack([q_WS, np.zeros((300, 3))])
    log = dot(tmp_path, dot_text(values, DOT_ORIENTATION, keep=keep))
    np.testing.assert_array_equal(log.series.valid, keep)
    away = keep.copy()
    away[[0, 39, 41, 99, 130, 299]] = False
    np.testing.assert_allclose(log.series.gyr[away], gyr[away], atol=0.01)
    assert np.abs(log.series.gyr[[39, 41, 99, 130]] - gyr[[39, 41, 99, 130]]).max() < 0.2
    assert log.faults.lost == 31
    assert log.faults.longest_gap_s == pytest.approx(31 * TICK_US * 1e-6)


def test_a_clock_that_wraps_is_no_loss(tmp_path):
    log = dot(tmp_path, dot_text(inertial(), DOT_INERTIAL, first_tick=(1 << 32) - 50 * TICK_US))
    assert (log.faults.wraps, log.faults.lost, log.faults.time_jumps) == (1, 0, 0)
    np.testing.assert_allclose(np.diff(log.series.time_s), TICK_US * 1e-6, atol=1e-9)


def test_every_kind_of_bad_row_is_counted(tmp_path):
    head, _, body = dot_text(inertial(), DOT_INERTIAL).partition("Status\n")
    rows = body.split("\n")
    rows[10] = rows[10].rsplit(",", 3)[0]  # cut short
    rows[20] = rows[20].replace(rows[20].split(",")[3], "nonsense")
    rows[30], rows[31] = rows[31], rows[30]
    rows.insert(50, rows[49])
    rows[60] = ""
    rows[-1] = rows[-1][:25]  # the file ends in the middle of a row
    log = dot(tmp_path, f"{head}Status\n" + "\n".join(rows))
    faults = log.faults
    assert (faults.rows, faults.ragged, faults.unreadable) == (120, 2, 1)
    assert (faults.repeated, faults.reordered, faults.lost) == (1, 1, 3)
    assert faults.rows - faults.dropped == np.count_nonzero(log.series.valid)


def test_a_sensor_that_began_anew_keeps_the_longest_stretch(tmp_path):
    first = dot_text(inertial(40), DOT_INERTIAL, first_tick=9_000_000)
    again = dot_text(inertial(120), DOT_INERTIAL, first_tick=1_000_000).partition("Status\n")[2]
    log = dot(tmp_path, f"{first}\n{again}")
    assert (log.faults.outside, log.faults.time_jumps, log.faults.lost) == (40, 1, 0)
    assert len(log.series) == 120


def test_names_from_a_file_cannot_disturb_a_terminal(tmp_path):
    log = dot(tmp_path, dot_text(inertial(), DOT_INERTIAL, tag="a\x1b[2J" + "b" * 500))
    assert log.name.startswith("a[2Jb")
    assert len(log.name) == 100
    with pytest.raises(ExchangeError) as caught:
        dot(tmp_path, "PacketCounter,SampleTimeFine," + "\x1b[2Jx," * 400 + "y\n" + "1\n" * 20)
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 2000


@given(st.integers(0, 1 << 32), st.lists(st.integers(1, 1000), min_size=1, max_size=50))
def test_unwrapping_gives_back_what_was_counted(start, steps):
    counted = start + np.cumsum(steps)
    found, wraps = unwrapped((counted % (1 << 32)).astype(float), float(1 << 32))
    np.testing.assert_array_equal(found - found[0], counted - counted[0])
    assert wraps == counted[-1] // (1 << 32) - counted[0] // (1 << 32)


def mtw_text(n_samples: int = 200, first: int = 0) -> str:
    values = inertial(n_samples, 100.0) * np.repeat([1, 0.02], 3)
    rows = [
        f"{(first + n) % 65536}\t\t" + "\t".join(f"{v:.6f}" for v in values[n])
        for n in range(n_samples)
    ]
    names = "\t".join(("PacketCounter", "SampleTimeFine", *DOT_INERTIAL.split(",")))
    head = "// Start Time: Unknown\n// Update Rate: 100.0Hz\n// Firmware Version: 4.3.1\n"
    return head + names + "\n" + "\n".join(rows) + "\n"


def test_an_mtw_log_is_in_radians_and_counts_to_65536(tmp_path):
    path = written(tmp_path / "MT_0120-000_00B43C5B.txt", mtw_text(first=65500))
    (log,) = read_logs(path)
    values = inertial(200, 100.0)
    np.testing.assert_allclose(log.series.gyr, 0.02 * values[:, 3:], atol=1e-6)
    np.testing.assert_allclose(log.series.acc, values[:, :3], atol=1e-6)
    assert (log.model, log.name, log.rate_hz) == ("Xsens MTw", "00B43C5B", 100.0)
    assert (log.faults.wraps, log.faults.lost) == (1, 0)
    without = mtw_text().replace("Update Rate", "Nothing")
    with pytest.raises(ExchangeError, match="no sample rate"):
        read_logs(written(tmp_path / "x.txt", without))


# -- WitMotion ----------------------------------------------------------------------------------


def test_units_behind_the_names_are_used(tmp_path):
    values = inertial(50, 100.0)
    values[:, :3] /= GRAVITY
    rows = "".join(
        f"2025-05-23T08:13:{5 + n / 100:06.3f}\tWT901\t" + "\t".join(f"{v:.6f}" for v in values[n])
        + "\t1.5\n"
        for n in range(50)
    )  # fmt: skip
    (log,) = read_logs(written(tmp_path / "w.txt", WIT + rows))
    np.testing.assert_allclose(log.series.acc, values[:, :3] * GRAVITY, atol=1e-4)
    np.testing.assert_allclose(log.series.gyr, np.radians(values[:, 3:]), atol=1e-6)
    assert (log.rate_hz, log.clock, log.start, log.notes) == (100.0, "unix", None, ())


@pytest.mark.parametrize(("scale", "unit"), [(9.81, "m/s²"), (1.0, "g")])
def test_units_that_are_not_stated_are_told_by_gravity_and_said(tmp_path, scale, unit):
    at_s = 1.748e9 + np.arange(60) / 100
    (log,) = read_logs(written(tmp_path / "w.csv", BARE + wit_rows(60, at_s, scale=scale)))
    assert log.notes[0].endswith(unit)
    assert np.median(np.linalg.norm(log.series.acc, axis=1)) == pytest.approx(9.85, abs=0.1)


def test_neither_g_nor_metres_is_refused(tmp_path):
    path = written(tmp_path / "w.csv", BARE + wit_rows(60, np.arange(60) / 100, scale=300.0))
    with pytest.raises(ExchangeError, match="neither gravity in g") as caught:
        read_logs(path)
    assert caught.value.code == "E705"


def test_bursts_stamped_on_arrival_get_regular_times(tmp_path):
    at_s = 1.748e9 + np.repeat(np.arange(0, 2.0, 0.05), 5) + 0.004
    (log,) = read_logs(written(tmp_path / "w.csv", BARE + wit_rows(200, at_s)))
    assert len(log.series) == 200
    np.testing.assert_allclose(np.diff(log.series.time_s), 0.01, rtol=0.01)
    assert "stamped on arrival (80%" in log.notes[-1]
    assert "losses cannot be told" in log.notes[-1]


def test_sensors_of_one_file_come_apart(tmp_path):
    at_s = 1.748e9 + np.arange(60) / 100
    other = "C3:16:82:EF:1B:48"
    text = BARE + wit_rows(60, at_s) + wit_rows(50, at_s, address=other)
    logs = read_logs(written(tmp_path / "w.csv", text))
    assert [(log.name, len(log.series)) for log in logs] == [
        (other, 50),
        ("F3:89:79:49:6C:B3", 60),
    ]
    chosen, unused = assigned(logs, {"pelvis": other.lower()})
    assert chosen["pelvis"].name == other
    assert unused == ("w.csv (F3:89:79:49:6C:B3)",)


def test_orientations_stamped_on_arrival_are_no_turn_rate(tmp_path):
    text = "timestamp,AccX,AccY,AccZ,Q0,Q1,Q2,Q3\n" + "".join(
        f"1748784601.{n // 4},0,0,9.8,1,0,0,0\n" for n in range(20)
    )
    with pytest.raises(ExchangeError, match=r"no turn rate.*79% with the time") as caught:
        read_logs(written(tmp_path / "w.csv", text))
    assert caught.value.code == "E705"


def test_a_header_that_does_not_fit_its_rows_is_refused(tmp_path):
    text = BARE + "F3,1748784601.4,1,2,3,4,5\n" * 20
    with pytest.raises(ExchangeError, match="names 9 columns and 20 of 20 rows") as caught:
        read_logs(written(tmp_path / "w.csv", text))
    assert caught.value.code == "E704"


# -- files that are none ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "E703"),
        (b" \n\n", "E703"),
        (BARE.encode(), "E703"),
        (dot_text(inertial(3), DOT_INERTIAL).encode(), "E703"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "E704"),
        (b"PK\x03\x04" + bytes(40), "E702"),
        (b"a,b,c\n1,2,3\n", "E702"),
        (b"PacketCounter,SampleTimeFine,Euler_X\n" + b"1,2,3\n" * 20, "E705"),
        (b"PacketCounter," + b"x," * 2000 + b"y\n1\n", "E704"),
    ],
    ids=[
        "empty", "blank", "header only", "three rows", "hdf5", "zip", "unknown", "no signals",
        "thousands of columns",
    ],
)  # fmt: skip
def test_what_is_no_log_is_refused(tmp_path, content, code):
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(ExchangeError) as caught:
        read_logs(path)
    assert caught.value.code == code
    assert caught.value.hint
    assert "log.csv" in caught.value.message


@pytest.mark.parametrize("row", [25, 119])
@pytest.mark.parametrize("column", [0, 1])
def test_one_damaged_number_costs_one_row(tmp_path, row, column):
    head, _, body = dot_text(inertial(), DOT_INERTIAL).partition("Status\n")
    rows = [line.split(",") for line in body.split("\n")]
    rows[row][column] = "4000000000"
    log = dot(tmp_path, f"{head}Status\n" + "\n".join(map(",".join, rows)))
    assert log.faults.unreadable == 1
    assert np.count_nonzero(log.series.valid) == 119


def test_times_that_ask_for_years_of_lost_samples_are_refused(tmp_path):
    at_s = 1.7e9 + np.arange(60) / 100
    at_s[30:] += 4e8
    with pytest.raises(ExchangeError, match="lost") as caught:
        read_logs(written(tmp_path / "w.csv", BARE + wit_rows(60, at_s)))
    assert caught.value.code == "E704"


SEEDS = {
    "xsens-dot": dot_text(inertial(30), DOT_INERTIAL).encode(),
    "xsens-mtw": mtw_text(30).encode(),
    "witmotion": (BARE + wit_rows(30, 1.7e9 + np.arange(30) / 100)).encode(),
}


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_spoilt_files_are_read_or_refused(tmp_path, name, data):
    seed = SEEDS[name]
    spoilt = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(seed) - 1))
        piece = data.draw(
            st.sampled_from(
                [b"", b"\n", b",,", b"\xff", b"-", b"9" * 30, b"nan", b"1e999", b'"', b"\r"]
            )
        )
        spoilt[at : at + data.draw(st.integers(0, 40))] = piece
    path = tmp_path / "spoilt.csv"
    path.write_bytes(bytes(spoilt))
    reader = next(known for known in FORMATS if known.name == name)
    try:
        logs = reader.read(path)
    except ExchangeError as error:
        assert error.hint
        return
    for log in logs:
        faults = log.faults
        assert np.count_nonzero(log.series.valid) <= faults.rows
        assert min(faults.as_dict().values()) >= 0
        assert np.isfinite(log.series.acc[log.series.valid]).all()


# -- one session of several ---------------------------------------------------------------------


def test_synced_logs_share_their_clock_across_a_wrap(tmp_path):
    near_end = (1 << 32) - 2 * TICK_US
    logs = {
        "pelvis": dot(tmp_path, dot_text(inertial(), DOT_INERTIAL, first_tick=near_end)),
        "thigh_left": dot(
            tmp_path, dot_text(inertial(), DOT_INERTIAL, first_tick=3 * TICK_US), "LFemur.csv"
        ),
    }
    recording = joined(logs).recording
    late = recording.sensors["thigh_left"].time_s[0] - recording.sensors["pelvis"].time_s[0]
    assert late == pytest.approx(5 * TICK_US * 1e-6, abs=1e-6)
    assert recording.sensors["pelvis"].time_s[0] == 0.0


def test_names_of_files_tell_who_wore_them_and_others_are_asked_for(tmp_path):
    text = dot_text(inertial(), DOT_INERTIAL)
    names = ("Pelvis_1.csv", "LFemur_2.csv", "right thigh.csv", "RTibia.csv")
    logs = [dot(tmp_path, text, name) for name in names]
    chosen, unused = assigned(logs, {})
    assert list(chosen) == ["pelvis", "thigh_left", "thigh_right", "shank_right"]
    assert unused == ()
    with pytest.raises(ExchangeError, match="tells no segment") as caught:
        assigned([*logs, dot(tmp_path, text, "arm.csv")], {})
    assert caught.value.code == "E706"
    with pytest.raises(ExchangeError, match="0 sensors fit"):
        assigned(logs, {"pelvis": "nobody.csv"})
    with pytest.raises(ExchangeError, match="no segment is called"):
        assigned(logs, {"elbow": "RTibia.csv"})
    with pytest.raises(ExchangeError, match="two segments"):
        assigned(logs, {"pelvis": "RTibia.csv", "trunk": "RTibia.csv"})


def test_sessions_that_do_not_belong_together_are_refused(tmp_path):
    text = dot_text(inertial(), DOT_INERTIAL)
    pelvis = dot(tmp_path, text)
    slower = dot(tmp_path, text.replace("60Hz", "30Hz"), "LFemur.csv")
    with pytest.raises(ExchangeError, match="rates differ") as caught:
        joined({"pelvis": pelvis, "thigh_left": slower})
    assert caught.value.code == "E707"
    later = dot(tmp_path, dot_text(inertial(), DOT_INERTIAL, first_tick=3500000000), "L.csv")
    with pytest.raises(ExchangeError, match="never ran at the same time"):
        joined({"pelvis": pelvis, "thigh_left": later})


def test_the_session_file_keeps_faults_and_where_it_came_from(tmp_path):
    keep = np.arange(120) % 10 != 3
    log = dot(tmp_path, dot_text(inertial(), DOT_INERTIAL, keep=keep))
    recording = joined({"pelvis": log}, subject="S01").recording
    again = imuhip.open(recording.save(tmp_path / "s.h5"))
    assert again.devices["pelvis"].counters.lost == 12
    assert again.settings["imported_pelvis"] == "Pelvis.csv"
    assert again.start_time == log.start
    np.testing.assert_array_equal(again.sensors["pelvis"].valid, keep)
    np.testing.assert_array_equal(
        again.sensors["pelvis"].acc[keep], recording.sensors["pelvis"].acc[keep]
    )
    assert recording.rate_hz == RATE_HZ
