"""Protocols: what a person does for a calibration, and from which values on it is doubted.

They are TOML files of ``calibration/protocols/``, meant to be read and changed by people, so a
broken one is answered with all of its problems at once, each with its place in the file.
"""

from __future__ import annotations

import math
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import attrs
import cattrs

from imuhip import resources
from imuhip.errors import ConfigError

__all__ = ["Acceptance", "Limit", "Protocol", "Step", "read_protocol", "shipped_protocol"]

_LARGEST_BYTES = 65_536


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
        How long it is meant to last.
    """

    name: str
    prompt: str
    duration_s: float


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
    """

    pose_s: float
    sway_deg: Limit
    gravity_error_m_s2: Limit
    missing_percent: Limit


@attrs.frozen
class Protocol:
    """A calibration protocol."""

    name: str
    title: str
    steps: tuple[Step, ...] = attrs.field(validator=attrs.validators.min_len(1))
    acceptance: Acceptance


def read_protocol(path: Path) -> Protocol:
    """Read a protocol file.

    Raises
    ------
    ConfigError
        When it cannot be read; the message lists every problem with its place.
    """
    try:
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            raise _unusable(path, [f"{size} bytes long, {_LARGEST_BYTES} are allowed"])
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _unusable(path, [str(error.strerror or error)]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _unusable(path, [f"not TOML: {error}"]) from error
    try:
        return _converter().structure(content, Protocol)
    except cattrs.BaseValidationError as error:
        raise _unusable(path, cattrs.transform_error(error, format_exception=_told)) from error


@cache
def shipped_protocol(name: str = "n_pose_walk") -> Protocol:
    """Return a protocol that comes with imuhip, by its file name without the ending."""
    return read_protocol(resources.folder("calibration") / "protocols" / f"{name}.toml")


def _unusable(path: Path, problems: list[str]) -> ConfigError:
    listed = "".join(f"\n  {problem}" for problem in problems)
    return ConfigError(
        f"{path}: {len(problems)} problem{'s' * (len(problems) != 1)}:{listed}",
        hint="Correct the file; calibration/README.md explains each entry.",
    )


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(str, _string)
    return converter


def _number(value: Any, _: type) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and value > 0):
        raise ValueError(f"expected a positive number, got {value!r}")
    return float(value)


def _string(value: Any, _: type) -> str:
    if not (isinstance(value, str) and value.strip()):
        raise ValueError(f"expected text, got {value!r}")
    return value


def _told(error: BaseException, type_: type | None) -> str:
    """Say what is wrong with one entry in the words of the file, not of Python."""
    if isinstance(error, KeyError):
        return f"entry {error.args[0]!r} missing"
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        return f"unknown entries: {', '.join(sorted(error.extra_fields))}"
    if isinstance(error, ValueError):
        return str(error)
    if isinstance(error, TypeError | AttributeError):
        return "expected a table of entries"
    return str(cattrs.v.format_exception(error, type_))
