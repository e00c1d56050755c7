"""Norms: what hips of other people do, each with its position, its people and its source.

They are data of ``calibration/references/hip_range_of_motion.toml``. A norm is shown beside a
measure only where position and mode are those it was measured in, and a profile names whose rule
it is; two profiles may disagree, and the reader sees which one speaks.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import attrs
import numpy as np

from imuhip import resources
from imuhip.assessment.measures import Measure
from imuhip.calibration.toml_file import checked_converter, read_structured
from imuhip.errors import ConfigError

__all__ = ["Norm", "NormView", "Norms", "Profile", "norms_for", "read_norms", "shipped_norms"]

Mode = Literal["passive", "active", "any"]
Sex = Literal["female", "male", "any"]
Standing = Literal["limited", "between", "within", "beyond", "undecided", "no limits"]

_HINT = "Correct the file; calibration/references/README.md explains each entry."
_Z = 1.96


@attrs.frozen
class Profile:
    """Whose rule a set of norms is."""

    name: str
    title: str
    about: str


@attrs.frozen
class Norm:
    """One row: limits of a rule, or mean and spread of a measured group, in degrees."""

    profile: str
    measure: str
    position: str
    mode: Mode
    population: str
    source: str
    evidence: Literal["A", "B", "C", "D"]
    normal_from: float | None = None
    normal_to: float | None = None
    limited_to: float | None = None
    mean: float | None = None
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    sex: Sex = "any"
    ages: tuple[int, int] | None = None
    doi: str = ""
    note: str = ""

    def __attrs_post_init__(self) -> None:
        if all(value is None for value in (self.normal_from, self.mean, self.low)):
            raise ValueError("neither limits (normal_from) nor a mean nor low and high are given")
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high belong together")
        ordered = [v for v in (self.limited_to, self.normal_from, self.normal_to) if v is not None]
        if ordered != sorted(ordered):
            raise ValueError("expected limited_to <= normal_from <= normal_to")
        if self.sd is not None and self.sd <= 0.0:
            raise ValueError(f"expected a positive sd, got {self.sd:g}")
        if self.ages is not None and self.ages[0] > self.ages[1]:
            raise ValueError("expected ages from the younger to the older")


@attrs.frozen
class Norms:
    """All profiles and their rows."""

    profiles: tuple[Profile, ...]
    norms: tuple[Norm, ...]

    def __attrs_post_init__(self) -> None:
        names = {profile.name for profile in self.profiles}
        strange = sorted({norm.profile for norm in self.norms} - names)
        if strange:
            raise ValueError(f"norms of profiles that are not described: {', '.join(strange)}")

    def profile(self, name: str) -> Profile:
        """Return a profile by its name.

        Raises
        ------
        ConfigError
            For an unknown name.
        """
        for profile in self.profiles:
            if profile.name == name:
                return profile
        raise ConfigError(
            f"There is no norm profile {name!r}",
            hint=f"Profiles: {', '.join(profile.name for profile in self.profiles)}.",
            code="E140",
        )


@attrs.frozen
class NormView:
    """A measure beside a norm.

    Parameters
    ----------
    norm : Norm
    standing : str
        ``"limited"``, ``"between"``, ``"within"`` or ``"beyond"`` the rule's limits;
        ``"undecided"`` where the uncertainty of the measure reaches across a limit; ``"no
        limits"`` for measured groups, which say how common a value is, not what is normal.
    z : float or None
        How many standard deviations of the group the value lies from its mean.
    """

    norm: Norm
    standing: Standing
    z: float | None


def norms_for(
    norms: Norms,
    measure: Measure,
    name: str,
    *,
    profile: str,
    position: str,
    mode: Mode = "any",
    sex: Sex = "any",
    age: int | None = None,
) -> tuple[NormView, ...]:
    """Return every norm of a profile that speaks of this measure, in the order of the file.

    Parameters
    ----------
    norms : Norms
    measure : Measure
        In degrees.
    name : str
        What the norm calls it, such as ``"hip_internal_rotation"``.
    profile, position : str
    mode : {"passive", "active", "any"}
        How the test was done; ``"any"`` where nobody said.
    sex : {"female", "male", "any"}
    age : int, optional
        Years; without it norms of every age are shown.

    Raises
    ------
    ConfigError
        For an unknown profile.
    """
    norms.profile(profile)
    fitting = [
        norm
        for norm in norms.norms
        if norm.profile == profile
        and norm.measure == name
        and norm.position in (position, "any")
        and _agree(norm.mode, mode)
        and _agree(norm.sex, sex)
        and (age is None or norm.ages is None or norm.ages[0] <= age <= norm.ages[1])
    ]
    return tuple(_seen(norm, measure) for norm in fitting)


def _agree(stated: str, wanted: str) -> bool:
    return "any" in (stated, wanted) or stated == wanted


def _seen(norm: Norm, measure: Measure) -> NormView:
    z = None
    if norm.mean is not None and norm.sd is not None and np.isfinite(measure.value):
        z = float((measure.value - norm.mean) / norm.sd)
    return NormView(norm, _standing(norm, measure), z)


def _standing(norm: Norm, measure: Measure) -> Standing:
    if norm.normal_from is None:
        return "no limits"
    if not np.isfinite(measure.value):
        return "undecided"
    reach = _Z * (measure.sd if np.isfinite(measure.sd) else 0.0)
    at = [_zone(norm, measure.value + shift) for shift in (-reach, 0.0, reach)]
    return at[1] if at[0] == at[2] else "undecided"


def _zone(norm: Norm, value: float) -> Standing:
    if norm.limited_to is not None and value <= norm.limited_to:
        return "limited"
    if norm.normal_from is not None and value < norm.normal_from:
        return "between"
    return "beyond" if norm.normal_to is not None and value > norm.normal_to else "within"


def read_norms(path: Path) -> Norms:
    """Read a file of norms.

    Raises
    ------
    ConfigError
        When it cannot be read; the message lists every problem with its place.
    """
    return read_structured(path, Norms, checked_converter(), _HINT)


@cache
def shipped_norms() -> Norms:
    """Return the norms that come with imuhip."""
    return read_norms(resources.folder("calibration") / "references" / "hip_range_of_motion.toml")
