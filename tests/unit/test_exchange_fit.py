"""FIT activities, read back by a reader that is not of the writer's makers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import imuhip
from imuhip.errors import ExchangeError
from imuhip.exchange.exporters import exporter
from imuhip.exchange.fit_file import DEVELOPER_FIELDS
from imuhip.exchange.results import Results

pytest.importorskip("garmin_fit_sdk", reason="the optional package garmin-fit-sdk is missing")
fitdecode = pytest.importorskip("fitdecode", reason="the package fitdecode is not installed")

BEGAN = datetime(2026, 5, 3, 7, 30, 12, 345_000, tzinfo=timezone(timedelta(hours=2)))


@pytest.fixture(scope="module")
def results() -> Results:
    """A run of two minutes."""
    recording = replace(imuhip.simulate("run", 2.0, seed=8, rate_hz=100), start_time=BEGAN)
    return Results(recording, imuhip.analyze(recording), None, {"source_sha256": "0abcdef123"})


@pytest.fixture(scope="module")
def messages(results, tmp_path_factory) -> dict[str, list[dict[str, Any]]]:
    """What the reader finds, by the kind of message; it checks the checksum and every field."""
    folder = tmp_path_factory.mktemp("fit")
    done = exporter("fit").write(results, folder, "run")
    assert [path.name for path in done.files] == ["run.fit"] and done.not_held
    found: dict[str, list[dict[str, Any]]] = {}
    options = {
        "check_crc": fitdecode.CrcCheck.RAISE,
        "error_handling": fitdecode.ErrorHandling.RAISE,
    }
    with fitdecode.FitReader(folder / "run.fit", **options) as reader:
        for frame in reader:
            if isinstance(frame, fitdecode.FitDataMessage):
                fields = {f.name: f.value for f in frame.fields if f.value is not None}
                found.setdefault(frame.name, []).append(fields)
    return found


def test_an_activity_has_what_the_format_demands(messages, results):
    assert messages["file_id"][0]["type"] == "activity"
    seconds = [record["timestamp"] for record in messages["record"]]
    assert set(np.diff(seconds)) == {timedelta(seconds=1)}
    time_s = results.analysis.angles.index.to_numpy()
    assert abs((seconds[0] - BEGAN).total_seconds() - time_s[0]) <= 1.0
    assert abs((seconds[-1] - BEGAN).total_seconds() - time_s[-1]) <= 1.0
    (session,), (activity,) = messages["session"], messages["activity"]
    assert session["sport"] == "running" and session["num_laps"] == len(messages["lap"])
    elapsed_s = sum(lap["total_elapsed_time"] for lap in messages["lap"])
    assert elapsed_s == session["total_elapsed_time"] == (seconds[-1] - seconds[0]).total_seconds()
    assert activity["local_timestamp"].replace(tzinfo=UTC) - activity["timestamp"] == timedelta(
        hours=2
    )
    for before, after in zip(messages["lap"], messages["lap"][1:], strict=False):
        assert before["timestamp"] == after["start_time"]


def test_developer_fields_describe_themselves(messages):
    described = {m["field_name"]: m["units"] for m in messages["field_description"]}
    assert described == DEVELOPER_FIELDS
    assert len(messages["developer_data_id"][0]["application_id"]) == 16


def test_records_hold_the_strides_of_their_last_seconds(messages, results):
    strides = results.analysis.strides
    steady = strides[strides["valid"]]
    checked = 0
    for record in messages["record"]:
        at_s = (record["timestamp"] - BEGAN).total_seconds()
        recent = steady[(steady["end_s"] > at_s - 3.0) & (steady["end_s"] <= at_s)]
        if not len(recent):
            assert not set(record) & {"cadence", "stance_time", *DEVELOPER_FIELDS}
            continue
        rate = record["cadence"] + record["fractional_cadence"]
        assert rate == pytest.approx(60.0 / recent["stride_time_s"].mean(), abs=1 / 256)
        left, right = (recent[recent["side"] == side] for side in ("left", "right"))
        stance_s = [own["stance_time_s"].mean() for own in (left, right)]
        if np.isfinite(stance_s).all():
            assert record["stance_time"] == pytest.approx(1e3 * np.mean(stance_s), abs=0.06)
        if len(left):
            expected = left["hip_rotation_left_range_deg"].mean()
            assert record["hip_rotation_range_left"] == pytest.approx(expected, rel=1e-6)
        expected = recent["pelvis_obliquity_range_deg"].mean()
        assert record["pelvis_obliquity_range"] == pytest.approx(expected, rel=1e-6)
        checked += 1
    assert checked > 60


def test_laps_and_session_hold_means_over_their_strides(messages, results):
    strides = results.analysis.strides
    steady = strides[strides["valid"]]
    (session,) = messages["session"]
    for side in ("left", "right"):
        own = steady[steady["side"] == side]
        expected = own[f"hip_rotation_{side}_range_deg"].mean()
        assert session[f"hip_rotation_range_{side}"] == pytest.approx(expected, rel=1e-6)
        assert session[f"stance_time_{side}"] == pytest.approx(
            1e3 * own["stance_time_s"].mean(), rel=1e-6
        )
    assert 60 < session["avg_running_cadence"] < 110  # what the reader calls it for this sport
    assert session["avg_stance_time"] == pytest.approx(
        np.mean([session["stance_time_left"], session["stance_time_right"]]), abs=0.06
    )
    assert set(DEVELOPER_FIELDS) <= set(session) and set(DEVELOPER_FIELDS) <= set(
        messages["lap"][0]
    )


def test_a_lap_begins_where_gait_begins_again(results, tmp_path: Path):
    from imuhip.core.series import Marker

    pauses = (Marker("gait", 20.0, 60.0), Marker("gait", 70.5, 100.0), Marker("walk", 1.0, 2.0))
    own = replace(results, analysis=replace(results.analysis, activity=pauses))
    exporter("fit").write(own, tmp_path, "run")
    with fitdecode.FitReader(tmp_path / "run.fit") as reader:
        laps = [f for f in reader if isinstance(f, fitdecode.FitDataMessage) and f.name == "lap"]
    assert len(laps) == 2
    began = laps[1].get_value("start_time")
    assert abs((began - BEGAN).total_seconds() - 70.5) < 1.0


def test_without_a_date_or_strides_there_is_no_activity(results, tmp_path):
    undated = replace(results, recording=replace(results.recording, start_time=None))
    with pytest.raises(ExchangeError, match="has a date") as refused:
        exporter("fit").write(undated, tmp_path, "run")
    assert refused.value.code == "E802"
    strides = results.analysis.strides.assign(valid=False)
    still = replace(results, analysis=replace(results.analysis, strides=strides))
    with pytest.raises(ExchangeError, match="no steady stride"):
        exporter("fit").write(still, tmp_path, "run")
    assert not list(tmp_path.iterdir())


def test_a_date_without_a_zone_is_told(results, tmp_path):
    local = replace(results.recording, start_time=BEGAN.replace(tzinfo=None))
    done = exporter("fit").write(replace(results, recording=local), tmp_path, "run")
    assert any("UTC" in line for line in done.not_held)
