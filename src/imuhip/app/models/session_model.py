"""All steps of a session: who, the sensors, the tests, what came of it; and the threads behind."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from imuhip.app.models.bench import Bench
from imuhip.app.models.calibrate_model import CalibrateModel
from imuhip.app.models.calibrate_words import calibrate_words
from imuhip.app.models.do_model import DoModel
from imuhip.app.models.do_words import do_words
from imuhip.app.models.guidance import Guidance
from imuhip.app.models.known_kit import KitMemory
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.mounting_memory import MountingMemory
from imuhip.app.models.person_model import PersonModel
from imuhip.app.models.protocols import listed_protocols
from imuhip.app.models.retest_model import RetestModel
from imuhip.app.models.review_model import ReviewModel
from imuhip.app.models.sensors_model import SensorsModel
from imuhip.app.models.sensors_words import sensors_guidance
from imuhip.app.models.worker import make_worker
from imuhip.people.folder import PeopleFolder

__all__ = ["STEPS", "SessionModel", "SessionParts", "Step"]

Step = Literal["person", "sensors", "calibrate", "do", "review", "retest", "live"]
STEPS: tuple[Step, ...] = get_args(Step)
"""In the order of a session; the live view is beside them and can be looked at in between."""


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What a session needs of the computer it runs on.

    Parameters
    ----------
    people : PeopleFolder, optional
        By default that of this computer.
    names_file : Path, optional
        By default that of this computer.
    bench : Bench, optional
        The source of the live model, where its sensors can be exchanged.
    kit : KitMemory, optional
        The sensors used last.
    radio : str
        The real radio to open.
    mounting_file : Path, optional
        Where it is remembered how sensors are worn; by default until the window is closed.
    protocols_folder : Path, optional
        The clinic's own protocols; by default those of this computer.
    """

    people: PeopleFolder | None = None
    names_file: Path | None = None
    bench: Bench | None = None
    kit: KitMemory | None = None
    radio: str = "auto"
    mounting_file: Path | None = None
    protocols_folder: Path | None = None


class SessionModel:
    """Holds the step a person is at, and everything the steps share.

    Parameters
    ----------
    live : LiveModel
        Closed by `close`.
    worker : Executor, optional
        Measures tests while they are done; a thread of its own by default.
    reader : Executor, optional
        Reads and measures finished files; a thread of its own by default.
    parts : SessionParts, optional
        By default those of this computer.
    """

    def __init__(
        self,
        live: LiveModel,
        worker: Executor | None = None,
        reader: Executor | None = None,
        parts: SessionParts | None = None,
    ) -> None:
        parts = parts or SessionParts()
        self.live = live
        self.step: Step = "live"
        self._worker = make_worker("imuhip-tests") if worker is None else worker
        self._reader = make_worker("imuhip-files") if reader is None else reader
        self.person = PersonModel(live, self._reader, parts.people, parts.names_file)
        self.sensors = SensorsModel(live, parts.bench, parts.kit, radio=parts.radio)
        self.do = DoModel(live, self._worker, self._reader)
        self.calibrate = CalibrateModel(
            live,
            self._worker,
            self.do.take_calibration,
            begin_motion=None if parts.bench is None else parts.bench.begin_motion,
            memory=MountingMemory(parts.mounting_file),
            protocols=listed_protocols(parts.protocols_folder),
        )
        self.review = ReviewModel(live, self._reader)
        self.retest = RetestModel(self.review, self._reader)

    @property
    def guidance(self) -> Guidance:
        """Return what to do next in the present step."""
        if self.step == "person":
            return self.person.guidance
        if self.step == "sensors":
            return sensors_guidance(self.sensors)
        if self.step == "calibrate":
            return calibrate_words(self.calibrate).guidance
        if self.step == "do":
            return do_words(self.do).guidance
        if self.step == "live":
            return self.live.guidance
        return self.review.guidance if self.step == "review" else self.retest.guidance

    def pull(self) -> None:
        """Bring every step up to date; never waits."""
        self.live.pull()
        self.person.pull(shown=self.step == "person")
        self.sensors.pull(shown=self.step == "sensors")
        self.calibrate.pull()
        self.do.pull()
        self.review.pull(shown=self.step in ("review", "retest"))
        self.retest.pull(shown=self.step == "retest")

    def go_to(self, step: str) -> None:
        """Show another step; what goes on goes on."""
        if step != "calibrate":
            self.calibrate.accept()
        self.step = next(known for known in STEPS if known == step)

    def go_on(self) -> None:
        """Do what Space does in the present step."""
        if self.step == "person":
            if self.person.use():
                self.step = "sensors"
        elif self.step == "sensors":
            if self.sensors.go_on():
                self.step = "calibrate"
        elif self.step == "calibrate":
            if self.calibrate.go_on():
                self.step = "do"
        elif self.step == "do":
            self.do.go_on()
        elif self.step == "live" or self.live.recording.phase == "recording":
            self.toggle_recording()

    def toggle_recording(self) -> None:
        """Start or stop the recording; a test that goes on is ended and marked before."""
        self.do.end()
        self.calibrate.accept()
        self.live.toggle_recording()

    def close(self) -> None:
        """Finish test, recording and threads, whatever goes on."""
        try:
            self.calibrate.accept()
            self.do.close()
            self.live.close()
        finally:
            self.review.close()
            for worker in (self._worker, self._reader):
                worker.shutdown(wait=True, cancel_futures=True)
