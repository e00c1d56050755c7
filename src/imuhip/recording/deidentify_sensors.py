"""Samples and sensors in a copy that does not tell whose they are: see `deidentify`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from imuhip.recording import layout
from imuhip.recording.access import SessionFile
from imuhip.recording.columns import read_column
from imuhip.recording.left_out import LeftOut
from imuhip.recording.schema import SAMPLE_COLUMNS, table_types

__all__ = ["CLOCK_TABLES", "VERSION", "Kept", "copy_device", "copy_samples"]

_SAMPLE_NUMBERS: Final = ("scale_factor", "_FillValue")
_SAMPLE_TEXTS: Final = {
    "units": {"m s-2", "rad s-1", "uT", "s"},
    "unpacked_type": {"float32", "float64"},
}
_DEVICE_NUMBERS: Final = (
    "clock_hz", "rate_hz", "acc_range_g", "gyr_range_dps", "batch_samples", "battery_percent",
    "simulated",
)  # fmt: skip
_DEVICE_TABLES: Final = (
    "counters", "clock_fits", "clock_fits_live", "clock_questions", "stream_starts",
)  # fmt: skip
CLOCK_TABLES: Final = ("clock_fits", "clock_fits_live", "clock_questions")
VERSION: Final = re.compile(r"[vV]?\d[0-9A-Za-z.+-]{0,30}")
_CALENDAR_S: Final = 5e8
"""A sensor clock beyond this counts since 1970 and so tells the day."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What may stay of texts.

    Parameters
    ----------
    marker, event, model, driver : callable
        Given a name, returns whether it is one of imuhip's own and so tells nothing of a person.
    setting : callable
        Given name and value.
    """

    marker: Callable[[str], bool]
    event: Callable[[str], bool]
    model: Callable[[str], bool]
    driver: Callable[[str], bool]
    setting: Callable[[str, str], bool]


def copy_samples(session: SessionFile, sensor: Any, segment: str, left_out: LeftOut) -> None:
    """Copy the samples as they are stored, bit for bit."""
    group = sensor.create_group("samples")
    widths = {column.name: column.width for column in SAMPLE_COLUMNS}
    place = f"sensors/{segment}/samples"
    for name in session.names(place):
        if name not in widths:
            left_out.add("datasets this imuhip does not know", name)
            continue
        if name == "mag" and not session.item(f"{place}/mag").id.get_storage_size():
            continue  # there is no magnetometer
        data = session.read(f"{place}/{name}", "fiu", widths[name], unwritten=True)
        if name == "device_time_s" and _tells_the_day(session, segment):
            left_out.add("sensor clocks that count since 1970")
            data = np.full(len(data), np.nan)
            _create(group, name, data)
            continue
        made = _create(group, name, data)
        _copy_attributes(session, f"{place}/{name}", made, left_out)


def _copy_attributes(session: SessionFile, place: str, made: Any, left_out: LeftOut) -> None:
    """Copy how counts become values."""
    source = session.item(place)
    for name in source.attrs:
        if name in _SAMPLE_NUMBERS:
            dtype = source.attrs.get_id(name).dtype
            made.attrs.create(name, session.number(place, name), dtype=dtype)
        elif name in _SAMPLE_TEXTS and session.text(place, name) in _SAMPLE_TEXTS[name]:
            layout.set_text(made, name, session.text(place, name))
        else:
            left_out.add("attributes this imuhip does not know", name)


def _create(group: Any, name: str, data: Any) -> Any:
    options: dict[str, Any] = {}
    if len(data):
        rows = min(len(data), layout.ROWS_PER_PACKED_CHUNK)
        options = {"chunks": (rows, *data.shape[1:]), **layout.PACKED_FILTERS}
    return group.create_dataset(name, data=data, dtype=data.dtype, **options)


def _tells_the_day(session: SessionFile, segment: str) -> bool:
    place = f"sensors/{segment}/samples/device_time_s"
    at = read_column(session, place, unwritten=True)
    return bool(np.nanmax(at, initial=0.0) > _CALENDAR_S) if len(at) else False


def copy_device(
    session: SessionFile, sensor: Any, segment: str, kept: Kept, left_out: LeftOut
) -> None:
    """Copy how a sensor was set and what became of its samples; not which one it was."""
    place = f"sensors/{segment}/device"
    group = sensor.create_group("device")
    for name, keep in (
        ("model", kept.model),
        ("driver", kept.driver),
        ("firmware", lambda text: bool(VERSION.fullmatch(text))),
    ):
        text = session.text(place, name)
        layout.set_text(group, name, text if keep(text) else "")
        if text and not keep(text):
            left_out.add(f"sensor {name}s", text)
    for name in ("serial", "address"):
        text = session.text(place, name)
        layout.set_text(group, name, f"sensor on {segment}" if name == "serial" else "")
        if text:
            left_out.add(f"sensor {name} numbers" if name == "serial" else "addresses", text)
    for name in _DEVICE_NUMBERS:
        if session.has_attribute(place, name):
            dtype = session.item(place).attrs.get_id(name).dtype
            group.attrs.create(name, session.number(place, name), dtype=dtype)
    hide_clocks = _tells_the_day(session, segment)
    for name in _DEVICE_TABLES:
        if not session.has(f"{place}/{name}"):
            continue
        rows = session.table(f"{place}/{name}")
        if hide_clocks and name in CLOCK_TABLES:
            rows = rows[:0]
        known = set(table_types()[name].names or ())
        fields = [field for field in rows.dtype.names or () if field in known]
        group.create_dataset(name, data=rows[fields], maxshape=(None,), chunks=(64,))
    for name in session.names(place):
        if name not in _DEVICE_TABLES:
            left_out.add("datasets this imuhip does not know", name)
    known_attributes = {*_DEVICE_NUMBERS, "model", "driver", "firmware", "serial", "address"}
    for name in session.item(place).attrs:
        if name not in known_attributes:
            left_out.add("attributes this imuhip does not know", name)
