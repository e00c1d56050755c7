"""Acquisition for callers without a loop: the command line, scripts and the window.

`Acquisition` is an `Engine` on a thread of its own, behind plain methods. `record` is all of it in
one call. Whatever happens, Ctrl-C included, the file is finished before they return.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias, TypeVar

from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.acquisition.loop_thread import LoopThread
from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.status import AcquisitionStatus, RecordingResult
from imuhip.acquisition.worn_sensors import Assignment
from imuhip.core.clock import Clock, SystemClock
from imuhip.core.link import Advertisement, Radio
from imuhip.errors import DeviceError
from imuhip.recording.session import Truth

__all__ = ["Acquisition", "RadioFactory", "record"]

T = TypeVar("T")

RadioFactory: TypeAlias = Callable[[], Awaitable[Radio] | AbstractAsyncContextManager[Radio]]
"""Opens a radio on the loop it will be used on, for example ``lambda: open_radio("auto")``.

An asynchronous context manager may close more than the radio, such as a kit of virtual sensors.
"""

CLOSE_TIMEOUT_S = 30.0
STATUS_INTERVAL_S = 0.1


class Acquisition:
    """An engine on its own thread. Close it, or use it in a ``with`` statement.

    Parameters
    ----------
    radio_factory : callable
        Opens the radio, on the loop's thread.
    options : EngineOptions, optional
        How the engine works.
    make_clock : callable
        Returns the clock; called on the loop's thread.
    make_loop : callable, optional
        Makes the event loop.
    give_up : threading.Event, optional
        When set, methods that wait raise `KeyboardInterrupt`; for callers that handle the signal
        themselves. `stop_recording` and `close` never give up.

    Raises
    ------
    BluetoothUnavailableError
        When there is no usable adapter.
    """

    def __init__(
        self,
        radio_factory: RadioFactory,
        options: EngineOptions | None = None,
        *,
        make_clock: Callable[[], Clock] = SystemClock,
        make_loop: Callable[[], Any] | None = None,
        give_up: threading.Event | None = None,
    ) -> None:
        self._give_up = give_up
        self._stack = AsyncExitStack()
        self._engine: Engine | None = None
        self._closed = False
        self._thread = LoopThread(loop_factory=make_loop)
        try:
            self._engine = self._call(self._open(radio_factory, options, make_clock))
        except BaseException:
            self.close()
            raise

    async def _open(
        self,
        radio_factory: RadioFactory,
        options: EngineOptions | None,
        make_clock: Callable[[], Clock],
    ) -> Engine:
        opened = radio_factory()
        if isinstance(opened, AbstractAsyncContextManager):
            radio = await self._stack.enter_async_context(opened)
        else:
            radio = await opened
        return await self._stack.enter_async_context(Engine(radio, make_clock(), options))

    def __enter__(self) -> Acquisition:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """Return the engine, whose coroutines run through `submit`."""
        if self._engine is None:
            raise RuntimeError("the acquisition is closed")
        return self._engine

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Start one of the engine's coroutines without waiting, as a window does."""
        return self._thread.submit(coroutine)

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine of the engine; Ctrl-C cancels it."""
        future = self._thread.submit(coroutine)
        try:
            if self._give_up is None:
                return future.result()
            while not future.done():
                wait([future], STATUS_INTERVAL_S)
                if self._give_up.is_set():
                    raise KeyboardInterrupt
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def scan(
        self, timeout_s: float, on_seen: Callable[[Advertisement], None] | None = None
    ) -> dict[str, Advertisement]:
        """Return the newest advertisement of each address; `on_seen` runs on the loop's thread."""
        return self._call(self.engine.scan(timeout_s, on_seen))

    def connect(self, assignment: Assignment) -> None:
        """See `Engine.connect`."""
        self._call(self.engine.connect(assignment))

    def start_recording(
        self,
        path: str | Path,
        *,
        subject: str | None = None,
        settings: Mapping[str, str] | None = None,
        truth: Truth | None = None,
    ) -> None:
        """See `Engine.start_recording`."""
        self._call(
            self.engine.start_recording(path, subject=subject, settings=settings, truth=truth)
        )

    def stop_recording(self) -> RecordingResult:
        """See `Engine.stop_recording`."""
        return self._thread.submit(self.engine.stop_recording()).result()

    def add_marker(
        self, name: str, start_s: float | None = None, end_s: float | None = None
    ) -> None:
        """See `Engine.add_marker`."""

        async def add() -> None:
            self.engine.add_marker(name, start_s, end_s)

        self._call(add())

    def status(self) -> AcquisitionStatus:
        """Return the newest status; never waits."""
        return self.engine.snapshot

    def ring(self, segment: str) -> SampleRing:
        """Return the ring of a connected sensor; see `SampleRing.since`."""
        return self.engine.ring(segment)

    def close(self) -> None:
        """Finish a running recording, let go of sensors and radio, end the thread.

        Ctrl-C has to wait meanwhile: the file comes first.

        Raises
        ------
        DeviceError
            When the Bluetooth stack does not let go.
        """
        if self._closed:
            return
        with _ctrl_c_waits():
            try:
                try:
                    if self._thread.is_alive:
                        self._thread.submit(self._stack.aclose()).result(CLOSE_TIMEOUT_S)
                finally:
                    self._closed = True
                    self._thread.close()
            except TimeoutError as error:
                raise DeviceError(
                    f"sensors and radio were not released within {CLOSE_TIMEOUT_S:g} s",
                    hint="switch the sensors off and on before they are used again",
                ) from error


