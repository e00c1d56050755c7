"""All sensors of a person: connect them, watch them, record them. Lives on one asyncio loop.

`imuhip.acquisition.blocking.Acquisition` is the same for callers without a loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from imuhip.acquisition.assignment import SearchPlan
from imuhip.acquisition.clock_mapping import MappingPolicy
from imuhip.acquisition.link_policy import LinkPolicy, LinkState
from imuhip.acquisition.recording_run import RecordingRequest, RecordingRun
from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.status import AcquisitionStatus, RecordingResult
from imuhip.acquisition.stream import HostTime
from imuhip.acquisition.worn_sensors import Assignment, StreamOptions, WornSensors
from imuhip.core.clock import Clock
from imuhip.core.link import Advertisement, Radio
from imuhip.core.sensor import StreamConfig
from imuhip.core.series import Marker
from imuhip.errors import ConnectError, DeviceError, RecordingError, SensorLostError
from imuhip.recording.session import Truth
from imuhip.sensors.driver import SensorDriver
from imuhip.sensors.registry import driver_for

__all__ = ["Engine", "EngineOptions"]

_log = logging.getLogger(__name__)

STALL_S = 0.25
"""The host not reading packets for this long is noted in the file."""

SNAPSHOT_S = 0.05
"""Between two looks at the status: it is taken for pictures, and costs more than samples do."""

_LONGEST_REST_S = 0.02
"""Without a packet the house is kept all the same."""

_LOOK_S = 0.01
_LEAST_REST = 3.0
"""Times as long as working off packets took, the loop is left to what brings them."""

_SHORTEST_WAIT_S = 1e-3
_LONGEST_WAIT_S = 1.0
_RETURNING = frozenset(
    {LinkState.CONNECTING, LinkState.CONFIGURING, LinkState.STARTING, LinkState.LOST,
     LinkState.WAITING}
)  # fmt: skip

MAX_FAULTS = 20
"""Of a fault that comes with every packet, the first few tell enough."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an engine works; the defaults suit three to seven sensors at 100 Hz.

    Parameters
    ----------
    stream : StreamConfig
        What every sensor is asked for.
    any_rate, any_ranges : bool
        Whether a model that does not offer that rate or those ranges may stream with its nearest.
    search : SearchPlan
        How long to look for sensors.
    link : LinkPolicy
        Patience with each sensor.
    mapping : MappingPolicy
        Limits of the clock mapping.
    ring_s : float, s
        How much the view can look back.
    consume_interval_s : float, s
        How long after packets were worked off the next are, at the earliest: those that arrive
        together are worked off together.
    samples_timeout_s : float, s
        How long `Engine.start_recording` waits for every sensor to deliver.
    return_timeout_s : float, s
        How long it waits where a link broke meanwhile and is being made again: real stacks take
        up to ten seconds for that.
    simulated : bool
        Whether the sensors are virtual; noted in the file.
    recorder_capacity_packets : int, optional
        Bound of the queue to the writer.
    """

    stream: StreamConfig = field(default_factory=StreamConfig)
    search: SearchPlan = field(default_factory=SearchPlan)
    link: LinkPolicy = field(default_factory=LinkPolicy)
    mapping: MappingPolicy = field(default_factory=MappingPolicy)
    ring_s: float = 60.0
    consume_interval_s: float = 0.003
    samples_timeout_s: float = 5.0
    return_timeout_s: float = 20.0
    simulated: bool = False
    any_rate: bool = False
    any_ranges: bool = False
    recorder_capacity_packets: int = 100_000


class Engine:
    """Streams from a set of sensors; all but `snapshot` and rings belongs to the loop's thread.

    Parameters
    ----------
    radio : Radio
        Closed together with the engine.
    clock : Clock
        Stamps arrivals.
    options : EngineOptions, optional
        How it works.
    find_driver : callable, optional
        Returns the driver of an advertisement.
    """

    def __init__(
        self,
        radio: Radio,
        clock: Clock,
        options: EngineOptions | None = None,
        *,
        find_driver: Callable[[Advertisement], SensorDriver | None] = driver_for,
    ) -> None:
        self.options = options = options or EngineOptions()
        self._radio = radio
        self._host = HostTime(clock)
        self._arrived = asyncio.Event()
        self._sensors = WornSensors(
            radio,
            self._host,
            StreamOptions(
                options.stream,
                options.search,
                options.link,
                options.mapping,
                options.ring_s,
                options.any_rate,
                options.any_ranges,
            ),
            find_driver=find_driver,
            on_event=self._note_event,
            on_crash=self._note_crash,
            on_waiting=self._arrived.set,
        )
        self._run: RecordingRun | None = None
        self._finishing: asyncio.Task[RecordingResult] | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self._consumer: asyncio.Task[None] | None = None
        self._longest_stall_s = 0.0
        self._faults: list[str] = []
        self._heard: dict[str, Advertisement] = {}
        self._closed = False
        self._snapshot = AcquisitionStatus(0.0, {}, None)

    async def __aenter__(self) -> Engine:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # -- sensors --------------------------------------------------------------------------------

    async def scan(
        self, timeout_s: float, on_seen: Callable[[Advertisement], None] | None = None
    ) -> dict[str, Advertisement]:
        """Return the newest advertisement of each address seen within `timeout_s`."""

        def hear(advertisement: Advertisement) -> None:
            self._heard[advertisement.address.casefold()] = advertisement
            if on_seen is not None:
                on_seen(advertisement)

        return await self._radio.scan(timeout_s, on_seen=hear)

    async def blink(self, address: str) -> None:
        """Let a sensor show itself: one that streams, or one that a scan has heard.

        Raises
        ------
        SensorNotFoundError, ConnectError
            When it was not heard, does not answer, or its model cannot.
        """
        try:
            await self._sensors.blink(address, self._heard.get(address.casefold()))
        except TimeoutError as error:
            raise ConnectError(
                f"{address}: did not answer", hint="bring the sensor nearer; try again"
            ) from error

    async def connect(self, assignment: Assignment) -> None:
        """Find, connect and start every sensor; those connected already are kept.

        Parameters
        ----------
        assignment : mapping of segment to address or WantedSensor
            Or pairs, so that a segment given twice is noticed. A `WantedSensor` names the serial
            number that has to answer, and is looked for where nobody has its address.

        Raises
        ------
        ConfigError
            For an assignment that cannot be.
        WrongSensorError, BondError
            When another sensor answered, or one without the key of its bond.
        SensorNotFoundError, ConnectError
            When some sensors do not stream in the end; the message tells which do. Those stay
            connected: `connect` again tries the others.
        """
        if self._run is not None:
            raise RecordingError("sensors cannot be changed while recording", hint="stop it first")
        if self._consumer is None:
            self._consumer = asyncio.create_task(self._consume(), name="imuhip consumer")
            self._consumer.add_done_callback(self._note_crash)
        await self._sensors.connect(assignment)

    @property
    def host_time(self) -> HostTime:
        """Return the clock of the rings' times; any thread may read it."""
        return self._host

    async def release(self) -> None:
        """Let go of every sensor; the radio stays open.

        Raises
        ------
        RecordingError
            While a recording runs.
        """
        if self._run is not None:
            raise RecordingError("sensors cannot be changed while recording", hint="stop it first")
        await self._sensors.forget_all()

    def ring(self, segment: str) -> SampleRing:
        """Return the ring of a connected sensor, to be read from any thread.

        Raises
        ------
        KeyError
            For a segment without a connected sensor.
        """
        return self._sensors.streams[segment].ring

    # -- recording ------------------------------------------------------------------------------

    async def start_recording(
        self,
        path: str | Path,
        *,
        subject: str | None = None,
        settings: Mapping[str, str] | None = None,
        truth: Truth | None = None,
    ) -> None:
        """Wait until samples of every assigned sensor arrive, then record them.

        The recording's time zero is the instant at which they all do.

        Raises
        ------
        SensorLostError
            When a sensor does not deliver within `EngineOptions.samples_timeout_s`.
        RecordingError
            When a recording runs already.
        DiskError
            When the file exists or cannot be made.
        """
        if self._run is not None:
            raise RecordingError(
                f"recording into {self._run.status().path} already", hint="stop it first"
            )
        await self._await_samples()
        plans = [replace(p, simulated=self.options.simulated) for p in self._sensors.plans()]
        request = RecordingRequest(
            Path(path), plans, self._sensors.rate_hz, subject, dict(settings or {}), truth
        )
        capacity = self.options.recorder_capacity_packets
        self._run = RecordingRun(self._host, request, self._sensors.streams, capacity)
        self._idle.clear()
        try:
            await self._run.start()
        except RecordingError:
            self._run = None
            self._idle.set()
            raise

    async def stop_recording(self) -> RecordingResult:
        """Finish the file; runs to its end even when the caller is cancelled.

        Raises
        ------
        RecordingError
            When nothing is being recorded.
        """
        if self._finishing is None:
            run = self._running()
            self._run = None
            self._idle.set()
            self._finishing = asyncio.create_task(run.finish())
        finishing = self._finishing
        try:
            return await asyncio.shield(finishing)
        finally:
            if finishing.done():
                self._finishing = None

    def add_marker(
        self, name: str, start_s: float | None = None, end_s: float | None = None
    ) -> None:
        """Mark an instant or a stretch of the recording; by default, now.

        Raises
        ------
        RecordingError
            When nothing is being recorded.
        """
        run = self._running()
        start_s = run.elapsed_s if start_s is None else start_s
        run.add_marker(Marker(name, start_s, start_s if end_s is None else end_s))

    async def recorded(self, duration_s: float | None = None) -> None:
        """Return when the recording is `duration_s` long, or has ended."""
        if duration_s is None:
            await self._idle.wait()
            return
        while self._run is not None and (rest_s := duration_s - self._run.elapsed_s) > 0:
            with suppress(TimeoutError):
                # A rest below the resolution of the loop's clock would be waited for for ever, and
                # that clock may stand still while the computer sleeps.
                async with asyncio.timeout(min(max(rest_s, _SHORTEST_WAIT_S), _LONGEST_WAIT_S)):
                    await self._idle.wait()

    def _running(self) -> RecordingRun:
        if self._run is None:
            raise RecordingError("nothing is being recorded", hint="start a recording first")
        return self._run

    async def _await_samples(self) -> None:
        if not self._sensors.segments:
            raise DeviceError("no sensor is connected", hint="connect the sensors first")
        began_s = self._host.now_s()
        while not (status := self.status()).all_deliver:
            waited_s = self._host.now_s() - began_s
            late = [s for s in status.sensors.values() if not s.is_delivering]
            returning = all(s.state in _RETURNING for s in late)
            patience_s = self.options.samples_timeout_s
            if returning:
                patience_s = max(patience_s, self.options.return_timeout_s)
            if waited_s >= patience_s:
                raise self._no_samples(waited_s)
            await asyncio.sleep(_LOOK_S)

    def _no_samples(self, waited_s: float) -> SensorLostError:
        sensors = self.status().sensors.values()
        late = [f"{s.segment} ({s.state})" for s in sensors if not s.is_delivering]
        rest = [s.segment for s in sensors if s.is_delivering]
        return SensorLostError(
            f"{', '.join(late)}: no samples for {waited_s:.0f} s;"
            f" delivering: {', '.join(rest) or 'none'}",
            hint="nothing is recorded until every sensor delivers: bring it nearer, or switch it"
            " off and on",
        )

    # -- the consumer ---------------------------------------------------------------------------

    async def _consume(self) -> None:
        interval_s = self.options.consume_interval_s
        before_s = self._host.now_s()
        while True:
            await self._rest(interval_s)
            now_s = self._host.now_s()
            self._note_stall(now_s - before_s - interval_s - _LONGEST_REST_S)
            before_s = now_s
            for fault in self._sensors.consume():
                self._note_fault(fault)
            if self._run is not None:
                self._run.keep_house()
            if now_s - self._snapshot.at_s >= SNAPSHOT_S:
                self._snapshot = self.status()
            # On a slow computer more packets at a time, instead of a loop that does little else.
            took_s = self._host.now_s() - now_s
            interval_s = max(self.options.consume_interval_s, _LEAST_REST * took_s)

    async def _rest(self, least_s: float) -> None:
        """Leave the loop to what brings packets, then wait for one, but never for long."""
        await asyncio.sleep(least_s)
        if not self._arrived.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_REST_S):
                    await self._arrived.wait()
        self._arrived.clear()

    def _note_stall(self, stall_s: float) -> None:
        self._longest_stall_s = max(self._longest_stall_s, stall_s)
        if stall_s >= STALL_S and self._run is not None:
            self._run.add_event(None, "host_stall", f"packets not read for {stall_s:.2f} s")

    def _note_event(self, segment: str, kind: str, text: str) -> None:
        _log.info("%s: %s: %s", segment, kind, text)
        if self._run is not None:
            self._run.add_event(segment, kind, text)

    def _note_crash(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("%s ended: %r", task.get_name(), error)
            self._note_fault(f"{task.get_name()}: {type(error).__name__}: {error}")

    def _note_fault(self, fault: str) -> None:
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(fault)

    # -- status and end -------------------------------------------------------------------------

    @property
    def snapshot(self) -> AcquisitionStatus:
        """Return the newest status the consumer took, from any thread."""
        return self._snapshot

    def status(self) -> AcquisitionStatus:
        """Return everything at this instant."""
        return AcquisitionStatus(
            at_s=self._host.now_s(),
            sensors=self._sensors.status(),
            recording=None if self._run is None else self._run.status(),
            longest_stall_s=self._longest_stall_s,
            faults=tuple(self._faults),
        )

    async def close(self) -> None:
        """Finish a running recording, stop and disconnect all sensors, close the radio."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._run is not None or self._finishing is not None:
                await self.stop_recording()
        finally:
            if self._consumer is not None:
                self._consumer.cancel()
                await asyncio.gather(self._consumer, return_exceptions=True)
            await self._sensors.release_all()
            self._snapshot = self.status()
            await self._radio.close()
