"""What a person noted about a recording afterwards: strides left out, words it is found by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray

__all__ = ["EXCLUDED", "TAG", "Annotation", "exclusions_of", "tags_of"]

EXCLUDED: Final = "excluded_strides"
TAG: Final = "tag"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One note. None is ever deleted: what is taken back stays, with the time it was.

    Parameters
    ----------
    kind : str
        `EXCLUDED`, `TAG`, or one of a later imuhip, which is kept and has no effect here.
    text : str
        The reason, or the tag.
    side : {"left", "right"} or None
        Whose strides are left out; None for both legs.
    start_s, end_s : float or None, s
        On the recording's clock: strides that lie in it by more than half. None for a tag.
    noted_unix_s : float or None, s
        When, since 1970-01-01 UTC.
    withdrawn_unix_s : float or None, s
        When it was taken back; None while it holds.
    """

    kind: str
    text: str
    side: Side | None = None
    start_s: float | None = None
    end_s: float | None = None
    noted_unix_s: float | None = None
    withdrawn_unix_s: float | None = None

    @property
    def holds(self) -> bool:
        """Return whether it was not taken back."""
        return self.withdrawn_unix_s is None

    def covers(self, side: NDArray[Any], start_s: FloatArray, end_s: FloatArray) -> BoolArray:
        """Return (k,) which strides lie in it by more than half.

        Other settings of the analysis move the ends of strides by some milliseconds, so an
        exclusion names seconds and not the number of a stride.

        Parameters
        ----------
        side : (k,) array of str
        start_s, end_s : (k,) arrays, s
        """
        if self.kind != EXCLUDED or self.start_s is None or self.end_s is None:
            return np.zeros(len(side), dtype=bool)
        shared_s = np.minimum(end_s, self.end_s) - np.maximum(start_s, self.start_s)
        meant = shared_s > 0.5 * (end_s - start_s)
        return np.asarray(meant if self.side is None else meant & (side == self.side), dtype=bool)


def exclusions_of(annotations: Iterable[Annotation]) -> tuple[Annotation, ...]:
    """Return the exclusions of strides that hold, in order of time."""
    found = [one for one in annotations if one.kind == EXCLUDED and one.holds]
    return tuple(sorted(found, key=lambda one: (one.start_s or 0.0, one.side or "")))


def tags_of(annotations: Iterable[Annotation]) -> tuple[str, ...]:
    """Return the tags that hold, each once, as they were given."""
    return tuple(dict.fromkeys(one.text for one in annotations if one.kind == TAG and one.holds))
