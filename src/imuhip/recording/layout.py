"""Creates the groups, datasets and attributes of a session file, all before the first row."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from imuhip import __version__
from imuhip.core.annotation import Annotation
from imuhip.core.segments import ANGLES
from imuhip.core.sensor import ClockFit, SensorCounters
from imuhip.core.series import FloatArray, IntArray, Marker
from imuhip.recording.packet_table import Copy
from imuhip.recording.schema import (
    PACKET_COLUMNS,
    SAMPLE_COLUMNS,
    SCHEMA_MAJOR,
    SCHEMA_MINOR,
    SCHEMA_NAME,
    STATES,
    Column,
    table_types,
    text_type,
)
from imuhip.recording.session import DeviceRecord, Event, Truth

__all__ = [
    "Growth",
    "annotation_row",
    "counters_row",
    "create_column",
    "create_copies",
    "create_device",
    "create_packets",
    "create_root",
    "create_samples",
    "create_table",
    "create_truth",
    "event_row",
    "final_times",
    "fit_row",
    "marker_row",
    "replace_rows",
    "set_state",
    "set_text",
]

ROWS_PER_CHUNK = 1024
GROWING_TABLES = ("clock_fits_live", "clock_questions", "stream_starts")
"""Of a sensor's ``device``, while it is recorded."""
BYTES_PER_CHUNK = 16384
ROWS_PER_PACKED_CHUNK = 8192
PACKED_FILTERS: Mapping[str, Any] = {"compression": "gzip", "compression_opts": 4, "shuffle": True}
"""Of finalised files; every HDF5 library has these filters."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How datasets are laid out: growing while recording, or of known length and packed.

    Compression stays off while recording: a flush would write each unfinished chunk anew, at
    another length and so at another place.
    """

    rows_per_chunk: int = ROWS_PER_CHUNK
    packed: bool = False

    def options(self, n_rows: int, width: int = 1) -> dict[str, Any]:
        """Return the options of ``create_dataset`` for `n_rows` rows."""
        chunk = (self.rows_per_chunk,) if width == 1 else (self.rows_per_chunk, width)
        maximum = (None,) if width == 1 else (None, width)
        options: dict[str, Any] = {"chunks": chunk, "maxshape": maximum}
        if self.packed and n_rows:
            options |= {"compression": "gzip", "compression_opts": 1, "shuffle": True}
        return options


def set_text(owner: Any, name: str, text: str) -> None:
    """Store `text` as an attribute of fixed length: SWMR does not protect variable length."""
    data = text.encode()
    owner.attrs.create(name, np.bytes_(data), dtype=text_type(max(1, len(data))))


def create_root(
    file: Any,
    *,
    rate_hz: float,
    start_time: datetime | None,
    subject: str | None,
    settings: Mapping[str, str],
) -> None:
    """Write the root attributes, and the state, which stays ``recording`` until the end."""
    set_text(file, "schema", SCHEMA_NAME)
    file.attrs.create("schema_major", SCHEMA_MAJOR, dtype="<i4")
    file.attrs.create("schema_minor", SCHEMA_MINOR, dtype="<i4")
    set_text(file, "software_version", __version__)
    file.attrs.create("rate_hz", rate_hz, dtype="<f8")
    if start_time is not None:
        set_text(file, "start_time", start_time.isoformat())
        if start_time.tzinfo is not None:
            file.attrs.create("start_unix_s", start_time.timestamp(), dtype="<f8")
    if subject is not None:
        set_text(file, "subject", subject)
    data = json.dumps(dict(settings), ensure_ascii=False).encode()
    file.create_dataset("settings_json", data=np.bytes_(data), dtype=text_type(len(data)))
    file.create_dataset("state", data=np.bytes_(STATES[0].encode()), dtype=text_type(16))
    file.create_group("sensors")


def set_state(file: Any, state: str) -> None:
    """Overwrite the state in place."""
    file["state"][()] = np.bytes_(state.encode())


def create_column(
    group: Any, column: Column, growth: Growth, n_rows: int = 0, dtype: str | None = None
) -> Any:
    """Create one dataset of `n_rows` rows; what is never written reads as the fill value."""
    return group.create_dataset(
        column.name,
        column.shape(n_rows),
        dtype=dtype or column.dtype,
        fillvalue=column.fill,
        **growth.options(n_rows, column.width),
    )


def create_samples(
    sensor: Any,
    growth: Growth,
    *,
    n_rows: int = 0,
    signal_dtype: str = "<f4",
    with_mag: bool = True,
) -> dict[str, Any]:
    """Create ``samples`` and return its datasets by name."""
    group = sensor.create_group("samples")
    return {
        column.name: create_column(
            group, column, growth, n_rows, signal_dtype if column.width == 3 else None
        )
        for column in SAMPLE_COLUMNS
        if with_mag or column.name != "mag"
    }


