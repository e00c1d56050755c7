"""Exports read back by their own readers: every number that a format holds is there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.io import loadmat
from scipy.spatial.transform import Rotation

import imuhip
from imuhip.errors import ExchangeError
from imuhip.exchange.bids_files import subject_label, system_label
from imuhip.exchange.c3d_file import MOST_FRAMES, POINTS
from imuhip.exchange.exporters import EXPORTERS, exporter
from imuhip.exchange.results import Results


@pytest.fixture(scope="module")
def results() -> Results:
    """Half a minute's walk with a sensor that was silent for two seconds."""
    made = imuhip.simulate("walk", 0.6, seed=3, rate_hz=100)
    thigh = made.sensors["thigh_left"]
    acc = np.array(thigh.acc)
    acc[4500:4700] = np.nan
    sensors = {
        name: {"acc": acc if name == "thigh_left" else s.acc, "gyr": s.gyr, "time_s": s.time_s}
        for name, s in made.sensors.items()
    }
    recording = imuhip.Recording.from_arrays(
        rate_hz=made.rate_hz,
        sensors=sensors,
        markers=made.markers,
        subject="S01",
        start_time=datetime(2026, 5, 3, 7, 30, tzinfo=UTC),
    )
    return Results(recording, imuhip.analyze(recording), None, {"source": "walk.h5"})


