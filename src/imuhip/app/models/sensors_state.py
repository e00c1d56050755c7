"""What the step of the sensors knows at present: sensors, places, and who is in reach."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from imuhip.acquisition.status import SensorStatus
from imuhip.app.models.bench import Bench
from imuhip.app.models.bench_jobs import BenchJobs, Job
from imuhip.app.models.kit_plan import KitPlan
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.reach import Heard, Reach
from imuhip.app.models.tap_questions import TapQuestions

__all__ = ["SensorsState"]

_UNHEARD_DBM: Final = -100


class SensorsState:
    """What is known; `imuhip.app.models.sensors_model.SensorsModel` changes it.

    Parameters
    ----------
    live : LiveModel
        Reads the bench's sensors.
    bench : Bench, optional
        Without one the sensors are what they are.
    plan : KitPlan
        What is wanted.
    radio : str
        Name of the real radio.
    now_s : callable
        Returns the time, s.
    """

    def __init__(
        self,
        live: LiveModel,
        bench: Bench | None,
        plan: KitPlan,
        radio: str,
        now_s: Callable[[], float],
    ) -> None:
        self.plan = plan
        self.reach = Reach(now_s)
        self.chosen = ""
        self.error = ("", "")
        self.said = ""
        self.taps: TapQuestions | None = None
        self.radio = radio
        self._live = live
        self._bench = bench
        self._jobs = BenchJobs()

    @property
    def live(self) -> LiveModel:
        """Return sensors and recording."""
        return self._live

    @property
    def job(self) -> Job | None:
        """Return what goes on; None when nothing does."""
        return self._jobs.job

    @property
    def wanted(self) -> list[str]:
        """Return the segments that are to have a sensor."""
        return self.plan.wanted

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
        known_ones = {one.address for one in heard}
        for sensor in self.sensors.values():
            if sensor.address not in known_ones and sensor.driver:
                dbm = _UNHEARD_DBM if sensor.rssi_dbm is None else sensor.rssi_dbm
                heard.append(Heard(sensor.address, sensor.name, sensor.driver, dbm, float("nan")))
        return heard

    def worn_on(self, address: str) -> str:
        """Return where a sensor is worn, or to be; empty for nowhere."""
        sensors = self.sensors if self.taps is None else self.taps.assigned
        places = (s for s, sensor in sensors.items() if sensor.address == address)
        worn = next(places, "")
        return worn or (self.plan.worn_on(address) if self.taps is None else "")

    @property
    def _chosen(self) -> Heard | None:
        return next((one for one in self.heard if one.address == self.chosen), None)

    @property
    def _worn(self) -> list[str]:
        return [s for s, sensor in self.sensors.items() if sensor.driver]

    @property
    def _silent(self) -> bool:
        return any(not sensor.is_delivering for sensor in self.sensors.values())
