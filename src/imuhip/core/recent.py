"""The latest rows of something that never ends, side by side in memory."""

from __future__ import annotations

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["RecentRows"]


class RecentRows:
    """Keeps at least the latest rows, without a new array for every few that come.

    Parameters
    ----------
    n_rows : int
        How many are kept.
    n_columns : int, optional
        Of each row; without it rows are single values.
    """

    def __init__(self, n_rows: int, n_columns: int | None = None) -> None:
        shape = (2 * n_rows,) if n_columns is None else (2 * n_rows, n_columns)
        self._rows = np.zeros(shape)
        self._keep = n_rows
        self._end = 0

    def __len__(self) -> int:
        return min(self._end, self._keep)

    def append(self, rows: FloatArray) -> None:
        """Take in (n,) or (n, n_columns) rows."""
        if len(rows) >= self._keep:
            self.replace(rows)
            return
        if self._end + len(rows) > len(self._rows):
            kept = min(self._end, self._keep)
            self._rows[:kept] = self._rows[self._end - kept : self._end].copy()
            self._end = kept
        self._rows[self._end : self._end + len(rows)] = rows
        self._end += len(rows)

    def replace(self, rows: FloatArray) -> None:
        """Forget everything but these; of many the latest."""
        kept = rows[-self._keep :]
        self._rows[: len(kept)] = kept
        self._end = len(kept)

    def latest(self, n_rows: int | None = None) -> FloatArray:
        """Return the latest rows, all or at most `n_rows`, oldest first.

        A view, valid until the next `append`; writing into it changes what is kept.
        """
        count = len(self) if n_rows is None else min(n_rows, len(self))
        return self._rows[self._end - count : self._end]
