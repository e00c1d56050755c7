"""Writes a session file anew without what could tell whose it is; samples stay bit for bit.

Nothing is taken over that is not on a list: an attribute or a dataset this page does not know stays
behind, so what somebody adds to a file cannot slip through. Before the new file takes its name its
bytes are searched for everything that was left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from imuhip import __version__
from imuhip.core.annotation import EXCLUDED
from imuhip.core.segments import SEGMENTS
from imuhip.recording import layout
from imuhip.recording.access import SessionFile
from imuhip.recording.annotation_table import annotations_of
from imuhip.recording.deidentify_sensors import (
    CLOCK_TABLES,
    VERSION,
    Kept,
    copy_device,
    copy_samples,
)
from imuhip.recording.left_out import LeftOut, Removal
from imuhip.recording.reader import read_truth
from imuhip.recording.save import finished_file

__all__ = ["Deidentified", "Kept", "Removal", "deidentify"]


@dataclass(frozen=True, slots=True)
class Deidentified:
    """A file written anew.

    Parameters
    ----------
    path : Path
    subject : str
        The code it carries now.
    shifted_days : int
        By how much its date was moved; not in the file.
    removed : tuple of Removal
    """

    path: Path
    subject: str
    shifted_days: int
    removed: tuple[Removal, ...]


def deidentify(
    source: str | Path, path: str | Path, *, subject: str, shift_days: int, kept: Kept
) -> Deidentified:
    """Write a session file without what could tell whose it is.

    Parameters
    ----------
    source : str or Path
        A complete or recovered session file; it is not changed.
    path : str or Path
        Of the new file; must not exist.
    subject : str
        The code it is to carry.
    shift_days : int
        Added to its date; the time of day stays, in UTC.
    kept : Kept

    Raises
    ------
    imuhip.errors.RecordingError
        When it cannot be read, or when something left out is found in the new file (E784).
    imuhip.errors.DiskError
        When the new file exists already or cannot be written.
    """
    path = Path(path)
    with SessionFile(Path(source)) as session:
        work = _Work(session, subject, shift_days, kept)

        def check(part: Path) -> None:
            work.left_out.refuse_in(part, session.path, {subject, *SEGMENTS})

        with finished_file(path, session.state, check=check) as file:
            work.write(file)
    return Deidentified(path, subject, shift_days, work.left_out.removals())


class _Work:
    """One file being written, and what was left out so far."""

    def __init__(self, session: SessionFile, subject: str, shift_days: int, kept: Kept) -> None:
        self._session = session
        self._subject = subject
        self._shift = timedelta(days=shift_days)
        self._kept = kept
        self.left_out = LeftOut()

    def write(self, file: Any) -> None:
        self._root(file)
        session = self._session
        for segment in session.names("sensors"):
            if segment not in SEGMENTS:
                self.left_out.add("sensors on unknown places", segment)
                continue
            sensor = file["sensors"].create_group(segment)
            copy_samples(session, sensor, segment, self.left_out)
            if session.has(f"sensors/{segment}/device"):
                copy_device(session, sensor, segment, self._kept, self.left_out)
            for name in session.names(f"sensors/{segment}"):
                if name == "packets":
                    self.left_out.add(
                        "raw packets (a sensor may send its name, number or calendar)"
                    )
                elif name not in ("samples", "device"):
                    self.left_out.add("datasets this imuhip does not know", name)
        if self._session.has("truth"):
            self._truth(file)
        layout.create_table(file, "markers", list(self._markers()))
        layout.create_table(file, "events", list(self._events()))
        notes = list(self._notes())
        if notes:
            layout.create_table(file, "annotations", notes)
        _write_commit(file)

    def _root(self, file: Any) -> None:
        session = self._session
        version = session.text("/", "software_version")
        layout.create_root(
            file,
            rate_hz=session.number("/", "rate_hz"),
            start_time=self._start_time(),
            subject=self._subject,
            settings=self._settings(),
        )
        for name in ("schema_major", "schema_minor"):
            file.attrs.modify(name, np.int32(session.number("/", name)))
        if VERSION.fullmatch(version):
            del file.attrs["software_version"]
            layout.set_text(file, "software_version", version)
        else:
            self.left_out.add("software version that is none", version)
        if session.has_attribute("/", "subject"):
            self.left_out.add("subject code, replaced", session.text("/", "subject"))
        known = {
            "schema", "schema_major", "schema_minor", "software_version", "rate_hz", "start_time",
            "start_unix_s", "subject",
        }  # fmt: skip
        for name in session.item("/").attrs:
            if name not in known:
                self.left_out.add("attributes this imuhip does not know", name)
        for name in session.names("/"):
            if name not in file and name not in (
                "truth", "markers", "events", "annotations", "n_committed", "last_flush",
            ):  # fmt: skip
                self.left_out.add("datasets this imuhip does not know", name)

    def _start_time(self) -> datetime | None:
        if not self._session.has_attribute("/", "start_time"):
            return None
        text = self._session.text("/", "start_time")
        told = text if self._shift else ""
        self.left_out.add("date, shifted by whole days; time of day in UTC", told)
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo is None else at.astimezone(UTC)) + self._shift

    def _settings(self) -> dict[str, str]:
        kept = {}
        for name, value in self._session.settings().items():
            if self._kept.setting(name, value):
                kept[name] = value
            else:
                self.left_out.add("settings", value)
        return kept | {"deidentified": f"imuhip {__version__}"}

    def _truth(self, file: Any) -> None:
        layout.create_truth(file, read_truth(self._session))

    def _markers(self) -> Iterator[tuple[Any, ...]]:
        for row in self._session.table("markers"):
            name = bytes(row["name"]).decode(errors="replace")
            if not self._kept.marker(name):
                self.left_out.add(
                    "names of markers that are not imuhip's own, now called mark", name
                )
                name = "mark"
            yield (name.encode(), float(row["start_s"]), float(row["end_s"]))

    def _events(self) -> Iterator[tuple[Any, ...]]:
        for row in self._session.table("events"):
            segment, kind, text = (
                bytes(row[name]).decode(errors="replace") for name in ("segment", "kind", "text")
            )
            if text:
                self.left_out.add("texts of events", text)
            if not self._kept.event(kind):
                self.left_out.add("kinds of events that are not imuhip's own", kind)
                kind = "event"
            known = segment if segment in SEGMENTS else ""
            yield (float(row["at_s"]), known.encode(), kind.encode(), b"")

    def _notes(self) -> Iterator[tuple[Any, ...]]:
        nan = float("nan")
        for note in annotations_of(self._session):
            if note.kind != EXCLUDED:
                self.left_out.add("tags and notes", note.text)
                continue
            if note.text:
                self.left_out.add("reasons of strides left out by hand", note.text)
            taken_back = nan if note.withdrawn_unix_s is None else 0.0
            side = (note.side or "").encode()
            start, end = (nan if x is None else x for x in (note.start_s, note.end_s))
            yield (EXCLUDED.encode(), b"", side, start, end, nan, taken_back)


def _write_commit(file: Any) -> None:
    rows = [(name, len(file[name])) for name in ("markers", "events")]
    for segment, sensor in file["sensors"].items():
        rows.append((f"sensors/{segment}/samples", len(sensor["samples/seq"])))
        if "device" in sensor:
            device = sensor["device"]
            rows += [
                (f"sensors/{segment}/device/{name}", len(device[name]))
                for name in CLOCK_TABLES
                if name in device
            ]
    layout.create_table(file, "n_committed", [(name.encode(), n) for name, n in rows])
    layout.create_table(file, "last_flush", [(1, 0.0, 0.0)])
