"""What every sensor driver offers; the acquisition knows nothing more of a sensor than this."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from imuhip.core.link import Advertisement, Link, NotifyCallback
from imuhip.core.sensor import SampleBlock, SensorIdentity, StreamConfig

__all__ = [
    "BackFills",
    "ClockReading",
    "GathersSamples",
    "KnownByAddress",
    "KnowsNearest",
    "SensorDriver",
    "StreamDecoder",
    "TellsItsClock",
    "agreed",
    "nearest_of",
    "states_serial",
]


class StreamDecoder(Protocol):
    """Turns one sensor's packets into samples; keeps the state that unwraps counters."""

    def decode(self, packet: bytes) -> SampleBlock:
        """Decode one notification.

        Raises
        ------
        imuhip.errors.ProtocolError
            For bytes that do not follow the protocol; the decoder stays usable.
        """
        ...


class SensorDriver(Protocol):
    """One sensor model: configure, start, stop, decode. Stateless; a link is passed in."""

    @property
    def model(self) -> str:
        """Return the model's name as people know it."""
        ...

    def matches(self, advertisement: Advertisement) -> bool:
        """Return whether an advertisement comes from this model."""
        ...

    async def identify(self, link: Link) -> SensorIdentity:
        """Read model, serial number, firmware and clock."""
        ...

    async def battery_percent(self, link: Link) -> int | None:
        """Read the battery level, None when the model has none."""
        ...

    async def configure(self, link: Link, config: StreamConfig) -> None:
        """Set rate and ranges; raises `ConnectError` naming value and allowed values if refused."""
        ...

    async def start(self, link: Link, on_packet: NotifyCallback) -> None:
        """Subscribe, then start the stream: BlueZ loses what comes before the subscription."""
        ...

    async def stop(self, link: Link) -> None:
        """Stop the stream and unsubscribe."""
        ...

    async def blink(self, link: Link) -> None:
        """Make the sensor show itself."""
        ...

    def decoder(self, config: StreamConfig) -> StreamDecoder:
        """Return a fresh decoder for one connection epoch."""
        ...


@runtime_checkable
class BackFills(Protocol):
    """A driver whose sensor keeps what it sent for a while, and can send it again."""

    async def offer_back_fill(self, link: Link, on_packet: NotifyCallback) -> bool:
        """Subscribe to what is sent again; return False when this sensor cannot."""
        ...

    async def back_fill(self, link: Link, first_seq: int, count: int) -> int:
        """Ask for samples by the sensor's numbers; return how many are going to come."""
        ...


@runtime_checkable
class GathersSamples(Protocol):
    """A driver whose sensor may be silent for long, because it sends packets only when full."""

    def longest_packet_s(self, config: StreamConfig) -> float:
        """Return how long the sensor may gather samples for one packet, s."""
        ...


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A sensor's answer to the question for its clock.

    Parameters
    ----------
    exchange : int
        Number of the question, 0 to 255.
    received_s, sent_s : float, s
        On the clock that stamps its samples: when the question came in, and when the answer was
        handed to the radio.
    """

    exchange: int
    received_s: float
    sent_s: float


@runtime_checkable
class TellsItsClock(Protocol):
    """A driver whose sensor can be asked what its clock shows."""

    async def offer_clock(self, link: Link, on_reading: Callable[[ClockReading], None]) -> bool:
        """Subscribe to the answers; return False when this sensor does not give any."""
        ...

    async def ask_clock(self, link: Link, exchange: int, host_us: int) -> None:
        """Ask; the answer comes by itself, or not at all."""
        ...


@runtime_checkable
class KnowsNearest(Protocol):
    """A driver whose model offers but some rates or ranges, whatever sensor it is."""

    def nearest(self, config: StreamConfig) -> StreamConfig:
        """Return what every sensor of the model offers and is nearest to what is asked for."""
        ...


@runtime_checkable
class KnownByAddress(Protocol):
    """A driver of a model that states no serial number: its address has to stand for one."""

    @property
    def is_known_by_address(self) -> bool:
        """Return True: another sensor of the model under this address cannot be told from it."""
        ...


def states_serial(driver: SensorDriver) -> bool:
    """Return whether sensors of a model can be told from each other by what they say."""
    return not (isinstance(driver, KnownByAddress) and driver.is_known_by_address)


def agreed(
    driver: SensorDriver, config: StreamConfig, *, any_rate: bool, any_ranges: bool
) -> StreamConfig:
    """Return what to ask of a model's sensors.

    Parameters
    ----------
    driver : SensorDriver
        Of the model.
    config : StreamConfig
        What is wished.
    any_rate, any_ranges : bool
        Whether the rate and the ranges may be others, where the model has not those.
    """
    if not (any_rate or any_ranges) or not isinstance(driver, KnowsNearest):
        return config
    nearest = driver.nearest(config)
    if not any_rate and nearest.rate_hz != config.rate_hz:
        return config  # the driver refuses it in words
    if not any_ranges:
        return replace(config, rate_hz=nearest.rate_hz)
    return nearest


def nearest_of(value: int, offered: Iterable[int]) -> int:
    """Return the offered value with the least ratio to the one wished."""
    return min(offered, key=lambda one: abs(math.log(one / value)))
