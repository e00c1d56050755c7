"""What people were told while a session ran, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["LiveEvent", "note_events"]


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """Something people were told.

    Parameters
    ----------
    at_s : float, s
        When it was first said.
    about : str
        A segment, or ``"mounting"``.
    text : str
    """

    at_s: float
    about: str
    text: str


def note_events(quality: dict[str, Any], events: Sequence[LiveEvent]) -> None:
    """Write into a quality record, as ``live``, what was said when."""
    quality["live"] = [
        {"at_s": round(event.at_s, 1), "about": event.about, "text": event.text} for event in events
    ]
