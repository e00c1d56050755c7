"""One thing ``imuhip doctor`` looked at."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Examination"]


@dataclass(frozen=True, slots=True)
class Examination:
    """One thing looked at.

    Parameters
    ----------
    subject : str
        What.
    fine : bool
        Whether nothing has to be done about it.
    found : str
        What was found.
    advice : str
        What to do; empty when nothing has to be done.
    """

    subject: str
    fine: bool
    found: str
    advice: str = ""
