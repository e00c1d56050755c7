"""The step of the sensors: find them, tell which is worn where, connect, see that all are well."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from imuhip.acquisition.assignment import WantedSensor
from imuhip.app.models import wording
from imuhip.app.models import wording_sensors as words
from imuhip.app.models.bench import SIMULATED, Bench
from imuhip.app.models.bench_jobs import GivenUp
from imuhip.app.models.kit_plan import KitPlan
from imuhip.app.models.known_kit import KitMemory, KnownSensor, known
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.sensors_state import SensorsState
from imuhip.app.models.tap_questions import TapQuestions
from imuhip.app.models.worker import told
from imuhip.core.segments import SEGMENTS
from imuhip.errors import ConfigError, SensorNotFoundError

__all__ = ["SensorsModel"]

SCAN_S: Final = 8.0
_ENOUGH_S: Final = 2.0
"""Looking ends when as many as are wanted were heard, and no new one for so long."""


class SensorsModel(SensorsState):
    """Leads from a box of sensors to a body that wears them. No Qt; it never waits.

    Parameters
    ----------
    live : LiveModel
        Reads the bench's sensors; pulled before this is.
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
        plan = KitPlan(live.expected, kit)
        plan.recall(also_wanted=not live.expected)
        super().__init__(live, bench, plan, radio, now_s)
        self._tried = False
        self._taps_next = False
        self._remembers = False
        self._n_heard, self._heard_s = 0, 0.0
        self._now_s = now_s

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
        elif self.plan.is_complete:
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
        self._jobs.start("opening", bench.open(radio), self._is_opened)

    def turn_virtual(self) -> None:
        """Take the virtual kit, or real sensors again."""
        self.open(self.radio if self.simulated else SIMULATED)

    def look(self) -> None:
        """Look who is in reach."""
        if self._bench is not None and self._may_begin():
            self._jobs.start("looking", self._bench.scan(SCAN_S, self.reach.hear), self._tell)

    def connect(self) -> None:
        """Connect what is planned, as far as it is wanted."""
        if self._bench is not None and self._may_begin():
            self._live.expected = tuple(self.wanted)
            chosen = {s: sensor.wanted for s, sensor in self.plan.chosen.items()}
            self._jobs.start("connecting", self._bench.connect(chosen), self._is_connected)

    def blink(self) -> None:
        """Let the chosen sensor show itself."""
        one = self._chosen
        if self._bench is None or one is None or self.job is not None:
            return
        name = one.name or one.address
        self.error, self.said = ("", ""), words.BLINKING.format(name=name)

        def tell(error: BaseException | None) -> None:
            self.said = words.BLINKED.format(name=name)
            self._tell(error)

        self._jobs.start("blinking", self._bench.blink(one.address), tell)

    def tap(self) -> None:
        """Connect everything in reach, then ask for a tap on each wanted segment."""
        heard = self.heard
        if self._bench is None or not self._may_begin() or not self.wanted:
            return
        if len(heard) < len(self.wanted):
            self.look()
        elif len(heard) > len(SEGMENTS):
            told_many = words.TOO_MANY.format(n=len(heard), most=len(SEGMENTS))
            self.error = (told_many, words.TOO_MANY_HINT)
        else:
            # Until they are told apart, sensors stream under segments that mean nothing.
            names = [*self.wanted, *(one for one in SEGMENTS if one not in self.wanted)]
            pairs = zip(names, heard, strict=False)
            provisional = {name: WantedSensor(one.address) for name, one in pairs}
            self._jobs.start("connecting", self._bench.connect(provisional), self._can_be_tapped)

    def turn_place(self, segment: str) -> None:
        """Let a segment be worn, or not."""
        if not self._may_change():
            return
        self.plan.turn(segment)
        self._live.expected = tuple(self.wanted)
        worn = [s for s in self.sensors if s in self.wanted]
        if len(worn) < len(self.sensors):
            self._keep_connected(worn)

    def wear(self, step: int) -> None:
        """Let the chosen sensor be worn on the next free segment, or on none."""
        one = self._chosen
        if one is None or not self._may_change():
            return
        worn = self.worn_on(one.address)
        sensor = KnownSensor(one.address, "", one.name, one.model)
        segment = self.plan.move(sensor, worn, step, self.sensors)
        if worn in self.sensors:  # it is let go of, and comes back where it is worn now
            self._keep_connected([s for s in self.sensors if s not in (worn, segment)])

    def stop(self) -> None:
        """Give up what goes on."""
        self.error, self.said = ("", ""), ""
        self._jobs.give_up()
        self._taps_next = False
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
        self._jobs.pull()
        self._listen()
        if self.job is None:
            if shown and not self._tried and not bench.name:
                self.open(self.radio)
            elif self.taps is not None:
                self._pull_taps(bench, self.taps)
            elif self._taps_next and self.sensors and not self._silent:
                self._taps_next = False
                self.taps = TapQuestions(self.wanted, self.sensors, bench.tap_virtual)
            elif self.all_stream:
                self._note_worn()
        addresses = [one.address for one in self.heard]
        if self.chosen not in addresses:
            self.chosen = addresses[0] if addresses else ""

    def _listen(self) -> None:
        """End looking as soon as everybody seems to be there."""
        if self.job != "looking":
            return
        n_heard, now_s = len(self.reach.sensors), self._now_s()
        if n_heard != self._n_heard:
            self._n_heard, self._heard_s = n_heard, now_s
        if n_heard >= max(1, len(self.wanted)) and now_s - self._heard_s > _ENOUGH_S:
            self._jobs.give_up()

    def _pull_taps(self, bench: Bench, taps: TapQuestions) -> None:
        try:
            rings = {name: bench.ring(name) for name in taps.names}
        except KeyError:
            return
        taps.pull(rings, self._live.status.at_s)
        if taps.wanted is None:
            self.plan.sensors = {s: known(sensor) for s, sensor in taps.assigned.items()}
            self.taps = None
            self.connect()

    def _note_worn(self) -> None:
        """Know the sensors by what they say of themselves, and remember a kit that is complete."""
        for segment, sensor in self.sensors.items():
            if self._remembers or segment not in self.plan.sensors:
                self.plan.sensors[segment] = known(sensor)
        if self._remembers:
            self._remembers = False
            try:
                self.plan.remember()
            except (OSError, ConfigError) as error:
                self.said = told(error)[0]

    # -- what became of it ------------------------------------------------------------------------

    def _is_opened(self, error: BaseException | None) -> None:
        bench = self._bench
        self._tell(error)
        if bench is None or error is not None:
            return
        self._live.simulated = bench.simulated
        if bench.simulated:
            worn = bench.virtual_assignment
            self.plan.sensors = {s: KnownSensor(address) for s, address in worn.items()}
            self.plan.wanted = list(worn)
            self.connect()
            return
        self.plan.recall(also_wanted=True)
        if self.plan.is_complete:
            self.connect()

    def _is_connected(self, error: BaseException | None) -> None:
        if error is None:
            self._remembers = not self.simulated
            return
        self._tell(error)
        if isinstance(error, SensorNotFoundError) and self._worn:
            gone = [s for s in self.wanted if s not in self._worn]
            names = wording.segments(gone)
            self.error = (words.MISSING.format(names=names), words.MISSING_HINT)
        self._keep_connected(self._worn)

    def _can_be_tapped(self, error: BaseException | None) -> None:
        self._tell(error)
        self._taps_next = error is None
        if error is not None:
            self._keep_connected([])

    def _tell(self, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, GivenUp):
            self.error, self.said = told(error), ""

    def _keep_connected(self, segments: Sequence[str]) -> None:
        """Go on with these alone: who is not found keeps nobody from working."""
        if self._bench is not None:
            kept = {s: known(self.sensors[s]).wanted for s in segments if s in self.sensors}
            self._jobs.start("connecting", self._bench.connect(kept), self._tell)

    # -- what is possible -------------------------------------------------------------------------

    def _may_begin(self) -> bool:
        if self.job is not None or self.taps is not None or self._records():
            return False
        self.error, self.said = ("", ""), ""
        if not self.is_open:
            self.open(self.radio)
            return False
        return True

    def _may_change(self) -> bool:
        busy = self._bench is None or self.job is not None or self.taps is not None
        if busy or self._records():
            return False
        self.error = ("", "")
        return True

    def _records(self) -> bool:
        records = self._live.recording.phase != "idle"
        if records:
            self.error = (words.IN_RECORDING, words.IN_RECORDING_HINT)
        return records
