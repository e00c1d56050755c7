"""Connecting and recording from the command line, stoppable at every moment.

The engine runs on its own loop thread, so a slow terminal cannot delay a packet; this side waits
for it in short steps and looks for a stop request between them.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from imuhip.acquisition.blocking import Acquisition
from imuhip.acquisition.engine import EngineOptions
from imuhip.acquisition.status import AcquisitionStatus, RecordingResult
from imuhip.cli.output import Following, note
from imuhip.cli.session_radio import open_for
from imuhip.cli.stop_signals import StopSignals
from imuhip.cli.truth_lines import truth_lines, truth_table
from imuhip.core.sensor import StreamConfig
from imuhip.errors import DeviceError

if TYPE_CHECKING:
    from imuhip.acquisition.assignment import WantedSensor
    from imuhip.core.link import Advertisement, Radio
    from imuhip.recording.session import Recording
    from imuhip.simulation.kit import VirtualKit

__all__ = ["RecordingSession", "Stopped"]

T = TypeVar("T")

_STEP_S = 0.05
_REDRAW_S = 0.25
_OPENING_GRACE_S = 2.0


class Stopped(Exception):  # noqa: N818  # not an error: somebody pressed Ctrl-C
    """A stop was requested while waiting."""


class RecordingSession:
    """Radio, sensors and file of one ``imuhip record``; a context manager that leaves nothing open.

    Parameters
    ----------
    spec : str
        As ``--radio``.
    rate_hz : int or None
        What every sensor is asked for; with None each model streams at what it has next to 100.
    stop : StopSignals
        Ends every wait with `Stopped`.
    person : Recording, optional
        What the sensors of ``--radio sim`` measure.
    begin : {"all", "first", "explicit"}
        When that motion begins.
    """

    def __init__(
        self,
        spec: str,
        rate_hz: int | None,
        stop: StopSignals,
        *,
        person: Recording | None = None,
        begin: Literal["all", "first", "explicit"] = "all",
    ) -> None:
        self._spec = spec
        self._options = EngineOptions(
            stream=StreamConfig() if rate_hz is None else StreamConfig(rate_hz),
            simulated=spec == "sim",
            any_rate=rate_hz is None,
            any_ranges=True,
        )
        self._stop = stop
        self._person = person
        self._begin = begin
        self._acquisition: Acquisition | None = None
        self._kit: VirtualKit | None = None

    def __enter__(self) -> RecordingSession:
        return self

    def __exit__(self, _kind: object, error: object, _trace: object) -> None:
        if self._acquisition is None:
            return
        try:
            self._acquisition.close()
        except DeviceError as refusal:
            if error is None:
                raise
            note(f"note: {refusal}")  # what ended the session is the news

    def open(self) -> None:
        """Open the radio."""
        self._acquisition = Acquisition(self._radio, self._options)
        if self._stop.requested.is_set():
            raise Stopped

    @property
    def acquisition(self) -> Acquisition:
        """Return what the live window needs."""
        if self._acquisition is None:
            raise RuntimeError("the radio is not open")
        return self._acquisition

    @property
    def stop_event(self) -> threading.Event:
        """Return what ends every wait when set."""
        return self._stop.requested

    def scan(self, seconds: float) -> dict[str, Advertisement]:
        """Return who advertises."""
        return self._await(self.acquisition.engine.scan(seconds))

    @property
    def virtual_assignment(self) -> dict[str, str]:
        """Return what the virtual kit wears; empty without one."""
        return {} if self._kit is None else self._kit.assignment

    def connect(self, assignment: Mapping[str, str | WantedSensor]) -> None:
        """Bring every sensor to stream."""
        self._await(self.acquisition.engine.connect(assignment))

    def start(self, path: Path, settings: Mapping[str, str]) -> None:
        """Create the file and record from the instant at which every sensor delivers."""
        self._await(self.acquisition.engine.start_recording(path, settings=settings))

    def tap_virtual(self, segment: str) -> None:
        """Let somebody tap a virtual sensor of this process; real ones are for people to tap."""
        if self._kit is not None and segment in self._kit.sensors:
            self._await(self._tap(segment))

    def begin_motion(self) -> float:
        """Let the virtual person begin; return the calendar time of that, s since 1970."""
        return self._await(self._begin_motion())

    def follow(
        self,
        duration_s: float | None,
        shown: Following,
        *,
        often: Callable[[float], None] = lambda _elapsed_s: None,
        footer: Callable[[], str] = str,
    ) -> None:
        """Wait until the recording is long enough or the disk refuses; `finish` then tells.

        Meanwhile `shown` gets a truth line per sensor and second, on a terminal a table with
        `footer` several times a second, and `often` the time.

        Raises
        ------
        Stopped
            On request.
        """
        next_s = 1.0
        while True:
            status = self.acquisition.status()
            recording = status.recording
            elapsed_s = recording.elapsed_s if recording is not None else 0.0
            if recording is not None and recording.error is not None:
                return
            often(elapsed_s)
            if shown.is_in_place:
                if elapsed_s >= next_s - 1.0:
                    next_s = elapsed_s + 1.0 + _REDRAW_S
                    shown.show(elapsed_s, truth_table(status, footer()))
            elif elapsed_s >= next_s:
                next_s = float(int(elapsed_s)) + 1.0
                shown.show(elapsed_s, truth_lines(status))
            if duration_s is not None and elapsed_s >= duration_s:
                return
            if self._stop.requested.wait(_STEP_S):
                raise Stopped

    def mark(self, name: str, start_s: float, end_s: float) -> None:
        """Mark a stretch of the recording."""
        self.acquisition.add_marker(name, start_s, end_s)

    def finish(self) -> RecordingResult:
        """Finish the file, whatever is requested meanwhile."""
        return self.acquisition.stop_recording()

    def status(self) -> AcquisitionStatus:
        """Return everything at this instant."""
        return self.acquisition.submit(self._status()).result()

    @property
    def silent(self) -> list[str]:
        """Return the wanted segments whose sensor does not deliver."""
        return [s for s, one in self.status().sensors.items() if not one.is_delivering]

    @property
    def unconnected(self) -> list[str]:
        """Return the wanted segments whose sensor is not connected."""
        from imuhip.acquisition.supervisor import LinkState

        return [s for s, one in self.status().sensors.items() if one.state is LinkState.IDLE]

    @property
    def elapsed_s(self) -> float:
        """Return the present on the recording's clock, s; 0 when nothing is recorded."""
        recording = self.status().recording
        return 0.0 if recording is None else recording.elapsed_s

    async def _status(self) -> AcquisitionStatus:
        return self.acquisition.engine.status()

    def _await(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future = self.acquisition.submit(coroutine)
        while True:
            try:
                return future.result(_STEP_S)
            except concurrent.futures.TimeoutError:
                if future.done():  # the coroutine's own time-out, not that of waiting
                    return future.result()
                if self._stop.requested.is_set():
                    future.cancel()
                    raise Stopped from None

    @asynccontextmanager
    async def _radio(self) -> AsyncIterator[Radio]:
        opening = asyncio.create_task(open_for(self._spec, self._person, begin=self._begin))
        while not opening.done() and not self._stop.requested.is_set():
            await asyncio.wait({opening}, timeout=_STEP_S)
        if not opening.done():
            # A controller is left in order when its start is not torn; a dead host never answers.
            await asyncio.wait({opening}, timeout=_OPENING_GRACE_S)
            opening.cancel()
            await asyncio.gather(opening, return_exceptions=True)
        if opening.cancelled():
            raise Stopped
        opened = await opening
        self._kit = opened.kit
        try:
            yield opened.radio
        finally:
            await opened.close()

    async def _tap(self, segment: str) -> None:
        if self._kit is not None:
            self._kit.motion.tap(segment, delay_s=1.0)

    async def _begin_motion(self) -> float:
        if self._kit is None:
            raise RuntimeError("only virtual sensors have a motion that can begin")
        self._kit.begin()
        begin_s = self._kit.motion.begin_s
        if begin_s is None:
            raise RuntimeError("the motion did not begin")
        return time.time() + begin_s - asyncio.get_running_loop().time()
