"""What the step of calibration shows, in words: headline, prompt, count, straps, reasons."""

from __future__ import annotations

from dataclasses import dataclass

from imuhip.analysis.strap_check import Judgement
from imuhip.app.models import wording
from imuhip.app.models import wording_calibrate as words
from imuhip.app.models.calibrate_model import CHECK_S, CalibrateModel
from imuhip.app.models.guidance import Guidance, trouble
from imuhip.app.models.pose_watch import POSE_S
from imuhip.app.models.strap_words import (
    StillBar,
    StrapLine,
    sentence,
    still_bar,
    strap_lines,
    worded,
)
from imuhip.app.models.wording_texts import said
from imuhip.calibration.protocol import Step

__all__ = ["CalibrateWords", "calibrate_words", "list_lines"]


@dataclass(frozen=True, slots=True)
class CalibrateWords:
    """One frame's worth of words.

    Parameters
    ----------
    guidance : Guidance
        What to do next.
    prompt : str
        What to say to the person, large.
    count, count_label : str
        Seconds left; empty where nothing is counted.
    steps : tuple of str
        The protocol's steps, with a sign for done, present and to come.
    bars : tuple of StillBar
        While standing.
    straps : tuple of StrapLine
        The check of the straps; empty before the walk.
    grade, grade_text : str
        Of the calibration, when it is done.
    reasons : tuple of str
        Why it is not A.
    notes : tuple of str
        Of the standing pose, or of a protocol with an error.
    """

    guidance: Guidance
    prompt: str = ""
    count: str = ""
    count_label: str = ""
    steps: tuple[str, ...] = ()
    bars: tuple[StillBar, ...] = ()
    straps: tuple[StrapLine, ...] = ()
    grade: str = ""
    grade_text: str = ""
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def calibrate_words(model: CalibrateModel) -> CalibrateWords:
    """Return what is shown at present."""
    wrong = trouble(model.live.cards, model.live.recording)
    shown = _PHASES[model.phase](model)
    if wrong is not None and model.phase != "done":
        return CalibrateWords(
            wrong, shown.prompt, shown.count, shown.count_label, shown.steps, shown.bars,
            shown.straps, notes=shown.notes,
        )  # fmt: skip
    return shown


def list_lines(model: CalibrateModel) -> list[str]:
    """Return the list of protocols."""
    lines = []
    for one in model.protocols:
        if one.protocol is None:
            lines.append(words.PROTOCOL_BROKEN.format(name=one.name))
        else:
            title, seconds = said(one.protocol.title), one.protocol.duration_s
            lines.append(words.PROTOCOL_LINE.format(title=title, seconds=seconds))
    return lines


def _choosing(model: CalibrateModel) -> CalibrateWords:
    listed, protocol = model.listed, model.protocol
    if protocol is None:
        error = listed.error
        message, hint = ("", "") if error is None else (error.message, error.hint)
        return CalibrateWords(Guidance(words.BROKEN, hint, "alarm"), notes=(message,))
    steps = _steps(model, begun=False)
    if model.missing:
        headline = words.NO_SENSORS.format(names=wording.segments(model.missing))
        return CalibrateWords(Guidance(headline, words.NO_SENSORS_HINT, "alarm"), steps=steps)
    detail = words.CHOOSE_HINT
    if model.live.recording.phase == "idle":
        detail = f"{detail} {words.WILL_RECORD}"
    headline = words.CHOOSE.format(title=said(protocol.title))
    notes = (model.said,) if model.said else ()
    prompt = said(protocol.steps[0].prompt)
    return CalibrateWords(Guidance(headline, detail), prompt, steps=steps, notes=notes)


def _starting(model: CalibrateModel) -> CalibrateWords:
    return CalibrateWords(Guidance(words.STARTING, words.MOMENT), steps=_steps(model))


def _ready(model: CalibrateModel) -> CalibrateWords:
    left_s = max(0.0, model.lead_s - model.elapsed_s)
    return CalibrateWords(
        Guidance(
            words.READY.format(seconds=left_s), words.READY_HINT,
            progress=min(1.0, model.elapsed_s / model.lead_s),
        ),
        _prompt(model.step),
        f"{left_s:.0f}",
        words.SECONDS,
        _steps(model),
        notes=_pose_notes(model),
    )  # fmt: skip


