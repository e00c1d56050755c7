"""One person over visits, in rows: who wore what, what was done, and where each measure went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from imuhip.report.changes import SHAPES, delta_text, limit_text
from imuhip.report.sensors import segment_label
from imuhip.report.wording import amount, measure_label, test_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imuhip.analysis.history import History
    from imuhip.assessment.change import Change
    from imuhip.assessment.measures import Measure, MeasureKey
    from imuhip.report.session import Session

__all__ = [
    "Course", "CourseRow", "CourseTable", "DoseRow", "Visit", "course_tables", "courses",
    "dose_rows", "leading", "visit_of",
]  # fmt: skip

_FIRST: Final = (
    "hip_internal_rotation_true",
    "pain",
    "hip_flexion_pelvis_neutral",
    "hip_extension_pelvis_neutral",
    "walk_hip_rotation_range",
    "run_hip_rotation_range",
    "walk_hip_extension_peak",
    "run_hip_extension_peak",
    "hinge_index",
    "walk_pelvis_drop",
    "run_pelvis_drop",
    "hip_external_rotation_true",
    "walk_pelvis_rotation_range",
    "run_pelvis_rotation_range",
    "walk_hip_flexion_range",
    "run_hip_flexion_range",
)
"""What is asked first; the rest follows in the order it was measured."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of one recording besides its measures."""

    number: int
    when: str
    file: str
    duration_s: float
    worn: str
    grade: str | None
    remarks: tuple[str, ...]
    simulated_person: bool
    simulated_sensors: bool


@dataclass(frozen=True, slots=True)
class DoseRow:
    """How much of one test or drill was done in one visit."""

    visit: int
    when: str
    what: str
    repetitions: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Course:
    """One measure of one side over the visits; None where a visit has none.

    Parameters
    ----------
    key : (test, name, side)
    measures : tuple of Measure or None
    changes : tuple of Change or None
        Since the first visit that has it.
    """

    key: MeasureKey
    measures: tuple[Measure | None, ...]
    changes: tuple[Change | None, ...]

    @property
    def label(self) -> str:
        """Return the words of the measure, with its test where one gave it."""
        return course_label(self.key)

    @property
    def known(self) -> list[int]:
        """Return the visits that have a number, counted from 0."""
        return [k for k, m in enumerate(self.measures) if m is not None and np.isfinite(m.value)]

    @property
    def limit(self) -> float | None:
        """Return the least detectable change, in the measure's unit."""
        found = [c.limit.mdc95 for c in self.changes if c is not None and c.limit is not None]
        return found[0] if found else None

    @property
    def last(self) -> Change | None:
        """Return the change of the last visit that has the measure."""
        found = [change for change in self.changes if change is not None]
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A course in words."""

    label: str
    side: str
    visits: int
    first: str
    last: str
    delta: str
    limit: str
    shape: str
    verdict: str


def visit_of(session: Session, number: int, when: str) -> Visit:
    """Return what the page says of a visit."""
    recording = session.recording
    quality = {} if session.analysis is None else session.analysis.quality
    remarks = list(quality.get("reasons", ()))
    if session.assessment is not None:
        remarks += [note for trial in session.assessment.trials for note in trial.notes]
    return Visit(
        number=number,
        when=when,
        file="" if recording.path is None else recording.path.name,
        duration_s=recording.duration_s,
        worn=", ".join(segment_label(segment).lower() for segment in recording.sensors),
        grade=quality.get("grade"),
        remarks=tuple(dict.fromkeys(remarks)),
        simulated_person=recording.truth_motion is not None,
        simulated_sensors=any(device.simulated for device in recording.devices.values()),
    )


def dose_rows(history: History, whens: Sequence[str]) -> list[DoseRow]:
    """Return what was done in each visit."""
    return [
        DoseRow(number, when, test_label(dose.test, dose.side), dose.repetitions, dose.minutes)
        for number, (one, when) in enumerate(zip(history.sessions, whens, strict=True), start=1)
        for dose in one.doses
    ]


def courses(history: History) -> list[Course]:
    """Return every measure over the visits: what is asked first in front, left before right."""
    by_visit = [{m.key: m for m in one.measures} for one in history.sessions]
    changed = [{c.before.key: c for c in one.changes} for one in history.sessions]
    keys = list(dict.fromkeys(key for found in by_visit for key in found))
    order = {key[:2]: k for k, key in reversed(list(enumerate(keys)))}
    keys.sort(key=lambda key: (_rank(key), order[key[:2]], key[2] or ""))
    found = [
        Course(key, tuple(v.get(key) for v in by_visit), tuple(c.get(key) for c in changed))
        for key in keys
    ]
    return [course for course in found if course.known]


def _rank(key: MeasureKey) -> int:
    return _FIRST.index(key[1]) if key[1] in _FIRST else len(_FIRST)


def leading(found: Sequence[Course], most: int) -> list[list[Course]]:
    """Return up to `most` measures with their sides together, those seen twice or more."""
    groups: dict[tuple[str, str], list[Course]] = {}
    for course in found:
        groups.setdefault(course.key[:2], []).append(course)
    often = [group for group in groups.values() if max(len(one.known) for one in group) > 1]
    return often[:most]


def course_label(key: MeasureKey) -> str:
    """Return ``Internal rotation, true (Hip rotation, seated)``, ``Walking: hip rotation range``.

    Parameters
    ----------
    key : (test, name, side)
    """
    test, name, _ = key
    for prefix, doing in (("walk_", "Walking"), ("run_", "Running")):
        if name.startswith(prefix):
            return f"{doing}: {measure_label(name.removeprefix(prefix)).lower()}"
    label = measure_label(name, within=test)
    return f"{label} ({test_label(test, None)})" if test else label


@dataclass(frozen=True, slots=True)
class CourseTable:
    """All measures of one test, of walking, of running, or pain."""

    title: str
    rows: tuple[CourseRow, ...]


def course_tables(found: Sequence[Course]) -> list[CourseTable]:
    """Return the courses in tables: tests first, then gait and pain."""
    groups: dict[str, list[Course]] = {}
    for course in sorted(found, key=lambda one: not one.key[0]):
        groups.setdefault(_group(course.key), []).append(course)
    return [CourseTable(title, tuple(_rows(group))) for title, group in groups.items()]


def _group(key: MeasureKey) -> str:
    test, name, _ = key
    if test:
        return test_label(test, None)
    titles = {"walk": "Walking", "run": "Running", "pain": "Pain"}
    return titles.get(name.split("_")[0], "Other measures")


def _rows(found: Sequence[Course]) -> Iterator[CourseRow]:
    for course in found:
        test, name, _ = course.key
        values = [course.measures[k] for k in course.known]
        texts = [amount(m) for m in values if m is not None]
        change = course.last
        verdict = "one visit" if change is None else change.verdict
        yield CourseRow(
            label=measure_label(name.removeprefix("walk_").removeprefix("run_"), within=test),
            side=course.key[2] or "–",
            visits=len(texts),
            first=texts[0],
            last=texts[-1] if len(texts) > 1 else "–",
            delta="–" if change is None else delta_text(change),
            limit="–" if change is None else limit_text(change),
            shape="–" if change is None else SHAPES[change.verdict],
            verdict=verdict,
        )
