"""Protocols: what a person does for a calibration, and from which values on it is doubted.

They are TOML files of ``calibration/protocols/``, meant to be read and changed by people, so a
broken one is answered with all of its problems at once, each with its place in the file.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import attrs

from imuhip import resources
from imuhip.calibration.toml_file import checked_converter, read_structured

__all__ = [
    "Acceptance",
    "Limit",
    "Protocol",
    "Step",
    "read_protocol",
    "shipped_protocol",
    "shipped_protocol_names",
]

_HINT = "Correct the file; calibration/README.md explains each entry."


@attrs.frozen
class Step:
    """One thing the person does.

    Parameters
    ----------
    name : str
        Of the marker it makes: ``"n_pose"``, ``"gait"``.
    prompt : str
        What to tell the person.
    duration_s : float, s
        How long it is meant to last, all repetitions together.
    repetitions : int
        How often to do it within that time.
    """

    name: str
    prompt: str
    duration_s: float
    repetitions: int = 1


@attrs.frozen
class Limit:
    """From where on a value costs trust; the unit is in the name it is kept under."""

    grade_b: float
    grade_c: float

    def __attrs_post_init__(self) -> None:
        if self.grade_c < self.grade_b:
            raise ValueError(f"grade_c ({self.grade_c:g}) lies below grade_b ({self.grade_b:g})")

    def grade(self, value: float) -> str:
        """Return ``"A"``, ``"B"`` or ``"C"``."""
        if value >= self.grade_c:
            return "C"
        return "B" if value >= self.grade_b else "A"


@attrs.frozen
class Acceptance:
    """What a calibration has to keep.

    Parameters
    ----------
    pose_s : float, s
        A shorter still pose is grade B.
    sway_deg : Limit
        Largest spread (one sigma) of any sensor's vertical during the pose, degrees.
    gravity_error_m_s2 : Limit
        Of the mean specific force in the pose, m/s².
    missing_percent : Limit
        Of a sensor's samples over the session.
    pose_spread_deg : Limit
        Spread (one sigma) of a hip angle between repeated N-poses, degrees.
    out_of_plane_percent : Limit
        Of the power of a squat's or hinge's turning, what is not about its axis.
    """

    pose_s: float
    sway_deg: Limit
    gravity_error_m_s2: Limit
    missing_percent: Limit
    pose_spread_deg: Limit = Limit(3.0, 5.0)
    out_of_plane_percent: Limit = Limit(4.0, 8.0)


@attrs.frozen
class Protocol:
    """A calibration protocol."""

    name: str
    title: str
    steps: tuple[Step, ...] = attrs.field(validator=attrs.validators.min_len(1))
    acceptance: Acceptance

    @property
    def movements(self) -> tuple[str, ...]:
        """Return the names of the steps between the first and the gait, in order."""
        names = [step.name for step in self.steps]
        return tuple(names[1 : names.index("gait")] if "gait" in names else names[1:])

    @property
    def duration_s(self) -> float:
        """Return how long all steps are meant to last."""
        return sum(step.duration_s for step in self.steps)


def read_protocol(path: Path) -> Protocol:
    """Read a protocol file.

    Raises
    ------
    ConfigError
        When it cannot be read; the message lists every problem with its place.
    """
    return read_structured(path, Protocol, checked_converter(positive=True), _HINT)


@cache
def shipped_protocol_names() -> tuple[str, ...]:
    """Return the names of the protocols that come with imuhip, sorted."""
    folder = resources.folder("calibration") / "protocols"
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


@cache
def shipped_protocol(name: str = "n_pose_walk") -> Protocol:
    """Return a protocol that comes with imuhip, by its file name without the ending."""
    return read_protocol(resources.folder("calibration") / "protocols" / f"{name}.toml")
