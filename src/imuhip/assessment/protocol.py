"""Tests and drills as data: who wears what, what to say, what counts, how it is measured.

They are TOML files of ``calibration/tests/``. `measured_by` names one of the ways in
`imuhip.assessment.trial`; everything else a clinic may change without touching code.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import attrs

from imuhip import resources
from imuhip.calibration.toml_file import checked_converter, read_structured
from imuhip.core.segments import SEGMENTS, Side
from imuhip.errors import ConfigError

__all__ = [
    "Cue",
    "MeasuredBy",
    "MovementTest",
    "Repetitions",
    "read_test",
    "shipped_test",
    "shipped_tests",
]

MeasuredBy = Literal[
    "hip_rotation",
    "hip_flexion",
    "hip_extension",
    "hinge",
    "single_leg_hinge",
    "rotation_under_load",
    "pelvis_on_femur",
    "floor_rotations",
    "squat",
    "lunge",
]

_HINT = "Correct the file; calibration/tests/README.md explains each entry."
_SIDED = {segment.rsplit("_", 1)[0] for segment in SEGMENTS if segment.endswith("_left")}


@attrs.frozen
class Cue:
    """One thing to tell the person, and how long it is meant to last."""

    say: str
    seconds: float


@attrs.frozen
class Repetitions:
    """What counts as a repetition.

    Parameters
    ----------
    wanted : int
        How many to ask for.
    at_least : int
        With fewer nothing is reported but what was seen.
    least_deg : float
        Smaller movements are no repetition.
    longest_s : float
        A slower one is told as such.
    """

    wanted: int
    at_least: int
    least_deg: float
    longest_s: float = 15.0

    def __attrs_post_init__(self) -> None:
        if self.at_least > self.wanted:
            raise ValueError(f"at_least ({self.at_least}) is more than wanted ({self.wanted})")


@attrs.frozen
class MovementTest:
    """A test or drill.

    Parameters
    ----------
    name, title : str
    measured_by : str
        Which way of measuring; see `imuhip.assessment.trial`.
    position : str
        As in the norms: ``"supine_90"``, ``"prone"``, ``"seated"``, ``"standing"``, ...
    sides : bool
        Whether it is done for each side apart.
    needs : tuple of str
        Segments without which it cannot be measured; ``"shank"`` is the tested side's, and both
        sides' where the test has no side.
    better_with : tuple of str
        Segments that add measures.
    cues : tuple of Cue
        What to say, in order.
    repetitions : Repetitions
    feel, avoid : tuple of str
        What the person should feel, and should not do.
    """

    name: str
    title: str
    measured_by: MeasuredBy
    position: str
    sides: bool
    needs: tuple[str, ...]
    cues: tuple[Cue, ...] = attrs.field(validator=attrs.validators.min_len(1))
    repetitions: Repetitions
    better_with: tuple[str, ...] = ()
    feel: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    about: str = ""

    def __attrs_post_init__(self) -> None:
        for name in (*self.needs, *self.better_with):
            if name not in (*SEGMENTS, *_SIDED):
                known = ", ".join((*SEGMENTS, *sorted(_SIDED)))
                raise ValueError(f"unknown segment {name!r}; known: {known}")

    def segments(self, side: Side | None) -> tuple[str, ...]:
        """Return the segments it cannot do without, for one side or for none."""
        sides = (side,) if side else ("left", "right")
        named: list[str] = []
        for name in self.needs:
            named += [f"{name}_{s}" for s in sides] if name in _SIDED else [name]
        return tuple(named)


def read_test(path: Path) -> MovementTest:
    """Read the file of a test.

    Raises
    ------
    ConfigError
        When it cannot be read; the message lists every problem with its place.
    """
    return read_structured(path, MovementTest, checked_converter(positive=True), _HINT)


@cache
def shipped_tests() -> tuple[str, ...]:
    """Return the names of the tests that come with imuhip, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.toml")))


@cache
def shipped_test(name: str) -> MovementTest:
    """Return a test that comes with imuhip.

    Raises
    ------
    ConfigError
        For an unknown name.
    """
    if name not in shipped_tests():
        raise ConfigError(
            f"There is no test {name!r}", hint=f"Tests: {', '.join(shipped_tests())}.", code="E141"
        )
    return read_test(_folder() / f"{name}.toml")


def _folder() -> Path:
    return resources.folder("calibration") / "tests"
