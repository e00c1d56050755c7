"""Reads items of an untrusted HDF5 file: link, type, shape and size are checked before memory is.

Session files travel by e-mail and USB stick. A name that points into another file, a dataset that
declares terabytes, or a type that would run code is refused with the place and the limit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from imuhip.errors import FileFormatError, ImuhipError, RecordingError, UnfinishedRecordingError
from imuhip.recording.local_heaps import has_endless_heap, root_address
from imuhip.recording.salvage import SalvageView
from imuhip.recording.schema import FINALISED_MAJOR, MAX_ROWS, SCHEMA_NAME, STATES

__all__ = ["SessionFile"]

MAX_TEXT_BYTES = 1 << 20
MAX_EXPANSION = 1100
"""Deflate cannot expand more than 1032-fold."""
SMALL_BYTES = 1 << 20
FREE_ROWS = 10_000_000
"""Samples of all sensors that a file of any size may declare: simulated ones can lie still."""
PLAIN_FILTERS = {
    h5py.h5z.FILTER_DEFLATE,
    h5py.h5z.FILTER_SHUFFLE,
    h5py.h5z.FILTER_FLETCHER32,
}


class SessionFile:
    """A session file open for reading.

    Parameters
    ----------
    path : Path
        Of the file.
    allow_unfinished : bool
        Accept a file that its writer never closed, as recovery does.

    Raises
    ------
    imuhip.errors.RecordingError
        `FileFormatError` when it is not a session file, is damaged or of a newer schema;
        `UnfinishedRecordingError` when it was never closed.
    """

    def __init__(self, path: Path, *, allow_unfinished: bool = False) -> None:
        self.path = Path(path)
        self.file, self._salvage = _open_hdf5(self.path)
        self._found: dict[str, Any] = {}
        self._addresses: dict[str, int] = {}
        self._sound: set[str] = set()
        try:
            self._check_schema()
            self.state = self._read_state()
            if not allow_unfinished:
                self._check_finished()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> SessionFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; more than once does nothing."""
        self._found.clear()
        self.file.close()
        if self._salvage is not None:
            self._salvage.close()

    @property
    def size_bytes(self) -> int:
        """Return the size on disk."""
        return self.path.stat().st_size

    @property
    def is_cut_short(self) -> bool:
        """Return whether a finished file has lost its end."""
        return self._salvage is not None and self._salvage.is_cut_short

    def was_written_within(self, span_s: float) -> bool:
        """Return whether the file changed less than `span_s` ago."""
        return abs(time.time() - self.path.stat().st_mtime) < span_s

    def refuse(self, place: str, problem: str, hint: str = "") -> FileFormatError:
        """Return the error that says what is wrong and where."""
        return FileFormatError(
            f"{self.path}: {place}: {problem}",
            hint=hint or f"the file is damaged or was changed; try: imuhip recover {self.path}",
        )

    def has(self, place: str) -> bool:
        """Return whether there is an item at `place`."""
        return self._find(place) is not None

    def names(self, place: str) -> list[str]:
        """Return the names inside a group."""
        group = self.item(place)
        if not isinstance(group, h5py.Group):
            raise self.refuse(place, "expected a group, got a dataset")
        with self.reading(place):
            self._require_sound_names("/".join(["", *filter(None, place.split("/"))]), place)
            return list(group.keys())

    def item(self, place: str) -> Any:
        """Return the group or dataset at `place`, reached through plain links only."""
        found = self._find(place)
        if found is None:
            raise self.refuse(place, "is missing")
        return found

    def dataset(self, place: str, kinds: str, width: int = 1, max_rows: int = MAX_ROWS) -> Any:
        """Return a dataset of rows, checked but not read.

        Parameters
        ----------
        place : str
            Path inside the file.
        kinds : str
            Accepted numpy kinds, such as ``"iu"`` or ``"V"`` for a table.
        width : int
            Values in each row.
        max_rows : int
            More is refused.
        """
        dataset = self.item(place)
        if not isinstance(dataset, h5py.Dataset):
            raise self.refuse(place, "expected a dataset, got a group")
        with self.reading(place):
            shape, dtype = dataset.shape, dataset.dtype
            filters = dataset.id.get_create_plist()
            used = {filters.get_filter(i)[0] for i in range(filters.get_nfilters())}
            elsewhere = dataset.is_virtual or bool(dataset.external)
        expected = "(n,)" if width == 1 else f"(n, {width})"
        if (
            shape is None
            or len(shape) != (1 if width == 1 else 2)
            or shape[1:] != (width,) * (width > 1)
        ):
            raise self.refuse(place, f"expected shape {expected}, got {shape}")
        if dtype.kind not in kinds or dtype.hasobject:
            raise self.refuse(place, f"expected a type among {kinds!r}, got {dtype}")
        if elsewhere or used - PLAIN_FILTERS:
            raise self.refuse(place, "stored outside this file or with an unknown filter")
        if shape[0] > max_rows:
            raise self.refuse(place, f"declares {shape[0]} rows, above the limit of {max_rows}")
        return dataset

    def read(
        self,
        place: str,
        kinds: str,
        width: int = 1,
        max_rows: int = MAX_ROWS,
        *,
        unwritten: bool = False,
    ) -> NDArray[Any]:
        """Read all rows of a dataset, when the bytes it stores can hold them.

        With `unwritten` also those of one that was never written: its fill value in every row.
        """
        dataset = self.dataset(place, kinds, width, max_rows)
        with self.reading(place):
            wanted, stored = dataset.size * dataset.dtype.itemsize, dataset.id.get_storage_size()
        is_blank = unwritten and stored == 0
        if wanted > SMALL_BYTES + MAX_EXPANSION * stored and not is_blank:
            raise self.refuse(place, f"declares {wanted} bytes but stores {stored}")
        with self.reading(place):
            rows: NDArray[Any] = dataset[()]
            return rows

    def check_rows(self, segments: Sequence[str]) -> None:
        """Refuse more samples than what is stored can hold, before any column is read.

        A measured sample takes some bytes however well it is packed, a row of zeros a thousandth of
        one. So a small file could else unpack to more than there is memory: as many samples as it
        has bytes are accepted, and `FREE_ROWS` of any.

        Raises
        ------
        imuhip.errors.FileFormatError
        """
        places = (f"sensors/{segment}/samples/seq" for segment in segments)
        rows = sum(int(self.dataset(place, "i").shape[0]) for place in places)
        allowed = FREE_ROWS + self.size_bytes
        if rows > allowed:
            raise self.refuse("sensors", f"declares {rows} samples, above the limit of {allowed}")

    def table(self, place: str, max_rows: int = 1_000_000) -> NDArray[Any]:
        """Read a table of named fields; no rows when it is missing."""
        if not self.has(place):
            return np.empty(0, dtype=[("at_s", "<f8")])
        return self.read(place, "V", max_rows=max_rows)

    def text(self, place: str, name: str) -> str:
        """Read a text attribute."""
        value = self._attribute(place, name)
        if isinstance(value, str):
            return value
        if isinstance(value, bytes):
            return value.decode(errors="replace")
        raise self.refuse(f"{place}@{name}", f"expected text, got {type(value).__name__}")

    def number(self, place: str, name: str) -> float:
        """Read a numeric attribute."""
        value = self._attribute(place, name)
        if not isinstance(value, np.number | int | float):
            raise self.refuse(f"{place}@{name}", f"expected a number, got {value!r:.40}")
        return float(value)

    def has_attribute(self, place: str, name: str) -> bool:
        """Return whether the item at `place` has the attribute."""
        with self.reading(place):
            return name in self.item(place).attrs

    def scalar_text(self, place: str) -> str:
        """Read a dataset that holds one text."""
        dataset = self.item(place)
        if not isinstance(dataset, h5py.Dataset) or dataset.shape != ():
            raise self.refuse(place, "expected one text")
        if dataset.dtype.kind != "S" or dataset.dtype.itemsize > MAX_TEXT_BYTES:
            raise self.refuse(place, f"expected at most {MAX_TEXT_BYTES} bytes of text")
        with self.reading(place):
            return bytes(dataset[()]).decode(errors="replace")

    def settings(self) -> dict[str, str]:
        """Read the settings the recording was started with."""
        with self.reading("settings_json"):
            settings = json.loads(self.scalar_text("settings_json"))
        if not isinstance(settings, dict):
            raise self.refuse("settings_json", "expected a JSON object")
        return {str(key): str(value) for key, value in settings.items()}

    @contextmanager
    def reading(self, place: str) -> Iterator[None]:
        """Turn whatever HDF5 raises into an error that names the place."""
        try:
            yield
        except ImuhipError:
            raise
        except (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError) as error:
            raise self.refuse(place, f"cannot be read ({_first_line(error)})") from error

    def _find(self, place: str) -> Any:
        node: Any = self.file
        path = ""
        for name in place.strip("/").split("/"):
            if not name:
                continue
            path = f"{path}/{name}"
            if path in self._found:  # looked at link by link before
                node = self._found[path]
                continue
            with self.reading(place):
                link = None
                if isinstance(node, h5py.Group):
                    self._require_sound_names(path.rpartition("/")[0], place)
                    link = node.get(name, getlink=True)
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise self.refuse(place, "points elsewhere (a soft or external link)")
            with self.reading(place):
                self._addresses[path] = int(node.id.links.get_info(name.encode()).u)
                node = self._found[path] = node[name]
        return node

    def _require_sound_names(self, group: str, place: str) -> None:
        """Refuse a group, its path beginning with ``/``, before HDF5 follows its names for ever."""
        if group in self._sound:
            return
        address = self._addresses[group] if group else root_address(self.path)
        if address is not None and has_endless_heap(self.path, address):
            raise self.refuse(place, "is damaged (a list of names leads back to itself)")
        self._sound.add(group)

    def _attribute(self, place: str, name: str) -> Any:
        attributes = self.item(place).attrs
        with self.reading(f"{place}@{name}"):
            if name not in attributes:
                raise self.refuse(place, f"the attribute {name} is missing")
            plan = attributes.get_id(name)
            is_text = plan.dtype.kind in "SO"
            if plan.shape != () or (not is_text and plan.dtype.kind not in "iuf"):
                raise self.refuse(f"{place}@{name}", f"expected one value, got {plan.shape}")
            if plan.dtype.itemsize > MAX_TEXT_BYTES:
                raise self.refuse(f"{place}@{name}", f"above {MAX_TEXT_BYTES} bytes")
            return attributes[name]

    def _check_schema(self) -> None:
        if not self.has_attribute("/", "schema") or self.text("/", "schema") != SCHEMA_NAME:
            raise FileFormatError(
                f"{self.path}: is HDF5, but not an imuhip session (no schema {SCHEMA_NAME!r})",
                hint="other measurements come in as arrays: imuhip.Recording.from_arrays",
            )
        major = int(self.number("/", "schema_major"))
        if major > FINALISED_MAJOR:
            raise FileFormatError(
                f"{self.path}: written with schema version {major}, this imuhip reads up to"
                f" {FINALISED_MAJOR}",
                hint="update imuhip: pip install --upgrade imuhip",
            )

    def _read_state(self) -> str:
        state = self.scalar_text("state")
        if state not in STATES:
            raise self.refuse("state", f"expected one of {', '.join(STATES)}, got {state!r:.20}")
        return state

    def _check_finished(self) -> None:
        if self.state == STATES[0]:
            raise UnfinishedRecordingError(
                f"{self.path}: was never closed: its recording was interrupted, or still runs",
                hint=f"imuhip recover {self.path}",
            )
        if self.is_cut_short:
            expected = self._salvage.stored_end if self._salvage else 0
            raise self.refuse("/", f"is cut short: {self.size_bytes} of {expected} bytes are there")


def _open_hdf5(path: Path) -> tuple[Any, SalvageView | None]:
    """Return the open file, and the view it is seen through when it was not closed properly."""
    if not path.exists():
        raise RecordingError(f"{path}: there is no such file", hint="check the name and folder")
    if not path.is_file():
        raise FileFormatError(f"{path}: is a folder, not a session file", hint="name a .h5 file")
    size = path.stat().st_size
    if size == 0:
        raise FileFormatError(f"{path}: is empty (0 bytes)", hint="nothing can be recovered")
    if not h5py.is_hdf5(path):
        raise FileFormatError(
            f"{path}: is not an HDF5 file ({size} bytes)",
            hint="session files end in .h5; other measurements come in as arrays:"
            " imuhip.Recording.from_arrays",
        )
    try:
        return h5py.File(path, "r"), None
    except (OSError, RuntimeError):
        pass
    view = SalvageView(path)
    try:
        return h5py.File(view, "r"), view
    except (OSError, RuntimeError, ValueError, OverflowError) as error:
        view.close()
        raise FileFormatError(
            f"{path}: is HDF5, but cut short or damaged ({size} bytes; {_first_line(error)})",
            hint="copy it again from where it came; what is missing cannot be recovered",
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
