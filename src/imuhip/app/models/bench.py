"""The sensors of a window: none at first, then those of whichever radio is open.

What takes longer than a frame (opening a radio, letting go of one) happens on a worker's thread,
the rest on the acquisition's loop; nothing here waits but `close`.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

from imuhip.acquisition.assignment import WantedSensor
from imuhip.acquisition.blocking import Acquisition
from imuhip.acquisition.engine import EngineOptions
from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.status import AcquisitionStatus, RecordingResult
from imuhip.app.models import wording_window
from imuhip.app.models.live_source import AcquisitionSource
from imuhip.app.models.worker import make_worker
from imuhip.core.link import Advertisement, Radio
from imuhip.errors import DeviceError
from imuhip.simulation.kit import VirtualKit

__all__ = ["SIMULATED", "Bench", "OpenedRadio", "RadioOpener"]

T = TypeVar("T")

SIMULATED: Final = "sim"
"""The radio that reaches virtual sensors."""

_NOTHING: Final = AcquisitionStatus(0.0, {}, None)


class OpenedRadio(Protocol):
    """A radio, and the virtual kit behind it when there is one."""

    @property
    def radio(self) -> Radio:
        """Return the radio."""
        ...

    @property
    def kit(self) -> VirtualKit | None:
        """Return who wears virtual sensors; None for real ones."""
        ...

    async def close(self) -> None:
        """Release both."""
        ...


RadioOpener = Callable[[str], Awaitable[OpenedRadio]]
"""Opens the radio of a name: ``"sim"``, ``"auto"`` or ``"hci:TRANSPORT"``."""


@dataclass(frozen=True, slots=True)
class _Open:
    name: str
    acquisition: Acquisition
    source: AcquisitionSource
    kit: VirtualKit | None


class Bench:
    """A `LiveSource` whose radio and sensors can be exchanged while the window is open.

    Parameters
    ----------
    opener : callable
        Opens radios by name.
    options : EngineOptions
        How sensors are to stream.
    settings : mapping, optional
        Noted in every file, with the name of the radio.
    subject : str, optional
        Code of the person.
    worker : Executor, optional
        Opens and closes radios; a thread of its own by default.
    """

    def __init__(
        self,
        opener: RadioOpener,
        options: EngineOptions | None = None,
        *,
        settings: Mapping[str, str] | None = None,
        subject: str | None = None,
        worker: Executor | None = None,
    ) -> None:
        self._opener = opener
        self._options = options or EngineOptions(any_rate=True, any_ranges=True)
        self._settings = dict(settings or {})
        self._subject = subject
        self._worker = make_worker("imuhip-bench") if worker is None else worker
        self._give_up = threading.Event()
        self._open: _Open | None = None

    # -- radio ------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Return which radio is open; empty when none is."""
        return "" if self._open is None else self._open.name

    @property
    def simulated(self) -> bool:
        """Return whether the sensors are virtual."""
        return self.name == SIMULATED

    @property
    def virtual_assignment(self) -> dict[str, str]:
        """Return what the virtual kit wears; empty without one."""
        kit = None if self._open is None else self._open.kit
        return {} if kit is None else kit.assignment

    def adopt(self, name: str, acquisition: Acquisition, kit: VirtualKit | None = None) -> None:
        """Take over an acquisition that runs already; it is closed like one's own."""
        self._open = self._opened(name, acquisition, kit)

    def open(self, name: str) -> Future[None]:
        """Ask for a radio; the one before is let go of first."""
        return self._worker.submit(self._exchange, name)

    def _exchange(self, name: str) -> None:
        self._let_go()
        opened: list[OpenedRadio] = []

        @asynccontextmanager
        async def radio() -> AsyncIterator[Radio]:
            one = await self._opener(name)
            opened.append(one)
            try:
                yield one.radio
            finally:
                await one.close()

        options = replace(self._options, simulated=name == SIMULATED)
        acquisition = Acquisition(radio, options, give_up=self._give_up)
        self._open = self._opened(name, acquisition, opened[0].kit)

    def _opened(self, name: str, acquisition: Acquisition, kit: VirtualKit | None) -> _Open:
        settings = {**self._settings, "radio": name}
        source = AcquisitionSource(acquisition, subject=self._subject, settings=settings)
        return _Open(name, acquisition, source, kit)

    def _let_go(self) -> None:
        before, self._open = self._open, None
        if before is not None:
            before.acquisition.close()

    # -- sensors ----------------------------------------------------------------------------------

    def scan(
        self, seconds: float, on_seen: Callable[[Advertisement], None]
    ) -> Future[dict[str, Advertisement]]:
        """Listen who is in reach; `on_seen` runs on the loop's thread."""
        return self._ask(lambda running: running.acquisition.engine.scan(seconds, on_seen))

    def connect(self, assignment: Mapping[str, WantedSensor]) -> Future[None]:
        """Bring these sensors to stream, and let go of others; of all when there are none."""
        wanted = dict(assignment)
        if not wanted:
            return self._ask(lambda running: running.acquisition.engine.release())
        return self._ask(lambda running: running.acquisition.engine.connect(wanted))

    def blink(self, address: str) -> Future[None]:
        """Let a sensor show itself."""
        return self._ask(lambda running: running.acquisition.engine.blink(address))

    def tap_virtual(self, segment: str) -> None:
        """Let somebody tap a virtual sensor; real ones are for people to tap."""
        kit = None if self._open is None else self._open.kit

        async def tap() -> None:
            if kit is not None and segment in kit.sensors:
                kit.motion.tap(segment, delay_s=1.0)

        if kit is not None:
            self._ask(lambda _running: tap())

    def begin_motion(self) -> None:
        """Let a virtual person begin to move; real ones need no telling."""
        kit = None if self._open is None else self._open.kit

        async def begin() -> None:
            if kit is not None:
                kit.begin()

        if kit is not None:
            self._ask(lambda _running: begin())

    def _ask(self, what: Callable[[_Open], Coroutine[Any, Any, T]]) -> Future[T]:
        running = self._open
        if running is None:
            return _refused()
        return running.acquisition.submit(what(running))

    # -- LiveSource -------------------------------------------------------------------------------

    @property
    def subject(self) -> str | None:
        """Return the code that the next recording gets."""
        return self._subject

    @subject.setter
    def subject(self, code: str | None) -> None:
        self._subject = code
        if self._open is not None:
            self._open.source.subject = code

    def status(self) -> AcquisitionStatus:
        """Return the newest status; no sensors while no radio is open."""
        running = self._open
        return _NOTHING if running is None else running.source.status()

    def ring(self, segment: str) -> SampleRing:
        """Return the newest samples of a sensor; KeyError when it is not connected."""
        running = self._open
        if running is None:
            raise KeyError(segment)
        return running.source.ring(segment)

    def begin_recording(self, path: Path) -> Future[None]:
        """Start to record, from the instant at which every sensor delivers."""
        running = self._open
        return _refused() if running is None else running.source.begin_recording(path)

    def end_recording(self) -> Future[RecordingResult]:
        """Finish the file."""
        running = self._open
        return _refused() if running is None else running.source.end_recording()

    def mark(
        self, name: str, start_s: float | None = None, end_s: float | None = None
    ) -> Future[None]:
        """Mark a stretch of the recording, on its clock; by default the present instant."""
        running = self._open
        return _refused() if running is None else running.source.mark(name, start_s, end_s)

    def close(self) -> None:
        """Let go of sensors and radio, and end both threads."""
        self._give_up.set()
        self._worker.shutdown(wait=True, cancel_futures=True)
        self._let_go()


def _refused() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(DeviceError(wording_window.NO_SENSOR, hint=wording_window.NO_SENSOR_HINT))
    return future
