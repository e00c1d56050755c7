"""What gait uses of what the hip has: a bar a side, both ends with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from imuhip.report.numbers import degrees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imuhip.analysis.reserves import GaitReserve

__all__ = ["ReserveRow", "reserve_rows"]

_TITLES: Final = {
    "internal_rotation": "Internal rotation",
    "rotation_range": "Rotation range, in and out",
    "extension": "Extension in late stance",
}
_DOING: Final = {"walk": "walking", "run": "running"}
_BAR: Final = 180.0
"""Length of the bar of all that is available, in units of the drawing."""
_MOST: Final = 1.25
"""Share at which the bar of what is used ends; more is said by its number."""


@dataclass(frozen=True, slots=True)
class ReserveRow:
    """One reserve of one side.

    Parameters
    ----------
    label, side, used, available, share, note : str
        In words; `share` says why there is none where there is none.
    bar, low, high : float or None
        What is used and its one sigma, in units of a drawing whose available part is `whole` long.
    whole : float
    """

    label: str
    side: str
    used: str
    available: str
    share: str
    note: str
    bar: float | None
    low: float | None
    high: float | None
    whole: float = _BAR

    @property
    def words(self) -> str:
        """Return it as one sentence."""
        return f"{self.label}, {self.side}: uses {self.used} of {self.available}, {self.share}."


def reserve_rows(reserves: Sequence[GaitReserve]) -> list[ReserveRow]:
    """Return the reserves in their order, left above right."""
    return [_row(one) for one in sorted(reserves, key=_place)]


def _place(one: GaitReserve) -> tuple[str, int, str]:
    return one.gait, list(_TITLES).index(one.name), one.side


def _row(one: GaitReserve) -> ReserveRow:
    found = one.found
    share, sd = found["share_percent"], found["share_sd_percent"]
    note = one.note
    tilt = found.get("pelvis_tilt_deg")
    if tilt is not None:
        note += f"; pelvis tilt at that instant {degrees(tilt)}"
    return ReserveRow(
        label=f"{_TITLES[one.name]}, {_DOING[one.gait]}",
        side=one.side,
        used=_amount(found["used_deg"], found["used_sd_deg"]),
        available=_amount(found["available_deg"], found["available_sd_deg"]),
        share=found["problem"] or f"{share:.0f} % ± {sd:.0f} %".replace("-", "−"),
        note=note,
        bar=None if share is None else _length(share),
        low=None if share is None else _length(share - sd),
        high=None if share is None else _length(share + sd),
    )


def _length(percent: float) -> float:
    return round(_BAR * min(max(percent / 100.0, 0.0), _MOST), 1)


def _amount(value: float | None, sd: float | None) -> str:
    return f"{degrees(value)} ± {degrees(sd) if sd is not None else '?'}"
