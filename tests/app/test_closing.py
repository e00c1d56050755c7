"""The window closes from every step and every state, and leaves nothing running."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from played_source import PlayedSource
from PySide6.QtTest import QTest
from radios import Kit, Radios

import imuhip
from imuhip.acquisition.assignment import SearchPlan
from imuhip.acquisition.engine import EngineOptions
from imuhip.acquisition.status import RecordingResult
from imuhip.app.models.bench import Bench
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.session_model import STEPS, SessionParts
from imuhip.app.views.live_window import LiveWindow
from imuhip.errors import DiskError

pytestmark = pytest.mark.usefixtures("nothing_left")

STILL_S = 7.0
"""The simulated person stands for so long, then walks."""


class SlowSource(PlayedSource):
    """A source whose answers take a while, from a thread of its own, as an acquisition's do."""

    delay_s = 0.0

    def __init__(self, *args, **options) -> None:
        super().__init__(*args, **options)
        self.timers: list[threading.Timer] = []

    def _later(self, ask: Callable[[], Future]) -> Future:
        if not self.delay_s:
            return ask()
        answer: Future = Future()

        def tell() -> None:
            if answer.set_running_or_notify_cancel():
                answer.set_result(ask().result())

        self.timers.append(threading.Timer(self.delay_s, tell))
        self.timers[-1].start()
        return answer

    def begin_recording(self, path: Path) -> Future[None]:
        return self._later(partial(super().begin_recording, path))

    def end_recording(self) -> Future[RecordingResult]:
        return self._later(super().end_recording)


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.4, seed=4, turns=False)


@pytest.fixture
def window(application, walk, tmp_path: Path):
    window = LiveWindow(LiveModel(SlowSource(walk, writes=True), out=tmp_path / "s.h5"))
    window.source = window.model._source
    window.show()
    yield window
    for timer in window.source.timers:  # of the test, not of the window
        timer.join()
    assert window._shut, "the test closes it"
    window.deleteLater()


def to(window: LiveWindow, until_s: float) -> None:
    while window.source.now_s < until_s:
        window.source.play_to(min(until_s, window.source.now_s + 0.2))
        window.tick()


def until(window: LiveWindow, condition) -> None:
    deadline_s = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        QTest.qWait(5)
        window.tick()


def doing(window: LiveWindow) -> None:
    """Walk, in the step of tests."""
    to(window, 0.2)
    window.session.do.go_on()
    to(window, STILL_S)
    window.session.do.go_on()
    to(window, STILL_S + 1.0)
    assert window.session.do.phase == "doing"


# -- states ----------------------------------------------------------------------------------------


def fresh(_window: LiveWindow) -> None:
    """Nothing was pulled yet."""


def running(window: LiveWindow) -> None:
    """The timer pulls by itself."""
    window.start()
    window.source.play_to(0.5)
    QTest.qWait(80)
    assert window.model.cards


def recording(window: LiveWindow) -> None:
    to(window, 0.2)
    window.toggle_recording()
    to(window, 1.0)
    assert window.model.recording.phase == "recording"


def beginning(window: LiveWindow) -> None:
    """The recording was asked for and has not begun."""
    to(window, 0.2)
    window.source.delay_s = 0.3
    window.toggle_recording()
    assert window.model.recording.phase == "starting"


def stopping(window: LiveWindow) -> None:
    recording(window)
    window.source.delay_s = 0.3
    window.toggle_recording()
    assert window.model.recording.phase == "stopping"


def standing(window: LiveWindow) -> None:
    to(window, 0.2)
    window.session.do.go_on()
    to(window, 2.0)
    assert window.session.do.phase == "standing"


def done(window: LiveWindow) -> None:
    doing(window)
    window.session.do.end()
    window.tick()
    assert window.session.do.phase == "done"


def measuring(window: LiveWindow) -> None:
    """A test goes on, and the worker is at it."""
    to(window, 0.2)
    do = window.session.do
    do.choose([test and test.name for test in do.tests].index("squat"))
    do.go_on()
    to(window, STILL_S)
    do.go_on()
    to(window, STILL_S + 2.0)
    do.end()
    assert do.phase == "done"


def calibrating(window: LiveWindow) -> None:
    """The standing pose of a calibration is watched."""
    to(window, 0.2)
    window.go_to("calibrate")
    window.go_on()
    to(window, 5.0)
    assert window.session.calibrate.phase == "doing"


