"""The step of the sensors: find them, tell which is worn where, connect, see that all are well."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, Final, Literal

from imuhip.acquisition.assignment import WantedSensor
from imuhip.acquisition.status import Grade, SensorStatus
from imuhip.app.models import wording_sensors as words
from imuhip.app.models.bench import SIMULATED, Bench
from imuhip.app.models.known_kit import KitMemory, KnownSensor, known
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.reach import Heard, Reach
from imuhip.app.models.tap_questions import TapQuestions
from imuhip.app.models.worker import told
from imuhip.core.segments import SEGMENTS
from imuhip.errors import ConfigError

__all__ = ["USUAL", "SensorsModel"]

USUAL: Final = ("pelvis", "thigh_left", "thigh_right")
SCAN_S: Final = 8.0
_ENOUGH_S: Final = 2.0
"""Looking ends when as many as are wanted were heard, and no new one for so long."""

Job = Literal["opening", "looking", "connecting", "blinking"]


class SensorsModel:
    """Leads from a box of sensors to a body that wears them. No Qt; it never waits.

    Parameters
    ----------
    live : LiveModel
        Reads the bench's sensors.
    bench : Bench, optional
        Without one the sensors are what they are.
    kit : KitMemory, optional
        What is remembered between sessions.
    radio : str
        Name of the real radio.
    now_s : callable
        Returns the time, s.
    """

    def __init__(
        self,
        live: LiveModel,
        bench: Bench | None = None,
        kit: KitMemory | None = None,
        *,
        radio: str = "auto",
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wanted: list[str] = list(live.expected) or list(USUAL)
        self.plan: dict[str, KnownSensor] = {}
        self.reach = Reach(now_s)
        self.chosen: str = ""
        self.error = ("", "")
        self.said = ""
        self.taps: TapQuestions | None = None
        self.job: Job | None = None
        self.radio = radio
        self._live = live
        self._bench = bench
        self._kit = kit
        self._future: Future[Any] | None = None
        self._then: Callable[[], None] = _nothing
        self._tried = False
        self._remembers = False
        self._n_heard = 0
        self._heard_s = 0.0
        self._now_s = now_s
        self._recall()

    # -- what is shown ----------------------------------------------------------------------------

    @property
    def live(self) -> LiveModel:
        """Return sensors and recording."""
        return self._live

    @property
    def has_bench(self) -> bool:
        """Return whether sensors can be exchanged here."""
        return self._bench is not None

    @property
    def is_open(self) -> bool:
        """Return whether a radio is open."""
        return self._bench is not None and bool(self._bench.name)

    @property
    def simulated(self) -> bool:
        """Return whether the sensors are virtual."""
        return self._live.simulated

    @property
    def sensors(self) -> Mapping[str, SensorStatus]:
        """Return the sensors of the acquisition by segment."""
        return self._live.status.sensors

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the wanted segments whose sensor does not deliver."""
        sensors = self.sensors
        return tuple(s for s in self.wanted if s not in sensors or not sensors[s].is_delivering)

    @property
    def all_stream(self) -> bool:
        """Return whether everything that is wanted delivers."""
        return self.taps is None and bool(self.wanted) and not self.missing

    @property
    def heard(self) -> list[Heard]:
        """Return the sensors in reach, and those that are connected and do not advertise."""
        heard = self.reach.sensors
        known = {one.address.casefold() for one in heard}
        for sensor in self.sensors.values():
            if sensor.address.casefold() not in known and sensor.driver:
                dbm = -100 if sensor.rssi_dbm is None else sensor.rssi_dbm
                heard.append(Heard(sensor.address, sensor.name, sensor.driver, dbm, float("nan")))
        return heard

    def worn_on(self, address: str) -> str:
        """Return where a sensor is to be worn; empty for nowhere."""
        wanted = address.casefold()
        taps = self.taps
        if taps is not None:
            found = {one.address.casefold(): s for s, one in taps.assigned.items()}
            return found.get(wanted, "")
        for segment, sensor in self.sensors.items():
            if sensor.address.casefold() == wanted:
                return segment
        return next((s for s, one in self.plan.items() if one.address.casefold() == wanted), "")

    @property
    def grade(self) -> Grade:
        """Return the worst of all sensors."""
        grades = [card.grade for card in self._live.cards]
        return "bad" if "bad" in grades else "warn" if "warn" in grades else "good"

    # -- what a person decides --------------------------------------------------------------------

    def go_on(self) -> bool:
        """Do what comes next; return whether the sensors are ready for the next step."""
        if self._bench is None or (self.all_stream and self.job is None):
            return True
        if self.job is not None or self.taps is not None:
            return False
        self.error = ("", "")
        if not self.is_open:
            self.open(self.radio)
        elif all(segment in self.plan for segment in self.wanted):
            self.connect()
        elif len(self.heard) >= len(self.wanted) > 0:
            self.tap()
        else:
            self.look()
        return False

    def open(self, radio: str) -> None:
        """Open a radio; what was connected is let go of."""
        bench = self._bench
        if bench is None or self.job is not None or self._records():
            return
        self._tried = True
        self.taps, self.error, self.said = None, ("", ""), ""
        self.reach.forget()
        self._start("opening", bench.open(radio), self._is_opened)

    def turn_virtual(self) -> None:
        """Take the virtual kit, or real sensors again."""
        self.open(self.radio if self.simulated else SIMULATED)

    def look(self) -> None:
        """Look who is in reach."""
        if self._bench is not None and self._may_begin():
            self._start("looking", self._bench.scan(SCAN_S, self.reach.hear))

    def connect(self) -> None:
        """Connect what is planned, as far as it is wanted."""
        if self._bench is not None and self._may_begin():
            plan = {s: self.plan[s].wanted for s in self.wanted if s in self.plan}
            self._start("connecting", self._bench.connect(plan), self._is_connected)

    def blink(self) -> None:
        """Let the chosen sensor show itself."""
        one = next((one for one in self.heard if one.address == self.chosen), None)
        if self._bench is None or one is None or self.job is not None:
            return
        self.error = ("", "")
        self.said = words.BLINKING.format(name=one.name or one.address)
        done = words.BLINKED.format(name=one.name or one.address)

        def tell() -> None:
            self.said = done

        self._start("blinking", self._bench.blink(one.address), tell)

    def tap(self) -> None:
        """Connect everything in reach, then ask for a tap on each wanted segment."""
        heard = self.heard
        if self._bench is None or not self._may_begin() or not self.wanted:
            return
        if len(heard) < len(self.wanted):
            self.look()
            return
        if len(heard) > len(SEGMENTS):
            told_many = words.TOO_MANY.format(n=len(heard), most=len(SEGMENTS))
            self.error = (told_many, words.TOO_MANY_HINT)
            return
        # Until they are told apart, sensors stream under segments that mean nothing.
        names = [*self.wanted, *(one for one in SEGMENTS if one not in self.wanted)]
        plan = {s: WantedSensor(one.address) for s, one in zip(names, heard, strict=False)}
        self._start("connecting", self._bench.connect(plan), self._begin_taps)

    def turn_place(self, segment: str) -> None:
        """Let a segment be worn, or not."""
        if self._bench is None or self.job is not None or self.taps is not None or self._records():
            return
        self.error = ("", "")
        if segment in self.wanted:
            self.wanted.remove(segment)
        else:
            self.wanted.append(segment)
            self.wanted.sort(key=SEGMENTS.index)
        self._live.expected = tuple(self.wanted)
        worn = [s for s in self.sensors if s in self.wanted]
        if worn and len(worn) < len(self.sensors):
            self._keep_connected(worn)

    def wear(self, step: int) -> None:
        """Let the chosen sensor be worn on the next segment, or on none."""
        one = next((one for one in self.heard if one.address == self.chosen), None)
        if one is None or self.job is not None or self.taps is not None or self._records():
            return
        worn = self.worn_on(one.address)
        taken = {*self.plan, *self.sensors} - {worn}
        choices = ["", *(segment for segment in SEGMENTS if segment not in taken)]
        segment = choices[(choices.index(worn) + step) % len(choices)]
        sensor = self.plan.pop(worn, None) or KnownSensor(one.address, "", one.name, one.model)
        if segment:
            self.plan[segment] = sensor
            if segment not in self.wanted:
                self.turn_place(segment)
        if worn in self.sensors:  # it is let go of, and comes back where it is worn now
            self._keep_connected([s for s in self.sensors if s not in (worn, segment)])

    def stop(self) -> None:
        """Give up what goes on."""
        self.error, self.said = ("", ""), ""
        if self._future is not None and self.job != "opening":
            self._future.cancel()
        if self.taps is not None:
            self.taps = None
            self._keep_connected([])

    # -- as time goes by --------------------------------------------------------------------------

    def pull(self, *, shown: bool) -> None:
        """Learn what came of what was asked for; never waits."""
        bench = self._bench
        if bench is None:
            return
        self._live.simulated = bench.simulated
        if self._future is not None and self._future.done():
            self._finish()
        self._listen()
        if shown and not self._tried and not bench.name and self.job is None:
            self.open(self.radio)
        if self.taps is not None and self.job is None:
            self._pull_taps(bench, self.taps)
        if self.job is None and self.all_stream:
            for segment, sensor in self.sensors.items():
                self.plan.setdefault(segment, known(sensor))
            if self._remembers:
                self._remember()
        addresses = [one.address for one in self.heard]
        if self.chosen not in addresses:
            self.chosen = addresses[0] if addresses else ""

    def _listen(self) -> None:
        """End looking as soon as everybody seems to be there."""
        if self.job != "looking" or self._future is None:
            return
        n_heard, now_s = len(self.reach.sensors), self._now_s()
        if n_heard != self._n_heard:
            self._n_heard, self._heard_s = n_heard, now_s
        if n_heard >= max(1, len(self.wanted)) and now_s - self._heard_s > _ENOUGH_S:
            self._future.cancel()

    def _finish(self) -> None:
        future, then, job = self._future, self._then, self.job
        self._future, self._then, self.job = None, _nothing, None
        if future is None or future.cancelled():
            if job == "connecting":
                self._keep_connected(self._worn())
            return
        error = future.exception()
        if error is None:
            then()
            return
        self.error, self.said = told(error), ""
        if job == "connecting":
            self._keep_connected(self._worn())

    def _pull_taps(self, bench: Bench, taps: TapQuestions) -> None:
        try:
            rings = {name: bench.ring(name) for name in taps.names}
        except KeyError:
            return
        taps.pull(rings, self._live.status.at_s)
        if taps.wanted is None:
            self.plan = {s: known(sensor) for s, sensor in taps.assigned.items()}
            self.said, self.taps = taps.said, None
            self.connect()

    # -- jobs -------------------------------------------------------------------------------------

    def _start(self, job: Job, future: Future[Any], then: Callable[[], None] | None = None) -> None:
        self.job, self._future, self._then = job, future, then or _nothing
        self._live.expected = tuple(self.wanted)

    def _may_begin(self) -> bool:
        if self.job is not None or self.taps is not None or self._records():
            return False
        self.error, self.said = ("", ""), ""
        if not self.is_open:
            self.open(self.radio)
            return False
        return True

    def _records(self) -> bool:
        records = self._live.recording.phase != "idle"
        if records:
            self.error = (words.IN_RECORDING, words.IN_RECORDING_HINT)
        return records

    def _is_opened(self) -> None:
        bench = self._bench
        if bench is None:
            return
        self._live.simulated = bench.simulated
        if bench.simulated:
            self.plan = {s: KnownSensor(a) for s, a in bench.virtual_assignment.items()}
            self.wanted = list(self.plan)
            self.connect()
            return
        self._recall()
        if self.plan:
            self.connect()

    def _is_connected(self) -> None:
        self._remembers = self._kit is not None and not self.simulated

    def _remember(self) -> None:
        """Keep the kit for the next session; what refuses is told and no more."""
        self._remembers = False
        self.plan = {s: known(sensor) for s, sensor in self.sensors.items()}
        if self._kit is None:
            return
        try:
            self._kit.remember(self.plan)
        except (OSError, ConfigError) as error:
            self.said = told(error)[0]

    def _begin_taps(self) -> None:
        bench = self._bench
        if bench is not None:
            self.taps = TapQuestions(self.wanted, self.sensors, bench.tap_virtual)

    def _worn(self) -> list[str]:
        return [s for s, sensor in self.sensors.items() if sensor.driver]

    def _keep_connected(self, segments: list[str]) -> None:
        """Go on with these alone: who is not found keeps nobody from working."""
        bench = self._bench
        if bench is None:
            return
        kept = {s: known(self.sensors[s]).wanted for s in segments if s in self.sensors}
        self._start("connecting", bench.connect(kept))

    def _recall(self) -> None:
        """Plan for the kit used last."""
        if self._kit is None:
            return
        try:
            self.plan = dict(self._kit.recall())
        except ConfigError:
            return  # there is none, or it is damaged: sensors are looked for
        if self.plan and not self._live.status.sensors:
            self.wanted = [segment for segment in SEGMENTS if segment in self.plan]


def _nothing() -> None:
    """Do nothing."""
