"""What the step of tests shows, in words: headline, cue, count, numbers, notes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from imuhip.acquisition.status import Grade
from imuhip.app.models import wording
from imuhip.app.models import wording_do as words
from imuhip.app.models.big_numbers import BigNumber, count_text, gait_numbers, measure_numbers
from imuhip.app.models.do_model import DoModel
from imuhip.app.models.guidance import Guidance, trouble
from imuhip.app.models.pose_watch import POSE_S
from imuhip.app.models.wording_texts import said
from imuhip.assessment.protocol import MovementTest
from imuhip.core.segments import SIDES

__all__ = ["DoWords", "about_test", "do_words", "list_line"]


@dataclass(frozen=True, slots=True)
class DoWords:
    """One frame's worth of words.

    Parameters
    ----------
    guidance : Guidance
        What to do next.
    cue : str
        What to say to the person, large.
    count, count_label : str
        Repetitions, or seconds of a walk; empty where nothing is counted.
    numbers : list of BigNumber
    notes : tuple of str
        What keeps numbers from being good.
    grade : {"good", "warn"}
        Of the notes.
    said : str
        The answer to the last key, such as noted pain.
    """

    guidance: Guidance
    cue: str = ""
    count: str = ""
    count_label: str = ""
    numbers: tuple[BigNumber, ...] = ()
    notes: tuple[str, ...] = ()
    grade: Grade = "warn"
    said: str = ""


def do_words(do: DoModel) -> DoWords:
    """Return what is shown at present."""
    wrong = trouble(do.live.cards, do.live.recording)
    shown = _PHASES[do.phase](do)
    if wrong is None and do.watch is not None and do.watch.error[0]:
        wrong = Guidance(*do.watch.error, "alarm")
    guidance = shown.guidance if wrong is None else wrong
    return replace(shown, guidance=guidance, said=do.said)


def about_test(test: MovementTest | None, side: str | None) -> list[tuple[str, str]]:
    """Return what is to be known before a test begins, as pairs of a word and what it says."""
    if test is None:
        return [
            (wording.WEARS, words.WALK_WEARS),
            (wording.POSITION, wording.WALK_CUE),
        ]
    told = [
        (wording.POSITION, wording.POSITION_NAMES.get(test.position, wording.words(test.position))),
        (wording.WEARS, wording.segments(test.segments("left" if side == "left" else
                                                       "right" if side else None))),
        (wording.REPETITIONS, words.WANTED.format(
            wanted=test.repetitions.wanted, least=test.repetitions.at_least)),
        (wording.FEEL, "; ".join(map(said, test.feel))),
        (wording.AVOID, "; ".join(map(said, test.avoid))),
        *((wording.CUES if k == 0 else "", said(cue.say)) for k, cue in enumerate(test.cues)),
    ]  # fmt: skip
    return [(word, text) for word, text in told if text]


def list_line(do: DoModel, test: MovementTest | None) -> str:
    """Return the line of a test in the list, with what was done of it."""
    title = wording.WALK_TITLE if test is None else said(test.title)
    name = "gait" if test is None else test.name
    done = [marker.removeprefix(name) for marker in do.done if marker.startswith(name)]
    sides = [side for side in SIDES if f"_{side}" in done]
    if sides:
        return f"{title}   ✓ {', '.join(wording.SIDE_NAMES[side] for side in sides)}"
    return f"{title}   ✓" if "" in done else title


def _choosing(do: DoModel) -> DoWords:
    missing = do.missing
    if missing:
        where = wording.segments(missing)
        return DoWords(
            Guidance(
                words.NO_SENSOR_ON.format(names=where),
                words.PUT_ONE_THERE,
                "alarm",
            )
        )
    test = do.choice.test
    detail = wording.CHOOSE_DETAIL if test and test.sides else wording.CHOOSE_DETAIL_SIDELESS
    if do.live.recording.phase == "idle":
        detail = f"{detail} {wording.WILL_RECORD}"
    return DoWords(Guidance(do.choice.title, detail))


def _starting(do: DoModel) -> DoWords:
    return DoWords(Guidance(wording.STARTING, do.choice.title), cue=wording.N_POSE_CUE)


def _standing(do: DoModel) -> DoWords:
    pose = do.pose
    still_s = 0.0 if pose is None else pose.still_s
    left_s = max(0.0, POSE_S - still_s)
    moving = pose.moving if pose is not None else ()
    return DoWords(
        Guidance(
            words.STAND.format(seconds=f"{left_s:.0f}"),
            wording.STAND_DETAIL,
            progress=still_s / POSE_S,
        ),
        cue=wording.N_POSE_CUE,
        count=f"{left_s:.0f}",
        count_label=words.SECONDS,
        notes=(
            words.MOVES.format(names=wording.segments(moving)) if moving else wording.ALL_STILL,
        ),
        grade="warn" if moving else "good",
    )


def _going(do: DoModel) -> DoWords:
    test = do.choice.test
    cue = wording.WALK_CUE if test is None else said(test.cues[0].say)
    if test is not None and len(test.cues) == 1:
        cue = wording.GET_READY
    return DoWords(
        Guidance(words.GET_THERE.format(title=do.choice.title), wording.GO_DETAIL), cue=cue
    )


def _doing(do: DoModel) -> DoWords:
    test = do.choice.test
    if test is None:
        return DoWords(
            Guidance(wording.WALK_TITLE, wording.DO_DETAIL),
            cue=wording.WALK_CUE,
            count=wording.duration(do.elapsed_s),
            count_label=words.MINUTES,
            numbers=tuple(gait_numbers(do.live.history)),
        )
    cue, progress = _cue(test, do.elapsed_s)
    return _measured(do, test, Guidance(do.choice.title, wording.DO_DETAIL, progress=progress), cue)


def _done(do: DoModel) -> DoWords:
    test = do.choice.test
    headline = words.DONE.format(title=do.choice.title)
    if test is None:
        return DoWords(Guidance(headline, wording.DONE_DETAIL, "well"))
    if do.is_measuring:
        headline = wording.WAITING_FOR_RESULT
    return _measured(do, test, Guidance(headline, wording.DONE_DETAIL, "well"), "")


def _measured(do: DoModel, test: MovementTest, guidance: Guidance, cue: str) -> DoWords:
    result = do.result
    count, label = count_text({} if result is None else result.repetitions,
                              test.repetitions.wanted)  # fmt: skip
    measures = () if result is None else result.measures
    # half-way through a repetition everything has moved: only what forbids measuring is told then
    told = result is not None and (do.phase == "done" or not result.repetitions)
    notes = result.notes if result is not None and told else ()
    return DoWords(guidance, cue, count, label, tuple(measure_numbers(measures)), notes)


def _cue(test: MovementTest, elapsed_s: float) -> tuple[str, float]:
    """Return the cue whose time it is and how much of it has passed; the first one was before."""
    cues = test.cues[1:] or test.cues
    begun_s = 0.0
    for cue in cues[:-1]:
        if elapsed_s < begun_s + cue.seconds:
            return said(cue.say), (elapsed_s - begun_s) / cue.seconds
        begun_s += cue.seconds
    return said(cues[-1].say), min(1.0, (elapsed_s - begun_s) / cues[-1].seconds)


_PHASES = {
    "choosing": _choosing,
    "starting": _starting,
    "standing": _standing,
    "going": _going,
    "doing": _doing,
    "done": _done,
}