def same(table: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert list(table.columns) == list(expected.columns)
    for name in expected:
        wanted = expected[name].to_numpy()
        if wanted.dtype.kind == "f":
            found = table[name].to_numpy().astype(float)  # of text: Python's own, exact reader
        elif wanted.dtype.kind == "b":
            found = table[name].astype(str).isin(["True", "1"]).to_numpy()
        else:
            found = np.array([str(value) if np.size(value) else "" for value in table[name]])
            found[found == "nan"] = ""
            wanted = wanted.astype(str)
        np.testing.assert_array_equal(found, wanted, err_msg=name)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_come_back_bit_for_bit(results, tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="the optional package pyarrow is not installed")
    done = exporter(ending).write(results, tmp_path / "out", "walk")
    assert [path.name for path in done.files] == [
        f"walk_{name}.{ending}" for name in ("angles", "strides", "curves", "seconds", "markers")
    ] + ["walk_about.json"]
    assert done.not_held
    for name, expected in results.tables.items():
        path = tmp_path / "out" / f"walk_{name}.{ending}"
        table = pd.read_csv(path, dtype=object) if ending == "csv" else pd.read_parquet(path)
        same(table, expected)
    about = json.loads((tmp_path / "out" / "walk_about.json").read_text())
    assert about == {
        "source": "walk.h5",
        "summary": results.analysis.summary,
        "quality": results.analysis.quality,
    }
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(
        p.name for p in done.files
    ), "no half files are left"


def test_curves_are_the_strides_own(results):
    curves, strides = results.tables["curves"], results.tables["strides"]
    assert len(curves) == 101 * len(strides)
    for side in ("left", "right"):
        own = curves[curves["side"] == side]
        cycles = results.analysis.cycles(side, "hip_rotation", only_valid=False)
        found = own["hip_rotation_deg"].to_numpy().reshape(-1, 101)
        np.testing.assert_array_equal(found, cycles)
        assert set(own["stride"]) == set(strides.index[strides["side"] == side])
    missing = results.tables["angles"].isna().any().any() or curves.isna().any().any()
    assert missing, "what was not measured must be in what is compared here"


@pytest.mark.parametrize("known", EXPORTERS, ids=lambda known: known.name)
def test_nothing_is_overwritten_and_every_format_says_what_it_cannot_hold(results, tmp_path, known):
    try:
        done = known.write(results, tmp_path, "walk")
    except ExchangeError as error:
        assert error.code == "E709"
        pytest.skip(error.message)
    assert done.not_held
    assert all(path.stat().st_size > 0 for path in done.files)
    before = {path: path.read_bytes() for path in done.files}
    with pytest.raises(ExchangeError, match="exist already") as caught:
        known.write(results, tmp_path, "walk")
    assert caught.value.code == "E710"
    assert {path: path.read_bytes() for path in done.files} == before


def test_a_folder_that_cannot_be_made_and_an_unknown_format_are_refused(results, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExchangeError, match="cannot be made"):
        exporter("csv").write(results, tmp_path / "file" / "out", "walk")
    with pytest.raises(ExchangeError, match="unknown") as caught:
        exporter("trc")
    assert "csv, parquet" in caught.value.hint


def storage(path: Path) -> tuple[dict[str, str], list[str], list[list[str]]]:
    """Read an OpenSim storage file: header, labels, rows of text."""
    head, _, body = path.read_text("utf-8").partition("endheader\n")
    header = dict(line.split("=", 1) for line in head.splitlines() if "=" in line)
    labels, *rows = (line.split("\t") for line in body.splitlines())
    return header, labels, rows


def test_opensim_orientations_are_ours_and_their_mapping_names_every_column(results, tmp_path):
    exporter("opensim").write(results, tmp_path, "walk")
    header, labels, rows = storage(tmp_path / "walk_orientations.sto")
    assert header["DataType"] == "Quaternion"
    assert float(header["DataRate"]) == pytest.approx(100.0)
    mapping = pd.read_csv(tmp_path / "walk_mapping.csv").set_index("sensor")
    assert labels == ["time", *mapping.index]
    found_s = np.array([float(row[0]) for row in rows])
    at = np.searchsorted(results.analysis.angles.index.to_numpy(), found_s)
    for k, label in enumerate(labels[1:], 1):
        q = np.array([[float(v) for v in row[k].split(",")] for row in rows])
        expected = results.analysis.orientations[mapping.loc[label, "segment"]][at]
        np.testing.assert_array_equal(q, expected)


def test_opensim_angles_are_the_same_posture(results, tmp_path):
    """OpenSim's own chain, Rz(tilt) Rx(list) Ry(rotation), gives the pelvis that was measured."""
    exporter("opensim").write(results, tmp_path, "walk")
    header, labels, rows = storage(tmp_path / "walk_angles.mot")
    table = pd.DataFrame(np.array(rows, dtype=float), columns=labels)
    assert header["inDegrees"] == "yes"
    assert (int(header["nRows"]), int(header["nColumns"])) == table.shape
    ours = results.analysis.angles.loc[table["time"]]
    for side in ("left", "right"):
        for angle in ("flexion", "adduction", "rotation"):
            np.testing.assert_array_equal(
                table[f"hip_{angle}_{side[0]}"], ours[f"hip_{angle}_{side}_deg"]
            )
    tilt, obliquity, heading = (
        Rotation.from_euler("ZXY", table[["pelvis_tilt", "pelvis_list", "pelvis_rotation"]],
        degrees=True).as_matrix() @ axis for axis in np.eye(3)
    )  # fmt: skip
    # x ahead, y up, z right in OpenSim's ground: where do the pelvis' axes point?
    right_up, right_ahead = heading[:, 1], heading[:, 0]
    sine = np.sin(np.radians(ours["pelvis_obliquity_deg"].to_numpy()))
    np.testing.assert_allclose(right_up, sine, atol=1e-12)
    turned = np.degrees(np.arctan2(right_ahead, heading[:, 2]))
    np.testing.assert_allclose(turned, ours["pelvis_rotation_deg"], atol=1e-9)
    assert np.mean(np.sign(tilt[:, 1]) == -np.sign(ours["pelvis_tilt_deg"])) > 0.95
    np.testing.assert_allclose(np.linalg.norm(obliquity, axis=1), 1.0)


def test_a_mat_file_comes_back_bit_for_bit(results, tmp_path):
    exporter("mat").write(results, tmp_path, "walk")
    found = loadmat(tmp_path / "walk.mat", simplify_cells=True)
    for name, expected in results.tables.items():
        same(pd.DataFrame(found[name]), expected)
    for segment, series in results.recording.sensors.items():
        np.testing.assert_array_equal(found["sensors"][segment]["acc_m_s2"], series.acc)
        np.testing.assert_array_equal(found["sensors"][segment]["time_s"], series.time_s)
        np.testing.assert_array_equal(
            found["orientations"][segment], results.analysis.orientations[segment]
        )
    assert found["about"]["source"] == "walk.h5"
    for name in ("summary", "quality"):
        assert json.loads(found["about"][f"{name}_json"]) == getattr(results.analysis, name)


def test_a_c3d_file_holds_angles_gaps_and_events(results, tmp_path):
    ezc3d = pytest.importorskip("ezc3d", reason="the optional package ezc3d is not installed")
    exporter("c3d").write(results, tmp_path, "walk")
    file = ezc3d.c3d(str(tmp_path / "walk.c3d"))
    labels = file["parameters"]["POINT"]["LABELS"]["value"]
    assert file["parameters"]["POINT"]["ANGLES"]["value"] == labels
    assert file["parameters"]["POINT"]["RATE"]["value"][0] == 100.0
    points = file["data"]["points"]
    angles = results.analysis.angles
    for label, names in POINTS.items():
        for ending, suffix in (("", "deg"), ("SD", "sd_deg")):
            expected = np.array(angles[[f"{name}_{suffix}" for name in names]]).T
            expected[:, ~np.isfinite(expected).all(axis=0)] = np.nan
            found = points[:3, labels.index(label + ending)]
            np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    event = {name: file["parameters"]["EVENT"][name]["value"] for name in ("LABELS", "CONTEXTS")}
    times = file["parameters"]["EVENT"]["TIMES"]["value"]
    at_s = 60.0 * times[0] + times[1] + angles.index[0]
    strides = results.analysis.strides
    for side in ("left", "right"):
        for column, label in (("initial_contact_s", "Foot Strike"), ("toe_off_s", "Foot Off")):
            chosen = (np.array(event["LABELS"]) == label) & (
                np.array(event["CONTEXTS"]) == side.capitalize()
            )
            expected = strides.loc[strides["side"] == side, column].dropna().to_numpy()
            np.testing.assert_allclose(at_s[chosen], np.sort(expected), atol=1e-4)


def test_more_frames_than_c3d_counts_are_refused(results, tmp_path):
    pytest.importorskip("ezc3d", reason="the optional package ezc3d is not installed")
    times = 1 + MOST_FRAMES // len(results.analysis.angles)
    longer = replace(results.analysis, angles=pd.concat([results.analysis.angles] * times))
    with pytest.raises(ExchangeError, match="the format counts up to 65535"):
        exporter("c3d").write(Results(results.recording, longer, None, {}), tmp_path, "walk")
    assert list(tmp_path.iterdir()) == []


def test_a_bids_dataset_holds_every_sample_on_the_clock_of_its_sensor(results, tmp_path):
    done = exporter("bids").write(results, tmp_path, "walk")
    description = json.loads((tmp_path / "dataset_description.json").read_text())
    assert {"Name", "BIDSVersion", "DatasetType"} <= set(description)
    for segment, series in results.recording.sensors.items():
        base = tmp_path / "sub-S01" / "motion"
        stem = f"sub-S01_task-motion_tracksys-{system_label(segment)}"
        channels = pd.read_csv(base / f"{stem}_channels.tsv", sep="\t", keep_default_na=False)
        assert list(channels["type"]) == ["LATENCY"] + ["ACCEL"] * 3 + ["GYRO"] * 3
        sidecar = json.loads((base / f"{stem}_motion.json").read_text())
        assert sidecar["MotionChannelCount"] == len(channels)
        assert sidecar["SamplingFrequency"] == 100.0
        text = pd.read_csv(base / f"{stem}_motion.tsv", sep="\t", header=None, dtype=object)
        rows = text.to_numpy().astype(float)
        np.testing.assert_array_equal(rows[:, 0], series.time_s)
        np.testing.assert_array_equal(rows[:, 1:], np.hstack([series.acc, series.gyr]))
    events = pd.read_csv(tmp_path / "sub-S01/motion/sub-S01_task-motion_events.tsv", sep="\t")
    ordered = sorted(results.recording.markers, key=lambda marker: marker.start_s)
    assert list(events["trial_type"]) == [marker.name for marker in ordered] != []
    assert list(events["onset"]) == [marker.start_s for marker in ordered]
    ends_s = events["onset"] + events["duration"]
    np.testing.assert_allclose(ends_s, [marker.end_s for marker in ordered])
    validator = pytest.importorskip("bids_validator", reason="bids-validator is not installed")
    for path in done.files:
        name = "/" + path.relative_to(tmp_path).as_posix()
        assert validator.BIDSValidator().is_bids(name), name


def test_codes_of_people_become_what_bids_allows():
    assert subject_label("S-01 / ../x") == "S01x"
    assert subject_label(None) == subject_label("../") == "01"


def test_without_angles_there_is_nothing_for_most_formats(results, tmp_path: Path):
    bare = Results(results.recording, None, None, {})
    with pytest.raises(ExchangeError, match="gives no angles"):
        bare.angles("a file of angles")
