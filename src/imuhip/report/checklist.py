"""What to report of a measurement with worn sensors, filled from the file as far as it knows.

Grouped as the recommendations of the International Society of Biomechanics group it; the wording
of the items is ours. What a file cannot know (who the person is, how the sensors were fixed) is
said to be unknown, so that nobody takes silence for an answer. `checklist_answers` asks the file.

References
----------
Cereatti et al. 2024, doi:10.1016/j.jbiomech.2024.112225.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs

import imuhip
from imuhip.calibration.toml_file import checked_converter, read_structured
from imuhip.errors import ConfigError
from imuhip.report.checklist_answers import (
    Known,
    kinematics_answers,
    model_answers,
    protocol_answers,
    quality_answers,
    sensor_answers,
)
from imuhip.report.page import environment, moment
from imuhip.report.provenance import provenance_rows
from imuhip.report.session import Session

__all__ = ["ChecklistItem", "checklist", "read_facts", "render_checklist"]

CATEGORIES: Final = (
    "Sensors and their calibration",
    "Protocol",
    "Kinematic model and calibration on the person",
    "Analysis of joint kinematics",
    "Quality",
)


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One thing to report.

    Parameters
    ----------
    category, asked : str
    answer : str
        Empty where nothing is known.
    source : {"the file", "the analysis", "imuhip's method", "stated", "not known"}
        Where the answer comes from.
    """

    category: str
    asked: str
    answer: str
    source: Known

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        return asdict(self)


@attrs.frozen
class _Facts:
    facts: dict[str, str]


def read_facts(path: Path) -> dict[str, str]:
    """Read what a study states of items that no file knows: a TOML table ``[facts]``, item = text.

    Raises
    ------
    ConfigError
        When it cannot be read, or names an item there is none of.
    """
    hint = 'such as [facts] and below it "Footwear" = "own running shoes"'
    return read_structured(path, _Facts, checked_converter(), hint).facts


def checklist(of: Session, facts: Mapping[str, str] | None = None) -> list[ChecklistItem]:
    """Return all items in their order, those that nobody knows among them.

    Parameters
    ----------
    of : Session
    facts : mapping of item to text, optional
        What the study states; beside what the file says where both speak.

    Raises
    ------
    ConfigError
        When it names an item there is none of.
    """
    facts = facts or {}
    parts = (
        sensor_answers(of),
        protocol_answers(of),
        model_answers(of),
        kinematics_answers(of),
        quality_answers(of),
    )
    items = [
        _item(category, asked, answer, source, facts.get(asked, ""))
        for category, part in zip(CATEGORIES, parts, strict=True)
        for asked, answer, source in part
    ]
    strange = sorted(set(facts) - {item.asked for item in items})
    if strange:
        raise ConfigError(
            f"facts of items the checklist does not have: {', '.join(strange)}",
            hint="imuhip report FILE --checklist --json lists all items under asked",
            code="E785",
        )
    return items


def _item(category: str, asked: str, answer: str, source: Known, stated: str) -> ChecklistItem:
    if not stated:
        return ChecklistItem(category, asked, answer, source if answer else "not known")
    both = f"{answer}; stated: {stated}" if answer else stated
    return ChecklistItem(category, asked, both, "stated")


def render_checklist(
    of: Session,
    *,
    facts: Mapping[str, str] | None = None,
    made_at: datetime | None = None,
) -> str:
    """Return the checklist as a page.

    Parameters
    ----------
    of : Session
    facts : mapping of item to text, optional
        See `checklist`.
    made_at : datetime, optional
        Printed as the time of making, with a time zone; now when absent.
    """
    made_at = made_at or datetime.now(UTC)
    items = checklist(of, facts)
    page = environment().get_template("checklist.html.j2")
    return page.render(
        version=imuhip.__version__,
        made_at=moment(made_at),
        made_at_iso=made_at.isoformat(timespec="seconds"),
        subject=of.recording.subject,
        categories=[(name, [i for i in items if i.category == name]) for name in CATEGORIES],
        known=sum(bool(item.answer) for item in items),
        count=len(items),
        simulated_person=of.recording.truth_motion is not None,
        simulated_sensors=any(d.simulated for d in of.recording.devices.values()),
        provenance=provenance_rows(of.recording, of.analysis, of.settings),
    )
