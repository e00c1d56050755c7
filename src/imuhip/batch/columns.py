"""What each column of the dataset is; ``docs/batch.md`` shows this list.

Every file has all columns, in this order, so that the dataset is one table: a row is of a session,
of one of its measures or of one of its strides, as ``record`` says, and empty in the columns of the
others, which costs no room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from imuhip.core.segments import ANGLES

__all__ = ["ANGLE_KINDS", "COLUMNS", "RECORDS", "Column", "Kind", "described"]

Kind = Literal["text", "number", "count", "flag"]

RECORDS: Final = ("session", "measure", "stride")
"""Kinds of rows, in the order in which they stand in a file."""


ANGLE_KINDS: Final = {
    "min": "least",
    "max": "largest",
    "mean": "mean",
    "range": "largest less least",
    "at_contact": "value at contact",
    "at_toe_off": "value at toe-off",
}
"""What is told of each angle in a stride, and what it is."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Parameters
    ----------
    name : str
        Ends with its unit where it has one.
    kind : {"text", "number", "count", "flag"}
    of : str
        Rows that fill it: ``"all"`` or one of `RECORDS`.
    meaning : str
    """

    name: str
    kind: Kind
    of: str
    meaning: str


def _some(kind: Kind, of: str, **meanings: str) -> tuple[Column, ...]:
    return tuple(Column(name, kind, of, meaning) for name, meaning in meanings.items())


_ALL = _some(
    "text",
    "all",
    record="what the row is of: session, measure or stride",
    session="SHA-256 of the session file, as sha256sum prints it",
    subject="the person's code as the recording has it",
    software_version="of the imuhip that computed the row",
    settings_sha256="of the version, the settings and the sensors' calibrations: rows with the same"
    " are comparable",
)
_SESSION = (
    *_some(
        "text",
        "session",
        file="where the file lay below the folder that was named",
        start_time="of the recording, ISO 8601",
    ),
    *_some(
        "number",
        "session",
        duration_s="of the recording",
        rate_hz="nominal sample rate",
    ),
    *_some(
        "text",
        "session",
        segments="where sensors were worn, with spaces between",
        recorded_with="version of imuhip that wrote the recording",
        settings="options of the analysis and checksums of the sensors' calibrations (JSON)",
        grade="quality of the session, A to D; empty without gait",
        reasons="why it is no better, with semicolons between",
        no_gait="why there are no strides; empty where there are",
    ),
    *_some(
        "count",
        "session",
        strides="found, of both legs",
        strides_used="of them, those not excluded",
        samples_lost="of all sensors: counted while recording, else rows without a value",
    ),
    *_some(
        "text",
        "session",
        summary="all of Analysis.summary (JSON)",
        quality="all of Analysis.quality (JSON)",
        tests="all of Assessment.as_dict() (JSON)",
    ),
)
_MEASURE = (
    *_some(
        "text",
        "measure",
        test="which test gave it, gait for walking and running",
        name="what is measured, as in docs/assessment.md",
    ),
    Column("side", "text", "measure and stride", "left or right; empty for the whole body"),
    *_some(
        "number",
        "measure",
        value="in the unit beside it",
        sd="one sigma of the value",
    ),
    *_some("text", "measure", unit="deg, s, 1, % or deg/s"),
    *_some("count", "measure", n="repetitions or strides it rests on"),
    *_some("text", "measure", note="what a reader has to know"),
    Column("start_s", "number", "measure and stride", "when the test or the stride began"),
)
_STRIDE = (
    Column("stride", "count", "stride", "its number within the session, from 0"),
    Column("gait", "text", "stride", "walk or run"),
    *_some(
        "number",
        "stride",
        initial_contact_s="when the foot met the ground",
        initial_contact_sd_s="its one-sigma uncertainty",
        toe_off_s="when it left the ground",
        toe_off_sd_s="its one-sigma uncertainty",
        end_s="when the stride ended",
        stride_time_s="from contact to contact",
        stride_time_sd_s="its one-sigma uncertainty",
        cadence_steps_per_min="120 s through the stride time",
        step_time_s="from the other foot's contact to this one's",
        stance_time_s="from contact to toe-off",
        swing_time_s="from toe-off to contact",
        double_support_s="with both feet on the ground",
        flight_s="with none",
    ),
    *(
        Column(f"{angle}_{kind}_deg", "number", "stride", f"{meaning} of {angle.replace('_', ' ')}")
        for angle in ANGLES
        for kind, meaning in ANGLE_KINDS.items()
    ),
    *_some(
        "number",
        "stride",
        hip_extension_peak_deg="of its own hip",
        pelvis_tilt_at_extension_peak_deg="at that instant",
        pelvis_drop_deg="of the other side, in stance",
        pelvis_hike_deg="of the other side, in stance",
    ),
    Column("valid", "flag", "stride", "counted in the measures"),
    Column("exclusion", "text", "stride", "why not"),
)

COLUMNS: Final = (*_ALL, *_SESSION, *_MEASURE, *_STRIDE)
"""In the order of the files."""


def described() -> list[dict[str, str]]:
    """Return the columns as plain values, for the file beside the dataset."""
    return [{"name": c.name, "kind": c.kind, "of": c.of, "meaning": c.meaning} for c in COLUMNS]
