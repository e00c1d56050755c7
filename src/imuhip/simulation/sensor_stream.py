"""One session of a virtual sensor: samples a motion, numbers and batches it, sends the packets.

What the radio does not take waits in a ring, whose overflow is flagged and counted.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from imuhip.core.sensor import FLAGS
from imuhip.core.series import FloatArray
from imuhip.sensors.imuhip_v1 import packets, profile

if TYPE_CHECKING:
    from imuhip.simulation.virtual_sensor import SensorSpec, VirtualSensor

__all__ = ["Motion", "SensorStream", "WornSensor"]

_RING_S: Final = 10.0
_RETRY_S: Final = 0.0075
"""Between attempts while the radio's buffers are full: one short connection interval."""

_MOST_QUEUED: Final = 2
"""Packets that may wait in the controller while old samples are added."""


class WornSensor(Protocol):
    """A virtual sensor of any model, as far as a motion has to know it."""

    @property
    def spec(self) -> SensorSpec:
        """Return who it is and where it is worn."""
        ...


class Motion(Protocol):
    """Where a sensor gets its samples from; shared between the sensors of one person."""

    def first_instant(self, now_s: float, rate_hz: float) -> float:
        """Return the instant (event-loop time, s) of the first sample of a stream starting now."""
        ...

    def started(self, sensor: WornSensor) -> None:
        """Learn that a sensor's session began."""
        ...

    def stopped(self, sensor: WornSensor) -> None:
        """Learn that it ended."""
        ...

    def read(
        self, sensor: WornSensor, first_s: float, step_s: float, n_samples: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return (n, 3) acceleration in m/s² and angular rate in rad/s at event-loop times."""
        ...


@dataclass
class SensorStream:
    """Which instants are sampled, and how far they were sent.

    Parameters
    ----------
    sensor : VirtualSensor
        Whose clock, settings and port are used.
    motion : Motion
        What it feels.
    rng : random.Random
        Of the dither.
    session : int
        As the host numbered it.
    first_s : float, s
        Event-loop time of sample 0.
    step_s : float, s
        Between samples, by the sensor's own clock.
    """

    sensor: VirtualSensor
    motion: Motion
    rng: random.Random
    session: int
    first_s: float
    step_s: float
    next_seq: int = 0
    overflowed: bool = False

    def instant_s(self, seq: int) -> float:
        """Return the event-loop time at which a sample is taken."""
        return self.first_s + seq * self.step_s

    @property
    def ring_samples(self) -> int:
        """Return how many samples are kept, sent or not."""
        return int(_RING_S * self.sensor.settings.rate_hz)

    def newest_seq(self, now_s: float) -> int:
        """Return the number of the newest sample taken; -1 before the first."""
        return int((now_s - self.first_s) / self.step_s + 1e-6) if now_s >= self.first_s else -1

    def go_live(self, now_s: float) -> None:
        """Leave out what was sampled until now."""
        self.next_seq = self.newest_seq(now_s) + 1

    async def run(self, batch: int, capacity: int) -> None:
        """Send batches until cancelled; `capacity` samples fit a packet."""
        loop = asyncio.get_running_loop()
        taken = True
        while True:
            complete_s = self.instant_s(self.next_seq + batch - 1)
            longest_s = min(self.sensor.settings.dither_ms * 1e-3, 0.5 * batch * self.step_s)
            dither_s = self.rng.random() * longest_s
            pause_s = complete_s + dither_s - loop.time()
            if not taken:
                pause_s = _RETRY_S
            await asyncio.sleep(max(0.0, pause_s))
            taken = self._drain(batch, capacity, loop.time())

    def _drain(self, batch: int, capacity: int, now_s: float) -> bool:
        """Send every complete batch, giving up what the ring can no longer hold.

        Returns False when the radio did not take all of it.
        """
        newest = self.newest_seq(now_s)
        excess = newest + 1 - self.next_seq - self.ring_samples
        if excess > 0:
            self.next_seq += excess
            self.overflowed = True
            self.sensor.dropped_samples += excess
        while (waiting := newest + 1 - self.next_seq) >= batch:
            n_samples = batch if waiting < 2 * batch else min(waiting, capacity)
            if not self._send(n_samples):
                return False
        return True

    def _send(self, n_samples: int) -> bool:
        sensor = self.sensor
        packet = self._packet(self.next_seq, n_samples)
        if self.overflowed:
            packet = replace(packet, flags=packet.flags | FLAGS["fifo_overflow"])
        if not sensor.port.notify(profile.STREAM_UUID, packets.encode_packet(packet)):
            return False
        self.next_seq += n_samples
        self.overflowed = False
        sensor.count_sent(n_samples)
        return True

    def held(self, first: int, count: int, now_s: float) -> range:
        """Return which of the samples asked for the ring holds and the stream will not send."""
        oldest = max(0, self.newest_seq(now_s) + 1 - self.ring_samples)
        return range(max(first, oldest), min(first + count, self.next_seq))

    async def back_fill(self, wanted: range, capacity: int) -> None:
        """Send samples again, one packet at a time and only while the radio is all but idle."""
        loop = asyncio.get_running_loop()
        port = self.sensor.port
        while wanted := self.held(wanted.start, len(wanted), loop.time()):
            n_samples = min(capacity, len(wanted))
            packet = self._packet(wanted.start, n_samples)
            packet = replace(
                packet,
                flags=packet.flags | FLAGS["backfilled"],
                age_us=packets.UNKNOWN_AGE_US,
            )
            is_idle = port.queued_packets <= _MOST_QUEUED
            if is_idle and port.notify(profile.BACK_FILL_UUID, packets.encode_packet(packet)):
                wanted = wanted[n_samples:]
            await asyncio.sleep(_RETRY_S)

    def _packet(self, first_seq: int, n_samples: int) -> packets.RawPacket:
        sensor = self.sensor
        first_s = self.instant_s(first_seq)
        acc, gyr = self.motion.read(sensor, first_s, self.step_s, n_samples)
        counts, flags = packets.to_counts(
            acc, gyr, sensor.settings.acc_range_g, sensor.settings.gyr_range_dps
        )
        if sensor.battery_percent < 10:
            flags |= FLAGS["low_battery"]
        dt_us = round(1e6 / sensor.settings.rate_hz)
        time_us = sensor.clock_us(first_s)
        now_us = sensor.clock_us(asyncio.get_running_loop().time())
        return packets.RawPacket(
            seq=first_seq,
            time_us=time_us,
            dt_us=dt_us,
            counts=counts,
            flags=flags,
            age_us=max(0, now_us - time_us - (n_samples - 1) * dt_us),
        )
