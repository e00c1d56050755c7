"""The keys of the window, and in which of its steps they mean something."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from imuhip.app.models import wording, wording_window
from imuhip.app.models.do_model import PAIN_SCORES
from imuhip.app.models.session_model import STEPS, Step
from imuhip.app.views.step_keys import StepKey, StepKeys

if TYPE_CHECKING:
    from imuhip.app.views.live_window import LiveWindow

__all__ = ["window_keys"]


def window_keys(window: LiveWindow) -> StepKeys:
    """Give a window its keys, and those of its pages."""
    keys = StepKeys(window)

    def add(text: str, pressed: list[str], call: Callable[[], object], *steps: Step) -> None:
        keys.add([StepKey(text, tuple(pressed), call, steps)])

    do, words = window.session.do, wording_window
    add(words.NEXT, ["Space"], window.go_on)
    add(words.RECORD_OR_STOP, ["Ctrl+R"], window.toggle_recording)
    for step in STEPS:
        add(wording.STEP_TITLES[step], [wording.STEP_KEYS[step]], partial(window.go_to, step))
    add(wording.SIDE_LEFT, ["L"], lambda: do.choose_side("left"), "do")
    add(wording.SIDE_RIGHT, ["R"], lambda: do.choose_side("right"), "do")
    add(words.STAND_AGAIN, ["C"], do.stand_again, "do")
    add(words.LEAVE_OUT, ["Escape"], do.leave, "do")
    add(words.BACK_TO_THE_LIST, ["Escape"], window.person_page.leave, "person")
    add(words.SIDE_OF_PAIN, ["P"], do.turn_pain_side)
    add(words.OTHER_NORMS, ["N"], window.session.review.turn_profile, "review")
    add(words.WRITE_REPORT, ["Ctrl+P"], window.write_report, "review", "retest")
    add(words.OPEN_REPORT, ["Ctrl+O"], window.review_page.open_report, "review", "retest")
    add(words.SENSORS_LEFT_ON, ["S"], window.session.retest.turn_strapping, "retest")
    for score in PAIN_SCORES:
        add(
            words.PAIN_LEVEL.format(score=score),
            ["T" if score == 10 else str(score)],
            partial(do.tell_pain, score),
            "do",
            "live",
        )
    add(words.MARK_INSTANT, ["M"], window.model.mark)
    add(words.LIGHT_OR_DARK, ["Ctrl+D"], window.toggle_theme)
    add(words.LARGER, ["Ctrl++", "Ctrl+="], partial(window.enlarge, 1))
    add(words.SMALLER, ["Ctrl+-"], partial(window.enlarge, -1))
    add(words.SCROLL_DOWN, ["Ctrl+Down"], partial(window.scroll_page, 1))
    add(words.SCROLL_UP, ["Ctrl+Up"], partial(window.scroll_page, -1))
    add(words.NOTICE_READ, ["Ctrl+E"], window.read_notice)
    add(words.QUIT, ["Ctrl+Q"], window.close)
    keys.add(window.person_page.keys, ["person"])
    keys.add(window.do_page.keys, ["do"])
    keys.add(window.review_page.keys, ["review"])
    keys.add(window.sensors_page.keys, ["sensors"])
    keys.add(window.calibrate_page.keys, ["calibrate"])
    return keys
