"""The latest rows, whatever the blocks they came in."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.core.recent import RecentRows


@pytest.mark.parametrize("block", [1, 3, 7, 10, 64])
@pytest.mark.parametrize("n_columns", [None, 4])
def test_the_latest_rows_are_kept_whatever_the_blocks(block, n_columns):
    shape = (200,) if n_columns is None else (200, n_columns)
    rows = np.random.default_rng(0).normal(size=shape)
    recent = RecentRows(10, n_columns)
    for start in range(0, len(rows), block):
        recent.append(rows[start : start + block])
        end = min(start + block, len(rows))
        assert len(recent) == min(10, end)
        np.testing.assert_array_equal(recent.latest(), rows[max(0, end - 10) : end])
        np.testing.assert_array_equal(recent.latest(3), rows[max(0, end - 3) : end])


def test_what_is_replaced_is_forgotten_and_what_is_shown_can_be_changed():
    recent = RecentRows(3)
    recent.append(np.arange(8.0))
    recent.replace(np.array([5.0, 6.0]))
    np.testing.assert_array_equal(recent.latest(), [5.0, 6.0])
    recent.latest()[:] += 1.0
    recent.append(np.array([9.0]))
    np.testing.assert_array_equal(recent.latest(), [6.0, 7.0, 9.0])
    recent.append(np.empty(0))
    assert len(recent) == 3
