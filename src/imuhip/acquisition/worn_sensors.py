"""The sensors of one person: brought to stream, kept streaming, asked for their state."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from imuhip.acquisition.assignment import (
    SearchPlan,
    WantedSensor,
    as_wanted,
    checked_assignment,
    connect_failure,
    find_sensors,
)
from imuhip.acquisition.blinking import blink_advertiser
from imuhip.acquisition.clock_mapping import MappingPolicy
from imuhip.acquisition.identity import ask_serial
from imuhip.acquisition.link_policy import LinkPolicy, LinkState
from imuhip.acquisition.settled_clocks import LIVE_WINDOW_S, SETTLE_INTERVAL_S, settle_clocks
from imuhip.acquisition.status import SensorStatus
from imuhip.acquisition.stream import HostTime, SensorStream
from imuhip.acquisition.supervisor import SensorSupervisor
from imuhip.core.link import Advertisement, Radio
from imuhip.core.sensor import SensorCounters, StreamConfig
from imuhip.errors import ConnectError, SensorNotFoundError
from imuhip.recording.plan import SensorPlan
from imuhip.sensors.driver import GathersSamples, SensorDriver, agreed

__all__ = ["Assignment", "StreamOptions", "WornSensors"]

Assignment: TypeAlias = (
    Mapping[str, str | WantedSensor] | Mapping[str, str] | Iterable[tuple[str, str | WantedSensor]]
)
"""Segment to sensor: its address, or what a kit remembers of it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """What is asked of every sensor, and with how much patience.

    Parameters
    ----------
    config : StreamConfig
        What it is to stream.
    search : SearchPlan
        How long to look for it.
    link : LinkPolicy
        Patience with its link.
    mapping : MappingPolicy
        Limits of the clock mapping.
    ring_s : float, s
        How much the view can look back.
    any_rate, any_ranges : bool
        Whether a model may stream with its nearest to `config`.
    """

    config: StreamConfig
    search: SearchPlan
    link: LinkPolicy
    mapping: MappingPolicy
    ring_s: float
    any_rate: bool = False
    any_ranges: bool = False


@dataclass(slots=True)
class _Worn:
    supervisor: SensorSupervisor
    stream: SensorStream
    ready: asyncio.Future[None]
    task: asyncio.Task[None]


