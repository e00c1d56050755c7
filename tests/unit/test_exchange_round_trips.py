"""What goes out and comes back; what a format cannot hold is told."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import imuhip
from imuhip.errors import ExchangeError
from imuhip.exchange.exporters import EXPORTERS, exporter
from imuhip.exchange.orientation_angles import angles_from, segments_of
from imuhip.exchange.results import Results
from imuhip.exchange.sto_orientations import read_sto

TOLD_AS = {
    "angles": r"\bangles\b",
    "uncertainties": r"\buncertainties\b",
    "orientations": r"\borientations\b",
    "strides": r"\bstrides\b",
    "measures": r"\bmeasures\b",
    "seconds": r"\bseconds\b",
    "markers": r"\bmarkers\b",
    "quality": r"\bquality\b",
    "samples": r"\bsamples\b",
    "packets": r"\bpackets\b",
    "clocks": r"\b(clocks|clock fits)\b",
}
TABLES = {"angles", "uncertainties", "strides", "measures", "seconds", "markers", "quality"}
HELD = {
    "csv": TABLES,
    "parquet": TABLES,
    "opensim": {"angles", "orientations"},
    "mat": TABLES | {"orientations", "samples"},
    "c3d": {"angles", "uncertainties"},
    "fit": {"strides"},
    "bids": {"samples", "markers"},
}
"""What comes back whole, or as far as the list says; the tests of each format read it back."""


@pytest.fixture(scope="module")
def results() -> Results:
    recording = imuhip.simulate("walk", 0.5, seed=6, rate_hz=50)
    recording = imuhip.Recording.from_arrays(
        rate_hz=recording.rate_hz,
        sensors={s: {"acc": one.acc, "gyr": one.gyr} for s, one in recording.sensors.items()},
        markers=recording.markers,
        start_time=datetime(2026, 5, 3, 7, 30, tzinfo=UTC),
    )
    return Results(recording, imuhip.analyze(recording), None, {"source": "walk.h5"})


@pytest.mark.parametrize("known", EXPORTERS, ids=lambda known: known.name)
def test_what_a_format_has_no_place_for_is_told(results, tmp_path: Path, known) -> None:
    try:
        told = "\n".join(known.write(results, tmp_path, "walk").not_held)
    except ExchangeError as error:
        assert error.code == "E709"
        pytest.skip(error.message)
    missing = set(TOLD_AS) - HELD[known.name]
    untold = {name for name in missing if not re.search(TOLD_AS[name], told)}
    assert not untold, told


def test_orientations_come_back_with_their_angles(results, tmp_path: Path) -> None:
    exporter("opensim").write(results, tmp_path, "walk")
    found = read_sto(tmp_path / "walk_orientations.sto")
    ours = results.analysis
    time_s = ours.angles.index.to_numpy()
    rows = np.searchsorted(time_s, found.time_s - 1e-9)
    np.testing.assert_array_equal(time_s[rows], found.time_s)
    assert found.of_segments and found.faults.dropped == found.faults.lost == 0
    for segment, q_WB in ours.orientations.items():
        np.testing.assert_allclose(found.q[segment], q_WB[rows], atol=1e-15)
    table = angles_from(found.time_s, segments_of(found, None))
    assert len(table) > 0.9 * len(time_s)
    for name in table:
        np.testing.assert_allclose(table[name], ours.angles[name].to_numpy()[rows], atol=1e-9)
    assert {f"hip_{a}_{s}_deg" for a in ("flexion", "rotation") for s in ("left", "right")} < set(
        table
    )
