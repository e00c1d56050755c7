"""The exact account of the sample numbers of one epoch of a sensor's clock.

Work is done per block; Python loops run over gaps and runs of samples, never over samples.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from imuhip.core.series import BoolArray, IntArray

__all__ = ["EpochLedger"]


class EpochLedger:
    """The exact account of one epoch's sample numbers.

    Keeps the first and the last number and the gaps between them, so its size grows with the number
    of gaps and not with the number of samples.
    """

    def __init__(self) -> None:
        self.received = 0
        self.duplicated = 0
        self.reordered = 0
        self._has_begun = False
        self._first = 0
        self._last = -1
        self._gap_starts: list[int] = []
        self._gap_stops: list[int] = []
        self._longest: int | None = 0

    @property
    def lost(self) -> int:
        """Return how many numbers are missing between the first and the last sample."""
        return self._last - self._first + 1 - self.received if self._has_begun else 0

    @property
    def first(self) -> int | None:
        """Return the first number, None before there is one."""
        return self._first if self._has_begun else None

    @property
    def longest_gap_samples(self) -> int:
        """Return the length of the longest run of missing numbers."""
        if self._longest is None:
            lengths = np.subtract(self._gap_stops, self._gap_starts)
            self._longest = int(lengths.max(initial=0))
        return self._longest

    @property
    def gaps(self) -> IntArray:
        """Return the (k, 2) missing stretches as first missing number and first number after."""
        return np.array([self._gap_starts, self._gap_stops], dtype=np.int64).T.reshape(-1, 2)

    def add(self, seq: IntArray) -> BoolArray:
        """Count a block of sample numbers in their order of arrival.

        Parameters
        ----------
        seq : (n,) int array
            Sample numbers of one epoch.

        Returns
        -------
        (n,) bool array
            True for samples seen for the first time, False for duplicates.
        """
        seq = np.asarray(seq, dtype=np.int64)
        if not len(seq):
            return np.zeros(0, dtype=bool)
        if self._has_begun and seq[0] > self._last and (np.diff(seq) == 1).all():
            self.received += len(seq)  # as nearly every packet is
            self._insert_run(int(seq[0]), int(seq[-1]) + 1)
            return np.ones(len(seq), dtype=bool)
        fresh = self._is_missing(seq)
        firsts = np.zeros(len(seq), dtype=bool)
        firsts[np.unique(seq, return_index=True)[1]] = True
        fresh &= firsts
        previous = np.concatenate([[self._last if self._has_begun else seq[0]], seq[:-1]])
        overtaken = seq < np.maximum.accumulate(previous)
        self.duplicated += int(np.count_nonzero(~fresh))
        self.reordered += int(np.count_nonzero(fresh & overtaken))
        self._insert(np.sort(seq[fresh]))
        return fresh

    def _is_missing(self, seq: IntArray) -> BoolArray:
        if not self._has_begun:
            return np.ones(len(seq), dtype=bool)
        outside = (seq < self._first) | (seq > self._last)
        if not self._gap_starts or outside.all():
            return outside
        at = np.searchsorted(self._gap_starts, seq, side="right") - 1
        inside_gap = (at >= 0) & (seq < np.asarray(self._gap_stops)[np.maximum(at, 0)])
        return np.asarray(outside | inside_gap)

    def _insert(self, seq: IntArray) -> None:
        """Take ascending new numbers; each run lies wholly before, after or inside one gap."""
        if not len(seq):
            return
        starts, stops = _runs(seq)
        if not self._has_begun:
            self._has_begun = True
            self._first, self._last = int(starts[0]), int(starts[0]) - 1
        self.received += len(seq)
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            self._insert_run(start, stop)

    def take_back(self, seq: IntArray) -> None:
        """Count numbers as missing that were received and could not be kept.

        Parameters
        ----------
        seq : (n,) int array
            Distinct numbers, all of them received.
        """
        if not len(seq):
            return
        starts, stops = _runs(np.sort(seq))
        starts = np.concatenate((starts, np.array(self._gap_starts, dtype=np.int64)))
        stops = np.concatenate((stops, np.array(self._gap_stops, dtype=np.int64)))
        order = np.argsort(starts)
        starts, stops = starts[order], stops[order]
        apart = starts[1:] > stops[:-1]  # the others touch, and are one gap
        self._gap_starts = starts[np.concatenate(([True], apart))].tolist()
        self._gap_stops = stops[np.concatenate((apart, [True]))].tolist()
        self.received -= len(seq)
        self._longest = None

    def _insert_run(self, start: int, stop: int) -> None:
        if start > self._last:
            if start > self._last + 1:
                self._open_gap(len(self._gap_starts), self._last + 1, start)
            self._last = stop - 1
        elif stop <= self._first:
            if stop < self._first:
                self._open_gap(0, stop, self._first)
            self._first = start
        else:
            self._fill_gap(start, stop)

    def _open_gap(self, position: int, start: int, stop: int) -> None:
        self._gap_starts.insert(position, start)
        self._gap_stops.insert(position, stop)
        if self._longest is not None:
            self._longest = max(self._longest, stop - start)

    def _fill_gap(self, start: int, stop: int) -> None:
        at = bisect_right(self._gap_starts, start) - 1
        rest = [(self._gap_starts[at], start), (stop, self._gap_stops[at])]
        rest = [piece for piece in rest if piece[0] < piece[1]]
        self._gap_starts[at : at + 1] = [piece[0] for piece in rest]
        self._gap_stops[at : at + 1] = [piece[1] for piece in rest]
        self._longest = None


def _runs(seq: IntArray) -> tuple[IntArray, IntArray]:
    """Return first numbers and numbers after the last of the unbroken runs of ascending ones."""
    cuts = np.flatnonzero(np.diff(seq) != 1) + 1
    starts = seq[np.concatenate([[0], cuts])]
    return starts, seq[np.concatenate([cuts - 1, [len(seq) - 1]])] + 1
