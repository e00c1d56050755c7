"""Everything a Verity Sense sends, in the order it comes, to samples."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

import numpy as np

from imuhip.core.sensor import SampleBlock, StreamConfig
from imuhip.core.series import FloatArray
from imuhip.errors import ProtocolError
from imuhip.sensors.joining import StreamJoiner, no_samples
from imuhip.sensors.polar.frame_clock import FrameClock, PlacedFrame
from imuhip.sensors.polar.frames import (
    STANDARD_GRAVITY_M_S2,
    Frame,
    decode_frame,
    measurement_of,
    to_si,
)
from imuhip.sensors.polar.profile import OTHER_MEASUREMENTS, REPLY, Measurement, Operation, Status
from imuhip.sensors.polar.settings import decode_reply, decode_settings, factor_of

__all__ = ["PolarDecoder"]

_LEAP_NS: Final = 60_000_000_000
"""A step this large within a stream is the clock being set; a silent stream is restarted sooner."""
_REMEMBERED_REPEATS: Final = 32
_FULL_SCALE: Final = 32766.5 / 32768


class PolarDecoder:
    """Turns data frames and the replies that precede them into samples.

    The replies to the starts belong to the stream, because they carry the factors without which
    counts mean nothing: the driver hands them on, and a recording can be decoded again.

    Parameters
    ----------
    config : StreamConfig
        What the sensor was asked to stream.
    mag_rate_hz : float, optional
        Nominal rate of the magnetometer; without one there is none.
    factors : mapping of Measurement to float, optional
        Of streams that were started before.
    """

    def __init__(
        self,
        config: StreamConfig,
        *,
        mag_rate_hz: float | None = None,
        factors: Mapping[Measurement, float] | None = None,
    ) -> None:
        rate_hz = float(config.rate_hz)
        self._factors = dict(factors or {})
        self._clocks = {
            Measurement.GYRO: FrameClock(rate_hz),
            Measurement.ACC: FrameClock(rate_hz),
        }
        if mag_rate_hz is not None:
            self._clocks[Measurement.MAG] = FrameClock(mag_rate_hz)
        self._joiner = StreamJoiner(rate_hz, mag_rate_hz)
        self._has_mag = mag_rate_hz is not None
        self._set_by_ns = 0
        self._next_seq = 0
        self._repeats: deque[tuple[PlacedFrame, FloatArray]] = deque(maxlen=_REMEMBERED_REPEATS)
        self._acc_limit = _FULL_SCALE * config.acc_range_g * STANDARD_GRAVITY_M_S2
        self._gyr_limit = _FULL_SCALE * np.radians(config.gyr_range_dps)

    def decode(self, packet: bytes) -> SampleBlock:
        """Decode one notification, or the reply to a start.

        Returns
        -------
        SampleBlock
            Samples that are complete now; none while they wait for those of another stream.

        Raises
        ------
        ProtocolError
            For bytes that do not follow the protocol; the next good packet decodes as if the bad
            one had been lost.
        """
        if packet[:1] == bytes((REPLY,)):
            self._learn_factor(packet)
            return self._empty()
        if measurement_of(packet) in OTHER_MEASUREMENTS:
            return self._empty()  # an earlier program started it
        frame = decode_frame(packet)
        clock = self._clocks.get(frame.measurement)
        if clock is None:
            return self._empty()  # so is the field, where it is not asked for
        factor = self._factors.get(frame.measurement)
        if factor is None:
            raise ProtocolError(
                f"data frame of {frame.measurement.name} before the reply that gives its factor"
            )
        placed = self._place(clock, frame)
        values = to_si(frame, factor)
        if placed.is_repeat:
            if frame.measurement is Measurement.GYRO:
                self._repeats.append((placed, values))
            return self._repeated()
        if frame.measurement is Measurement.GYRO:
            self._joiner.add_gyr(placed.first, placed.time_s, values)
        elif frame.measurement is Measurement.ACC:
            self._joiner.add_acc(placed.time_s, values)
        else:
            self._joiner.add_mag(placed.time_s, values)
        repeated = self._repeated()
        if len(repeated):
            return repeated  # what is joined meanwhile comes with the next packet
        joined = self._joiner.take()
        if joined is None:
            return self._empty()
        self._next_seq = joined.first + len(joined.time_s)
        return joined.block(
            float(placed.time_s[-1]), acc_limit=self._acc_limit, gyr_limit=self._gyr_limit
        )

    def _learn_factor(self, packet: bytes) -> None:
        reply = decode_reply(packet)
        if reply.operation != Operation.START or reply.status != Status.OK:
            return
        if reply.measurement in self._clocks:
            factor = factor_of(decode_settings(reply.parameters))
            self._factors[Measurement(reply.measurement)] = factor

    def _place(self, clock: FrameClock, frame: Frame) -> PlacedFrame:
        time_ns = frame.time_ns - self._set_by_ns
        step_ns = clock.step_ns(time_ns, len(frame.counts))
        if abs(step_ns) > _LEAP_NS:
            self._set_by_ns += round(step_ns)
            raise ProtocolError(
                f"the sensor's clock leapt by {step_ns * 1e-9:.0f} s within a stream",
                hint="the packet is dropped; the times that follow go on from those before",
            )
        return clock.place(time_ns, len(frame.counts))

    def _repeated(self) -> SampleBlock:
        """Return a frame's samples that were handed on and came again, for the account to count."""
        if not self._repeats:
            return self._empty()
        placed, gyr = self._repeats[0]
        if placed.first + len(gyr) > self._next_seq:
            return self._empty()
        self._repeats.popleft()
        unknown = np.full_like(gyr, np.nan)
        return SampleBlock(
            placed.first, placed.time_s, unknown, gyr, unknown if self._has_mag else None
        )

    def _empty(self) -> SampleBlock:
        return no_samples(has_mag=self._has_mag)
