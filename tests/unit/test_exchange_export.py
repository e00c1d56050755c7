"""Exports read back by their own readers: every number that a format holds is there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import imuhip
from imuhip.errors import ExchangeError
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
        rate_hz=made.rate_hz, sensors=sensors, markers=made.markers, subject="S01"
    )
    return Results(recording, imuhip.analyze(recording), None, {"source": "walk.h5"})


def same(table: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert list(table.columns) == list(expected.columns)
    for name in expected:
        wanted = expected[name].to_numpy()
        if wanted.dtype.kind == "f":
            found = table[name].to_numpy().astype(float)  # of text: Python's own, exact reader
        else:
            found = table[name].fillna("").to_numpy().astype(str)
            wanted = wanted.astype(str)
        np.testing.assert_array_equal(found, wanted, err_msg=name)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_come_back_bit_for_bit(results, tmp_path, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow", reason="the optional package pyarrow is not installed")
    done = exporter(ending).write(results, tmp_path / "out", "walk")
    assert [path.name for path in done.files] == [
        f"walk_{name}.{ending}" for name in ("angles", "strides", "curves")
    ] + ["walk_about.json"]
    assert done.not_held
    for name, expected in results.tables.items():
        path = tmp_path / "out" / f"walk_{name}.{ending}"
        table = pd.read_csv(path, dtype=object) if ending == "csv" else pd.read_parquet(path)
        same(table, expected)
    assert json.loads((tmp_path / "out" / "walk_about.json").read_text()) == {"source": "walk.h5"}
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
        exporter("fit")
    assert "csv, parquet" in caught.value.hint


def test_without_angles_there_is_nothing_for_most_formats(results, tmp_path: Path):
    bare = Results(results.recording, None, None, {})
    with pytest.raises(ExchangeError, match="gives no angles"):
        bare.angles("a file of angles")
