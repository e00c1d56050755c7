"""The first row of a page about change: where each essential measure is now, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from imuhip.report.changes import SHAPES, delta_text
from imuhip.report.essentials import is_doubtful
from imuhip.report.wording import amount

if TYPE_CHECKING:
    from imuhip.report.visits import Course

__all__ = ["course_tile"]


def course_tile(group: Sequence[Course]) -> dict[str, Any]:
    """Return one measure of both sides: its last value, its change since the first, in words."""
    readings: list[dict[str, Any]] = []
    for course in group:
        last = course.measures[course.known[-1]]
        if last is None:
            continue
        change = course.last
        readings.append(
            {
                "side": course.key[2],
                "label": (course.key[2] or "both sides").capitalize(),
                "value": amount(last).split(" ± ")[0],
                "spread": f"± {amount(last).split(' ± ')[1]}" if " ± " in amount(last) else "",
                "n": len(course.known),
                "doubtful": last.name != "pain" and is_doubtful(last.sd, last.unit),
                "change": "" if change is None else delta_text(change),
                "shape": "" if change is None else SHAPES[change.verdict],
                "verdict": "seen once" if change is None else change.verdict,
            }
        )
    title = group[0].label
    spoken = [
        f"{title}, {one['label'].lower()}, last of {one['n']} visits: {one['value']}"
        f" {one['spread']}, {one['change']} since the first, {one['verdict']}."
        for one in readings
    ]
    return {"title": title, "readings": readings, "spoken": spoken}
