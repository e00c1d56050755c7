"""Targets that import other makers' logs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd  # noqa: F401  # first, so that no importer is charged with the library's memory

from exchange_kit import (
    DOT_INERTIAL,
    DOT_ORIENTATION,
    dot_text,
    inertial,
    movesense_csv,
    movesense_json,
    turning,
)
from fuzz.target import Run, Target
from imuhip.errors import ExchangeError
from imuhip.exchange.importers import FORMATS
from imuhip.exchange.mapping import ColumnMapping, SensorColumns, TimeColumn, Units, read_mapped
from imuhip.exchange.opensim_files import OF_SEGMENTS
from imuhip.exchange.orientation_angles import Placing, angles_from, segments_of
from imuhip.exchange.sensor_log import SensorLog
from imuhip.exchange.sto_orientations import read_sto

__all__ = ["log_targets"]

_AXES = tuple("abcdef")
_MAPPING = ColumnMapping(
    Units("m/s2", "deg/s"),
    {"pelvis": SensorColumns(_AXES[:3], _AXES[3:])},  # type: ignore[arg-type]
    time=TimeColumn("t"),
)


def log_targets() -> list[Target]:
    """Return every importer."""
    seeds = {
        "xsens-dot": [_dot(), dot_text(inertial(40), DOT_INERTIAL).encode()],
        "xsens-mtw": [_table("\t", "// Update Rate: 100.0Hz\nPacketCounter", DOT_INERTIAL)],
        "witmotion": [_table(",", "timestamp", "AccX,AccY,AccZ,AsX,AsY,AsZ")],
        "metamotion": [_meta("g")],
        "movesense": [movesense_json(40).encode(), movesense_csv(40).encode()],
        "apdm": [_apdm()],
    }
    readers = {known.name: known.read for known in FORMATS}
    assert set(seeds) == set(readers), "every importer is fuzzed"
    targets = [_target(name, readers[name], seeds[name]) for name in seeds]
    mapped = _table(",", "t", ",".join(_AXES))
    return [
        *targets,
        _target("mapping", lambda path: read_mapped(path, _MAPPING), [mapped]),
        _orientations(),
    ]


def _orientations() -> Target:
    """Return OpenSim's orientations, read and placed."""

    def run(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "walk.sto"
            path.write_bytes(data)
            found = read_sto(path)
            assert np.all(np.diff(found.time_s) > 0)
            start_s = float(found.time_s[0])
            q_WB = segments_of(found, None if found.of_segments else Placing(start_s, start_s + 1))
            angles_from(found.time_s, q_WB)

    rows = ["\t".join([f"{n / 50:.2f}", *["1,0,0,0"] * 2]) for n in range(60)]
    seeds = [
        "\n".join(
            ["DataType=Quaternion", mark, "endheader", "time\tpelvis_imu\tfemur_l_imu", *rows]
        )
        for mark in (OF_SEGMENTS, "version=3")
    ]
    return Target(
        "import: sto",
        lambda: run,
        [seed.encode() for seed in seeds],
        (ExchangeError,),
        longest=100_000,
        slowest_s=20.0,
        peak_bytes=1 << 30,
        kept_bytes=4 << 20,
    )


def _target(name: str, read: Callable[[Path], list[SensorLog]], seeds: list[bytes]) -> Target:
    def run(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "M_Accelerometer.csv"
            path.with_name("M_Gyroscope.csv").write_bytes(_meta("deg/s"))
            path.write_bytes(data)
            for log in read(path):
                assert np.isfinite(log.series.acc[log.series.valid]).all()
                assert np.count_nonzero(log.series.valid) <= log.faults.rows

    def begin() -> Run:
        return run

    return Target(
        f"import: {name}",
        begin,
        seeds,
        (ExchangeError,),
        longest=100_000,
        slowest_s=20.0,
        # half a day of lost samples is believed, as in session files
        peak_bytes=2 << 30,
        kept_bytes=4 << 20,
    )


def _table(delimiter: str, first: str, names: str) -> bytes:
    header = delimiter.join([first, *names.split(",")])
    rows = [
        delimiter.join([f"{n}" if "Packet" in first else f"{n / 100:.2f}", *map(str, row)])
        for n, row in enumerate(np.round(inertial(40, 100.0) * np.repeat([1, 0.02], 3), 4))
    ]
    return "\n".join([header, *rows]).encode()


def _dot() -> bytes:
    q_WS, _ = turning(40)
    return dot_text(np.hstack([q_WS, np.zeros((40, 3))]), DOT_ORIENTATION).encode()


def _meta(unit: str) -> bytes:
    axes = ",".join(f"{axis}-axis ({unit})" for axis in "xyz")
    rows = [f"{1.7e12 + 10 * n:.0f},x,{n / 100:.2f},0.1,0.2,{1 + n / 1000:.3f}" for n in range(40)]
    return "\n".join([f"epoc (ms),timestamp (-0800),elapsed (s),{axes}", *rows]).encode()


def _apdm() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.h5"
        with h5py.File(path, "w") as file:
            sensor = file.create_group("Sensors/1000")
            sensor["Time"] = 1_700_000_000_000_000 + 10_000 * np.arange(40, dtype=np.uint64)
            sensor["Accelerometer"] = inertial(40)[:, :3]
            sensor["Gyroscope"] = np.radians(inertial(40)[:, 3:])
            settings = sensor.create_group("Configuration")
            settings.attrs["Label 0"] = np.bytes_(b"Lumbar")
            settings.attrs["Sample Rate"] = 100
        return path.read_bytes()
