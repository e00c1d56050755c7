"""Intraclass correlation, standard error of measurement and least change."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.assessment.reliability import find_reliability
from imuhip.errors import AnalysisError

# Shrout and Fleiss 1979, table 2: six targets, four judges
_PUBLISHED = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)


def test_the_published_example_comes_out() -> None:
    """ICC(2,1) is 0.29, its 95 % interval 0.019 to 0.761."""
    found = find_reliability(_PUBLISHED)
    assert found.icc == pytest.approx(0.2898, abs=5e-4)
    assert found.icc_low == pytest.approx(0.0188, abs=5e-4)
    assert found.icc_high == pytest.approx(0.7611, abs=5e-4)
    assert (found.n_people, found.n_occasions) == (6, 4)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(4)
    held = []
    for _ in range(600):
        people = 40.0 + 8.0 * rng.normal(size=(8, 1))
        found = find_reliability(people + 2.0 * rng.normal(size=(8, 3)))
        held.append(
            (found.sem_low < 2.0 < found.sem_high, found.icc_low < 64 / 68 < found.icc_high)
        )
    assert np.all(np.abs(np.mean(held, axis=0) - 0.95) < 0.03)


def test_occasions_that_differ_count_as_error() -> None:
    rng = np.random.default_rng(1)
    values = 40.0 + 8.0 * rng.normal(size=(200, 1)) + rng.normal(size=(200, 3))
    shifted = find_reliability(values + np.array([0.0, 4.0, -4.0]))
    assert find_reliability(values).sem == pytest.approx(1.0, abs=0.05)
    assert shifted.sem == pytest.approx(np.sqrt(1.0 + 16.0), rel=0.05)
    assert shifted.mdc95 == pytest.approx(1.96 * np.sqrt(2.0) * shifted.sem)


def test_people_who_missed_an_occasion_are_left_out() -> None:
    values = np.vstack([_PUBLISHED, [np.nan, 1.0, 2.0, 3.0]])
    assert find_reliability(values) == find_reliability(_PUBLISHED)


@pytest.mark.parametrize("values", [_PUBLISHED[:2], _PUBLISHED[:, :1], np.full((5, 3), 7.0)])
def test_too_little_is_refused_with_what_is_needed(values: np.ndarray) -> None:
    with pytest.raises(AnalysisError) as told:
        find_reliability(values)
    assert told.value.hint
    with pytest.raises(ValueError, match="shape"):
        find_reliability(values[0])