def record(
    radio_factory: RadioFactory,
    assignment: Assignment,
    path: str | Path,
    *,
    duration_s: float | None = None,
    rate_hz: int = 100,
    on_status: Callable[[AcquisitionStatus], None] | None = None,
    stop_event: threading.Event | None = None,
    subject: str | None = None,
    settings: Mapping[str, str] | None = None,
    options: EngineOptions | None = None,
    make_clock: Callable[[], Clock] = SystemClock,
    make_loop: Callable[[], Any] | None = None,
) -> RecordingResult:
    """Connect, record and finish; ends after `duration_s`, by `stop_event` or by Ctrl-C.

    Parameters
    ----------
    radio_factory : callable
        Opens the radio.
    assignment : mapping of segment to address or WantedSensor
        Or pairs; see `Engine.connect`.
    path : path
        Must not exist.
    duration_s : float, s, optional
        Without it, until stopped.
    rate_hz : int
        Sample rate asked of the sensors.
    on_status : callable, optional
        Told the status ten times a second, on the calling thread.
    stop_event : threading.Event, optional
        Ends the recording when set.
    subject, settings
        Noted in the file.
    options, make_clock, make_loop
        See `Acquisition`; the options' rate is replaced by `rate_hz`.

    Returns
    -------
    RecordingResult
        ``interrupted`` after Ctrl-C, ``error`` when the disk refused.

    Raises
    ------
    ImuhipError
        When the recording could not begin.
    KeyboardInterrupt
        For Ctrl-C before it began.
    """
    options = options or EngineOptions()
    options = replace(options, stream=replace(options.stream, rate_hz=rate_hz))
    with (
        _ctrl_c_noted() as pressed,
        Acquisition(
            radio_factory, options, make_clock=make_clock, make_loop=make_loop, give_up=pressed
        ) as acquisition,
    ):
        acquisition.connect(assignment)
        acquisition.start_recording(path, subject=subject, settings=settings)
        over = acquisition.submit(acquisition.engine.recorded(duration_s))
        while not (over.done() or pressed.is_set() or (stop_event and stop_event.is_set())):
            wait([over], STATUS_INTERVAL_S)
            if on_status is not None:
                on_status(acquisition.status())
        over.cancel()
        result = acquisition.stop_recording()
        return replace(result, interrupted=pressed.is_set())


@contextmanager
def _ctrl_c_noted() -> Iterator[threading.Event]:
    """Let Ctrl-C only set an event inside the block: nothing is ever torn at a random place."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    before = signal.signal(signal.SIGINT, lambda _number, _frame: pressed.set())
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block, then let it take effect."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[tuple[int, FrameType | None]] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed and callable(before):
            before(*pressed[-1])
