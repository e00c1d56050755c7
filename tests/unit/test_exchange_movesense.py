"""Movesense logs: JSON of the sensor's logger and of its converter, CSV of the showcase app."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import imuhip
from exchange_kit import (
    inertial,
    movesense_csv,
    movesense_json,
    movesense_notifications,
    written,
)
from imuhip.errors import ExchangeError
from imuhip.exchange.importers import files_in, read_logs
from imuhip.exchange.session import assigned, joined


def log_of(tmp_path: Path, text: str, name: str = "Pelvis.json"):
    (log,) = read_logs(written(tmp_path / name, text))
    return log


@pytest.mark.parametrize("mag", [True, False])
def test_json_of_the_logger_keeps_every_number(tmp_path, mag):
    notifications = movesense_notifications(400, mag=mag)
    stream = "IMU9" if mag else "IMU6"
    log = log_of(tmp_path, json.dumps({"Meas": {stream: notifications, "HR": [{"average": 60}]}}))
    values = inertial(400, 104.0)
    assert log.model == "Movesense" and log.clock == "own"
    np.testing.assert_allclose(log.series.acc, values[:, :3])
    np.testing.assert_allclose(log.series.gyr, np.radians(values[:, 3:]))
    assert (log.series.mag is not None) == mag
    if mag:
        np.testing.assert_allclose(log.series.mag, 3.0 * values[:, :3])
    # times are stated to the millisecond, and samples stand evenly between them
    np.testing.assert_allclose(log.series.time_s, 158.319 + np.arange(400) / 104, atol=1.1e-3)
    assert log.rate_hz == pytest.approx(104.0, rel=2e-3)
    assert (log.faults.rows, log.faults.dropped, log.faults.lost) == (400, 0, 0)


def test_lost_notifications_stay_missing_and_torn_ones_are_counted(tmp_path):
    notifications = movesense_notifications(400)
    del notifications[10:12]
    notifications[20]["ArrayGyro"].pop()
    notifications[21]["ArrayAcc"][0]["x"] = None
    notifications[22]["Timestamp"] = "soon"
    log = log_of(tmp_path, json.dumps({"Meas": {"IMU9": notifications}}))
    assert log.faults.rows == 384 and log.faults.ragged == 16 and log.faults.unreadable == 1
    assert log.faults.lost == 16 + 16 + 1
    assert len(log.series) == 400 and np.count_nonzero(log.series.valid) == 400 - 33
    assert log.faults.longest_gap_s == pytest.approx(17 / 104, abs=0.01)


def test_the_millisecond_counter_wraps_without_loss(tmp_path):
    log = log_of(tmp_path, movesense_json(400, first_ms=(1 << 32) - 1500))
    assert log.faults.wraps == 1 and log.faults.lost == log.faults.dropped == 0
    assert np.ptp(log.series.time_s) == pytest.approx(399 / 104, abs=2e-3)


def test_json_of_the_converter_has_the_time_of_day(tmp_path):
    samples = [{"TimeDetailed": {"relativeTime": 150_319, "utcTime": 1_712_240_400_000_000}}]
    samples += [{"MeasIMU9": one} for one in movesense_notifications(200)]
    samples.insert(3, {"MeasHR": {"average": 61.0, "rrData": [968]}})
    log = log_of(tmp_path, json.dumps({"Samples": samples}))
    assert log.clock == "unix"
    assert log.series.time_s[0] == pytest.approx(1_712_240_408.0, abs=2e-3)
    assert log.start.isoformat().startswith("2024-04-04T14:20:08")


@pytest.mark.parametrize("mag", [False, True])
def test_csv_of_the_app_is_read_though_its_header_names_what_is_not_there(tmp_path, mag):
    log = log_of(tmp_path, movesense_csv(300, mag=mag), "Pelvis.csv")
    values = inertial(300, 104.0)
    np.testing.assert_allclose(log.series.acc, values[:, :3], atol=1e-6)
    np.testing.assert_allclose(log.series.gyr, np.radians(values[:, 3:]), atol=1e-6)
    assert (log.series.mag is not None) == mag
    assert log.faults.ragged == log.faults.lost == 0


def test_logs_of_three_sensors_become_a_session_that_says_how_their_clocks_agree(tmp_path):
    for name in ("Pelvis", "LThigh", "RThigh"):
        written(tmp_path / f"{name}.json", movesense_json(400))
    logs = [log for path in files_in([tmp_path]) for log in read_logs(path)]
    imported = joined(assigned(logs, {})[0])
    assert set(imported.recording.sensors) == {"pelvis", "thigh_left", "thigh_right"}
    assert "nothing tells" in imported.clocks
    path = imported.recording.save(tmp_path / "walk.h5")
    assert imuhip.open(path).devices["pelvis"].identity.model == "Movesense"


@pytest.mark.parametrize(
    ("document", "code", "told"),
    [
        ({"Meas": {"Acc": [{"Timestamp": 1, "ArrayAcc": []}]}}, "E705", "Acc"),
        ({"Meas": {"IMU9": []}}, "E705", "none"),
        ({"Meas": {"IMU6": [{"Timestamp": 5}]}}, "E703", "none of them whole"),
        ({"Meas": {"IMU6": movesense_notifications(8)}}, "E703", "never rise"),
        ({"Samples": [{"MeasIMU6": 7}, 3, None]}, "E703", "none of them whole"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_the_reason(tmp_path, document, code, told):
    with pytest.raises(ExchangeError, match=told) as refused:
        log_of(tmp_path, json.dumps(document))
    assert refused.value.code == code and refused.value.hint


def test_notifications_of_which_no_two_are_alike_apart_are_read(tmp_path):
    notifications = movesense_notifications(24)
    notifications[1]["Timestamp"] = notifications[0]["Timestamp"] + 8
    notifications[2]["Timestamp"] = notifications[1]["Timestamp"] + 8000
    log = log_of(tmp_path, json.dumps({"Meas": {"IMU9": notifications}}))
    assert log.faults.rows == 24


@pytest.mark.parametrize(
    "text",
    [
        movesense_json(80)[:-300],
        '{"Meas":' + "[" * 100_000,
        '{"Meas": {"IMU6": [{"Timestamp": ' + "9" * 5000,
    ],
)
def test_broken_json_is_refused(tmp_path, text):
    with pytest.raises(ExchangeError) as refused:
        log_of(tmp_path, text)
    assert refused.value.code == "E704"


def test_hostile_values_are_dropped_not_believed(tmp_path):
    notifications = movesense_notifications(400)
    notifications[3]["Timestamp"] = 10**400
    notifications[4]["ArrayAcc"][0]["x"] = 10**400
    notifications[5]["ArrayAcc"] = [[[1.0]]] * 8
    notifications[6]["ArrayGyro"][2]["y"] = float("inf")
    samples = [{"TimeDetailed": {"relativeTime": 10**400, "utcTime": 10**400}}]
    samples += [{"MeasIMU9": one} for one in notifications]
    log = log_of(tmp_path, json.dumps({"Samples": samples}))
    assert log.clock == "own" and log.faults.ragged == 24 and log.faults.unreadable == 1