def create_packets(
    sensor: Any, growth: Growth, *, n_rows: int = 0, n_bytes: int = 0
) -> dict[str, Any]:
    """Create ``packets`` and return its datasets by name."""
    group = sensor.create_group("packets")
    datasets = {c.name: create_column(group, c, growth, n_rows) for c in PACKET_COLUMNS}
    wide = Growth(max(BYTES_PER_CHUNK, growth.rows_per_chunk), growth.packed)
    datasets["bytes"] = create_column(group, Column("bytes", "|u1"), wide, n_bytes)
    return datasets


def create_copies(group: Any, copies: Sequence[Copy]) -> None:
    """Create the table that says where packets hold bytes of their samples."""
    rows = [(c.offset, c.sample, c.column.encode(), c.axis, int(c.swapped)) for c in copies]
    create_table(group, "copies", rows)


def create_table(group: Any, name: str, rows: Sequence[tuple[Any, ...]] = ()) -> Any:
    """Create a growing table, with its first rows; text fields widen to hold those."""
    dtype = table_types()[name]
    fields = []
    for i, field in enumerate(dtype.names or ()):
        longest = max((len(row[i]) for row in rows if isinstance(row[i], bytes)), default=0)
        wide = longest > dtype[field].itemsize
        fields.append((field, text_type(longest) if wide else dtype[field]))
    dtype = np.dtype(fields)
    return group.create_dataset(
        name, data=np.array(list(rows), dtype=dtype), maxshape=(None,), chunks=(64,), dtype=dtype
    )


def replace_rows(table: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    """Put other rows, any number of them, in place of a table's."""
    table.resize(len(rows), axis=0)
    table[...] = np.array(list(rows), dtype=table.dtype)


def create_device(sensor: Any, device: DeviceRecord) -> dict[str, Any]:
    """Create ``device``: who the sensor is, how it was set, its counters and clock fits."""
    group = sensor.create_group("device")
    identity, config = device.identity, device.config
    texts = {
        "model": identity.model,
        "serial": identity.serial,
        "firmware": identity.firmware,
        "address": device.address,
        "driver": device.driver,
    }
    for name, text in texts.items():
        set_text(group, name, text)
    group.attrs.create("clock_hz", identity.clock_hz, dtype="<f8")
    for name in ("rate_hz", "acc_range_g", "gyr_range_dps", "batch_samples"):
        group.attrs.create(name, getattr(config, name), dtype="<i4")
    battery = -1 if device.battery_percent is None else device.battery_percent
    group.attrs.create("battery_percent", battery, dtype="<i4")
    group.attrs.create("simulated", int(device.simulated), dtype="|u1")
    counters = np.array([counters_row(device.counters)], dtype=table_types()["counters"])
    return {
        "counters": group.create_dataset("counters", data=counters),
        "clock_fits": create_table(group, "clock_fits", [fit_row(f) for f in device.clock_fits]),
        **{name: create_table(group, name) for name in GROWING_TABLES},
    }


def create_truth(file: Any, truth: Truth) -> None:
    """Store what the simulator knows; always float64."""
    group = file.create_group("truth")
    group.create_dataset("time_s", data=truth.time_s, dtype="<f8")
    angles = group.create_dataset("angles_rad", data=truth.angles_rad, dtype="<f8")
    set_text(angles, "columns", ",".join(ANGLES))
    orientations = group.create_group("orientations")
    for segment, q_WB in truth.orientations.items():
        orientations.create_dataset(segment, data=q_WB, dtype="<f8")
    contacts = group.create_group("initial_contacts_s")
    for side, times in truth.initial_contacts_s.items():
        contacts.create_dataset(side, data=times, dtype="<f8")


def final_times(
    epoch: IntArray, device_time_s: FloatArray, time_s: FloatArray, fits: Sequence[ClockFit]
) -> FloatArray:
    """Return (n,) times by the epochs' clock fits; `time_s` where there is none."""
    final_s = np.array(time_s, dtype=float)
    for fit in fits:
        mapped = (epoch == fit.epoch) & np.isfinite(device_time_s)
        final_s[mapped] = fit.to_recording(device_time_s[mapped])
    return final_s


def counters_row(counters: SensorCounters) -> tuple[Any, ...]:
    """Return the row of the ``counters`` table."""
    return astuple(counters)


def fit_row(fit: ClockFit) -> tuple[Any, ...]:
    """Return the row of the ``clock_fits`` table."""
    return astuple(fit)


def marker_row(marker: Marker) -> tuple[Any, ...]:
    """Return the row of the ``markers`` table."""
    return (marker.name.encode(), marker.start_s, marker.end_s)


def event_row(event: Event) -> tuple[Any, ...]:
    """Return the row of the ``events`` table."""
    texts = (event.segment or "", event.kind, event.text)
    return (event.at_s, *(text.encode() for text in texts))


def annotation_row(note: Annotation) -> tuple[Any, ...]:
    """Return the row of the ``annotations`` table."""
    texts = (note.kind, note.text, note.side or "")
    numbers = (note.start_s, note.end_s, note.noted_unix_s, note.withdrawn_unix_s)
    nan = float("nan")
    return (*(t.encode() for t in texts), *(nan if x is None else float(x) for x in numbers))
