"""The layout of a session file: names, types, limits. ``docs/file_format.md`` says it in prose.

Everything is fixed before the first sample arrives, because HDF5 keeps a file readable through a
crash (SWMR mode) only while no object and no attribute is created.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import h5py
import numpy as np

__all__ = [
    "FINALISED_MAJOR",
    "LATER_COUNTERS",
    "MAX_ROWS",
    "PACKET_COLUMNS",
    "SAMPLE_COLUMNS",
    "SCHEMA_MAJOR",
    "SCHEMA_MINOR",
    "SCHEMA_NAME",
    "Column",
    "cut_text",
    "table_types",
    "text_type",
]

SCHEMA_NAME: Final = "imuhip-session"
SCHEMA_MAJOR: Final = 1
"""Of files that grow, or are saved from memory."""
FINALISED_MAJOR: Final = 2
"""Of files that `imuhip.recording.finalise` made small; readers refuse what is above it."""
SCHEMA_MINOR: Final = 2
"""Rises when something optional is added."""

MAX_ROWS: Final = 24 * 3600 * 400
"""Most rows of one sensor: a day at 400 Hz. More is refused before memory is taken."""

STATES: Final = ("recording", "complete", "recovered")


@dataclass(frozen=True, slots=True)
class Column:
    """One growing dataset: a value, or `width` values, for each row."""

    name: str
    dtype: str
    width: int = 1
    fill: float = 0

    def shape(self, n_rows: int) -> tuple[int, ...]:
        """Return the shape of `n_rows` rows."""
        return (n_rows,) if self.width == 1 else (n_rows, self.width)


NAN: Final = float("nan")

SAMPLE_COLUMNS: Final = (
    Column("epoch", "<i4"),
    Column("seq", "<i8"),
    Column("device_time_s", "<f8", fill=NAN),
    Column("arrival_s", "<f8", fill=NAN),
    Column("time_live_s", "<f8", fill=NAN),
    Column("time_s", "<f8", fill=NAN),
    Column("acc", "<f4", 3, fill=NAN),
    Column("gyr", "<f4", 3, fill=NAN),
    Column("mag", "<f4", 3, fill=NAN),
    Column("flags", "<u2"),
    Column("valid", "|u1"),
)
"""``sensors/SEGMENT/samples``; acc, gyr and mag are ``<f8`` in files saved from memory."""

PACKET_COLUMNS: Final = (
    Column("arrival_s", "<f8", fill=NAN),
    Column("start", "<i8"),
    Column("length", "<i4"),
)
"""``sensors/SEGMENT/packets``; the bytes themselves are one long ``bytes`` dataset beside them."""


def text_type(size_bytes: int) -> Any:
    """Return the HDF5 type of UTF-8 text in exactly `size_bytes` bytes, padded with zeros."""
    return h5py.string_dtype("utf-8", size_bytes)


def cut_text(text: bytes, size_bytes: int) -> bytes:
    """Return UTF-8 `text` in at most `size_bytes` bytes, cut between characters."""
    return text[:size_bytes].decode(errors="ignore").encode() if len(text) > size_bytes else text


def _table(*fields: tuple[str, Any]) -> np.dtype[np.void]:
    return np.dtype(list(fields))


CLOCK_FIT_FIELDS: Final = (
    ("epoch", "<i4"),
    ("device_zero_s", "<f8"),
    ("host_zero_s", "<f8"),
    ("slope", "<f8"),
    ("uncertainty_s", "<f8"),
)

CLOCK_QUESTION_FIELDS: Final = (
    ("epoch", "<i4"),
    ("asked_s", "<f8"),
    ("received_s", "<f8"),
    ("sent_s", "<f8"),
    ("answered_s", "<f8"),
)

COUNTER_FIELDS: Final = (
    *(
        (name, "<i8")
        for name in (
            "received",
            "lost",
            "duplicated",
            "reordered",
            "bad_packets",
            "overrun_packets",
            "backfilled",
            "reconnects",
        )
    ),
    ("longest_gap_s", "<f8"),
    ("resynced", "<i8"),
)
LATER_COUNTERS: Final = ("resynced",)
"""Missing from files before minor version 1."""


@cache
def table_types() -> dict[str, np.dtype[np.void]]:
    """Return the row types of the tables, by name."""
    return {
        "markers": _table(("name", text_type(64)), ("start_s", "<f8"), ("end_s", "<f8")),
        "events": _table(
            ("at_s", "<f8"),
            ("segment", text_type(16)),
            ("kind", text_type(32)),
            ("text", text_type(160)),
        ),
        "annotations": _table(
            ("kind", text_type(32)),
            ("text", text_type(160)),
            ("side", text_type(8)),
            ("start_s", "<f8"),
            ("end_s", "<f8"),
            ("noted_unix_s", "<f8"),
            ("withdrawn_unix_s", "<f8"),
        ),
        "clock_fits": _table(*CLOCK_FIT_FIELDS),
        "clock_fits_live": _table(("at_s", "<f8"), *CLOCK_FIT_FIELDS),
        "clock_questions": _table(*CLOCK_QUESTION_FIELDS),
        "stream_starts": _table(("at_s", "<f8")),
        "copies": _table(
            ("offset", "<i4"),
            ("sample", "<i4"),
            ("column", text_type(8)),
            ("axis", "<i4"),
            ("swapped", "|u1"),
        ),
        "counters": _table(*COUNTER_FIELDS),
        "n_committed": _table(("stream", text_type(64)), ("rows", "<i8")),
        "last_flush": _table(("count", "<i8"), ("elapsed_s", "<f8"), ("longest_interval_s", "<f8")),
    }
