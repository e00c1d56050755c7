"""Draw the first steps of a session: the person, the sensors on virtual Bluetooth, calibration."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from played_source import PlayedSource
from radios import Kit, Radios

import imuhip
from imuhip.acquisition.assignment import SearchPlan
from imuhip.acquisition.engine import EngineOptions
from imuhip.app.models.bench import Bench
from imuhip.app.models.known_kit import KnownSensor
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.session_model import SessionParts
from imuhip.people.folder import PeopleFolder
from imuhip.people.names import Names
from imuhip.people.person import Person

SESSIONS = Path("recordings")
PASSPHRASE = "four words or so"


def draw_steps(folder: Path) -> list[Path]:
    """Write the pictures of the first three steps.

    Parameters
    ----------
    folder : Path
        Of the pictures. People and recordings go to the working folder.
    """
    SESSIONS.mkdir(exist_ok=True)
    walk = imuhip.simulate("walk", 0.7, seed=4, calibration=False, turns=False)
    return [
        *_draw_person(folder, walk),
        *_draw_sensors(folder, walk),
        *_draw_calibration(folder, walk),
    ]


class _Stage:
    """A window, and the pictures taken of it."""

    def __init__(self, folder: Path, model: LiveModel, parts: SessionParts, step: str) -> None:
        from imuhip.app.views.live_window import LiveWindow, make_application

        self.application = make_application()
        self.window = LiveWindow(model, parts=parts, step=step, title="imuhip (simulated)")
        self.window.show()
        self.written: list[Path] = []
        self._folder = folder

    def wait(self, over: Callable[[], bool], timeout_s: float = 30.0) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not over():
            assert time.monotonic() < deadline_s, "waited in vain"
            self.window.tick()
            self.application.processEvents()
            time.sleep(0.005)

    def picture(self, name: str) -> None:
        for _ in range(4):  # texts settle the layout, the layout the texts
            self.window.tick()
            self.window.show_words()
            self.application.processEvents()
        self._folder.mkdir(parents=True, exist_ok=True)
        self.written.append(self._folder / f"{name}.png")
        assert self.window.grab().save(str(self.written[-1]), "PNG")


def _people() -> SessionParts:
    folder, names_file = PeopleFolder(Path("people")), Path("names.imuhip")
    for person in (
        Person("P001", "left", 4, "Low back, worse after running"),
        Person("P002", "none", 0, "Wants to run a marathon"),
        Person("P003", "right", 2, "Hip, since a fall in May"),
    ):
        folder.change(person)
    if not names_file.exists():
        Names.create(names_file, PASSPHRASE).put("P001", "Ada Example")
    return SessionParts(people=folder, names_file=names_file)


def _draw_person(folder: Path, walk: imuhip.Recording) -> list[Path]:
    short = imuhip.simulate("walk", 0.5, seed=1, calibration=False)
    for date, code in (("2026-10-02", "P001"), ("2026-10-23", "P001"), ("2026-11-04", "P002")):
        begun = datetime.fromisoformat(f"{date}T10:12:31+00:00")
        past = replace(short, subject=code, start_time=begun, truth_motion=None, devices={})
        past.save(SESSIONS / f"session-{date}_10-12-31.h5")
    source = PlayedSource(replace(walk, subject=None))
    stage = _Stage(folder, LiveModel(source, simulated=True), _people(), "person")
    person = stage.window.session.person
    stage.window.tick()
    stage.wait(lambda: not person.shelf.is_looking)
    person.open_names(PASSPHRASE)
    stage.wait(lambda: not person.is_opening)
    person.choose(1)
    stage.picture("window_person")
    stage.window.close()
    return stage.written


def _draw_sensors(folder: Path, walk: imuhip.Recording) -> list[Path]:
    radios, kit = Radios(walk), Kit()
    bench = Bench(radios, EngineOptions(search=SearchPlan(1, 1.5)))
    parts = replace(_people(), bench=bench, kit=kit.memory)
    stage = _Stage(folder, LiveModel(bench), parts, "sensors")
    sensors = stage.window.session.sensors
    stage.wait(lambda: sensors.is_open and sensors.job is None)
    sensors.go_on()
    stage.wait(lambda: sensors.job is None and len(sensors.heard) == 3)
    sensors.go_on()
    stage.wait(lambda: sensors.taps is not None and sensors.taps.wanted == "thigh_left")
    stage.picture("window_sensors_tap")
    stage.wait(lambda: sensors.all_stream and sensors.job is None)
    begun_s = time.monotonic()
    stage.wait(lambda: time.monotonic() > begun_s + 3.0)
    stage.picture("window_sensors")
    gone = KnownSensor("C4:5C:4E:00:99:99", "IMU-0099", "imuhip 9999", "imuhip")
    sensors.plan.sensors["thigh_right"] = gone
    sensors.connect()
    stage.wait(lambda: sensors.job is None and len(sensors.sensors) == 2)
    stage.wait(lambda: sensors.missing == ("thigh_right",))
    stage.picture("window_sensors_missing")
    stage.window.close()
    return stage.written


def _draw_calibration(folder: Path, walk: imuhip.Recording) -> list[Path]:
    written = []
    swapped = {
        **walk.sensors,
        "thigh_left": walk.sensors["thigh_right"],
        "thigh_right": walk.sensors["thigh_left"],
    }
    for wrong, body in ((False, walk.sensors), (True, swapped)):
        source = PlayedSource(replace(walk, sensors=body, subject="P001", truth_motion=None))
        model = LiveModel(source, simulated=True, out=SESSIONS / "calibrated.h5")
        stage = _Stage(folder, model, _people(), "calibrate")
        _calibrate(stage, source, wrong=wrong)
        stage.window.close()
        written += stage.written
    return written


def _calibrate(stage: _Stage, source: PlayedSource, *, wrong: bool) -> None:
    calibrate = stage.window.session.calibrate

    def to(until_s: float) -> None:
        while source.now_s < until_s:
            source.play_to(min(until_s, source.now_s + 0.1))
            stage.window.tick()
        stage.wait(lambda: not calibrate.is_busy)

    to(0.3)
    stage.window.go_on()
    if wrong:
        to(20.5)
        stage.picture("window_calibrate_swapped")
        return
    to(6.4)
    stage.picture("window_calibrate_stand")
    to(20.5)
    to(40.0)
    stage.picture("window_calibrate_done")
