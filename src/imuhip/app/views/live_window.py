"""The window: one timer that pulls, a few keys, and an end that leaves nothing running."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.notices import Notices
from imuhip.app.models.palette import DARK, LIGHT, THEMES
from imuhip.app.models.preferences import PreferenceFile, Preferences
from imuhip.app.models.session_model import STEPS, SessionModel, SessionParts, Step
from imuhip.app.views.application import make_application, show_until_closed
from imuhip.app.views.calibrate_page import CalibratePage
from imuhip.app.views.do_page import DoPage
from imuhip.app.views.header import Header
from imuhip.app.views.live_screen import LiveScreen
from imuhip.app.views.notices import NoticeBar
from imuhip.app.views.page_area import PageArea
from imuhip.app.views.person_page import PersonPage
from imuhip.app.views.retest_page import RetestPage
from imuhip.app.views.review_page import ReviewPage
from imuhip.app.views.sensors_page import SensorsPage
from imuhip.app.views.step_bar import StepBar
from imuhip.app.views.style import style_sheet
from imuhip.app.views.window_keys import window_keys

__all__ = ["LiveWindow", "make_application", "show_until_closed"]

FRAME_MS = 31
"""A little less than a thirtieth of a second: a frame that comes late is not made up for."""
SIZE_PX = (1280, 800)
WORDS_EVERY = 6
"""Numbers and words change at a sixth of the frame rate: faster cannot be read."""


class LiveWindow(QMainWindow):
    """Shows a `LiveModel` and closes it with itself.

    Keys: F1, F2, ... show the steps; Space does what comes next in a step, which in the live view
    is to record and to stop; Ctrl+R records and stops everywhere, M marks, Ctrl+D changes between
    light and dark, Ctrl+Q quits.

    Parameters
    ----------
    model : LiveModel
        Owned from here on.
    title : str
        Of the window.
    preferences : PreferenceFile, optional
        Colours and size of text, kept when they are changed; by default light, 100 %, not kept.
    duration_s : float, s, optional
        Closes by itself after so much recording, or so long without one.
    record_at_start : bool
        Record as soon as the window shows.
    stop_event : threading.Event, optional
        Closes the window when set.
    parts : SessionParts, optional
        Where people are kept; by default those of this computer.
    step : str
        The step that is shown first.
    """

    def __init__(
        self,
        model: LiveModel,
        *,
        title: str = "imuhip",
        preferences: PreferenceFile | None = None,
        duration_s: float | None = None,
        record_at_start: bool = False,
        stop_event: threading.Event | None = None,
        parts: SessionParts | None = None,
        step: Step = "live",
    ) -> None:
        super().__init__()
        self.model = model
        self.session = SessionModel(model, parts=parts)
        self.person_page = PersonPage(self.session.person)
        self.sensors_page = SensorsPage(self.session.sensors)
        self.calibrate_page = CalibratePage(self.session.calibrate)
        self.screen_widget = LiveScreen(model)
        self.do_page = DoPage(self.session.do)
        self.review_page = ReviewPage(self.session.review)
        self.retest_page = RetestPage(self.session.retest)
        self.header = Header(simulated=model.simulated)
        self.steps = StepBar(STEPS, self.go_to)
        self.notice_bar = NoticeBar()
        self._frame = 0
        self._preferences = preferences or PreferenceFile(None)
        self.notices = Notices()
        self.notices.tell(self._preferences.problem)
        self._duration_s = duration_s
        self._record_at_start = record_at_start
        self._stop_event = stop_event
        self._began_s = time.monotonic()
        self._shut = False
        self._title = title
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self._lay_out()
        self.resize(*SIZE_PX)
        self._keys = window_keys(self)
        self._connect()
        self.show_preferences()
        self.go_to(step)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(FRAME_MS)
        self._timer.timeout.connect(self.tick)

    def _lay_out(self) -> None:
        self._stepped: dict[
            str, PersonPage | SensorsPage | CalibratePage | DoPage | ReviewPage | RetestPage
        ] = {
            "person": self.person_page,
            "sensors": self.sensors_page,
            "calibrate": self.calibrate_page,
            "do": self.do_page,
            "review": self.review_page,
            "retest": self.retest_page,
        }
        self._pages: dict[str, QWidget] = {"live": self.screen_widget, **self._stepped}
        self._stack = QStackedWidget()
        # Large text on a small screen needs more room than there is.
        self._areas = {step: PageArea(page) for step, page in self._pages.items()}
        for area in self._areas.values():
            self._stack.addWidget(area)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(10, 8, 10, 10)
        column.setSpacing(8)
        column.addWidget(self.steps)
        column.addWidget(self.notice_bar)
        column.addWidget(self.header)
        column.addWidget(self._stack, 1)
        self.setCentralWidget(centre)

    def _connect(self) -> None:
        self.notice_bar.read.clicked.connect(self.read_notice)
        header = self.header
        header.record.clicked.connect(self.toggle_recording)
        header.record.setToolTip("Ctrl+R")
        header.mark.clicked.connect(self.model.mark)
        header.mark.setToolTip("M")
        header.record.setFocus()

    # -- what the keys do -----------------------------------------------------------------------

    def go_on(self) -> None:
        """Do what comes next in the present step, and say so at once."""
        step = self.session.step
        self.session.go_on()
        if self.session.step != step:
            self.go_to(self.session.step)
        self.show_words()

    def toggle_recording(self) -> None:
        """Start or stop, and say so at once."""
        self.session.toggle_recording()
        self.show_words()

    def go_to(self, step: str) -> None:
        """Show another step."""
        self.session.go_to(step)
        self._keys.show_step(step)
        self._stack.setCurrentWidget(self._areas[self.session.step])
        if step == "live":
            self.header.record.setFocus()
        else:
            self._stepped[step].take_focus()
        held = self.focusWidget()
        if held is None or not held.isVisibleTo(self) or held is self._areas[step]:
            self.header.record.setFocus()  # a step with nothing to choose in it yet
        self.show_words()

    def write_report(self) -> None:
        """Write the report, in the step that tells where it is."""
        self.session.review.write_report()
        self.go_to("review")

    def toggle_theme(self) -> None:
        """Change between light and dark."""
        present = self._preferences.preferences
        other = DARK if present.theme == LIGHT.name else LIGHT
        self._prefer(replace(present, theme=other.name))

    def enlarge(self, steps: int) -> None:
        """Let all text be larger by a step, or smaller for negative `steps`."""
        self._prefer(self._preferences.preferences.enlarged(steps))

    def scroll_page(self, steps: int) -> None:
        """Show what is further down, or further up for negative `steps`."""
        bar = self._areas[self.session.step].verticalScrollBar()
        bar.setValue(bar.value() + steps * bar.pageStep() // 2)

    def read_notice(self) -> None:
        """Put the notice away that is shown."""
        self.notices.read()
        self.show_words()

    def _prefer(self, preferences: Preferences) -> None:
        self._preferences.change(preferences)
        self.notices.tell(self._preferences.problem)
        self.show_preferences()
        self.show_words()

    def show_preferences(self) -> None:
        """Take colours and size of text."""
        preferences = self._preferences.preferences
        theme, scale = THEMES[preferences.theme], preferences.text_scale
        self.setStyleSheet(style_sheet(theme, scale))
        self.screen_widget.set_theme(theme, scale)
        self.person_page.set_scale(scale)
        self.sensors_page.set_theme(theme, scale)
        self.calibrate_page.set_scale(scale)
        self.do_page.set_theme(theme, scale)
        self.review_page.set_theme(theme, scale)
        self.do_page.set_scale(scale)
        self.header.set_scale(scale)
        self.steps.show_step(self.session.step)

    # -- life -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to pull; the window shows what there is."""
        self._began_s = time.monotonic()
        self._timer.start()

    def tick(self) -> None:
        """Pull the model, draw it, and look whether it is time to close."""
        if self._shut:
            return
        self.session.pull()
        if self._record_at_start and self.model.cards:
            self._record_at_start = False
            self.toggle_recording()
        if self.session.step == "live":
            self.screen_widget.show_model()
        elif self.session.step == "do":
            self.do_page.draw()
        if self._frame % WORDS_EVERY == 0:
            self.show_words()
        self._frame += 1
        if self._is_over():
            self.close()

    def show_words(self) -> None:
        """Write everything that is not a curve."""
        self.steps.show_step(self.session.step)
        self.notice_bar.show_notices(self.notices.unread)
        self.header.badge.setVisible(self.model.simulated)
        code = self.model.subject
        self.setWindowTitle(f"{self._title}: {code}" if code else self._title)
        self.header.show_guidance(self.session.guidance)
        self.header.show_recording(self.model.recording)
        if self.session.step == "live":
            self.screen_widget.show_words()
        else:
            self._stepped[self.session.step].show_model()

    def _is_over(self) -> bool:
        if self._stop_event is not None and self._stop_event.is_set():
            return True
        recording = self.model.recording
        if self._duration_s is None or recording.phase in ("starting", "stopping"):
            return False
        recorded = recording.phase == "recording"
        since_s = recording.elapsed_s if recorded else time.monotonic() - self._began_s
        return since_s >= self._duration_s

    def closeEvent(self, event: QCloseEvent) -> None:
        """End in order: timer, recording, sensors and their thread, plots."""
        if not self._shut:
            self._shut = True
            self._timer.stop()
            try:
                self.session.close()
            finally:
                self.screen_widget.close_plots()
                self.do_page.close_plots()
                self.review_page.close_plots()
        event.accept()
