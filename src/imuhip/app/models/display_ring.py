"""Rows for drawing: the newest few seconds, always one contiguous piece of memory."""

from __future__ import annotations

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["DisplayRing"]


class DisplayRing:
    """Preallocated rows with a write index; every row is stored twice, one capacity apart.

    So any window of up to `capacity_rows` is a plain slice, and neither writing nor reading ever
    moves old rows.

    Parameters
    ----------
    n_columns : int
        Values of a row beside its time.
    capacity_rows : int
        How many rows are kept.
    """

    def __init__(self, n_columns: int, capacity_rows: int) -> None:
        if capacity_rows < 1:
            raise ValueError(f"Expected capacity_rows of at least 1, got {capacity_rows}")
        self.capacity_rows = capacity_rows
        self._rows = np.full((2 * capacity_rows, 1 + n_columns), np.nan)
        self._n_written = 0

    @property
    def n_written(self) -> int:
        """Return how many rows were ever written: the number the next one will have."""
        return self._n_written

    def append(self, time_s: FloatArray, values: FloatArray) -> None:
        """Write rows, overwriting the oldest.

        Parameters
        ----------
        time_s : (n,) array, s
            Later than all before.
        values : (n, c) array
            What to keep.
        """
        n_columns = self._rows.shape[1] - 1
        if values.shape != (len(time_s), n_columns):
            raise ValueError(
                f"Expected values of shape ({len(time_s)}, {n_columns}), got {values.shape}"
            )
        skipped = max(0, len(time_s) - self.capacity_rows)
        at = (self._n_written + np.arange(skipped, len(time_s))) % self.capacity_rows
        for half in (at, at + self.capacity_rows):
            self._rows[half, 0] = time_s[skipped:]
            self._rows[half, 1:] = values[skipped:]
        self._n_written += len(time_s)

    def since(self, start_s: float) -> tuple[int, FloatArray, FloatArray]:
        """Return the rows from `start_s` on, as views that the next `append` may overwrite.

        Returns
        -------
        first_row : int
            Number of the first row, counted from the first ever written.
        time_s : (n,) array, s
        values : (n, c) array
        """
        n_kept = min(self._n_written, self.capacity_rows)
        end = (self._n_written - 1) % self.capacity_rows + 1 + self.capacity_rows
        rows = self._rows[end - n_kept : end] if n_kept else self._rows[:0]
        skipped = int(np.searchsorted(rows[:, 0], start_s))
        first_row = self._n_written - n_kept + skipped
        return first_row, rows[skipped:, 0], rows[skipped:, 1:]
