"""A person as this computer knows them: a code, what hurts, and why they came."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from imuhip.errors import PersonError

__all__ = ["PAIN_LEVELS", "PAIN_SIDES", "PainSide", "Person", "checked_code", "free_code"]

PainSide = Literal["left", "right", "both", "middle", "none"]
PAIN_SIDES: Final[tuple[PainSide, ...]] = get_args(PainSide)
PAIN_LEVELS: Final = range(11)

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{name}{n}" for name in ("com", "lpt") for n in range(10)}
)
"""File names that Windows keeps for devices, whatever their ending."""
_LONGEST_PURPOSE: Final = 500


def checked_code(code: str) -> str:
    """Return a code that may name a person and a file.

    Raises
    ------
    PersonError
        For one that is empty, too long, a path, or a name a computer keeps for itself.
    """
    wanted = "letters, digits, - and _ only, at most 32, beginning with a letter or a digit"
    if not _CODE.fullmatch(code):
        raise PersonError(
            f"{code[:40]!r} cannot be a person's code", hint=f"{wanted}: such as P007", code="E720"
        )
    if code.casefold() in _RESERVED:
        raise PersonError(
            f"{code!r} cannot be a person's code: Windows keeps it for a device",
            hint="choose another one, such as P007",
            code="E720",
        )
    return code


def free_code(taken: Iterable[str], letter: str = "P") -> str:
    """Return the first code of the form ``P001`` after all that are taken."""
    numbers = [
        int(code[len(letter) :])
        for code in taken
        if code.startswith(letter) and code[len(letter) :].isascii() and code[1:].isdigit()
    ]
    return f"{letter}{max(numbers, default=0) + 1:03d}"


@dataclass(frozen=True, slots=True)
class Person:
    """One person, without a name.

    Parameters
    ----------
    code : str
        Pseudonym; the subject of their recordings.
    pain_side : {"left", "right", "both", "middle", "none"} or None
        Where it hurts; None when nobody asked.
    pain_level : int or None
        From 0 to 10, as told when they came.
    purpose : str
        Why they came.

    Raises
    ------
    PersonError
        For values that cannot be.
    """

    code: str
    pain_side: PainSide | None = None
    pain_level: int | None = None
    purpose: str = ""

    def __post_init__(self) -> None:
        checked_code(self.code)
        if self.pain_side is not None and self.pain_side not in PAIN_SIDES:
            raise PersonError(
                f"{self.code}: {str(self.pain_side)[:40]!r} is no side of pain",
                hint=f"sides are {', '.join(PAIN_SIDES)}",
            )
        level = self.pain_level
        if level is not None and (type(level) is not int or level not in PAIN_LEVELS):
            raise PersonError(
                f"{self.code}: pain of {str(level)[:40]}", hint="it is told from 0 to 10"
            )
        if not isinstance(self.purpose, str) or len(self.purpose) > _LONGEST_PURPOSE:
            raise PersonError(
                f"{self.code}: the purpose is no text of at most {_LONGEST_PURPOSE} characters",
                hint="shorten it",
            )