def walking_to_calibrate(window: LiveWindow) -> None:
    """The worker looks at the straps meanwhile."""
    calibrating(window)
    to(window, 20.0)
    assert window.session.calibrate.phase == "doing"


def sensors_lost(window: LiveWindow) -> None:
    recording(window)
    for segment in list(window.source.rings):
        window.source.silence(segment)
    to(window, 5.0)
    assert window.session.live.guidance.kind == "alarm"


def disk_full(window: LiveWindow) -> None:
    recording(window)
    window.source.disk_error = DiskError("the disk is full", hint="free some space")
    to(window, 1.4)
    assert "disk" in window.session.live.guidance.headline


def reading(window: LiveWindow) -> None:
    """The review is at its file."""
    recording(window)
    window.toggle_recording()
    window.go_to("review")
    window.tick()
    window.tick()
    assert window.session.review.is_busy


STATES = (
    fresh,
    running,
    recording,
    beginning,
    stopping,
    standing,
    doing,
    done,
    measuring,
    calibrating,
    walking_to_calibrate,
    sensors_lost,
    disk_full,
    reading,
)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_it_closes_from_every_state(window, state, tmp_path: Path) -> None:
    state(window)
    begun = "begin" in window.source.calls
    began_s = time.monotonic()
    window.close()
    assert not window.isVisible() and not window._timer.isActive()
    assert window.source.closed == 1 and window.source.calls[-1] == "close"
    assert time.monotonic() - began_s < 20.0
    if begun and state is not disk_full:
        assert window.source.calls.count("end") == window.source.calls.count("begin")
        assert imuhip.open(tmp_path / "s.h5").sensors
    window.tick()  # a frame that was on its way
    window.close()
    assert window.source.closed == 1, "closing twice is closing once"


@pytest.mark.parametrize("step", STEPS)
def test_it_closes_from_every_step_while_it_records_and_walks(window, step, tmp_path) -> None:
    doing(window)
    window.go_to(step)
    to(window, STILL_S + 2.0)
    window.close()
    recorded = imuhip.open(tmp_path / "s.h5")
    assert [marker.name for marker in recorded.markers] == ["n_pose", "gait"]


# -- with a radio that is opened by the window -----------------------------------------------------


@pytest.fixture
def bench_window(application, walk, tmp_path: Path):
    pytest.importorskip("bumble", reason="virtual Bluetooth is not installed")
    radios = Radios(walk)
    bench = Bench(radios, EngineOptions(search=SearchPlan(1, 1.5)))
    parts = SessionParts(bench=bench, kit=Kit().memory)
    window = LiveWindow(LiveModel(bench, out=tmp_path / "s.h5"), parts=parts, step="person")
    window.radios = radios
    window.show()
    window.start()
    yield window
    assert window._shut, "the test closes it"
    window.deleteLater()


def opening(window: LiveWindow) -> None:
    """The radio answers nothing."""
    window.radios.hangs = True
    window.go_to("sensors")
    until(window, lambda: window.radios.n_asked > 0)


def opened(window: LiveWindow) -> None:
    window.go_to("sensors")
    sensors = window.session.sensors
    until(window, lambda: sensors.is_open and sensors.job is None)


def looking(window: LiveWindow) -> None:
    opened(window)
    window.session.sensors.look()
    until(window, lambda: window.session.sensors.job == "looking")


def connecting(window: LiveWindow) -> None:
    opened(window)
    sensors = window.session.sensors
    sensors.turn_virtual()
    until(window, lambda: sensors.job == "connecting" or sensors.all_stream)


def streaming(window: LiveWindow) -> None:
    """It records what the sensors it connected send."""
    connecting(window)
    until(window, lambda: window.session.sensors.all_stream)
    window.toggle_recording()
    until(window, lambda: window.model.recording.elapsed_s > 0.3)


BENCH_STATES = (opening, looking, connecting, streaming)


@pytest.mark.realtime
@pytest.mark.parametrize(
    "state", [opening, looking, connecting, streaming], ids=lambda s: s.__name__
)
def test_it_closes_while_radio_and_sensors_are_being_reached(bench_window, state, tmp_path) -> None:
    state(bench_window)
    began_s = time.monotonic()
    bench_window.close()
    assert time.monotonic() - began_s < 20.0
    assert not bench_window.isVisible()
    if state is streaming:
        assert imuhip.open(tmp_path / "s.h5").state == "complete"