def _doing(model: CalibrateModel) -> CalibrateWords:
    step = model.step
    if step is None:
        return CalibrateWords(Guidance(words.BROKEN, ""))
    if step.name == "n_pose":
        return _standing(model, step)
    left_s = max(0.0, step.duration_s - model.elapsed_s)
    title = words.STEP_TITLES.get(step.name, wording.words(step.name))
    hint = words.MOVE_HINT
    straps: tuple[StrapLine, ...] = ()
    if step.name == "gait":
        straps = strap_lines(model.judgement)
        hint = words.WALK_CHECKED_HINT
        if model.judgement is None:
            hint = words.WALK_HINT.format(seconds=CHECK_S)
    guidance = Guidance(
        words.MOVE.format(title=title, seconds=left_s), hint,
        progress=min(1.0, model.elapsed_s / step.duration_s),
    )  # fmt: skip
    bad = _worst(model.judgement)
    if step.name == "gait" and bad is not None:
        guidance = bad
    return CalibrateWords(
        guidance, _prompt(step), f"{left_s:.0f}", words.SECONDS, _steps(model),
        straps=straps, notes=_pose_notes(model),
    )  # fmt: skip


def _standing(model: CalibrateModel, step: Step) -> CalibrateWords:
    still_s = 0.0 if model.pose is None else model.pose.still_s
    left_s = max(0.0, POSE_S - still_s)
    return CalibrateWords(
        Guidance(words.STAND.format(seconds=left_s), words.STAND_HINT, progress=still_s / POSE_S),
        _prompt(step),
        f"{left_s:.0f}",
        words.SECONDS,
        _steps(model),
        bars=tuple(still_bar(segment, level) for segment, level in model.unrest.items()),
    )


def _judging(model: CalibrateModel) -> CalibrateWords:
    return CalibrateWords(
        Guidance(words.JUDGING, words.MOMENT),
        steps=_steps(model),
        straps=strap_lines(model.judgement),
    )


def _done(model: CalibrateModel) -> CalibrateWords:
    judgement = model.judgement
    if judgement is None:
        message, hint = model.error
        detail = words.FAILED_HINT.format(hint=hint)
        return CalibrateWords(
            Guidance(message, detail, "alarm"), steps=_steps(model), notes=_pose_notes(model)
        )
    guidance = _worst(judgement)
    if guidance is None:
        kind = "well" if judgement.grade in "AB" else "do"
        headline = words.DONE.format(grade=judgement.grade)
        guidance = Guidance(headline, words.DONE_HINT, "well" if kind == "well" else "do")
    return CalibrateWords(
        guidance,
        steps=_steps(model),
        straps=strap_lines(judgement),
        grade=judgement.grade,
        grade_text=words.GRADES[judgement.grade],
        reasons=tuple(worded(reason) for reason in judgement.reasons),
    )


def _prompt(step: Step | None) -> str:
    return "" if step is None else said(step.prompt)


def _worst(judgement: Judgement | None) -> Guidance | None:
    """Return what to put right first, when something is certainly wrong."""
    if judgement is None:
        return None
    for found in judgement.straps:
        if found.weight == "bad":
            headline = words.DONE_BAD.format(check=words.CHECKS[found.check])
            return Guidance(
                headline, words.DONE_BAD_HINT.format(text=sentence(found.text)), "alarm"
            )
    return None


def _steps(model: CalibrateModel, *, begun: bool = True) -> tuple[str, ...]:
    protocol = model.protocol
    if protocol is None:
        return ()
    over = model.phase in ("judging", "done")
    lines = []
    for k, step in enumerate(protocol.steps):
        sign = "○"
        if begun:
            sign = "✓" if k < model.k or over else "▸" if k == model.k else "○"
        title = words.STEP_TITLES.get(step.name, wording.words(step.name))
        lines.append(words.STEP_LINE.format(sign=sign, title=title))
    return tuple(lines)


def _pose_notes(model: CalibrateModel) -> tuple[str, ...]:
    judged = model.pose_judgement
    if judged is None:
        return ()
    grade = words.POSE_GRADE.format(grade=judged.grade)
    return (grade, *(worded(reason) for reason in judged.reasons))


_PHASES = {
    "choosing": _choosing,
    "starting": _starting,
    "ready": _ready,
    "doing": _doing,
    "judging": _judging,
    "done": _done,
}
