"""HDF5 files of other makers, read with the same caution as session files."""

from __future__ import annotations

from pathlib import Path

from imuhip.errors import FileFormatError
from imuhip.recording.access import SessionFile, _open_hdf5

__all__ = ["ForeignFile"]


class ForeignFile(SessionFile):
    """An HDF5 file of any layout, open for reading; links, types and sizes are checked as ever.

    Parameters
    ----------
    path : Path

    Raises
    ------
    imuhip.errors.RecordingError
        When it is not HDF5, or damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.file, self._salvage = _open_hdf5(self.path)
        self._found = {}
        self._addresses = {}
        self._sound = set()
        self.state = "complete"

    def refuse(self, place: str, problem: str, hint: str = "") -> FileFormatError:
        """Return the error that says what is wrong and where."""
        return super().refuse(place, problem, hint or "export the file again with its program")
