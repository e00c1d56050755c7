"""What to do next: one line to be read from two metres, and one that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from imuhip.analysis.live import LivePipeline
from imuhip.app.models import wording
from imuhip.app.models import wording_cards as words
from imuhip.app.models.recording_control import RecordingState
from imuhip.app.models.sensor_cards import SensorCard
from imuhip.app.models.wording_texts import said

__all__ = ["Guidance", "guidance_for", "trouble"]

GAIT_NEEDED_S = 10.0


@dataclass(frozen=True, slots=True)
class Guidance:
    """What the header says.

    Parameters
    ----------
    headline, detail : str
        The step, and why or how.
    kind : {"do", "well", "alarm"}
        Something to do, nothing to do, or something wrong.
    progress : float or None
        From 0 to 1 for a step that has an end.
    """

    headline: str
    detail: str
    kind: Literal["do", "well", "alarm"] = "do"
    progress: float | None = None


def guidance_for(
    cards: Sequence[SensorCard], pipeline: LivePipeline | None, recording: RecordingState
) -> Guidance:
    """Return the most urgent of: a file in trouble, a sensor in trouble, the step of the session.

    Parameters
    ----------
    cards : sequence of SensorCard
        Of all sensors.
    pipeline : LivePipeline or None
        None when the sensors do not suffice for angles.
    recording : RecordingState
        Of the file.
    """
    wrong = trouble(cards, recording)
    if wrong is not None:
        return wrong
    if pipeline is None:
        return Guidance(*wording.NOT_ENOUGH)
    return _step(pipeline, recording)


def trouble(cards: Sequence[SensorCard], recording: RecordingState) -> Guidance | None:
    """Return what keeps every step from going on: a file or a sensor in trouble, or none at all."""
    if recording.error:
        return Guidance(recording.error, recording.hint, "alarm")
    if not cards:
        return Guidance(*wording.NO_SENSORS)
    urgent = [card for card in cards if card.is_urgent]
    if urgent:
        headline = words.WRONG.format(names=_names(urgent), state=urgent[0].state)
        return Guidance(headline, urgent[0].next_step, "alarm")
    return None


def _names(cards: Sequence[SensorCard]) -> str:
    first, *others = (card.title for card in cards)
    if not others:
        return first
    wanted = words.TWO_SENSORS if len(others) == 1 else words.MORE_SENSORS
    return wanted.format(first=first, second=others[0], n=len(others) - 1)


def _step(pipeline: LivePipeline, recording: RecordingState) -> Guidance:
    headline = said(pipeline.phase)
    headline = headline[:1].upper() + headline[1:]
    if pipeline.calibration is not None and pipeline.notes:
        note = pipeline.notes[0]
        about = wording.SEGMENT_NAMES.get(note.about, wording.MOUNTING)
        return Guidance(f"{about}: {said(note.text)}", f"{headline}.", "do")
    if pipeline.calibration is not None:
        detail = wording.MEASURING if pipeline.calibration.frozen else wording.IMPROVING
        keys = {"idle": wording.PRESS_RECORD, "recording": wording.PRESS_STOP}
        detail = f"{detail} {keys.get(recording.phase, '')}".strip()
        return Guidance(headline, detail, "well")
    if not pipeline.calibrator.has_pose:
        return Guidance(headline, wording.STAND_STILL)
    progress = min(1.0, pipeline.calibrator.gait_s / GAIT_NEEDED_S)
    return Guidance(headline, wording.WALK, progress=progress)
