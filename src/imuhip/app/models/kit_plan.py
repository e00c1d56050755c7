"""Which segments are to have a sensor, and which sensor each of them has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from imuhip.app.models.known_kit import KitMemory, KnownSensor
from imuhip.core.segments import SEGMENTS
from imuhip.errors import ConfigError

__all__ = ["USUAL", "KitPlan"]

USUAL: Final = ("pelvis", "thigh_left", "thigh_right")


class KitPlan:
    """What is wanted, connected or not.

    Parameters
    ----------
    wanted : sequence of str
        Segments; pelvis and thighs when there are none.
    memory : KitMemory, optional
        The sensors used last.
    """

    def __init__(self, wanted: Sequence[str], memory: KitMemory | None) -> None:
        self.wanted: list[str] = list(wanted) or list(USUAL)
        self.sensors: dict[str, KnownSensor] = {}
        self._memory = memory

    @property
    def is_complete(self) -> bool:
        """Return whether every wanted segment has its sensor."""
        return bool(self.wanted) and all(segment in self.sensors for segment in self.wanted)

    @property
    def chosen(self) -> dict[str, KnownSensor]:
        """Return the sensors that are wanted."""
        return {s: self.sensors[s] for s in self.wanted if s in self.sensors}

    def recall(self, *, also_wanted: bool) -> None:
        """Take the kit used last; when there is none, or it is damaged, sensors are looked for."""
        if self._memory is None:
            return
        try:
            self.sensors = dict(self._memory.recall())
        except ConfigError:
            return
        if self.sensors and also_wanted:
            self.wanted = [segment for segment in SEGMENTS if segment in self.sensors]

    def remember(self) -> None:
        """Keep it for the next session.

        Raises
        ------
        OSError, ConfigError
            When it cannot be kept.
        """
        if self._memory is not None:
            self._memory.remember(self.sensors)

    def turn(self, segment: str) -> None:
        """Let a segment be wanted, or not."""
        if segment in self.wanted:
            self.wanted.remove(segment)
        else:
            self.wanted.append(segment)
            self.wanted.sort(key=SEGMENTS.index)

    def worn_on(self, address: str) -> str:
        """Return where a sensor is to be worn; empty for nowhere."""
        wanted = address.casefold()
        places = (s for s, one in self.sensors.items() if one.address.casefold() == wanted)
        return next(places, "")

    def move(self, sensor: KnownSensor, worn: str, step: int, taken: Collection[str]) -> str:
        """Let a sensor be worn on the next free segment, or on none.

        Parameters
        ----------
        sensor : KnownSensor
            As it was heard; what is remembered of it goes first.
        worn : str
            Where it is worn now; empty for nowhere.
        step : {-1, 1}
        taken : collection of str
            Segments of other connected sensors.

        Returns
        -------
        str
            Where it is worn from now on; empty for nowhere.
        """
        occupied = {*self.sensors, *taken} - {worn}
        choices = ["", *(segment for segment in SEGMENTS if segment not in occupied)]
        segment = choices[(choices.index(worn) + step) % len(choices)]
        moved = self.sensors.pop(worn, sensor)
        if segment:
            self.sensors[segment] = moved
            if segment not in self.wanted:
                self.turn(segment)
        return segment
