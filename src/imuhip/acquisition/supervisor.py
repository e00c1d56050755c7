"""One sensor's life: found, connected, configured, streaming, silent, lost, and back again."""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Callable

from imuhip.acquisition.back_fill import BackFiller
from imuhip.acquisition.blinking import TALK_S
from imuhip.acquisition.clock_asker import ClockAsker
from imuhip.acquisition.identity import named, protect, require_serial
from imuhip.acquisition.link_policy import LinkPolicy, LinkState
from imuhip.acquisition.stream import SensorStream
from imuhip.core.link import Advertisement, Link, Radio
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.errors import BondError, DeviceError, ImuhipError, WrongSensorError
from imuhip.sensors.driver import BackFills, SensorDriver, TellsItsClock

__all__ = ["LinkPolicy", "LinkState", "SensorSupervisor"]

_log = logging.getLogger(__name__)


class SensorSupervisor:
    """Keeps one sensor streaming, whatever its link does; knows nothing of the other sensors.

    Parameters
    ----------
    radio : Radio
        Serialises scanning and connecting by itself.
    segment : str
        Where the sensor is worn.
    advertisement : Advertisement
        As found by the scan.
    driver : SensorDriver
        Of its model.
    config : StreamConfig
        What it is to stream; set again at every reconnection.
    stream : SensorStream
        Takes its packets.
    on_event : callable
        Told kind and text of what is worth noting in the file.
    policy : LinkPolicy
        Patience.
    serial : str
        Who it has to be; empty for whoever answers at the address first. From the first answer on
        the sensor is its serial number: another one in its place is refused, now and at every
        reconnection.
    seed : int
        Of the jitter that keeps sensors from retrying in step.
    may_ask : callable
        Returns False while sensors are better not asked for their clocks.
    """

    def __init__(
        self,
        radio: Radio,
        segment: str,
        advertisement: Advertisement,
        driver: SensorDriver,
        config: StreamConfig,
        stream: SensorStream,
        *,
        on_event: Callable[[str, str], None],
        policy: LinkPolicy,
        serial: str = "",
        seed: int = 0,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        self.segment = segment
        self.advertisement = advertisement
        self.driver = driver
        self.config = config
        self.stream = stream
        self.identity: SensorIdentity | None = None
        self.battery_percent: int | None = None
        self.last_error: ImuhipError | None = None
        self._radio = radio
        self._policy = policy
        self._on_event = on_event
        self._serial = serial
        self._refused = ""
        self._rng = random.Random(f"{segment} {seed}")
        self._phase = LinkState.IDLE
        self._lost = asyncio.Event()
        self._link: Link = radio.link(advertisement.address, self._lost.set)
        self._has_streamed = False
        self._is_rearmed = False
        self._arrival_before_start = -math.inf
        self._conversation = asyncio.Lock()
        self._chores: list[BackFiller | ClockAsker] = []
        if isinstance(driver, BackFills):
            self._chores.append(BackFiller(driver, stream, self._conversation, on_event))
        if isinstance(driver, TellsItsClock):
            asker = ClockAsker(
                driver,
                stream.host,
                self._conversation,
                stream.on_exchange,
                rng=random.Random(f"clock {segment} {seed}"),
                may_ask=may_ask,
            )
            self._chores.append(asker)

    @property
    def state(self) -> LinkState:
        """Return what the sensor is doing; streaming means that packets do arrive."""
        if self._phase is not LinkState.STREAMING:
            return self._phase
        if self.stream.last_arrival_s == self._arrival_before_start and not self._is_rearmed:
            return LinkState.STARTING
        age_s = self.stream.packet_age_s
        return LinkState.SILENT if age_s > self.stream.silent_after_s else LinkState.STREAMING

    @property
    def is_refused(self) -> bool:
        """Return whether another sensor, or one without its key, was met in its place last."""
        return bool(self._refused)

    async def blink(self) -> None:
        """Let the sensor show itself while it streams.

        Raises
        ------
        DeviceError
            When it is not connected at present, or its model cannot.
        """
        async with self._conversation, asyncio.timeout(TALK_S):
            await self.driver.blink(self._link)

    async def run(self, ready: asyncio.Future[None]) -> None:
        """Connect and stay connected until cancelled.

        Parameters
        ----------
        ready : Future
            Resolved when the first stream was started; fails with a `DeviceError`, and the
            supervisor ends, when `LinkPolicy.first_attempts` attempts were in vain.
        """
        n_failures = 0
        try:
            while True:
                began_s = self.stream.last_arrival_s
                is_refused = False
                try:
                    await self._bring_up(search=n_failures > 0 or ready.done())
                    if not ready.done():
                        ready.set_result(None)
                    await self._watch_and_do_chores()
                except (ImuhipError, TimeoutError) as error:
                    self.last_error = _as_device_error(self.segment, error)
                    _log.info("%s: %s", self.segment, self.last_error)
                    is_refused = isinstance(self.last_error, WrongSensorError | BondError)
                    if is_refused:
                        self._note_refusal(self.last_error.message)
                if self.stream.last_arrival_s > began_s:
                    n_failures = 0
                n_attempts = 1 if is_refused else self._policy.first_attempts
                if not ready.done() and n_failures + 1 >= n_attempts:
                    ready.set_exception(self.last_error or DeviceError(f"{self.segment}: failed"))
                    return
                await self._drop()
                self._phase = LinkState.REFUSED if is_refused else LinkState.WAITING
                await asyncio.sleep(self._policy.backoff_s(n_failures, self._rng))
                n_failures += 1
        finally:
            await self._shut_down(ready)

    # -- bringing up ----------------------------------------------------------------------------

    async def _bring_up(self, *, search: bool) -> None:
        policy = self._policy
        self._phase = LinkState.CONNECTING
        if search:
            await self._search()
        self._lost.clear()
        await self._link.connect(policy.connect_timeout_s)
        self._phase = LinkState.CONFIGURING
        async with asyncio.timeout(policy.setup_timeout_s):
            identity = named(await self.driver.identify(self._link), self._link.address)
        self.identity = await self._recognised(identity)
        async with asyncio.timeout(policy.setup_timeout_s):
            await self._read_battery()
            await self.driver.configure(self._link, self.config)
            self._phase = LinkState.STARTING
            self._arrival_before_start = self.stream.last_arrival_s
            await self._start_stream()
        if self._has_streamed:
            self.stream.reconnected()
            self._on_event("reconnected", f"after {self.stream.packet_age_s:.1f} s without packets")
        self._has_streamed = True

    async def _recognised(self, identity: SensorIdentity) -> SensorIdentity:
        """Return who answered, if it is the sensor that is worn and can prove what it must."""
        require_serial(self.segment, self._link.address, identity, self._serial)
        async with asyncio.timeout(self._policy.pairing_timeout_s):
            await protect(self.segment, self._link, identity)
        self._serial = identity.serial
        if self._refused:
            self._refused = ""
            self._on_event("recognised", f"{identity.serial} is back")
        return identity

    def _note_refusal(self, reason: str) -> None:
        """Note each stranger once, however often it is met again."""
        if reason != self._refused:
            self._refused = reason
            self._on_event("refused", reason.removeprefix(f"{self.segment}: "))

    async def _search(self) -> None:
        address = self.advertisement.address
        seen = await self._radio.scan(
            self._policy.search_s, stop_when=lambda found: address in found
        )
        if address not in seen:
            raise DeviceError(f"{self.segment}: not seen for {self._policy.search_s:g} s")
        self.advertisement = seen[address]

    async def _start_stream(self) -> None:
        self.stream.stream_started()
        await self.driver.start(self._link, self.stream.on_packet)

    async def _read_battery(self) -> None:
        try:
            async with asyncio.timeout(self._policy.silent_reconnect_s):
                self.battery_percent = await self.driver.battery_percent(self._link)
        except (ImuhipError, TimeoutError) as error:
            _log.debug("%s: battery not read: %s", self.segment, error)

    # -- watching -------------------------------------------------------------------------------

    async def _watch_and_do_chores(self) -> None:
        chores = [asyncio.create_task(chore.run(self._link)) for chore in self._chores]
        try:
            await self._watch()
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)

    async def _watch(self) -> None:
        """Return when the link broke or has been silent for too long."""
        self._phase = LinkState.STREAMING
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        next_battery_s = started_s + self._policy.battery_interval_s
        self._is_rearmed = False
        while not await self._lost_within(self._policy.watch_interval_s):
            silent_s = min(self.stream.packet_age_s, loop.time() - started_s)
            if silent_s <= self.stream.silent_after_s:
                self._is_rearmed = False
            elif silent_s > max(self._policy.silent_reconnect_s, 2 * self.stream.silent_after_s):
                self._on_event("lost", f"no packet for {silent_s:.1f} s on a link that is up")
                self._phase = LinkState.LOST
                return
            elif not self._is_rearmed:
                self._is_rearmed = True
                await self._rearm(silent_s)
            if loop.time() >= next_battery_s and silent_s <= self.stream.silent_after_s:
                next_battery_s = loop.time() + self._policy.battery_interval_s
                await self._read_battery()
        self._phase = LinkState.LOST
        self._on_event("lost", f"link lost; last packet {self.stream.packet_age_s:.1f} s ago")

    async def _lost_within(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._lost.wait()
        except TimeoutError:
            return False
        return True

    async def _rearm(self, silent_s: float) -> None:
        """Subscribe and start again: some stacks lose the subscription and not the link."""
        self._on_event("silent", f"no packet for {silent_s:.1f} s; starting the stream again")
        try:
            async with asyncio.timeout(self._policy.silent_reconnect_s), self._conversation:
                await self._start_stream()
        except (ImuhipError, TimeoutError, ValueError) as error:
            # Some stacks refuse to subscribe twice; then only a new connection helps.
            _log.info("%s: could not start again: %s", self.segment, error)

    # -- letting go -----------------------------------------------------------------------------

    async def _drop(self) -> None:
        try:
            async with asyncio.timeout(self._policy.setup_timeout_s):
                await self._link.disconnect()
        except (ImuhipError, TimeoutError) as error:
            _log.info("%s: could not disconnect: %s", self.segment, error)

    async def _shut_down(self, ready: asyncio.Future[None]) -> None:
        if not ready.done():
            ready.cancel()
        if self._phase is LinkState.STREAMING and self._link.is_connected:
            try:
                async with asyncio.timeout(2.0):
                    await self.driver.stop(self._link)
            except (ImuhipError, TimeoutError) as error:
                _log.info("%s: could not stop the stream: %s", self.segment, error)
        await self._drop()
        self._phase = LinkState.CLOSED


def _as_device_error(segment: str, error: BaseException) -> ImuhipError:
    if isinstance(error, ImuhipError):
        return error
    return DeviceError(
        f"{segment}: did not answer in time", hint="bring the sensor nearer and check its battery"
    )
