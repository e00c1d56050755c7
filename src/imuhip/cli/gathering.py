"""Bringing the sensors of a kit together, and what happens when some do not come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imuhip.cli.marker_keys import asked_key, can_ask
from imuhip.cli.output import note
from imuhip.cli.worn_kit import connected_kit
from imuhip.errors import ConnectError, DeviceError, SensorLostError, SensorNotFoundError

if TYPE_CHECKING:
    from imuhip.acquisition.assignment import WantedSensor
    from imuhip.cli.kit_memory import RememberedSensor
    from imuhip.cli.recording_session import RecordingSession

__all__ = ["Gathered", "Gathering"]

_ABSENT = (SensorNotFoundError, ConnectError, SensorLostError)


@dataclass(slots=True)
class Gathered:
    """Who is recorded, and who was wanted and is not."""

    worn: dict[str, RememberedSensor]
    missing: list[str] = field(default_factory=list)


class Gathering:
    """Connects a kit and starts its recording; no sensor is left out silently.

    A sensor that does not come is asked about on a terminal. Elsewhere the recording is refused,
    unless `allow_missing`.

    Parameters
    ----------
    session : RecordingSession
        With an open radio.
    allow_missing : bool
        Record the others without asking.
    ask : bool
        Whether somebody may be asked.
    """

    def __init__(
        self, session: RecordingSession, *, allow_missing: bool = False, ask: bool = True
    ) -> None:
        self._session = session
        self._allow_missing = allow_missing
        self._ask = ask and can_ask()
        self._missing: list[str] = []

    def connected(self, kit: Mapping[str, str | WantedSensor]) -> Gathered:
        """Connect every sensor of `kit`, or those that come.

        Raises
        ------
        SensorNotFoundError, ConnectError
            When one does not come and must not be left out.
        """
        wanted = dict(kit)
        while True:
            try:
                worn = connected_kit(self._session, wanted)
                return Gathered(worn, self._missing)
            except _ABSENT as error:
                if self._is_given_up(error, self._session.unconnected, list(wanted)):
                    wanted = self._rest(wanted)

    def started(
        self, kit: Mapping[str, str | WantedSensor], path: Path, settings: Mapping[str, str]
    ) -> None:
        """Begin to record all that were gathered, or those that deliver.

        Raises
        ------
        SensorLostError
            When one is silent and must not be left out.
        """
        wanted = self._rest(dict(kit))
        while True:
            noted = {"missing": ", ".join(self._missing)} if self._missing else {}
            try:
                self._session.start(path, {**settings, **noted})
                return
            except SensorLostError as error:
                if self._is_given_up(error, self._session.silent, list(wanted)):
                    wanted = self._rest(wanted)
                    self._session.connect(wanted)

    def _rest(self, wanted: dict[str, str | WantedSensor]) -> dict[str, str | WantedSensor]:
        return {segment: one for segment, one in wanted.items() if segment not in self._missing}

    def _is_given_up(self, error: DeviceError, absent: list[str], wanted: list[str]) -> bool:
        """Return True to go on without those, False to try again; else raise."""
        from imuhip.cli.recording_session import Stopped

        names = ", ".join(absent)
        some_are_there = bool(absent) and len(absent) < len(wanted)
        if self._allow_missing and some_are_there:
            note(f"WITHOUT {names}: {error}")
            self._warn_of(absent)
            self._missing += absent
            return True
        if not self._ask:
            raise error
        note(f"{error}")
        if error.hint:
            note(f"hint: {error.hint}")
        answers = {"r": "try again", "q": "give up"}
        if some_are_there:
            answers = {"r": "try again", "w": f"record WITHOUT {names}", "q": "give up"}
        key = asked_key(f"{names or 'the sensors'}: what now?", answers, self._session.stop_event)
        if key is None:
            raise Stopped
        if key == "q":
            raise error
        if key == "w":
            self._warn_of(absent)
            self._missing += absent
        return key == "w"

    @staticmethod
    def _warn_of(absent: list[str]) -> None:
        if "pelvis" in absent:
            note("note: without the pelvis there will be no hip angles")
