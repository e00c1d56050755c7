"""Targets that read files from outside: sessions, protocols, what imuhip remembers."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from fuzz.mutation import mutated
from fuzz.target import Run, Target
from imuhip.assessment.change import read_limits
from imuhip.assessment.compensation_map import read_map
from imuhip.assessment.norms import read_norms
from imuhip.assessment.protocol import read_test
from imuhip.calibration.intrinsics_file import read_sensor_file
from imuhip.calibration.protocol import read_protocol
from imuhip.cli.check import sensor_facts
from imuhip.errors import AnalysisError, CalibrationError, ConfigError, ImuhipError
from imuhip.gait.bands import read_references
from imuhip.radio.bond_store import BondStore
from imuhip.recording.finalise import try_to_finalise
from imuhip.recording.reader import open_recording, read_packets
from imuhip.recording.recovery import recover

__all__ = ["file_targets"]

_ROOT = Path(__file__).parents[2]


def file_targets() -> list[Target]:
    """Return every reader of files."""
    sessions = [_ROOT / "tests/golden" / name for name in ("session_v1.h5", "session_v2.h5")]
    seeds = [path.read_bytes() for path in sessions]
    seeds.append(_unfinished(seeds[0]))
    session = Target(
        "session: bytes",
        _on_file(_read_session, "session.h5"),
        seeds,
        (ImuhipError,),
        longest=1 << 20,
        slowest_s=20.0,
        peak_bytes=64 << 20,
        kept_bytes=16 << 20,
    )
    targets = [
        session,
        Target(**(_fields(session) | {"name": "session: items", "change": _changed_items})),
        Target(
            **(
                _fields(session)
                | {
                    "name": "session: check",
                    "change": _changed_items,
                    "begin": _on_file(_check_session, "session.h5"),
                    "slowest_s": 60.0,
                    "peak_bytes": 256 << 20,
                    "kept_bytes": 64 << 20,
                }
            )
        ),
    ]
    toml = [path.read_bytes() for path in sorted(_ROOT.glob("calibration/**/*.toml"))]
    readers = (
        read_protocol, read_sensor_file, read_limits, read_map, read_norms, read_test,
        read_references,
    )  # fmt: skip
    targets += [
        Target(
            f"TOML: {reader.__name__}",
            _on_file(reader, "file.toml"),
            toml,
            (ConfigError,),
            longest=30_000,
            slowest_s=2.0,
        )
        for reader in readers
    ]
    bonds = b'{"version": 1, "bonds": {"A1": {"address": "C0:00:00:00:00:01", "keys": {}}}}'
    targets.append(Target("bonds", _on_file(_read_bonds, "bonds.json"), [bonds], (ConfigError,)))
    return targets


def _fields(target: Target) -> dict[str, object]:
    return {name: getattr(target, name) for name in Target.__dataclass_fields__}


def _on_file(read: Callable[[Path], object], name: str) -> Callable[[], Run]:
    def run(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            read(path)

    return lambda: run


def _read_session(path: Path) -> None:
    """Open, recover and make small; only documented errors, whatever each of them says."""
    refusals: list[ImuhipError] = []
    try:
        recording = open_recording(path)
        for segment, series in recording.sensors.items():
            sensor_facts(series, recording.rate_hz, recording.devices.get(segment))
            with suppress(ImuhipError):
                read_packets(path, segment)
    except ImuhipError as error:
        refusals.append(error)
    content = path.read_bytes()
    try:
        recovered = recover(path).recovered
        with suppress(ImuhipError):
            open_recording(recovered)
    except ImuhipError as error:
        refusals.append(error)
    assert path.read_bytes() == content, "recovery changed the original"
    try_to_finalise(path)
    for error in refusals:
        assert error.hint
        raise error


def _check_session(path: Path) -> None:
    import imuhip

    recording = open_recording(path)
    for segment, series in recording.sensors.items():
        sensor_facts(series, recording.rate_hz, recording.devices.get(segment))
    with suppress(AnalysisError, CalibrationError):
        imuhip.analyze(recording)


def _read_bonds(path: Path) -> None:
    store = BondStore(path)
    for serial in store.serials():
        store.keys(serial)


# -- changes that keep an HDF5 file whole ---------------------------------------------------------


def _unfinished(content: bytes) -> bytes:
    """Return a session whose writer never came to its end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.h5"
        path.write_bytes(content)
        with h5py.File(path, "r+") as file:
            file["state"][()] = b"recording"
        return path.read_bytes()


def _changed_items(rng: random.Random, seeds: Sequence[bytes], longest: int) -> bytes:
    """Return a session in which one to four datasets or attributes are others."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.h5"
        path.write_bytes(rng.choice(seeds))
        with h5py.File(path, "r+") as file:
            for _ in range(rng.choice((1, 1, 2, 4))):
                with suppress(OSError, ValueError, TypeError, RuntimeError, KeyError):
                    _change_item(rng, file)
        content = path.read_bytes()
    return mutated(rng, [content], longest) if rng.random() < 0.05 else content


def _change_item(rng: random.Random, file: h5py.File) -> None:
    places: list[str] = []
    file.visit(places.append)
    item = file[rng.choice(places)]
    if rng.random() < 0.2 and len(item.attrs):
        name = rng.choice(list(item.attrs))
        item.attrs[name] = rng.choice(
            (0, -1, 2**31 - 1, float("nan"), 1e300, "", "x" * 500, np.zeros(3), b"\xff\xfe")
        )
    elif not isinstance(item, h5py.Dataset):
        if rng.random() < 0.2:
            del file[item.name]
    elif rng.random() < 0.15:
        name = item.name
        del file[name]
        shape = rng.choice(((), (0,), (1,), (5,), (2000,), (2000, 3), (3, 2000), (2, 2, 2)))
        kind = rng.choice(("f8", "f4", "i8", "i4", "u1", "S8", "i2"))
        file.create_dataset(name, data=np.zeros(shape, kind))
    elif item.dtype.names and item.size:
        row = item[...]
        field = rng.choice(item.dtype.names)
        row[field] = _odd(rng, row[field])
        item[...] = row
    elif item.size:
        item[...] = _odd(rng, item[...])


def _odd(rng: random.Random, values: np.ndarray) -> np.ndarray:
    """Return values of the same kind with some, or all, that do not belong there."""
    odd = np.array(values)
    flat = odd.reshape(-1)
    many = slice(None) if rng.random() < 0.2 else rng.sample(range(len(flat)), 1 + len(flat) // 50)
    if odd.dtype.kind == "f":
        with np.errstate(all="ignore"):
            flat[many] = rng.choice((np.nan, np.inf, -np.inf, 0.0, -1.0, 1e18, 1e308, 1e-300))
    elif odd.dtype.kind in "iu":
        limits = np.iinfo(odd.dtype)
        flat[many] = rng.choice((0, 1, limits.max, limits.min, limits.max // 2, 70))
    elif odd.dtype.kind == "S":
        flat[many] = rng.choice((b"", b"\xff\xfe", b"x" * 200, b"complete", b"pelvis"))
    return odd
