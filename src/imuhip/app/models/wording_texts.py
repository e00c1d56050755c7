"""Sentences that come from the rooms beneath, in the language of the window.

Prompts of protocols, names of measures and what the live analysis says are English where they are
made. A language lists them by their English; numbers stand in gaps, ``walk: {done} of {needed} s``.
What it does not list is shown in English.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

__all__ = ["TEXTS", "said"]

TEXTS: Final[dict[str, str]] = {}
"""English to the language in use; empty for English."""


def said(text: str) -> str:
    """Return a sentence in the language of the window."""
    if not TEXTS or not text:
        return text
    if text in TEXTS:
        return TEXTS[text]
    for english, other in TEXTS.items():
        if "{" in english and (found := _pattern(english).fullmatch(text)):
            return other.format(**{gap: said(part) for gap, part in found.groupdict().items()})
    return text


@cache
def _pattern(english: str) -> re.Pattern[str]:
    """Return what finds a sentence with anything in its gaps."""
    parts = re.split(r"\{(\w+)\}", english)
    found = [f"(?P<{part}>.+?)" if k % 2 else re.escape(part) for k, part in enumerate(parts)]
    return re.compile("".join(found), flags=re.DOTALL)
