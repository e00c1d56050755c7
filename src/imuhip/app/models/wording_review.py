"""English strings of the steps Review and Retest: their tables; see `wording`."""

from __future__ import annotations

from typing import Final

QUALITY: Final = "{name}: quality {grade}"
QUALITY_WHY: Final = "{name}: quality {grade} ({reasons})"
STRIDES: Final = "{side}: {n} strides used; none excluded"
STRIDES_EXCLUDED: Final = "{side}: {n} strides used; {excluded} excluded ({reasons})"
NORM_SOURCE: Final = "{source} ({population}; evidence {evidence})"
LIMITED: Final = "limited to {degrees}°"
NORMAL_FROM: Final = "normal from {low}°"
NORMAL_BETWEEN: Final = "normal from {low} to {high}°"
BETWEEN: Final = "{low} to {high}°"
TRIAL: Final = "{title}: {n} repetitions, at {at}"
PAIN: Final = "{score} of 10, {side}, at {at}: {during}"
PAIN_IN: Final = "{score} of 10, {side}, at {at}: {during}, repetition {n}"