class WornSensors:
    """Supervisors and streams by segment.

    Parameters
    ----------
    radio : Radio
        Not closed here.
    host : HostTime
        Stamps arrivals.
    options : StreamOptions
        What is asked of the sensors.
    find_driver : callable
        Returns the driver of an advertisement.
    on_event : callable
        Told segment, kind and text.
    on_crash : callable
        Told of a supervisor that ended by a programming error.
    on_waiting : callable
        Called when a sensor's packets wait for `consume`.
    """

    def __init__(
        self,
        radio: Radio,
        host: HostTime,
        options: StreamOptions,
        *,
        find_driver: Callable[[Advertisement], SensorDriver | None],
        on_event: Callable[[str, str, str], None],
        on_crash: Callable[[asyncio.Task[None]], None],
        on_waiting: Callable[[], None],
    ) -> None:
        self._radio = radio
        self._host = host
        self._options = options
        self._find_driver = find_driver
        self._on_event = on_event
        self._on_crash = on_crash
        self._on_waiting = on_waiting
        self._assignment: dict[str, WantedSensor] = {}
        self._worn: dict[str, _Worn] = {}
        self._next_settling_s = 0.0

    @property
    def segments(self) -> tuple[str, ...]:
        """Return the assigned segments, connected or not."""
        return tuple(self._assignment)

    @property
    def streams(self) -> dict[str, SensorStream]:
        """Return the streams of the connected sensors by segment."""
        return {s: self._worn[s].stream for s in self._assignment if s in self._worn}

    @property
    def rate_hz(self) -> int:
        """Return the highest rate of the connected sensors; as asked for when there are none."""
        rates = [worn.supervisor.config.rate_hz for worn in self._worn.values()]
        return max(rates, default=self._options.config.rate_hz)

    async def connect(self, assignment: Assignment) -> None:
        """Find, connect and start every sensor; see `imuhip.acquisition.engine.Engine.connect`."""
        checked = checked_assignment(assignment)
        wanted = {segment: as_wanted(sensor) for segment, sensor in checked.items()}
        self._assignment = wanted
        for segment in list(self._worn):
            if not self._is_kept(segment, wanted.get(segment)):
                await self.release([segment])
        absent = {s: sensor for s, sensor in wanted.items() if s not in self._worn}
        found = await self._find(absent) if absent else {}
        failed: dict[str, Exception] = {}
        for segment, advertisement in found.items():
            driver = self._find_driver(advertisement)
            if driver is None:
                failed[segment] = _unknown_model(segment, advertisement)
            else:
                self._wear(segment, advertisement, driver)
        failed |= await self._await_ready([s for s in found if s in self._worn])
        missing = [segment for segment in absent if segment not in found]
        if missing or failed:
            connected = [segment for segment in wanted if segment in self._worn]
            raise connect_failure(missing, failed, connected, self._options.search)

    def _is_kept(self, segment: str, wanted: WantedSensor | None) -> bool:
        worn = self._worn[segment]
        identity = worn.supervisor.identity
        if wanted is None or worn.task.done() or worn.supervisor.is_refused:
            return False
        if wanted.has_serial and identity is not None:
            return wanted.serial == identity.serial
        return wanted.address.casefold() == worn.supervisor.advertisement.address.casefold()

    async def _find(self, absent: Mapping[str, WantedSensor]) -> dict[str, Advertisement]:
        def model_of(advertisement: Advertisement) -> str:
            driver = self._find_driver(advertisement)
            return driver.model if driver is not None else ""

        async def ask(advertisement: Advertisement) -> str:
            driver = self._find_driver(advertisement)
            if driver is None:
                raise SensorNotFoundError(f"{advertisement.address}: of no known model")
            policy = self._options.link
            return await ask_serial(self._radio, driver, advertisement, policy.connect_timeout_s)

        return await find_sensors(
            self._radio, absent, self._options.search, model_of=model_of, ask_serial=ask
        )

    def _wear(self, segment: str, advertisement: Advertisement, driver: SensorDriver) -> None:
        options = self._options
        config = agreed(
            driver, options.config, any_rate=options.any_rate, any_ranges=options.any_ranges
        )

        def on_event(kind: str, text: str) -> None:
            self._on_event(segment, kind, text)

        stream = SensorStream(
            self._host,
            config,
            driver.decoder,
            policy=options.mapping,
            ring_capacity_samples=max(1, round(options.ring_s * config.rate_hz)),
            on_event=on_event,
            on_waiting=self._on_waiting,
        )
        if isinstance(driver, GathersSamples):
            stream.packet_period_s = driver.longest_packet_s(config)
        supervisor = SensorSupervisor(
            self._radio,
            segment,
            advertisement,
            driver,
            config,
            stream,
            on_event=on_event,
            policy=options.link,
            serial=self._assignment[segment].serial,
            may_ask=lambda: not self._is_connecting,
        )
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(supervisor.run(ready), name=f"imuhip {segment}")
        task.add_done_callback(self._on_crash)
        self._worn[segment] = _Worn(supervisor, stream, ready, task)

    async def _await_ready(self, segments: Sequence[str]) -> dict[str, Exception]:
        """Wait for the first start of each; return the errors of those that did not manage."""
        outcomes = await asyncio.gather(
            *(self._worn[segment].ready for segment in segments), return_exceptions=True
        )
        failed: dict[str, Exception] = {}
        for segment, outcome in zip(segments, outcomes, strict=True):
            if isinstance(outcome, Exception):
                failed[segment] = outcome
            elif outcome is not None:
                failed[segment] = ConnectError(f"{segment}: given up while connecting")
        await self.release(failed)
        return failed

    async def blink(self, address: str, advertisement: Advertisement | None) -> None:
        """Let a sensor show itself, whether it is worn or only in reach."""
        for worn in self._worn.values():
            if worn.supervisor.advertisement.address.casefold() == address.casefold():
                await worn.supervisor.blink()
                return
        await blink_advertiser(self._radio, address, advertisement, self._find_driver)

    async def release(self, segments: Iterable[str]) -> None:
        """Stop and disconnect sensors."""
        tasks = [self._worn.pop(segment).task for segment in list(segments)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def release_all(self) -> None:
        """Stop and disconnect every sensor."""
        await self.release(list(self._worn))

    async def forget_all(self) -> None:
        """Let go of every sensor, and expect none."""
        self._assignment = {}
        await self.release_all()

    @property
    def _is_connecting(self) -> bool:
        return any(worn.supervisor.state is LinkState.CONNECTING for worn in self._worn.values())

    def consume(self) -> Iterator[str]:
        """Work off what arrived from each sensor, yielding the faults that were survived."""
        for segment, worn in self._worn.items():
            try:
                worn.stream.consume()
            except Exception as error:
                # One sensor's fault must not end the recording of the others.
                _log.exception("%s: packets could not be worked off", segment)
                yield f"{segment}: {type(error).__name__}: {error}"
        now_s = self._host.now_s()
        if now_s >= self._next_settling_s:
            self._next_settling_s = now_s + SETTLE_INTERVAL_S
            try:
                settle_clocks(self.streams, window_s=LIVE_WINDOW_S)
            except Exception as error:
                _log.exception("clocks could not be settled")
                yield f"clocks: {type(error).__name__}: {error}"

    def plans(self) -> list[SensorPlan]:
        """Return who is about to be recorded; every sensor must have been identified."""
        return [self._plan(segment) for segment in self._assignment]

    def _plan(self, segment: str) -> SensorPlan:
        supervisor = self._worn[segment].supervisor
        if supervisor.identity is None:
            raise ValueError(f"Expected {segment} to be identified, got {supervisor.state}")
        return SensorPlan(
            segment=segment,
            identity=supervisor.identity,
            address=supervisor.advertisement.address,
            config=supervisor.config,
            battery_percent=supervisor.battery_percent,
            simulated=False,
            driver=supervisor.driver.model,
        )

    def status(self) -> dict[str, SensorStatus]:
        """Return the state of every assigned sensor, connected or not."""
        return {segment: self._status(segment) for segment in self._assignment}

    def _status(self, segment: str) -> SensorStatus:
        worn = self._worn.get(segment)
        if worn is None:
            rate_hz = float(self._options.config.rate_hz)
            known = self._assignment[segment]
            return SensorStatus(
                segment, known.address, "", known.serial, known.model, None, None,
                LinkState.IDLE, rate_hz, 0.0, SensorCounters(), None,
            )  # fmt: skip
        supervisor, stream = worn.supervisor, worn.stream
        age_s = stream.packet_age_s
        identity = supervisor.identity
        return SensorStatus(
            segment=segment,
            address=supervisor.advertisement.address,
            name=supervisor.advertisement.name,
            serial=identity.serial if identity else "",
            model=identity.model if identity else "",
            battery_percent=supervisor.battery_percent,
            rssi_dbm=supervisor.advertisement.rssi_dbm,
            state=supervisor.state,
            nominal_rate_hz=float(supervisor.config.rate_hz),
            measured_rate_hz=stream.measured_rate_hz,
            counters=stream.counters(),
            last_packet_age_s=age_s if age_s < float("inf") else None,
            error=supervisor.last_error,
            loss_is_estimated=identity is not None and identity.clock_hz == 0.0,
            clock_uncertainty_s=stream.clock_uncertainty_s,
            driver=supervisor.driver.model,
        )


def _unknown_model(segment: str, advertisement: Advertisement) -> ConnectError:
    return ConnectError(
        f"{segment}: {advertisement.address} ({advertisement.name or 'no name'}) is of a model"
        " imuhip does not know",
        hint="check the address with: imuhip scan",
    )
